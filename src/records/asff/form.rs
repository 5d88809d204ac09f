//! The parts of a finding that are read, by the names of the format. Source: the securityhub model.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Finding {
    pub id: String,
    pub product_arn: String,
    pub product_name: Option<String>,
    pub generator_id: String,
    pub aws_account_id: String,
    pub title: String,
    pub region: Option<String>,
    pub updated_at: Option<Value>,
    pub types: Option<Vec<String>>,
    pub record_state: Option<String>,
    pub workflow: Option<Workflow>,
    pub compliance: Option<Compliance>,
    pub product_fields: Option<serde_json::Map<String, Value>>,
    pub sample: Option<bool>,
    pub severity: Option<Severity>,
    pub vulnerabilities: Option<Vec<AsffVulnerability>>,
    pub network_path: Option<Vec<AsffPathComponent>>,
    pub network: Option<Network>,
    pub resources: Vec<AsffResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Workflow {
    pub status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Compliance {
    pub status: Option<String>,
    pub security_control_id: Option<String>,
    pub status_reasons: Option<Vec<StatusReason>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatusReason {
    pub reason_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Severity {
    pub label: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffVulnerability {
    pub id: String,
    #[serde(default)]
    pub cvss: Vec<AsffCvss>,
    pub epss_score: Option<f64>,
    pub exploit_available: Option<String>,
    pub last_known_exploit_at: Option<Value>,
    pub fix_available: Option<String>,
    #[serde(default)]
    pub vulnerable_packages: Vec<AsffPackage>,
    #[serde(default)]
    pub code_vulnerabilities: Vec<AsffCode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffCode {
    #[serde(default)]
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
pub(super) struct Network {
    pub protocol: Option<String>,
    pub open_port_range: Option<OpenPortRange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OpenPortRange {
    pub begin: i64,
    pub end: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AsffResource {
    #[serde(rename = "Type")]
    pub resource_type: String,
    pub id: String,
    pub region: Option<String>,
    pub tags: Option<serde_json::Map<String, Value>>,
    pub details: Option<serde_json::Map<String, Value>>,
}
