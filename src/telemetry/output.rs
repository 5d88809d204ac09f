//! Where log lines, metrics, and error messages are written. None of them makes the caller wait.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tracing::warn;

use super::line_queue::{LineQueue, OnLoss};
use super::log_format::now;
use super::progress::Progress;

/// How long a process that ends waits for its last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The lines for standard error.
static LOG: OnceLock<LineQueue> = OnceLock::new();

/// The lines for standard output: the metrics of the daemon.
static METRICS: OnceLock<LineQueue> = OnceLock::new();

/// How many dropped lines were counted in the metrics of a cycle.
static COUNTED: AtomicU64 = AtomicU64::new(0);

/// The progress line, once logging has started.
static PROGRESS: OnceLock<Progress> = OnceLock::new();

/// Returns the queue of the log. Its lines are written above the progress line.
pub(super) fn log(progress: &Progress) -> LineQueue {
    PROGRESS.get_or_init(|| progress.clone());
    stderr_queue().clone()
}

fn stderr_queue() -> &'static LineQueue {
    let on_loss = OnLoss {
        // The log cannot say that it cannot be written.
        failed: |_| {},
        describe: describe_dropped,
    };
    LOG.get_or_init(|| LineQueue::start("log", Stderr, on_loss))
}

/// Standard error, without the progress line where a line of the log is written.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let write = || std::io::stderr().write(bytes);
        match PROGRESS.get() {
            Some(progress) => progress.suspend(write),
            None => write(),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Writes a line to standard error, after the log lines before it.
pub fn write_to_stderr(line: &str) {
    stderr_queue().add(format!("{line}\n").as_bytes());
}

/// Writes a line to standard output.
pub(super) fn write_to_stdout(line: &str) {
    let on_loss = OnLoss {
        failed: |error| {
            let why = error.to_string();
            warn!(event = "metrics_failed", why, "metrics not written");
        },
        describe: describe_dropped,
    };
    let start = || LineQueue::start("metrics", std::io::stdout(), on_loss);
    let metrics = METRICS.get_or_init(start);
    metrics.add(format!("{line}\n").as_bytes());
}

/// Returns how many lines of the log and the metrics were dropped since the last call.
pub fn newly_dropped_lines() -> u64 {
    let queues = [&LOG, &METRICS];
    let dropped: u64 = queues
        .iter()
        .filter_map(|queue| queue.get())
        .map(LineQueue::dropped)
        .sum();
    dropped.saturating_sub(COUNTED.swap(dropped, Ordering::Relaxed))
}

/// Waits until the last lines are written, but only for a moment: their reader may be gone.
pub fn finish() {
    for queue in [&LOG, &METRICS] {
        if let Some(queue) = queue.get() {
            queue.flush(LAST_LINES);
        }
    }
}

/// An event like those of the log, in the form that standard error has.
fn describe_dropped(lines: u64) -> String {
    let message = "lines of the log dropped: they could not be written";
    if std::io::stderr().is_terminal() {
        return format!(
            "{time}  WARN {message} event=\"log_lines_dropped\" lines={lines}",
            time = now()
        );
    }
    let fields = [
        ("timestamp", json!(now())),
        ("level", json!("WARN")),
        ("message", json!(message)),
        ("event", json!("log_lines_dropped")),
        ("lines", json!(lines)),
    ];
    fields.into_iter().collect::<Value>().to_string()
}
