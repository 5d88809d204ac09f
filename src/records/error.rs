//! Why a record cannot be parsed.

use std::error::Error;

/// The reason why a record cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The record is not JSON, or lacks the fields of its format.
    #[error("parsing {record}: {source}")]
    Json {
        /// What it was parsed as.
        record: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A field of the record has an invalid value.
    #[error("invalid `{field}`: {source}")]
    Field {
        /// The field, as the format names it.
        field: &'static str,
        /// What is wrong with its value.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The record lacks a field that it needs.
    #[error("missing `{field}`")]
    MissingField {
        /// The field, as the format names it.
        field: &'static str,
    },
    /// The record has none of the known formats.
    #[error("unknown record format: expected {expected}")]
    UnknownFormat {
        /// The markers of the known formats.
        expected: String,
    },
}

impl RecordError {
    pub(super) fn field(
        field: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Field {
            field,
            source: source.into(),
        }
    }
}
