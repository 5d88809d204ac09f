//! The finding itself: the part of ASFF that exposured writes and reads back.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{self, GENERATOR_PREFIX, RecordState};

/// A finding, in the JSON form that `BatchImportFindings` takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AsffFinding {
    pub(super) schema_version: String,
    pub(super) id: String,
    pub(super) product_arn: String,
    pub(super) product_name: Option<String>,
    pub(super) company_name: Option<String>,
    pub(super) generator_id: String,
    pub(super) aws_account_id: String,
    #[serde(default)]
    pub(super) types: Vec<String>,
    pub(super) first_observed_at: Option<String>,
    pub(super) last_observed_at: Option<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) severity: Severity,
    pub(super) title: String,
    pub(super) description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remediation: Option<Remediation>,
    #[serde(default)]
    pub(super) product_fields: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network: Option<Network>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) network_path: Vec<PathComponent>,
    pub(super) resources: Vec<Resource>,
    pub(super) record_state: RecordState,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) related_findings: Vec<RelatedFinding>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) vulnerabilities: Vec<Vulnerability>,
    pub(super) finding_provider_fields: Option<FindingProviderFields>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Severity {
    pub label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Remediation {
    pub recommendation: Recommendation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Recommendation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Network {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_port_range: Option<PortRange>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PortRange {
    pub begin: i32,
    pub end: i32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PathComponent {
    pub component_id: String,
    pub component_type: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Resource {
    #[serde(rename = "Type")]
    pub resource_type: String,
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RelatedFinding {
    pub product_arn: String,
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Vulnerability {
    pub id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vulnerable_packages: Vec<Package>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cvss: Vec<Cvss>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix_available: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss_score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exploit_available: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Package {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_in_version: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cvss {
    pub version: String,
    pub base_score: f64,
    pub base_vector: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FindingProviderFields {
    pub severity: Severity,
    pub types: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related_findings: Vec<RelatedFinding>,
}

impl AsffFinding {
    /// The ID of the finding.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The value of a product field, by its name without our prefix.
    pub fn product_field(&self, name: &str) -> Option<&str> {
        let name = format!("{GENERATOR_PREFIX}{name}");
        self.product_fields.get(&name).map(String::as_str)
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The ID of the exposed resource, which is the first resource.
    pub fn exposed_resource(&self) -> &str {
        self.resources.first().map_or("", |resource| &resource.id)
    }

    /// Whether the finding is active.
    pub fn record_state(&self) -> RecordState {
        self.record_state
    }

    /// The severity that exposured gave the finding; users may have set another one.
    pub fn provider_severity(&self) -> Option<model::Severity> {
        let fields = self.finding_provider_fields.as_ref()?;
        let label = &fields.severity.label;
        model::Severity::DESCENDING
            .into_iter()
            .find(|severity| severity.as_str() == label)
    }

    /// The finding in the form in which it can be imported again, with another state and time of update.
    pub fn for_reimport(
        &self,
        record_state: RecordState,
        updated_at: DateTime<Utc>,
        state: &[(&str, String)],
    ) -> Self {
        let mut finding = self.clone();
        finding.record_state = record_state;
        finding.updated_at = timestamp(updated_at);
        // Security Hub adds fields of its own, which it does not accept.
        finding
            .product_fields
            .retain(|name, _| name.starts_with(GENERATOR_PREFIX));
        for (name, value) in state {
            finding.set_product_field(name, value);
        }
        // The root may hold values of users; the provider fields hold ours.
        if let Some(ours) = &finding.finding_provider_fields {
            finding.severity = ours.severity.clone();
            finding.types.clone_from(&ours.types);
            finding.related_findings.clone_from(&ours.related_findings);
        }
        finding
    }

    /// Sets a product field; one without a value is removed, since the format has no empty values.
    fn set_product_field(&mut self, name: &str, value: &str) {
        let name = format!("{GENERATOR_PREFIX}{name}");
        if value.is_empty() {
            self.product_fields.remove(&name);
        } else {
            self.product_fields.insert(name, value.to_owned());
        }
    }

    /// The finding as JSON.
    #[expect(
        clippy::expect_used,
        reason = "a structure of strings, numbers, and lists always becomes JSON"
    )]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a finding becomes JSON")
    }
}

/// RFC 3339 with milliseconds, as the format requires.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
