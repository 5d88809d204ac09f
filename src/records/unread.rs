//! Formats that people pass to exposured and that it does not read. The error names them, and says what to use instead.

use serde_json::{Map, Value};

use super::error::RecordError;

struct UnreadFormat {
    name: &'static str,
    /// The keys that every such record has.
    markers: &'static [&'static str],
    remedy: &'static str,
}

/// GuardDuty's keys start with a capital letter in the output of the AWS CLI, and with a small one in events and exports.
const FORMATS: &[UnreadFormat] = &[
    UnreadFormat {
        name: "a native GuardDuty finding",
        markers: &["Service", "SchemaVersion", "Arn"],
        remedy: GUARDDUTY_REMEDY,
    },
    UnreadFormat {
        name: "a native GuardDuty finding",
        markers: &["service", "schemaVersion", "arn"],
        remedy: GUARDDUTY_REMEDY,
    },
    UnreadFormat {
        name: "a CloudTrail event",
        markers: &["eventVersion", "eventSource", "eventName"],
        remedy: "exposured reads findings and resources, and no logs",
    },
];

const GUARDDUTY_REMEDY: &str =
    "GuardDuty sends the same finding to Security Hub: `aws securityhub get-findings` returns it";

/// The error for a record whose format is recognized but not read.
pub(super) fn error(json: &str) -> Option<RecordError> {
    let record: Map<String, Value> = serde_json::from_str(json).ok()?;
    let has_markers = |format: &&UnreadFormat| {
        let mut markers = format.markers.iter();
        markers.all(|key| record.contains_key(*key))
    };
    let format = FORMATS.iter().find(has_markers)?;
    Some(RecordError::UnreadFormat {
        format: format.name,
        remedy: format.remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_recognized_by_all_of_its_keys() {
        for format in FORMATS {
            let record: Map<String, Value> = format
                .markers
                .iter()
                .map(|key| ((*key).to_owned(), Value::Null))
                .collect();
            let error =
                |record: &Map<String, Value>| error(&Value::from(record.clone()).to_string());
            let message = error(&record).unwrap().to_string();
            assert!(message.starts_with(format.name), "{message}");
            for key in format.markers {
                let mut record = record.clone();
                record.remove(*key);
                assert!(error(&record).is_none(), "{key}");
            }
        }
        assert!(error("[]").is_none());
    }
}
