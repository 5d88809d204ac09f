//! A window on a file: parsing JSON from memory takes a fraction of the time that parsing a stream byte by byte takes, and a
//! file may be larger than memory.

use std::io::Read;

use serde_json::value::RawValue;

use super::Sizes;
use super::error::{JsonRecordsError, UnreadableRecord};
use super::position::Position;
use super::value_end::ValueEnd;

/// The bytes of a file that are in memory. There are never more than three times `max_record`, or twice `window`.
pub(super) struct Window<R> {
    bytes: Vec<u8>,
    /// How many of the bytes are parsed.
    consumed: usize,
    /// The position of the first byte that is not parsed.
    position: Position,
    /// How many records the file has so far.
    pub(super) records: u64,
    sizes: Sizes,
    content: R,
    input: Input,
}

/// Whether there is more to read.
enum Input {
    Open,
    Ended,
    Failed(std::io::Error),
}

impl<R: Read> Window<R> {
    /// Returns a window on content that starts at `position`. `buffer` is memory to use.
    pub(super) fn new(mut buffer: Vec<u8>, content: R, position: Position, sizes: Sizes) -> Self {
        buffer.clear();
        Self {
            bytes: buffer,
            consumed: 0,
            position,
            records: 0,
            sizes,
            content,
            input: Input::Open,
        }
    }

    /// Returns the memory, and the content that was not read.
    pub(super) fn into_parts(self) -> (Vec<u8>, R) {
        (self.bytes, self.content)
    }

    /// Returns the most bytes of a record.
    pub(super) fn max_record(&self) -> u64 {
        self.sizes.max_record
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Returns the next byte that is not white space, if there is one.
    pub(super) fn next_byte(&mut self) -> Option<u8> {
        loop {
            self.consume(leading_space(self.unread()));
            if let Some(byte) = self.unread().first() {
                return Some(*byte);
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// Moves past a byte that `next_byte` returned.
    pub(super) fn consume_byte(&mut self) {
        self.consume(1);
    }

    /// Parses the value that starts at the next byte, and passes its JSON on. A value that is too large is skipped.
    ///
    /// # Errors
    /// The value is malformed or truncated, or the file cannot be read.
    pub(super) fn value<T>(
        &mut self,
        use_json: impl FnOnce(&str) -> T,
    ) -> Result<Result<T, UnreadableRecord>, JsonRecordsError> {
        loop {
            let bytes = self.unread();
            let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
            let error = match values.next() {
                // A number at the very end of the window may continue after it.
                Some(Ok(value)) if values.byte_offset() < bytes.len() => {
                    if value.get().len() as u64 > self.sizes.max_record {
                        return Ok(Err(self.skip_value()));
                    }
                    let length = values.byte_offset();
                    let used = use_json(value.get());
                    self.consume(length);
                    return Ok(Ok(used));
                }
                Some(Err(error)) if !error.is_eof() => {
                    let may_be_cut = self.may_be_cut(&error);
                    let error = self.malformed(&error);
                    if !may_be_cut {
                        return Err(self.error(error));
                    }
                    error
                }
                _ => self.truncated(),
            };
            if self.unread().len() as u64 > self.sizes.max_record {
                return Ok(Err(self.skip_value()));
            }
            if !self.fill() {
                return Err(self.error(error));
            }
        }
    }

    /// Skips the value that starts at the next byte, wherever it ends.
    fn skip_value(&mut self) -> UnreadableRecord {
        let position = self.position;
        let mut size = 0;
        let mut end = ValueEnd::default();
        loop {
            let found = end.find(self.unread());
            let length = found.unwrap_or_else(|| self.unread().len());
            size += length as u64;
            self.consume(length);
            // A file that ends within the value is truncated. Whoever looks for the next byte finds that.
            if found.is_some() || !self.fill() {
                return self.too_large(position, size);
            }
        }
    }

    /// Returns whether the content ended, rather than could not be read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn end(&mut self) -> Result<(), JsonRecordsError> {
        match std::mem::replace(&mut self.input, Input::Ended) {
            Input::Failed(error) => Err(error.into()),
            Input::Open | Input::Ended => Ok(()),
        }
    }

    /// Returns the error for a record that is too large.
    pub(super) fn too_large(&self, position: Position, size: u64) -> UnreadableRecord {
        UnreadableRecord::TooLarge {
            position,
            size,
            limit: self.sizes.max_record,
        }
    }

    /// Returns the error for what is missing at the next byte. If the file cannot be read, that is the error, and not that
    /// its JSON is truncated there.
    pub(super) fn expected(&mut self, expected: &str) -> JsonRecordsError {
        let error = if self.next_byte().is_some() {
            self.syntax(format!("expected {expected}"), self.position)
        } else {
            self.truncated()
        };
        self.error(error)
    }

    /// Returns the error for a problem at a position.
    pub(super) fn syntax(&self, problem: String, position: Position) -> JsonRecordsError {
        JsonRecordsError::Syntax {
            records: self.records,
            problem,
            position,
        }
    }

    fn malformed(&self, error: &serde_json::Error) -> JsonRecordsError {
        self.syntax(problem(error), self.position.of(error))
    }

    fn truncated(&self) -> JsonRecordsError {
        let mut end = self.position;
        end.advance(self.unread());
        self.syntax("the JSON is truncated".to_owned(), end)
    }

    fn error(&mut self, error: JsonRecordsError) -> JsonRecordsError {
        match std::mem::replace(&mut self.input, Input::Ended) {
            Input::Failed(error) => error.into(),
            Input::Open | Input::Ended => error,
        }
    }

    /// Whether a syntax error may only be due to the end of the window. For a number that is cut, such as `1.`, the parser
    /// reports an invalid number, and not the end of the input.
    fn may_be_cut(&self, error: &serde_json::Error) -> bool {
        let bytes = self.unread();
        line_start(bytes, error.line()) + error.column() >= bytes.len()
    }

    fn unread(&self) -> &[u8] {
        self.bytes.get(self.consumed..).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        let end = self.bytes.len().min(self.consumed + count);
        let consumed = self.bytes.get(self.consumed..end).unwrap_or_default();
        self.position.advance(consumed);
        self.consumed = end;
    }

    /// Drops the bytes that are parsed, and reads more. Returns whether there may be more. The rest at least doubles, so
    /// that a long record is parsed only a few times.
    fn fill(&mut self) -> bool {
        if !matches!(self.input, Input::Open) {
            return false;
        }
        self.bytes.drain(..self.consumed);
        self.consumed = 0;
        let most = self.sizes.max_record.saturating_add(1);
        let more = self
            .sizes
            .window
            .max(self.bytes.len() as u64)
            .clamp(1, most);
        let mut content = self.content.by_ref().take(more);
        match content.read_to_end(&mut self.bytes) {
            Ok(0) => self.input = Input::Ended,
            Ok(_) => {}
            // What was read before the error is parsed.
            Err(error) => self.input = Input::Failed(error),
        }
        !matches!(self.input, Input::Ended)
    }
}

/// Returns the message of a parser's error without the position, which refers to a part of the file.
pub(super) fn problem(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message
        .strip_suffix(&position)
        .map_or_else(|| message.clone(), str::to_owned)
}

/// Returns how many of the first bytes are JSON white space.
fn leading_space(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        .count()
}

/// Returns the offset of a line; the first has number 1.
fn line_start(bytes: &[u8], number: usize) -> usize {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.take(number.saturating_sub(1)).map(<[u8]>::len).sum()
}
