//! The records of a JSON file, one at a time: the file may be larger than memory.
//!
//! A file is a list of records, an object with such a list as the AWS CLI writes it, a single record, or several of these:
//! one after the other, as a loop that appends pages to a file writes them, or as JSON Lines.

mod document;
mod error;
mod lines;
mod position;
#[cfg(test)]
mod tests;
mod value_end;
mod window;

pub(super) use error::{JsonRecordsError, UnreadableRecord};

use std::io::{BufRead, BufReader, Cursor, Read};

use serde::de::IgnoredAny;

use super::failed_read::FailedRead;

use document::read_values;
use lines::read_lines;
use position::Position;
use window::Window;

/// How many bytes of a file are handled at a time. For a valid file, they do not affect which records it has.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// A first line that is longer is not JSON Lines, but a file without line breaks.
    max_first_line: u64,
    /// How much of a file is read into memory at a time.
    window: u64,
    /// The most bytes of a record. A larger one is skipped.
    max_record: u64,
}

const MAX_FIRST_LINE: u64 = 4 << 20;
const WINDOW: u64 = 8 << 20;

/// Calls `on_record` for every record: with its JSON, or with the reason why it cannot be read, such as that it has more
/// bytes than `max_record`.
///
/// # Errors
/// The file cannot be read to its end: it is not JSON, or it is truncated. Or it was read to its end, but says itself that
/// it lacks records.
pub(super) fn for_each_record(
    content: Box<dyn BufRead>,
    max_record: u64,
    on_record: impl FnMut(Result<&str, UnreadableRecord>),
) -> Result<(), JsonRecordsError> {
    let sizes = Sizes {
        max_first_line: MAX_FIRST_LINE,
        window: WINDOW,
        max_record,
    };
    read_with(sizes, content, on_record)
}

fn read_with(
    sizes: Sizes,
    content: Box<dyn BufRead>,
    mut on_record: impl FnMut(Result<&str, UnreadableRecord>),
) -> Result<(), JsonRecordsError> {
    let mut has_next_page = false;
    let mut output = Output {
        on_record: &mut on_record,
        has_next_page: &mut has_next_page,
    };
    read_file(content, sizes, &mut output)?;
    if has_next_page {
        return Err(JsonRecordsError::MorePages);
    }
    Ok(())
}

/// Where records go.
struct Output<'o, F> {
    on_record: &'o mut F,
    /// Whether the last value was a page, and says that more pages follow.
    has_next_page: &'o mut bool,
}

fn read_file(
    mut content: Box<dyn BufRead>,
    sizes: Sizes,
    output: &mut Output<'_, impl FnMut(Result<&str, UnreadableRecord>)>,
) -> Result<(), JsonRecordsError> {
    let mut first_line = Vec::new();
    let mut limited = content.by_ref().take(sizes.max_first_line);
    let read = limited.read_until(b'\n', &mut first_line);
    let is_whole_line = (first_line.len() as u64) < sizes.max_first_line;
    if first_line.starts_with(b"\xef\xbb\xbf") {
        first_line.drain(..3);
    }
    let line = first_line.trim_ascii();
    let is_object = is_whole_line && line.starts_with(b"{") && line.ends_with(b"}");
    let next = read.and_then(|_| Ok(!content.fill_buf()?.is_empty()));
    let is_lines = is_object || is_whole_line && matches!(next, Ok(true)) && cannot_continue(line);
    // What was read before an error is parsed.
    let rest: Box<dyn BufRead> = match next {
        Ok(_) => content,
        Err(error) => Box::new(BufReader::new(FailedRead(error))),
    };
    let mut content = Cursor::new(first_line).chain(rest);
    if is_lines {
        return read_lines(&mut content, sizes, output);
    }
    let mut window = Window::new(Vec::new(), content, Position::start_of(1), sizes);
    read_values(&mut window, output)
}

/// Whether no further line can complete the JSON value of this one: it is malformed, or it ends within a string.
fn cannot_continue(line: &[u8]) -> bool {
    match serde_json::from_slice::<IgnoredAny>(line) {
        Ok(_) => false,
        Err(error) if error.is_eof() => error.to_string().contains("string"),
        Err(_) => !line.is_empty(),
    }
}
