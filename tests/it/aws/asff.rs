//! The AWS Security Finding Format as `BatchImportFindings` checks it. The messages follow what callers have reported.

use chrono::DateTime;
use serde_json::Value;

use super::filters::{texts, values};

/// 240 KB, in the stricter reading of the unit.
const MAX_FINDING: usize = 240_000;

const REQUIRED: [&str; 9] = [
    "SchemaVersion",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "CreatedAt",
    "UpdatedAt",
    "Title",
    "Description",
    "Resources",
];

const LENGTHS: [(&str, usize); 15] = [
    ("Id", 512),
    ("ProductArn", 2048),
    ("GeneratorId", 512),
    ("AwsAccountId", 12),
    ("Title", 256),
    ("Description", 1024),
    ("ProductName", 128),
    ("CompanyName", 128),
    ("Note.Text", 512),
    ("Severity.Original", 64),
    ("FindingProviderFields.Severity.Original", 64),
    ("Remediation.Recommendation.Text", 512),
    ("Resources.Type", 256),
    ("Resources.Region", 16),
    ("Network.Protocol", 16),
];

/// The longest lists. Those in [`AT_LEAST_ONE`] must not be empty, either.
const COUNTS: [(&str, usize); 8] = [
    ("Resources", 32),
    ("RelatedFindings", 10),
    ("FindingProviderFields.RelatedFindings", 10),
    ("Types", 50),
    ("FindingProviderFields.Types", 50),
    ("Malware", 5),
    ("ThreatIntelIndicators", 5),
    ("Threats", 32),
];

const AT_LEAST_ONE: [&str; 5] = [
    "Resources",
    "RelatedFindings",
    "FindingProviderFields.RelatedFindings",
    "ThreatIntelIndicators",
    "Threats",
];

const SEVERITIES: &[&str] = &["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

const ENUMS: [(&str, &[&str]); 8] = [
    ("SchemaVersion", &["2018-10-08"]),
    ("RecordState", &["ACTIVE", "ARCHIVED"]),
    ("Severity.Label", SEVERITIES),
    ("FindingProviderFields.Severity.Label", SEVERITIES),
    (
        "Workflow.Status",
        &["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"],
    ),
    (
        "Compliance.Status",
        &["PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"],
    ),
    (
        "VerificationState",
        &[
            "UNKNOWN",
            "TRUE_POSITIVE",
            "FALSE_POSITIVE",
            "BENIGN_POSITIVE",
        ],
    ),
    ("Resources.Partition", &["aws", "aws-cn", "aws-us-gov"]),
];

const TIMESTAMPS: [&str; 5] = [
    "CreatedAt",
    "UpdatedAt",
    "FirstObservedAt",
    "LastObservedAt",
    "Note.UpdatedAt",
];

/// The namespaces of `Types` (model, `AwsSecurityFinding.Types`).
const NAMESPACES: [&str; 5] = [
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
];

/// Every problem of a finding; none if it can be imported.
pub(super) fn problems(finding: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let size = finding.to_string().len();
    if size > MAX_FINDING {
        problems.push(format!("data has {size} bytes, more than {MAX_FINDING}"));
    }
    for field in REQUIRED
        .into_iter()
        .filter(|field| finding[field].is_null())
    {
        problems.push(format!("data should have required property '{field}'"));
    }
    for (path, most) in LENGTHS {
        if texts(finding, path)
            .into_iter()
            .any(|text| text.chars().count() > most)
        {
            problems.push(format!(
                "data.{path} should NOT be longer than {most} characters"
            ));
        }
    }
    for (path, most) in COUNTS {
        let list = finding
            .pointer(&format!("/{}", path.replace('.', "/")))
            .and_then(Value::as_array);
        match list.map(Vec::len) {
            Some(count) if count > most => problems.push(format!(
                "data.{path} should NOT have more than {most} items"
            )),
            Some(0) if AT_LEAST_ONE.contains(&path) => {
                problems.push(format!("data.{path} should NOT have fewer than 1 items"));
            }
            _ => {}
        }
    }
    for (path, allowed) in ENUMS {
        if texts(finding, path)
            .into_iter()
            .any(|text| !allowed.contains(&text))
        {
            problems.push(format!(
                "data.{path} should be equal to one of the allowed values"
            ));
        }
    }
    for path in TIMESTAMPS {
        if texts(finding, path)
            .into_iter()
            .any(|text| DateTime::parse_from_rfc3339(text).is_err())
        {
            problems.push(format!("data.{path} should match format \"date-time\""));
        }
    }
    maps(finding, &mut problems);
    severity_and_types(finding, &mut problems);
    scores(finding, &mut problems);
    members(finding, &mut problems);
    blanks(finding, "data", &mut problems);
    problems
}

/// At most 50 pairs each.
fn maps(finding: &Value, problems: &mut Vec<String>) {
    for (name, longest) in [("ProductFields", 2048), ("UserDefinedFields", 1024)] {
        let Some(map) = finding[name].as_object() else {
            continue;
        };
        if map.len() > 50 {
            problems.push(format!(
                "data.{name} should NOT have more than 50 properties"
            ));
        }
        for (key, value) in map {
            if key.chars().count() > 128 {
                problems.push(format!(
                    "data.{name} property name '{key}' should NOT be longer than 128 characters"
                ));
            }
            match value.as_str() {
                Some(value) if value.chars().count() > longest => {
                    problems.push(format!(
                        "data.{name}['{key}'] should NOT be longer than {longest} characters"
                    ));
                }
                Some(_) => {}
                None => problems.push(format!("data.{name}['{key}'] should be string")),
            }
        }
    }
}

/// Required by the service, though not by the model, in one of two fields each (user guide, required attributes;
/// aws-samples/aws-securityhub-config-integration#3).
fn severity_and_types(finding: &Value, problems: &mut Vec<String>) {
    let provider = &finding["FindingProviderFields"];
    let graded =
        |severity: &Value| !severity["Label"].is_null() || !severity["Normalized"].is_null();
    if !graded(&finding["Severity"]) && !graded(&provider["Severity"]) {
        problems.push("data should have required property 'Severity'".to_owned());
    }
    if finding["Types"].is_null() && provider["Types"].is_null() {
        problems.push("data should have required property 'Types'".to_owned());
    }
    for text in texts(finding, "Types")
        .into_iter()
        .chain(texts(finding, "FindingProviderFields.Types"))
    {
        let mut parts = text.split('/');
        let namespace = parts.next().unwrap_or_default();
        if !NAMESPACES.contains(&namespace) || parts.count() > 2 {
            problems.push(format!(
                "data.Types '{text}' should be namespace/category/classifier"
            ));
        }
    }
}

fn scores(finding: &Value, problems: &mut Vec<String>) {
    for path in ["Confidence", "Criticality", "Severity.Normalized"] {
        let provider = format!("FindingProviderFields.{path}");
        let outside = |score: &&Value| {
            !score
                .as_i64()
                .is_some_and(|score| (0..=100).contains(&score))
        };
        if values(finding, path)
            .into_iter()
            .chain(values(finding, &provider))
            .any(|score| outside(&score))
        {
            problems.push(format!("data.{path} should be an integer from 0 to 100"));
        }
    }
}

/// The required fields of the parts that are lists.
fn members(finding: &Value, problems: &mut Vec<String>) {
    for (list, required) in [
        ("Resources", ["Type", "Id"]),
        ("RelatedFindings", ["ProductArn", "Id"]),
    ] {
        for (at, member) in finding[list].as_array().into_iter().flatten().enumerate() {
            for field in required.into_iter().filter(|field| member[field].is_null()) {
                problems.push(format!(
                    "data.{list}[{at}] should have required property '{field}'"
                ));
            }
        }
    }
}

/// Text is of type `NonEmptyString`: it must contain something other than white space.
fn blanks(value: &Value, path: &str, problems: &mut Vec<String>) {
    match value {
        Value::String(text) if text.trim().is_empty() => {
            problems.push(format!("{path} should NOT be shorter than 1 characters"));
        }
        Value::Array(members) => members
            .iter()
            .for_each(|member| blanks(member, path, problems)),
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, field)| blanks(field, &format!("{path}.{name}"), problems));
        }
        _ => {}
    }
}
