//! A long list of records, read through a window: parsing JSON from memory takes a fraction of the time that parsing a
//! stream byte by byte takes, and a file may be larger than memory.

use std::io::{Cursor, Read};

use serde_json::value::RawValue;

use crate::records::is_list_key;

use super::error::{JsonRecordsError, MalformedLine};

/// Hands over the records of the list with which a file starts: a bare list, or the first member of an object that the AWS
/// CLI writes. Returns JSON that is equivalent to the file without these records. A file that starts with anything else is
/// returned unchanged. `start` is the start of the file; its length, or twice that of the longest record, is held in memory
/// at a time.
///
/// # Errors
/// The list cannot be read to its end.
pub(super) fn read_list<'a, R: Read + 'a>(
    start: Vec<u8>,
    content: R,
    on_record: &mut impl FnMut(Result<&str, MalformedLine>),
) -> Result<Box<dyn Read + 'a>, JsonRecordsError> {
    let Some(list_start) = list_start(&start) else {
        return Ok(Box::new(Cursor::new(start).chain(content)));
    };
    let head = start.get(..list_start).unwrap_or_default().to_vec();
    let mut window = Window {
        min_read: start.len().max(1),
        bytes: start,
        consumed: list_start,
        content,
        input: Input::Open,
    };
    window.read_elements(on_record)?;
    let tail = window.unread().to_vec();
    Ok(Box::new(
        Cursor::new(head)
            .chain(Cursor::new(tail))
            .chain(window.content),
    ))
}

/// Returns the offset of the first element, if the file starts with a list that can only be one of records.
fn list_start(start: &[u8]) -> Option<usize> {
    let skip_space = |offset: usize| offset + leading_space(after(start, offset));
    let first = skip_space(0);
    if start.get(first) == Some(&b'[') {
        return Some(first + 1);
    }
    if start.get(first) != Some(&b'{') {
        return None;
    }
    let key_start = skip_space(first + 1);
    let mut keys =
        serde_json::Deserializer::from_slice(after(start, key_start)).into_iter::<String>();
    let key = keys.next()?.ok()?;
    // A single finding may start with its `Resources`.
    if key == "Resources" || !is_list_key(&key) {
        return None;
    }
    let colon = skip_space(key_start + keys.byte_offset());
    let list = skip_space(colon + 1);
    let is_list = start.get(colon) == Some(&b':') && start.get(list) == Some(&b'[');
    is_list.then_some(list + 1)
}

fn after(bytes: &[u8], offset: usize) -> &[u8] {
    bytes.get(offset..).unwrap_or_default()
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

struct Window<R> {
    bytes: Vec<u8>,
    /// How many of the bytes are parsed.
    consumed: usize,
    /// The least number of bytes to read at a time.
    min_read: usize,
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
    fn unread(&self) -> &[u8] {
        after(&self.bytes, self.consumed)
    }

    /// Reads all elements, up to the bracket that closes the list.
    fn read_elements(
        &mut self,
        on_record: &mut impl FnMut(Result<&str, MalformedLine>),
    ) -> Result<(), JsonRecordsError> {
        let mut records = 0_u64;
        loop {
            match self.next_byte() {
                Some(b']') => return Ok(()),
                Some(b',') if records > 0 => self.consumed += 1,
                Some(_) if records == 0 => {}
                Some(_) => return Err(self.error(JsonRecordsError::Separator { records })),
                None => return Err(self.error(JsonRecordsError::Truncated { records })),
            }
            self.read_element(records, on_record)?;
            records += 1;
        }
    }

    fn read_element(
        &mut self,
        records: u64,
        on_record: &mut impl FnMut(Result<&str, MalformedLine>),
    ) -> Result<(), JsonRecordsError> {
        loop {
            let bytes = self.unread();
            let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
            let error = match values.next() {
                // A number at the very end of the window may continue after it.
                Some(Ok(record)) if values.byte_offset() < bytes.len() => {
                    on_record(Ok(record.get()));
                    self.consumed += values.byte_offset();
                    return Ok(());
                }
                Some(Err(source)) if !source.is_eof() => {
                    let may_be_cut = self.may_be_cut(&source);
                    let error = JsonRecordsError::Record { records, source };
                    if !may_be_cut {
                        return Err(self.error(error));
                    }
                    error
                }
                _ => JsonRecordsError::Truncated { records },
            };
            if !self.fill() {
                return Err(self.error(error));
            }
        }
    }

    /// Whether a syntax error may only be due to the end of the window. For a number that is cut, such as `1.`, the parser
    /// reports an invalid number, and not the end of the input.
    fn may_be_cut(&self, error: &serde_json::Error) -> bool {
        let bytes = self.unread();
        line_start(bytes, error.line()) + error.column() >= bytes.len()
    }

    /// Returns the next byte that is not white space, if there is one.
    fn next_byte(&mut self) -> Option<u8> {
        loop {
            self.consumed += leading_space(self.unread());
            if let Some(byte) = self.unread().first() {
                return Some(*byte);
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// Drops the bytes that are parsed, and reads more. Returns whether there may be more. The rest at least doubles, so
    /// that a long record is parsed only a few times.
    fn fill(&mut self) -> bool {
        if !matches!(self.input, Input::Open) {
            return false;
        }
        self.bytes.drain(..self.consumed);
        self.consumed = 0;
        let more = self.min_read.max(self.bytes.len()) as u64;
        let mut content = self.content.by_ref().take(more);
        match content.read_to_end(&mut self.bytes) {
            Ok(0) => self.input = Input::Ended,
            Ok(_) => {}
            // What was read before the error is parsed.
            Err(error) => self.input = Input::Failed(error),
        }
        !matches!(self.input, Input::Ended)
    }

    /// If the file cannot be read, that is the error, and not that its JSON is truncated there.
    fn error(&mut self, error: JsonRecordsError) -> JsonRecordsError {
        match std::mem::replace(&mut self.input, Input::Ended) {
            Input::Failed(error) => error.into(),
            Input::Open | Input::Ended => error,
        }
    }
}
