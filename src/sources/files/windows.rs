//! A long list of records, read through a window: from memory JSON is read in a fraction of the time that a stream
//! takes byte by byte, and a file may be larger than the memory.

use std::io::{Cursor, Read};

use serde_json::value::RawValue;

use crate::records;

/// How a file goes on behind what was read of it.
pub(super) enum Rest<R> {
    /// JSON that says the same as the file, without the records that were read.
    Json(R),
    /// The file cannot be read on.
    Broken(String),
}

/// Calls `each` for the records of the list with which a file begins: a bare one, or the first member of what the AWS
/// CLI writes. What it is not that begins so is left as it is. `start` is the beginning of the file, and so much of it
/// or twice its longest record is held at once.
pub(super) fn records<'a, R: Read + 'a>(
    start: Vec<u8>,
    content: R,
    each: &mut impl FnMut(Result<&str, String>),
) -> Rest<Box<dyn Read + 'a>> {
    let Some(begins) = list_begins(&start) else {
        return Rest::Json(Box::new(Cursor::new(start).chain(content)));
    };
    let head = start[..begins].to_vec();
    let mut window = Window {
        least: start.len().max(1),
        bytes: start,
        at: begins,
        content,
        ended: None,
    };
    match window.elements(each) {
        Ok(()) => {
            let Window {
                bytes, at, content, ..
            } = window;
            let rest = Cursor::new(bytes[at..].to_vec()).chain(content);
            Rest::Json(Box::new(Cursor::new(head).chain(rest)))
        }
        Err(why) => Rest::Broken(why),
    }
}

/// Where the elements of the list begin, if the file begins with one that cannot be anything but records.
fn list_begins(start: &[u8]) -> Option<usize> {
    let spaces = |from: usize| from + spaces(start.get(from..).unwrap_or_default());
    let first = spaces(0);
    if start.get(first) == Some(&b'[') {
        return Some(first + 1);
    }
    if start.get(first) != Some(&b'{') {
        return None;
    }
    let key_begins = spaces(first + 1);
    let mut keys = serde_json::Deserializer::from_slice(&start[key_begins..]).into_iter::<String>();
    let key = keys.next()?.ok()?;
    // A finding of its own may begin with its `Resources`.
    if key == "Resources" || !records::is_list_key(&key) {
        return None;
    }
    let colon = spaces(key_begins + keys.byte_offset());
    let list = spaces(colon + 1);
    let begins = start.get(colon) == Some(&b':') && start.get(list) == Some(&b'[');
    begins.then_some(list + 1)
}

/// How many of the first bytes are white space in JSON.
fn spaces(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        .count()
}

struct Window<R> {
    bytes: Vec<u8>,
    /// So many of them are done with.
    at: usize,
    /// So many more are read at least.
    least: usize,
    content: R,
    /// Set when there is no more to read: why, if that is not the end.
    ended: Option<Result<(), String>>,
}

impl<R: Read> Window<R> {
    /// All elements, up to the bracket that closes the list.
    fn elements(&mut self, each: &mut impl FnMut(Result<&str, String>)) -> Result<(), String> {
        let mut count = 0_u64;
        loop {
            match self.next_byte() {
                Some(b']') => return Ok(()),
                Some(b',') if count > 0 => self.at += 1,
                Some(_) if count == 0 => {}
                _ => return Err(self.broken(count, "expected `,` or `]`")),
            }
            self.element(count, each)?;
            count += 1;
        }
    }

    fn element(
        &mut self,
        count: u64,
        each: &mut impl FnMut(Result<&str, String>),
    ) -> Result<(), String> {
        loop {
            let bytes = &self.bytes[self.at..];
            let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
            match values.next() {
                // At the very end of the window a number may go on behind it.
                Some(Ok(record)) if values.byte_offset() < bytes.len() => {
                    each(Ok(record.get()));
                    self.at += values.byte_offset();
                    return Ok(());
                }
                Some(Err(error)) if !error.is_eof() => {
                    return Err(self.broken(count, &error.to_string()));
                }
                _ => {}
            }
            if !self.fill() {
                return Err(self.broken(count, "the file breaks off"));
            }
        }
    }

    /// The next one that is no white space.
    fn next_byte(&mut self) -> Option<u8> {
        loop {
            self.at += spaces(&self.bytes[self.at..]);
            if let Some(byte) = self.bytes.get(self.at) {
                return Some(*byte);
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// Lets go of what is done with and reads on; whether there was more. What is not done with at least doubles, so
    /// that a record of any length is looked at a few times.
    fn fill(&mut self) -> bool {
        if self.ended.is_some() {
            return false;
        }
        self.bytes.drain(..self.at);
        self.at = 0;
        let more = self.least.max(self.bytes.len()) as u64;
        let read = self
            .content
            .by_ref()
            .take(more)
            .read_to_end(&mut self.bytes);
        match read {
            Ok(0) => self.ended = Some(Ok(())),
            Ok(_) => {}
            Err(error) => self.ended = Some(Err(error.to_string())),
        }
        !matches!(self.ended, Some(Ok(())))
    }

    /// Where the file cannot be read on, that is the reason, and not that the JSON breaks off there.
    fn broken(&self, count: u64, why: &str) -> String {
        match &self.ended {
            Some(Err(error)) => error.clone(),
            _ => format!("after {count} records: {why}"),
        }
    }
}
