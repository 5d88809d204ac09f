//! Why a JSON file, or a line of it, cannot be read.

use crate::sources::foreign_content::ForeignContent;

/// A line of JSON Lines that is not JSON.
#[derive(Debug, thiserror::Error)]
#[error("line {number}: {source}")]
pub(in crate::sources) struct MalformedLine {
    pub(super) number: u64,
    pub(super) source: serde_json::Error,
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
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
    /// A record in a list is malformed.
    #[error("after {records} records: {source}")]
    Record {
        records: u64,
        source: serde_json::Error,
    },
    /// A list is malformed between its records.
    #[error("after {records} records: expected `,` or `]`")]
    Separator { records: u64 },
    /// The file ends within a list.
    #[error("after {records} records: the file is truncated")]
    Truncated { records: u64 },
    /// The file was read, but it holds only the first pages of a list.
    #[error(
        "the file ends with a `NextToken`: it lacks the remaining pages; read them as well, with `--starting-token` or \
         without `--max-items` and `--no-paginate`"
    )]
    MorePages,
}
