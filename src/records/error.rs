//! Why a record cannot be parsed.

use std::error::Error;

/// The reason why a record cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The record is not JSON, or lacks the fields of its format.
    #[error("parsing {record}: {}", without_text(source))]
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
    /// The record has a format that exposured recognizes but does not read.
    #[error("{format}, which exposured does not read; {remedy}")]
    UnreadFormat {
        /// The format.
        format: &'static str,
        /// Where to get the same facts.
        remedy: &'static str,
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

/// Describes a JSON error without the text that it quotes: the log must not have the body of a finding.
fn without_text(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let quoted = message.find("string \"").zip(message.rfind("\", expected"));
    match quoted {
        Some((start, end)) if start < end => {
            let (before, after) = (message.get(..start), message.get(end + 1..));
            format!(
                "{}string{}",
                before.unwrap_or_default(),
                after.unwrap_or_default()
            )
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_no_text_of_the_record() {
        for text in ["secret", "", "\", expected", "a \" string \"b", "ü\n"] {
            let json = serde_json::json!([1, text]).to_string();
            let source = serde_json::from_str::<Vec<u8>>(&json).unwrap_err();
            let error = RecordError::Json {
                record: "a finding",
                source,
            };
            let message = error.to_string();
            let (start, end) = (
                "parsing a finding: invalid type: string, expected u8 at line 1 column ",
                message.rsplit(' ').next().unwrap(),
            );
            assert_eq!(message, format!("{start}{end}"));
        }
    }
}
