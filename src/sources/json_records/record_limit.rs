//! A limit on how much is read without finding a record, so that a file cannot exhaust the memory.

use std::cell::Cell;
use std::io::{BufRead, Read};

/// Fails once more bytes are read than are unused. Whoever finds a record makes all bytes of the limit unused again.
pub(super) struct RecordLimit<'a, R> {
    content: R,
    max_record: u64,
    unused: &'a Cell<u64>,
}

impl<'a, R> RecordLimit<'a, R> {
    pub(super) fn new(content: R, max_record: u64, unused: &'a Cell<u64>) -> Self {
        Self {
            content,
            max_record,
            unused,
        }
    }

    fn count(&self, bytes: usize) -> std::io::Result<()> {
        let left = self.unused.get().checked_sub(bytes as u64);
        self.unused.set(left.unwrap_or(0));
        match left {
            Some(_) => Ok(()),
            None => Err(std::io::Error::other(format!(
                "a record is too large: it has more than {} bytes",
                self.max_record
            ))),
        }
    }
}

impl<R: Read> Read for RecordLimit<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.count(read)?;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for RecordLimit<'_, R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.unused.get() == 0 {
            self.count(1)?;
        }
        self.content.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.content.consume(count);
        // The next read fails if this was too much.
        let _ = self.count(count);
    }
}
