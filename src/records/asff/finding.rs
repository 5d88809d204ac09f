//! The fields of an ASFF finding that exposured uses. Source: the securityhub model.

use serde::Deserialize;
use serde_json::Value;

use crate::model::SourceSeverity;
use crate::records::fields::null_as_empty;
use crate::records::finding_values::severity;
use crate::records::subject::FindingResource;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffFinding {
    pub id: String,
    pub product_arn: String,
    pub generator_id: String,
    pub aws_account_id: String,
    pub title: String,
    pub region: Option<String>,
    pub updated_at: Option<Value>,
    pub last_observed_at: Option<Value>,
    pub types: Option<Vec<String>>,
    pub record_state: Option<String>,
    pub workflow: Option<AsffWorkflow>,
    pub compliance: Option<AsffCompliance>,
    pub product_fields: Option<serde_json::Map<String, Value>>,
    pub sample: Option<bool>,
    pub severity: Option<AsffSeverity>,
    pub vulnerabilities: Option<Vec<AsffVulnerability>>,
    pub network_path: Option<Vec<AsffPathComponent>>,
    pub network: Option<AsffNetwork>,
    #[serde(deserialize_with = "null_as_empty")]
    pub resources: Vec<FindingResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffWorkflow {
    pub status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffCompliance {
    pub status: Option<String>,
    pub security_control_id: Option<String>,
    pub status_reasons: Option<Vec<AsffStatusReason>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffStatusReason {
    pub reason_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffSeverity {
    pub label: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffVulnerability {
    pub id: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    pub cvss: Vec<AsffCvss>,
    pub epss_score: Option<f64>,
    pub exploit_available: Option<String>,
    pub last_known_exploit_at: Option<Value>,
    pub fix_available: Option<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    pub vulnerable_packages: Vec<AsffPackage>,
    #[serde(default, deserialize_with = "null_as_empty")]
    pub code_vulnerabilities: Vec<AsffCode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffCode {
    #[serde(default, deserialize_with = "null_as_empty")]
    pub cwes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffCvss {
    pub version: Option<String>,
    pub base_score: Option<f64>,
    pub base_vector: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffPackage {
    pub name: Option<String>,
    pub version: Option<String>,
    pub fixed_in_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffPathComponent {
    pub component_id: Option<String>,
    pub component_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffNetwork {
    pub protocol: Option<String>,
    pub open_port_range: Option<AsffPortRange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffPortRange {
    pub begin: i64,
    pub end: i64,
}

impl AsffFinding {
    pub(super) fn severity(&self) -> SourceSeverity {
        let severity_label = self.severity.as_ref();
        severity(severity_label.and_then(|severity| severity.label.as_deref()))
    }

    /// The types of the finding, by Security Hub's taxonomy.
    pub(super) fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().flatten().map(String::as_str)
    }

    pub(super) fn product_field(&self, name: &str) -> Option<&str> {
        self.product_fields.as_ref()?.get(name)?.as_str()
    }

    pub(super) fn workflow_status(&self) -> Option<&str> {
        self.workflow.as_ref()?.status.as_deref()
    }

    pub(super) fn compliance_status(&self) -> Option<&str> {
        self.compliance.as_ref()?.status.as_deref()
    }
}
