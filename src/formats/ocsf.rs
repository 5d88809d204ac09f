//! An exposure as an OCSF Detection Finding (class 2004).
//!
//! Source: the OCSF schema 1.8.0, classes `detection_finding`, objects as named below; the shape of AWS's own exposure
//! findings (Security Hub User Guide, "Sample exposure finding").

#![expect(
    clippy::indexing_slicing,
    reason = "assigning to a key of a JSON object inserts it"
)]

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::model::{
    AccountId, Evidence, Exposure, ExposureTrait, FixAvailable, Impact, Likelihood, Severity,
    SignalReference, Vulnerability,
};

const SCHEMA_VERSION: &str = "1.8.0";
const CLASS: u32 = 2004;

/// What happened to the exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It is new.
    Create,
    /// It stands.
    Update,
    /// It is gone.
    Close,
}

impl Activity {
    fn id(self) -> u32 {
        match self {
            Self::Create => 1,
            Self::Update => 2,
            Self::Close => 3,
        }
    }

    fn caption(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Close => "Close",
        }
    }

    /// `status_id` and its caption.
    fn status(self) -> (u32, &'static str) {
        match self {
            Self::Create | Self::Update => (1, "New"),
            Self::Close => (4, "Resolved"),
        }
    }
}

/// What is told of an exposure, and when.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The exposure.
    pub exposure: &'a Exposure,
    /// The account that tells it.
    pub account: AccountId,
    /// What happened.
    pub activity: Activity,
    /// When the finding was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub modified_at: DateTime<Utc>,
    /// When this event is.
    pub time: DateTime<Utc>,
    /// By which rules it was found.
    pub catalog_version: &'a str,
}

/// The event, its keys in the order of the alphabet.
pub fn event(event: &Event<'_>) -> Value {
    let exposure = event.exposure;
    let activity = event.activity;
    let (severity_id, severity) = severity(exposure.severity);
    let (status_id, status) = activity.status();
    let mut value = json!({
        "activity_id": activity.id(),
        "activity_name": activity.caption(),
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": CLASS * 100 + activity.id(),
        "type_name": format!("Detection Finding: {}", activity.caption()),
        "time": event.time.timestamp_millis(),
        "time_dt": time(event.time),
        "severity_id": severity_id,
        "severity": severity,
        "vendor_attributes": { "severity_id": severity_id, "severity": severity },
        "status_id": status_id,
        "status": status,
        "message": exposure.title,
        "cloud": cloud(event),
        "metadata": metadata(event),
        "finding_info": finding_info(event),
        "resources": resources(exposure),
        "remediation": remediation(exposure),
        // The core schema has no likelihood, and no place for the arithmetic.
        "unmapped": {
            "likelihood": likelihood(exposure.likelihood),
            "rule": exposure.rule,
            "rules": exposure.matched_rules,
            "factors": exposure.factors,
            "mitigations": exposure.mitigations.iter().map(|one| &one.id).collect::<Vec<_>>(),
        },
    });
    if let (Some(impact), Some(event)) = (exposure.impact, value.as_object_mut()) {
        let (id, caption) = impact_of(impact);
        event.insert("impact_id".into(), id.into());
        event.insert("impact".into(), caption.into());
    }
    let vulnerabilities = vulnerabilities(exposure);
    if let (false, Some(event)) = (vulnerabilities.is_empty(), value.as_object_mut()) {
        event.insert("vulnerabilities".into(), vulnerabilities.into());
    }
    value
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Object `cloud`: where the exposed resource is.
fn cloud(event: &Event<'_>) -> Value {
    let resource = &event.exposure.resource;
    json!({
        "provider": "AWS",
        "region": resource.region,
        "account": { "uid": resource.account.to_string(), "type": "AWS Account", "type_id": 10 },
    })
}

fn metadata(event: &Event<'_>) -> Value {
    json!({
        "version": SCHEMA_VERSION,
        "uid": event.exposure.id,
        "profiles": ["cloud", "datetime"],
        "product": {
            "name": "exposured",
            "vendor_name": "exposured",
            "version": env!("CARGO_PKG_VERSION"),
            "uid": format!("exposured/{}", event.account),
        },
    })
}

fn finding_info(event: &Event<'_>) -> Value {
    let exposure = event.exposure;
    let related: Vec<Value> = exposure.contributing().flat_map(related_events).collect();
    let mut info = json!({
        "uid": exposure.id,
        "title": exposure.title,
        "desc": exposure.description,
        "types": exposure.types.ocsf,
        "created_time": event.created_at.timestamp_millis(),
        "created_time_dt": time(event.created_at),
        "modified_time": event.modified_at.timestamp_millis(),
        "modified_time_dt": time(event.modified_at),
        "analytic": {
            "name": "Exposure",
            "type": "Rule",
            "type_id": 1,
            "uid": exposure.rule,
            "version": event.catalog_version,
        },
        "traits": exposure.traits.iter().map(trait_object).collect::<Vec<_>>(),
        "related_events_count": related.len(),
        "related_events": related,
    });
    if let (Some(graph), Some(info)) = (attack_graph(exposure), info.as_object_mut()) {
        info.insert("attack_graph".into(), graph);
    }
    info
}

/// Object `trait`, as AWS's own exposures have them.
fn trait_object(one: &ExposureTrait) -> Value {
    json!({
        "category": one.trait_type.as_str(),
        "name": one.title,
        "uid": one.id,
        "type": if one.contributing { "Contributing Trait" } else { "Contextual Trait" },
    })
}

/// Object `related_event`: one a finding behind a contributing trait.
fn related_events(one: &ExposureTrait) -> impl Iterator<Item = Value> {
    let traits = json!([trait_object(one)]);
    one.signals.iter().map(move |signal| {
        json!({
            "uid": signal.finding,
            "title": signal.evidence.title(),
            "type": "Finding",
            "product": { "name": product(signal), "vendor_name": "AWS", "uid": signal.product.arn_name() },
            // Type 10 is "Resource UID".
            "observables": [{
                "name": "resource.uid", "type": "Resource UID", "type_id": 10, "value": signal.resource.id,
            }],
            "traits": traits,
        })
    })
}

fn product(signal: &SignalReference) -> &'static str {
    match signal.product {
        crate::model::Product::SecurityHub => "Security Hub CSPM",
        crate::model::Product::Inspector => "Inspector",
        crate::model::Product::Macie => "Macie",
        crate::model::Product::GuardDuty => "GuardDuty",
        crate::model::Product::Config => "Config",
    }
}

/// Object `graph`: the attack path.
fn attack_graph(exposure: &Exposure) -> Option<Value> {
    let path = &exposure.attack_path;
    let nodes: Vec<Value> = path
        .nodes
        .iter()
        .map(|node| json!({ "uid": node.id, "name": node.label, "type": node.node_type }))
        .collect();
    let type_of = |id: &str| path.node(id).map_or("", |node| &node.node_type);
    let edges: Vec<Value> = path
        .edges
        .iter()
        .map(|edge| {
            json!({
                "name": format!("{} -> {}", type_of(&edge.from), type_of(&edge.to)),
                "source": edge.from,
                "target": edge.to,
                "relation": edge.by,
                "is_directed": true,
            })
        })
        .collect();
    (!nodes.is_empty()).then(
        || json!({ "name": "attack path", "is_directed": true, "nodes": nodes, "edges": edges }),
    )
}

/// Object `resource_details`: the exposed resource.
fn resources(exposure: &Exposure) -> Value {
    let resource = &exposure.resource;
    let mut details = json!({
        "uid": resource.id,
        "type": resource.resource_type,
        "region": resource.region,
        "owner": { "account": { "uid": resource.account.to_string(), "type": "AWS Account", "type_id": 10 } },
    });
    let tags: Vec<Value> = exposure
        .tags
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    if let (false, Some(details)) = (tags.is_empty(), details.as_object_mut()) {
        details.insert("tags".into(), tags.into());
    }
    json!([details])
}

fn remediation(exposure: &Exposure) -> Value {
    let texts: Vec<&str> = exposure
        .contributing()
        .map(|one| one.remediation.text.as_str())
        .collect();
    let urls: Vec<&str> = exposure
        .contributing()
        .map(|one| one.remediation.url.as_str())
        .collect();
    json!({ "desc": texts.join("\n"), "references": urls })
}

/// Object `vulnerability`: each once, the weightiest first.
fn vulnerabilities(exposure: &Exposure) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    exposure
        .traits
        .iter()
        .flat_map(|one| &one.signals)
        .filter_map(|signal| match &*signal.evidence {
            Evidence::PackageVulnerability(vulnerability) if seen.insert(&vulnerability.id) => {
                Some(one_vulnerability(vulnerability))
            }
            _ => None,
        })
        .collect()
}

fn one_vulnerability(vulnerability: &Vulnerability) -> Value {
    let mut value = Map::new();
    value.insert("title".into(), vulnerability.title.as_str().into());
    // Object `vulnerability` wants exactly one of advisory, cve and cwe; what has no CVE has an advisory.
    if vulnerability.id.starts_with("CVE-") {
        value.insert("cve".into(), cve(vulnerability));
    } else {
        value.insert("advisory".into(), json!({ "uid": vulnerability.id }));
    }
    if let Some(exploit) = vulnerability.exploit_available {
        value.insert("is_exploit_available".into(), exploit.into());
    }
    if let Some(fix) = vulnerability.fix {
        value.insert("is_fix_available".into(), (fix == FixAvailable::Yes).into());
    }
    let packages: Vec<Value> = vulnerability
        .packages
        .iter()
        .map(affected_package)
        .collect();
    if !packages.is_empty() {
        value.insert("affected_packages".into(), packages.into());
    }
    value.into()
}

fn cve(vulnerability: &Vulnerability) -> Value {
    let mut cve = json!({ "uid": vulnerability.id });
    if let Some(score) = vulnerability.epss {
        cve["epss"] = json!({ "score": score.value().to_string() });
    }
    if let Some(cvss) = &vulnerability.cvss {
        let base_score = f64::from(cvss.score_tenths) / 10.0;
        cve["cvss"] = json!([{
            "version": cvss.version, "base_score": base_score, "vector_string": cvss.vector,
        }]);
    }
    cve
}

/// Object `affected_package`.
fn affected_package((package, fixed_in_version): &(String, Option<String>)) -> Value {
    let (name, version) = package.split_once(' ').unwrap_or((package, "unknown"));
    let mut value = json!({ "name": name, "version": version });
    if let Some(fixed) = fixed_in_version {
        value["fixed_in_version"] = fixed.as_str().into();
    }
    value
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn impact_of(impact: Impact) -> (u32, &'static str) {
    match impact {
        Impact::Low => (1, "Low"),
        Impact::Medium => (2, "Medium"),
        Impact::High => (3, "High"),
    }
}

/// As AWS shows it.
fn likelihood(likelihood: Likelihood) -> &'static str {
    match likelihood {
        Likelihood::Low => "Low",
        Likelihood::Moderate => "Moderate",
        Likelihood::High => "High",
        Likelihood::VeryHigh => "Very High",
    }
}
