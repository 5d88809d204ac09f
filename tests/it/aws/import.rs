//! Security Hub `BatchImportFindings`: what is accepted, and how an import changes an existing finding.
//!
//! The rules beyond the model are those of the user guide's page `finding-update-batchimportfindings`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::{
    asff,
    fake_cloud::{
        self, Behind, FakeCloud, ImportFailureKind, RegionState, SHARED_FIELDS, Service, Stored,
    },
    http::Call,
    response::Refusal,
    security_hub::invalid,
};

/// The limit of a whole request; that of a finding is in [`asff`].
const MAX_REQUEST: usize = 6_000_000;

/// Fields of an existing finding that only users change.
const USER_FIELDS: [&str; 4] = ["Note", "UserDefinedFields", "VerificationState", "Workflow"];

pub(super) fn batch_import_findings(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    if call.size > MAX_REQUEST {
        return Err(invalid(format!(
            "The request has {} bytes, at most {MAX_REQUEST} are allowed",
            call.size
        )));
    }
    let findings = call.body["Findings"]
        .as_array()
        .ok_or_else(|| invalid("Findings is required"))?;
    if findings.is_empty() || findings.len() > 100 {
        return Err(invalid(format!(
            "Findings must have 1 to 100 members, not {}",
            findings.len()
        )));
    }
    if let Some(finding) = findings.iter().find(|finding| is_rejected(cloud, finding)) {
        return Err(invalid(format!(
            "Invalid parameter value in finding {}",
            finding["Id"]
        )));
    }
    let mut rows = Vec::new();
    let (mut succeeded, mut failed) = (0, 0);
    for finding in findings {
        let Some(id) = finding["Id"].as_str().filter(|id| !id.is_empty()) else {
            return Err(invalid("Finding does not have an Id"));
        };
        match injected_failure(cloud, finding) {
            Some(ImportFailureKind::Lost) => continue,
            Some(ImportFailureKind::Unnamed) => failed += 1,
            Some(ImportFailureKind::Refused { code, message }) => {
                failed += 1;
                rows.push(json!({"Id": id, "ErrorCode": code, "ErrorMessage": message}));
            }
            Some(ImportFailureKind::CallRejected) | None => match import(cloud, call, finding) {
                Ok(()) => succeeded += 1,
                Err((code, message)) => {
                    failed += 1;
                    rows.push(json!({"Id": id, "ErrorCode": code, "ErrorMessage": message}));
                }
            },
        }
    }
    Ok(json!({
        "SuccessCount": succeeded,
        "FailedCount": failed,
        "FailedFindings": rows,
    }))
}

/// Whether a finding makes the service reject every call that contains it.
fn is_rejected(cloud: &FakeCloud, finding: &Value) -> bool {
    let text = finding.to_string();
    cloud.import_failures.iter().any(|failure| {
        matches!(failure.kind, ImportFailureKind::CallRejected) && text.contains(&failure.text)
    })
}

/// The failure that a test wants for a finding; counts it.
fn injected_failure(cloud: &mut FakeCloud, finding: &Value) -> Option<ImportFailureKind> {
    let text = finding.to_string();
    let failure = cloud
        .import_failures
        .iter_mut()
        .find(|failure| failure.times > 0 && text.contains(&failure.text))?;
    failure.times = failure.times.saturating_sub(1);
    Some(failure.kind.clone())
}

fn import(cloud: &mut FakeCloud, call: &Call, finding: &Value) -> Result<(), (String, String)> {
    let no_access = |message: String| Err(("InvalidAccess".to_owned(), message));
    if !cloud.enabled(&call.account, &call.region, Service::SecurityHub) {
        return no_access(format!(
            "Account {} is not subscribed to AWS Security Hub",
            call.account
        ));
    }
    let problems = asff::problems(finding);
    if !problems.is_empty() {
        let message = format!(
            "Finding does not adhere to Amazon Finding Format. {}.",
            problems.join(", ")
        );
        return Err(("InvalidInput".to_owned(), message));
    }
    let product = fake_cloud::default_product(&call.account, &call.region);
    if finding["AwsAccountId"] != call.account || finding["ProductArn"] != product {
        return no_access(format!(
            "Account {} may import to {} only its own findings of {product}, not those of account {} and {}",
            call.account, call.region, finding["AwsAccountId"], finding["ProductArn"],
        ));
    }
    let lag = cloud.lag;
    let target = cloud
        .target_mut(&call.account, &call.region)
        .expect("a target with a service enabled");
    store(target, finding.clone(), &call.region, lag);
    replicate(cloud, call, &fake_cloud::asff_key(finding));
    Ok(())
}

/// An administrator account sees the findings of its member accounts (user guide, "Managing administrator and member
/// accounts").
fn replicate(cloud: &mut FakeCloud, call: &Call, key: &str) {
    let Some(administrator) = cloud.administrators.get(&call.account).cloned() else {
        return;
    };
    let stored = cloud
        .target(&call.account, &call.region)
        .and_then(|target| target.security_hub.get(key).cloned());
    let target = cloud.target_mut(&administrator, &call.region);
    if let (Some(stored), Some(target)) = (stored, target) {
        let replica = Stored {
            imported: false,
            ..stored
        };
        target.security_hub.put(key.to_owned(), replica);
    }
}

/// Creates the finding, or overwrites the one with the same `Id`.
fn store(target: &mut RegionState, mut finding: Value, region: &str, lag: usize) {
    let key = fake_cloud::asff_key(&finding);
    let stored = target.security_hub.get(&key).cloned();
    if stored
        .as_ref()
        .is_some_and(|stored| updated_at(&finding) <= updated_at(&stored.json))
    {
        return;
    }
    complete(&mut finding, region);
    let behind = (lag > 0).then(|| Behind {
        shown: stored.as_ref().and_then(|stored| stored.shown().cloned()),
        reads: lag,
    });
    let mut users = std::collections::BTreeSet::new();
    match stored {
        None => {
            default(&mut finding, "Workflow", json!({"Status": "NEW"}));
        }
        Some(stored) => {
            for field in USER_FIELDS.into_iter().chain(stored.users.iter().copied()) {
                keep(&mut finding, &stored.json, field);
            }
            let status = &stored.json["Workflow"]["Status"];
            if reopened(&stored.json, &finding) && (status == "NOTIFIED" || status == "RESOLVED") {
                finding["Workflow"] = json!({"Status": "NEW"});
            }
            users = stored.users;
        }
    }
    target.security_hub.put(
        key,
        Stored {
            json: finding,
            imported: true,
            users,
            behind,
        },
    );
}

/// Sets what Security Hub adds: its own fields, the defaults, and the provider's values where users have set none.
fn complete(finding: &mut Value, region: &str) {
    default(finding, "RecordState", json!("ACTIVE"));
    default(finding, "ProductName", json!("Default"));
    default(finding, "CompanyName", json!("Personal"));
    finding["Region"] = region.into();
    finding["ProcessedAt"] = Utc::now()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
        .into();
    default(finding, "ProductFields", json!({}));
    for (name, value) in [
        (
            "FindingId",
            format!(
                "{}/{}",
                fake_cloud::text(finding, "ProductArn"),
                fake_cloud::text(finding, "Id")
            ),
        ),
        ("ProductName", fake_cloud::text(finding, "ProductName")),
        ("CompanyName", fake_cloud::text(finding, "CompanyName")),
    ] {
        finding["ProductFields"][format!("aws/securityhub/{name}")] = value.into();
    }
    let mut provider = finding["FindingProviderFields"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for field in SHARED_FIELDS {
        match provider.get(field) {
            Some(value) => finding[field] = value.clone(),
            None if finding[field].is_null() => {}
            None => drop(provider.insert(field.to_owned(), finding[field].clone())),
        }
    }
    label_and_number(&mut finding["Severity"]);
    if let Some(severity) = provider.get_mut("Severity") {
        label_and_number(severity);
    }
    finding["FindingProviderFields"] = provider.into();
    drop_nulls(finding);
}

/// Derives the label of a severity from its number, or the other way around (model, `Severity`).
fn label_and_number(severity: &mut Value) {
    const LABELS: [(&str, i64); 5] = [
        ("INFORMATIONAL", 0),
        ("LOW", 1),
        ("MEDIUM", 40),
        ("HIGH", 70),
        ("CRITICAL", 90),
    ];
    if let Some((_, least)) = LABELS.iter().find(|(label, _)| severity["Label"] == *label) {
        default(severity, "Normalized", json!(least));
    } else if let Some(number) = severity["Normalized"].as_i64() {
        let label = LABELS.iter().rev().find(|(_, least)| *least <= number);
        severity["Label"] = json!(label.map_or("INFORMATIONAL", |(label, _)| label));
    }
}

/// Whether the workflow status is reset (model, `Workflow.Status`).
fn reopened(before: &Value, now: &Value) -> bool {
    let passed = before["Compliance"]["Status"] == "PASSED";
    let again = before["RecordState"] == "ARCHIVED" && now["RecordState"] == "ACTIVE";
    let status = &now["Compliance"]["Status"];
    again
        || (passed
            && ["WARNING", "FAILED", "NOT_AVAILABLE"]
                .into_iter()
                .any(|bad| status == bad))
}

fn updated_at(finding: &Value) -> Option<DateTime<chrono::FixedOffset>> {
    finding["UpdatedAt"]
        .as_str()
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
}

fn default(json: &mut Value, field: &str, value: Value) {
    if json[field].is_null() {
        json[field] = value;
    }
}

fn keep(finding: &mut Value, stored: &Value, field: &str) {
    finding[field] = stored[field].clone();
    drop_nulls(finding);
}

fn drop_nulls(finding: &mut Value) {
    finding
        .as_object_mut()
        .into_iter()
        .for_each(|fields: &mut Map<_, _>| fields.retain(|_, value| !value.is_null()));
}
