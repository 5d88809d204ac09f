//! The records of a JSON file, one at a time: the file may be larger than memory.
//!
//! A file is a list of records, an object with such a list as the AWS CLI writes it, a single record, or several of these:
//! one after the other, as a loop that appends pages to a file writes them, or as JSON Lines.

mod error;
mod list_window;
mod record_limit;
#[cfg(test)]
mod tests;
mod visitor;

pub(super) use error::JsonRecordsError;

use std::cell::Cell;
use std::io::{BufRead, Cursor, Read};

use serde::de::{DeserializeSeed, IgnoredAny};

use error::MalformedLine;
use list_window::read_list;
use record_limit::RecordLimit;
use visitor::Records;

/// How many bytes of a file are handled at a time. For a valid file, they do not affect which records it has.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// A first line that is longer is not JSON Lines, but a file without line breaks.
    max_first_line: u64,
    /// How much of a file is held in memory at a time.
    window: u64,
    /// The most bytes from one record to the next.
    max_record: u64,
}

/// The largest records that AWS documents have a fraction of `max_record`: Security Hub's findings have at most 240 KB.
/// Source: Security Hub User Guide, "Guidelines for using BatchImportFindings".
const SIZES: Sizes = Sizes {
    max_first_line: 4 << 20,
    window: 8 << 20,
    max_record: 64 << 20,
};

/// Calls `on_record` for every record: with its JSON, or with the reason why a line has none.
///
/// # Errors
/// The file cannot be read to its end: it is not JSON, it is truncated, or a record is too large. Or it was read to its end,
/// but says itself that it lacks records.
pub(super) fn for_each_record(
    content: Box<dyn BufRead>,
    on_record: impl FnMut(Result<&str, MalformedLine>),
) -> Result<(), JsonRecordsError> {
    read_with(SIZES, content, on_record)
}

fn read_with(
    sizes: Sizes,
    content: Box<dyn BufRead>,
    mut on_record: impl FnMut(Result<&str, MalformedLine>),
) -> Result<(), JsonRecordsError> {
    let unused = Cell::new(sizes.max_record);
    let mut on_record = |record: Result<&str, MalformedLine>| {
        unused.set(sizes.max_record);
        on_record(record);
    };
    let mut has_next_page = false;
    read_file(
        RecordLimit::new(content, sizes.max_record, &unused),
        sizes,
        &mut Output {
            on_record: &mut on_record,
            has_next_page: &mut has_next_page,
        },
    )?;
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

fn read_file<'a>(
    mut content: impl BufRead + 'a,
    sizes: Sizes,
    output: &mut Output<'_, impl FnMut(Result<&str, MalformedLine>)>,
) -> Result<(), JsonRecordsError> {
    let mut first_line = Vec::new();
    content
        .by_ref()
        .take(sizes.max_first_line)
        .read_until(b'\n', &mut first_line)?;
    let is_whole_line = (first_line.len() as u64) < sizes.max_first_line;
    if first_line.starts_with(b"\xef\xbb\xbf") {
        first_line.drain(..3);
    }
    let line = first_line.trim_ascii();
    let is_object = is_whole_line && line.starts_with(b"{") && line.ends_with(b"}");
    let has_more = !content.fill_buf()?.is_empty();
    if is_object || is_whole_line && has_more && cannot_continue(line) {
        return read_lines(line.to_vec(), content, output);
    }
    read_values(Cursor::new(first_line).chain(content), sizes.window, output)
}

/// Whether no further line can complete the JSON value of this one: it is malformed, or it ends within a string.
fn cannot_continue(line: &[u8]) -> bool {
    match serde_json::from_slice::<IgnoredAny>(line) {
        Ok(_) => false,
        Err(error) if error.is_eof() => error.to_string().contains("string"),
        Err(_) => !line.is_empty(),
    }
}

/// Reads one JSON value after the other. A value may have many lines.
fn read_values<'a>(
    mut content: impl Read + 'a,
    window: u64,
    output: &mut Output<'_, impl FnMut(Result<&str, MalformedLine>)>,
) -> Result<(), JsonRecordsError> {
    let mut start = Vec::new();
    let read = content.by_ref().take(window).read_to_end(&mut start);
    if (start.len() as u64) < window {
        let parsed = parse(&mut serde_json::Deserializer::from_slice(&start), output);
        // If the file cannot be read, that is the error, and not that its JSON is truncated there.
        read?;
        return Ok(parsed?);
    }
    let rest = read_list(start, content, output.on_record)?;
    let mut json = serde_json::Deserializer::from_reader(rest);
    Ok(parse(&mut json, output)?)
}

fn parse<'de>(
    json: &mut serde_json::Deserializer<impl serde_json::de::Read<'de>>,
    output: &mut Output<'_, impl FnMut(Result<&str, MalformedLine>)>,
) -> serde_json::Result<()> {
    loop {
        let records = Records {
            on_record: &mut *output.on_record,
            has_next_page: &mut *output.has_next_page,
        };
        records.deserialize(&mut *json)?;
        // There is another value after this one, or else an error at its start.
        if json.end().is_ok() {
            return Ok(());
        }
    }
}

/// Reads the JSON values of each line. A line that is malformed costs that line.
fn read_lines(
    first: Vec<u8>,
    mut content: impl BufRead,
    output: &mut Output<'_, impl FnMut(Result<&str, MalformedLine>)>,
) -> Result<(), JsonRecordsError> {
    let mut line = first;
    let mut number = 1_u64;
    loop {
        let text = line.trim_ascii();
        if !text.is_empty() {
            let mut json = serde_json::Deserializer::from_slice(text);
            if let Err(source) = parse(&mut json, output) {
                (output.on_record)(Err(MalformedLine { number, source }));
            }
        }
        line.clear();
        number += 1;
        let read = content.read_until(b'\n', &mut line);
        if read.map_err(|source| JsonRecordsError::Line { number, source })? == 0 {
            return Ok(());
        }
    }
}
