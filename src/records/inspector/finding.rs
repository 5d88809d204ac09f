//! The fields of an Inspector finding that exposured uses. Source: the inspector2 model, `Finding`; few fields are required
//! there.

use serde::Deserialize;
use serde_json::Value;

use crate::model::clean;
use crate::records::fields::null_as_empty;
use crate::records::subject::FindingResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InspectorFinding {
    pub finding_arn: String,
    pub aws_account_id: String,
    #[serde(rename = "type")]
    pub finding_type: String,
    pub title: Option<String>,
    pub severity: Option<String>,
    pub status: Option<String>,
    pub updated_at: Option<Value>,
    pub last_observed_at: Option<Value>,
    pub epss: Option<EpssDetails>,
    pub exploit_available: Option<String>,
    pub exploitability_details: Option<ExploitabilityDetails>,
    pub fix_available: Option<String>,
    pub inspector_score_details: Option<InspectorScoreDetails>,
    pub package_vulnerability_details: Option<PackageVulnerabilityDetails>,
    pub network_reachability_details: Option<NetworkReachabilityDetails>,
    pub code_vulnerability_details: Option<CodeVulnerabilityDetails>,
    #[serde(deserialize_with = "null_as_empty")]
    pub resources: Vec<FindingResource>,
}

#[derive(Deserialize)]
pub(super) struct EpssDetails {
    pub score: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExploitabilityDetails {
    pub last_known_exploit_at: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InspectorScoreDetails {
    pub adjusted_cvss: Option<CvssScore>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CvssScore {
    #[serde(alias = "baseScore")]
    pub score: Option<f64>,
    pub scoring_vector: Option<String>,
    pub version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PackageVulnerabilityDetails {
    pub vulnerability_id: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    pub cvss: Vec<CvssScore>,
    #[serde(default, deserialize_with = "null_as_empty")]
    pub vulnerable_packages: Vec<InspectorPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InspectorPackage {
    pub name: String,
    pub version: Option<String>,
    pub fixed_in_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkReachabilityDetails {
    pub open_port_range: Option<InspectorPortRange>,
    pub protocol: Option<String>,
    pub network_path: Option<InspectorPath>,
}

#[derive(Deserialize)]
pub(super) struct CodeVulnerabilityDetails {
    #[serde(default, deserialize_with = "null_as_empty")]
    pub cwes: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct InspectorPortRange {
    pub begin: i64,
    pub end: i64,
}

#[derive(Deserialize)]
pub(super) struct InspectorPath {
    #[serde(default, deserialize_with = "null_as_empty")]
    pub steps: Vec<InspectorPathStep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InspectorPathStep {
    pub component_id: String,
    pub component_type: String,
}

impl InspectorFinding {
    /// The title, or the type of a finding without one.
    pub(super) fn title(&self) -> String {
        clean(self.title.as_deref().unwrap_or(&self.finding_type))
    }
}
