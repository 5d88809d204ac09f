//! Why a JSON file, or a record in it, cannot be read.

use bytesize::ByteSize;

use crate::sources::foreign_content::ForeignContent;

use super::position::Position;

/// Why one record cannot be read, while the rest of the file can.
#[derive(Debug, thiserror::Error)]
pub(in crate::sources) enum UnreadableRecord {
    /// A line of JSON Lines is not JSON.
    #[error("line {number}: {problem}")]
    Line { number: u64, problem: String },
    /// The record has more bytes than a record may have.
    #[error(
        "the record at {position} is too large: it has {size} bytes, and the limit is {}; raise `max_record_size` of \
         `[input]` to read it",
        ByteSize(*limit).display().si()
    )]
    TooLarge {
        position: Position,
        size: u64,
        limit: u64,
    },
}

/// Why a JSON file cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub(in crate::sources) enum JsonRecordsError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// A line of JSON Lines cannot be read.
    #[error("line {number}: {source}")]
    Line { number: u64, source: std::io::Error },
    /// The file is not JSON.
    #[error("{0}")]
    Foreign(ForeignContent),
    /// The JSON is malformed.
    #[error("{}{problem} at {position}", after(*records))]
    Syntax {
        records: u64,
        problem: String,
        position: Position,
    },
    /// The file was read, but it holds only the first pages of a list.
    #[error(
        "the file ends with a `NextToken`: it lacks the remaining pages; read them as well, with `--starting-token` or \
         without `--max-items` and `--no-paginate`"
    )]
    MorePages,
}

fn after(records: u64) -> String {
    match records {
        0 => String::new(),
        _ => format!("after {records} records: "),
    }
}
