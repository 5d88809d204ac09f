//! Events of Amazon EventBridge, which carry the records of other formats.
//!
//! The services' own rules deliver findings in this form to log groups, queues, and buckets. Source: EventBridge User
//! Guide, "Events"; Security Hub User Guide, "EventBridge event formats for Security Hub CSPM"; the user guides of Inspector
//! and Macie, "EventBridge event schema"; AWS Config Developer Guide, "Monitoring AWS Config with Amazon EventBridge".

use serde::Deserialize;
use serde_json::value::RawValue;

/// What every event has.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "detail-type")]
    _detail_type: &'a RawValue,
    #[serde(borrow)]
    detail: &'a RawValue,
}

/// The records in the `detail` of an event. A `detail` without these members is the record itself.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    /// The findings of Security Hub.
    #[serde(borrow)]
    findings: Option<Vec<&'a RawValue>>,
    /// The item of AWS Config.
    #[serde(borrow)]
    configuration_item: Option<&'a RawValue>,
}

/// Returns the records that an event carries, or the record itself if it is not an event.
pub fn records_in(json: &str) -> Vec<&str> {
    // Most records are not events, so they are not parsed as one.
    let event = json
        .contains("\"detail-type\"")
        .then(|| serde_json::from_str::<Event<'_>>(json).ok());
    let Some(Some(event)) = event else {
        return vec![json];
    };
    let detail: Detail<'_> = serde_json::from_str(event.detail.get()).unwrap_or_default();
    match (detail.findings, detail.configuration_item) {
        (Some(findings), _) => findings.into_iter().map(RawValue::get).collect(),
        (None, Some(item)) => vec![item.get()],
        (None, None) => vec![event.detail.get()],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_event_carries_the_records_in_its_detail() {
        let finding = json!({"findingArn": "f"});
        let other = json!({"findingArn": "g"});
        for (detail, expected) in [
            (finding.clone(), vec![&finding]),
            (
                json!({"findings": [finding, other], "actionName": "a"}),
                vec![&finding, &other],
            ),
            (json!({"findings": []}), vec![]),
            (
                json!({"configurationItem": finding, "messageType": "m"}),
                vec![&finding],
            ),
        ] {
            let event =
                json!({"version": "0", "detail-type": "t", "source": "aws.x", "detail": detail});
            let event = event.to_string();
            let records = records_in(&event).into_iter();
            let records: Vec<Value> = records
                .map(|json| serde_json::from_str(json).unwrap())
                .collect();
            assert_eq!(records.iter().collect::<Vec<_>>(), expected, "{event}");
        }
    }

    #[test]
    fn anything_else_is_the_record_itself() {
        for json in [
            r#"{"ProductArn":"p","Title":"\"detail-type\""}"#,
            r#"{"ProductArn":"p","detail-type":"t"}"#,
            r#"{"ProductArn":"p","x":{"detail-type":"t","detail":{}}}"#,
            "{\"detail-type\"",
            "",
        ] {
            assert_eq!(records_in(json), [json]);
        }
    }
}
