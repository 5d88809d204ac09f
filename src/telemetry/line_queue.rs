//! A bounded queue of lines, and the thread that writes them. Whoever logs never waits for the reader of the log, and never
//! fails because the log cannot be written.

#![expect(
    clippy::disallowed_methods,
    reason = "a process that ends waits for its last lines, but only for a moment"
)]

use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// The most lines that wait to be written.
const MAX_LINES: usize = 8_192;

/// The most bytes that wait to be written. One line may have more if the queue is empty.
const MAX_BYTES: usize = 4 << 20;

/// How long a line waits for an output that is not ready, before it is dropped.
const NOT_READY: Duration = Duration::from_secs(1);

/// How long to wait between two attempts to write to an output that is not ready, or to a queue that is full.
const PAUSE: Duration = Duration::from_millis(10);

/// What happens when lines cannot be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnLoss {
    /// Is called when a line cannot be written.
    pub(super) failed: fn(&std::io::Error),
    /// Returns the line that reports a number of dropped lines.
    pub(super) describe: fn(u64) -> String,
}

/// A bounded queue of lines. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct LineQueue {
    sender: SyncSender<Message>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many bytes wait to be written.
    bytes: AtomicUsize,
    /// How many lines were dropped so far.
    dropped: AtomicU64,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Every line before this one is written or dropped once this is answered.
    Flush(SyncSender<()>),
}

impl LineQueue {
    /// Starts the thread that writes. Once it can write again after lines were dropped, it first reports their
    /// number.
    /// If there can be no thread, every line is dropped.
    pub(super) fn start(name: &str, output: impl Write + Send + 'static, on_loss: OnLoss) -> Self {
        let (sender, lines) = sync_channel(MAX_LINES);
        let state = Arc::new(State::default());
        let writer = LineWriter {
            output,
            state: Arc::clone(&state),
            on_loss,
            reported: 0,
            is_line_open: false,
        };
        // Without its thread, the queue has no receiver, so that it counts every line as dropped.
        let _ = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || writer.write_all_lines(&lines));
        Self { sender, state }
    }

    /// Adds a line, or counts it as dropped if the queue is full.
    pub(super) fn add(&self, line: &[u8]) {
        let waiting = self.state.bytes.fetch_add(line.len(), Ordering::Relaxed);
        let is_full = waiting > 0 && waiting.saturating_add(line.len()) > MAX_BYTES;
        if is_full || self.sender.try_send(Message::Line(line.to_vec())).is_err() {
            self.state.bytes.fetch_sub(line.len(), Ordering::Relaxed);
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns how many lines were dropped so far, because the queue was full or the output could not be written.
    pub(super) fn dropped(&self) -> u64 {
        self.state.dropped.load(Ordering::Relaxed)
    }

    /// Waits until the lines that were added are written, but no longer than `timeout`.
    pub(super) fn flush(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let (done, is_done) = sync_channel(1);
        let mut message = Message::Flush(done);
        loop {
            match self.sender.try_send(message) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(unsent)) => message = unsent,
            }
            if Instant::now() >= deadline {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        // Whether it was in time or not, there is nothing else to wait for.
        let _ = is_done.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

/// Adds each buffer as one line: that is how events are formatted.
impl Write for LineQueue {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes lines on its own thread.
struct LineWriter<W> {
    output: W,
    state: Arc<State>,
    on_loss: OnLoss,
    /// How many dropped lines were reported.
    reported: u64,
    /// Whether the last line was written only in part, so that the next one must not continue it.
    is_line_open: bool,
}

impl<W: Write> LineWriter<W> {
    fn write_all_lines(mut self, lines: &Receiver<Message>) {
        for message in lines {
            match message {
                Message::Line(line) => {
                    let written = self.report_dropped().and_then(|()| self.write_line(&line));
                    if let Err(error) = written {
                        self.state.dropped.fetch_add(1, Ordering::Relaxed);
                        (self.on_loss.failed)(&error);
                    }
                    self.state.bytes.fetch_sub(line.len(), Ordering::Relaxed);
                }
                Message::Flush(done) => {
                    // Lines that were dropped last are reported, if that is possible now.
                    let _ = self.report_dropped();
                    // Nobody waits anymore if the time is over.
                    let _ = done.send(());
                }
            }
        }
    }

    fn report_dropped(&mut self) -> std::io::Result<()> {
        let dropped = self.state.dropped.load(Ordering::Relaxed);
        if dropped > self.reported {
            let line = (self.on_loss.describe)(dropped - self.reported);
            self.write_line(format!("{line}\n").as_bytes())?;
            self.reported = dropped;
        }
        Ok(())
    }

    fn write_line(&mut self, line: &[u8]) -> std::io::Result<()> {
        if self.is_line_open {
            self.write(b"\n")?;
            self.is_line_open = false;
        }
        self.write(line)?;
        self.output.flush()
    }

    /// Writes all bytes. An output that is not ready, as one that another program has set to non-blocking, is tried again.
    fn write(&mut self, mut bytes: &[u8]) -> std::io::Result<()> {
        let mut waiting_since = None;
        while !bytes.is_empty() {
            match self.output.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    waiting_since = None;
                    bytes = bytes.get(written..).unwrap_or_default();
                    self.is_line_open = !bytes.is_empty();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let since = *waiting_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= NOT_READY {
                        return Err(error);
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    const ON_LOSS: OnLoss = OnLoss {
        failed: |_| {},
        describe: |count| format!("{count} dropped"),
    };

    /// An output that takes what `answers` says, and everything after that.
    struct Output {
        written: Arc<Mutex<Vec<u8>>>,
        answers: Vec<std::io::Result<usize>>,
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let count = match self.answers.pop() {
                Some(answer) => answer?.min(bytes.len()),
                None => bytes.len(),
            };
            self.written.lock().unwrap().extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(mut answers: Vec<std::io::Result<usize>>, lines: &[&str]) -> (String, u64) {
        answers.reverse();
        let written = Arc::default();
        let output = Output {
            written: Arc::clone(&written),
            answers,
        };
        let queue = LineQueue::start("test", output, ON_LOSS);
        for line in lines {
            queue.add(line.as_bytes());
        }
        queue.flush(LONG);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        (text, queue.dropped())
    }

    fn full() -> std::io::Error {
        ErrorKind::StorageFull.into()
    }

    #[test]
    fn lines_are_written_in_their_order() {
        assert_eq!(written(vec![], &["a\n", "b\n"]), ("a\nb\n".to_owned(), 0));
        let slow = vec![
            Err(ErrorKind::Interrupted.into()),
            Err(ErrorKind::WouldBlock.into()),
            Ok(1),
        ];
        assert_eq!(written(slow, &["ab\n", "c\n"]), ("ab\nc\n".to_owned(), 0));
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_reported() {
        let answers = vec![Err(full()), Err(full())];
        let (text, dropped) = written(answers, &["a\n", "b\n", "c\n"]);
        // The report of the first line failed together with the second line.
        assert_eq!((text.as_str(), dropped), ("2 dropped\nc\n", 2));
        let (text, dropped) = written(vec![Ok(2), Err(full())], &["abc\n"]);
        assert_eq!((text.as_str(), dropped), ("ab\n1 dropped\n", 1));
    }

    /// An output whose reader never reads.
    struct Blocked(Mutex<mpsc::Receiver<()>>);

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // The sender is dropped at the end of the test.
            let _ = self.0.lock().unwrap().recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_blocks_costs_lines_and_bounded_memory() {
        let (unblock, blocked) = mpsc::channel();
        let queue = LineQueue::start("test", Blocked(Mutex::new(blocked)), ON_LOSS);
        let line = vec![b'x'; 1 << 10];
        for _ in 0..3 * MAX_LINES {
            queue.add(&line);
        }
        assert!(queue.state.bytes.load(Ordering::Relaxed) <= MAX_BYTES);
        // One line may be with the writer.
        let kept = MAX_BYTES / line.len();
        assert_eq!(queue.dropped(), (3 * MAX_LINES - kept) as u64);
        queue.flush(Duration::from_millis(20));
        drop(unblock);
        queue.flush(LONG);
        assert_eq!(queue.state.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_line_that_is_larger_than_the_queue_is_written_alone() {
        let line = "x".repeat(MAX_BYTES + 1);
        let (text, dropped) = written(vec![], &[&line]);
        assert_eq!((text.len(), dropped), (line.len(), 0));
    }
}
