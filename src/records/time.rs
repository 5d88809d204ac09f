//! Points in time as AWS services and the AWS CLI write them.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// RFC 3339 text (Security Hub, Macie, version 2 of the CLI) or seconds since 1970 (Inspector's answers).
/// `None` if it is neither: a time is never needed to tell what a finding says.
pub(super) fn read(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
            .ok()
            .map(|time| time.with_timezone(&Utc)),
        Value::Number(number) => {
            let milliseconds = number.as_f64()? * 1_000.0;
            // `as` saturates, and chrono refuses what is out of its range.
            #[allow(
                clippy::cast_possible_truncation,
                reason = "saturates; out of range is refused below"
            )]
            DateTime::from_timestamp_millis(milliseconds as i64)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_forms_that_aws_uses_are_read() {
        for value in [
            json!("2026-11-01T10:20:30.000Z"),
            json!("2026-11-01T10:20:30Z"),
            json!("2026-11-01T11:20:30+01:00"),
            json!("2026-11-01T10:20:30.000+0000"),
            json!(1_793_528_430),
            json!(1_793_528_430.0),
        ] {
            assert_eq!(
                read(&value).unwrap().to_rfc3339(),
                "2026-11-01T10:20:30+00:00",
                "{value}"
            );
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for value in [
            json!("yesterday"),
            json!(""),
            json!(null),
            json!(1e300),
            json!({}),
            json!(-1e18),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }
}
