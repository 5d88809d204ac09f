//! Points in time, as AWS services and the AWS CLI write them.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Parses an RFC 3339 string (Security Hub, Macie, version 2 of the AWS CLI) or seconds since 1970 (responses of
/// Inspector). Anything else is unknown, not an error: a finding counts without a time as well.
pub(super) fn parse(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
            .ok()
            .map(|time| time.with_timezone(&Utc)),
        Value::Number(number) => {
            let milliseconds = number.as_f64()? * 1_000.0;
            #[allow(
                clippy::cast_possible_truncation,
                reason = "the cast saturates, and chrono rejects what is out of range"
            )]
            DateTime::from_timestamp_millis(milliseconds as i64)
        }
        _ => None,
    }
}

/// The latest of the times of a finding. A service may observe a finding again without updating it.
pub(super) fn latest<'a>(
    values: impl IntoIterator<Item = &'a Option<Value>>,
) -> Option<DateTime<Utc>> {
    let values = values.into_iter().flatten();
    values.filter_map(parse).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_that_aws_uses_is_parsed() {
        for value in [
            json!("2026-11-01T10:20:30.000Z"),
            json!("2026-11-01T10:20:30Z"),
            json!("2026-11-01T11:20:30+01:00"),
            json!("2026-11-01T10:20:30.000+0000"),
            json!(1_793_528_430),
            json!(1_793_528_430.0),
        ] {
            assert_eq!(
                parse(&value).unwrap().to_rfc3339(),
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
            assert_eq!(parse(&value), None, "{value}");
        }
    }
}
