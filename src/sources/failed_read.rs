//! Content that cannot be read further.

use std::io::{self, Read};

/// The end of content that could not be read further. Every read fails, so that the error cannot get lost.
pub(super) struct FailedRead(pub(super) io::Error);

impl Read for FailedRead {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(self.0.kind(), self.0.to_string()))
    }
}
