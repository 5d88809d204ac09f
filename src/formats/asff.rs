//! An exposure in the AWS Security Finding Format.
//!
//! Source: the securityhub model, `BatchImportFindingsRequest`, whose texts give the lengths; Security Hub User Guide,
//! "AWS Security Finding Format (ASFF)".

mod build;
mod sdk;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{self, AccountId, Arn, Exposure, Partition, RecordState, Region};

pub use build::finding;

pub use crate::model::GENERATOR_PREFIX;

/// What our findings name as their product; and as the company, since the default would be "Personal".
pub const PRODUCT_NAME: &str = "exposured";

/// Where and when an exposure is published.
#[derive(Clone, Debug)]
pub struct Publication<'a> {
    /// The exposure.
    pub exposure: &'a Exposure,
    /// The account that imports it.
    pub account: AccountId,
    /// The Region of the endpoint.
    pub region: Region,
    /// The partition of that Region.
    pub partition: Partition,
    /// When the finding was made.
    pub created_at: DateTime<Utc>,
    /// When the resource was first seen exposed.
    pub first_observed_at: DateTime<Utc>,
    /// When the finding last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether it stands.
    pub record_state: RecordState,
    /// By which rules it was found.
    pub catalog_version: &'a str,
}

/// Text or a list that was too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The field, such as `Title`.
    pub field: String,
    /// How many characters, or elements, were left out.
    pub dropped: usize,
}

/// The ARN of an account's own findings.
/// Source: Security Hub User Guide, "Requirements for custom product integrations".
pub fn product_arn(partition: Partition, region: &Region, account: AccountId) -> String {
    let resource = format!("product/{account}/default");
    Arn::new(
        partition,
        "securityhub",
        region.as_str(),
        Some(account),
        &resource,
    )
    .as_str()
    .to_owned()
}

/// A finding, exactly as `BatchImportFindings` takes it.
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
    /// The finding's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A field of our own.
    pub fn product_field(&self, name: &str) -> Option<&str> {
        self.product_fields.get(name).map(String::as_str)
    }

    /// Sets a field of our own; one without a value is left out, since the format has none such.
    pub fn set_product_field(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.product_fields.remove(name);
        } else {
            self.product_fields
                .insert(name.to_owned(), value.to_owned());
        }
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The id of the resource that is exposed: the first one.
    pub fn exposed_resource(&self) -> &str {
        self.resources.first().map_or("", |resource| &resource.id)
    }

    /// Whether it stands.
    pub fn record_state(&self) -> RecordState {
        self.record_state
    }

    /// The severity that we gave it; users may have set another.
    pub fn provider_severity(&self) -> Option<model::Severity> {
        let fields = self.finding_provider_fields.as_ref()?;
        let label = &fields.severity.label;
        model::Severity::DESCENDING
            .into_iter()
            .find(|severity| severity.as_str() == label)
    }

    /// The same finding once more, later, as it stands or gone.
    pub fn again(&self, record_state: RecordState, updated_at: DateTime<Utc>) -> Self {
        let mut again = self.clone();
        again.record_state = record_state;
        again.updated_at = timestamp(updated_at);
        // Security Hub adds fields of its own, which it does not take back.
        again
            .product_fields
            .retain(|name, _| name.starts_with(GENERATOR_PREFIX));
        // What stands at the root may be a user's; ours stands in the provider's fields.
        if let Some(ours) = &again.finding_provider_fields {
            again.severity = ours.severity.clone();
            again.types.clone_from(&ours.types);
            again.related_findings.clone_from(&ours.related_findings);
        }
        again
    }
}

/// RFC 3339 with milliseconds, as the format wants it.
fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
