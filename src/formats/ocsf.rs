//! An exposure as an OCSF Detection Finding (class 2004).
//!
//! Source: OCSF schema 1.8.0, class `detection_finding` and the objects that are named below; Security Hub User Guide,
//! "Sample exposure finding", for the form of AWS's own exposure findings.

mod captions;
mod vulnerability;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::model::{AccountId, Exposure, ExposureTrait, SignalReference};

pub use captions::Activity;
use captions::{impact, likelihood, product, severity};
use vulnerability::vulnerabilities;

const SCHEMA_VERSION: &str = "1.8.0";
const CLASS: u32 = 2004;

/// An event about an exposure.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The exposure.
    pub exposure: &'a Exposure,
    /// The account that reports it.
    pub account: AccountId,
    /// What happened.
    pub activity: Activity,
    /// When the finding was created.
    pub created_at: DateTime<Utc>,
    /// When the finding was last changed.
    pub modified_at: DateTime<Utc>,
    /// The time of the event.
    pub time: DateTime<Utc>,
    /// The version of the catalog that graded the exposure.
    pub catalog_version: &'a str,
}

/// The event as JSON, with sorted keys.
pub fn event(event: &Event<'_>) -> Value {
    let Event {
        exposure, activity, ..
    } = *event;
    let (severity_id, severity) = severity(exposure.severity);
    let (status_id, status) = activity.status();
    let mut value = object(json!({
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
        "cloud": cloud(exposure),
        "metadata": metadata(event),
        "finding_info": finding_info(event),
        "resources": [resource_details(exposure)],
        "remediation": remediation(exposure),
        "unmapped": unmapped(exposure),
    }));
    let (impact_id, impact) = exposure.impact.map_or((0, "Unknown"), impact);
    value.insert("impact_id".into(), impact_id.into());
    value.insert("impact".into(), impact.into());
    let vulnerabilities = vulnerabilities(exposure);
    if !vulnerabilities.is_empty() {
        value.insert("vulnerabilities".into(), vulnerabilities.into());
    }
    value.into()
}

/// The members of a JSON object, to add optional ones.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The object `account`.
fn account(account: AccountId) -> Value {
    json!({ "uid": account.to_string(), "type": "AWS Account", "type_id": 10 })
}

/// The object `cloud`: the location of the exposed resource.
fn cloud(exposure: &Exposure) -> Value {
    let resource = &exposure.resource;
    json!({
        "provider": "AWS",
        "region": resource.region,
        "account": account(resource.account),
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
    let mut info = object(json!({
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
    }));
    if let Some(graph) = attack_graph(exposure) {
        info.insert("attack_graph".into(), graph);
    }
    info.into()
}

/// The object `trait`, in the form of AWS's own exposure findings.
fn trait_object(exposure_trait: &ExposureTrait) -> Value {
    let trait_type = if exposure_trait.contributing {
        "Contributing Trait"
    } else {
        "Contextual Trait"
    };
    json!({
        "category": exposure_trait.trait_type.as_str(),
        "name": exposure_trait.title,
        "uid": exposure_trait.id,
        "type": trait_type,
    })
}

/// The object `related_event`, for each finding behind a contributing trait.
fn related_events(exposure_trait: &ExposureTrait) -> impl Iterator<Item = Value> {
    let traits = json!([trait_object(exposure_trait)]);
    let signals = exposure_trait.signals.iter();
    signals.map(move |signal| related_event(signal, &traits))
}

fn related_event(signal: &SignalReference, traits: &Value) -> Value {
    json!({
        "uid": signal.finding,
        "title": signal.evidence.title(),
        "type": "Finding",
        "product": {
            "name": product(signal.product),
            "vendor_name": "AWS",
            "uid": signal.product.arn_name(),
        },
        "observables": [{
            "name": "resource.uid",
            "type": "Resource UID",
            "type_id": 10,
            "value": signal.resource.id,
        }],
        "traits": traits,
    })
}

/// The object `graph`: the attack path.
fn attack_graph(exposure: &Exposure) -> Option<Value> {
    let path = &exposure.attack_path;
    if path.nodes.is_empty() {
        return None;
    }
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
    Some(json!({ "name": "attack path", "is_directed": true, "nodes": nodes, "edges": edges }))
}

/// The object `resource_details`, for the exposed resource.
fn resource_details(exposure: &Exposure) -> Value {
    let resource = &exposure.resource;
    let mut details = object(json!({
        "uid": resource.id,
        "type": resource.resource_type,
        "region": resource.region,
        "owner": { "account": account(resource.account) },
    }));
    let tags: Vec<Value> = exposure
        .tags
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    if !tags.is_empty() {
        details.insert("tags".into(), tags.into());
    }
    details.into()
}

fn remediation(exposure: &Exposure) -> Value {
    let remediations = || exposure.contributing().map(|one| &one.remediation);
    let texts: Vec<&str> = remediations().map(|one| one.text.as_str()).collect();
    let urls: Vec<&str> = remediations().map(|one| one.url.as_str()).collect();
    json!({ "desc": texts.join("\n"), "references": urls })
}

/// What the core schema has no attribute for: the likelihood, and how the severity was derived.
fn unmapped(exposure: &Exposure) -> Value {
    let mitigations = exposure.mitigations.iter();
    json!({
        "likelihood": likelihood(exposure.likelihood),
        "rule": exposure.rule,
        "rules": exposure.matched_rules,
        "factors": exposure.factors,
        "mitigations": mitigations.map(|mitigation| &mitigation.id).collect::<Vec<_>>(),
    })
}
