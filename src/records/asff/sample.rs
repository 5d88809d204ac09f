//! Sample findings, which describe resources that do not exist.
//!
//! `Sample` is the field of Security Hub. GuardDuty marks a sample in its own fields, and in its title. Source: the
//! securityhub model, `AwsSecurityFinding.Sample`; GuardDuty User Guide, "Sample findings".

use serde_json::Value;

use super::finding::AsffFinding;

/// GuardDuty's additional information, as JSON in a string.
const ADDITIONAL_INFO: &str = "aws/guardduty/service/additionalInfo/value";

/// Whether the finding is a sample.
pub(super) fn is_sample(finding: &AsffFinding) -> bool {
    let fields = finding.product_fields.iter().flatten();
    let mut marks = fields.map(|(name, value)| match value {
        Value::String(info) if name == ADDITIONAL_INFO => is_sample_info(info),
        _ => name.rsplit('/').next().is_some_and(is_mark) && is_true(value),
    });
    finding.sample == Some(true) || marks.any(|is_sample| is_sample) || has_title(finding)
}

fn is_mark(name: &str) -> bool {
    name.eq_ignore_ascii_case("sample")
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(is_true) => *is_true,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn is_sample_info(info: &str) -> bool {
    let info: Option<Value> = serde_json::from_str(info).ok();
    info.is_some_and(|info| info.get("sample").is_some_and(is_true))
}

fn has_title(finding: &AsffFinding) -> bool {
    finding.title.starts_with("[SAMPLE]")
}
