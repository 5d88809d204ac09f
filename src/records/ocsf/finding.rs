//! The fields of an OCSF finding that exposured uses. Source: the OCSF schema 1.6.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::vulnerability::OcsfVulnerability;

#[derive(Deserialize)]
pub(super) struct OcsfFinding {
    pub metadata: OcsfMetadata,
    pub cloud: OcsfCloud,
    pub finding_info: OcsfFindingInfo,
    pub activity_id: Option<u64>,
    pub severity: Option<String>,
    pub status: Option<String>,
    pub time: Option<f64>,
    pub time_dt: Option<String>,
    pub compliance: Option<OcsfCompliance>,
    pub vulnerabilities: Option<Vec<OcsfVulnerability>>,
    pub databucket: Option<OcsfDatabucket>,
    /// Schema 1.0 and 1.1 have one resource for most classes.
    pub resource: Option<OcsfResource>,
    pub resources: Option<Vec<OcsfResource>>,
    pub unmapped: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
pub(super) struct OcsfMetadata {
    pub product: OcsfProduct,
}

#[derive(Deserialize)]
pub(super) struct OcsfProduct {
    #[serde(default)]
    pub uid: String,
}

#[derive(Deserialize)]
pub(super) struct OcsfCloud {
    pub account: OcsfAccount,
    pub region: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct OcsfAccount {
    pub uid: String,
}

#[derive(Deserialize)]
pub(super) struct OcsfFindingInfo {
    pub uid: String,
    pub title: Option<String>,
    pub types: Option<Vec<String>>,
    pub modified_time: Option<f64>,
    pub modified_time_dt: Option<String>,
    pub analytic: Option<OcsfAnalytic>,
}

#[derive(Deserialize)]
pub(super) struct OcsfAnalytic {
    pub name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct OcsfCompliance {
    pub control: Option<String>,
    pub status: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct OcsfResource {
    #[serde(default)]
    pub uid: String,
    /// The ARN, in version 2 of Security Hub, where `uid` is not one.
    pub uid_alt: Option<String>,
    #[serde(rename = "type")]
    pub resource_type: Option<String>,
    pub region: Option<String>,
    pub data: Option<Value>,
    pub tags: Option<Vec<OcsfTag>>,
}

#[derive(Deserialize)]
pub(super) struct OcsfTag {
    pub name: String,
    pub value: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct OcsfDatabucket {
    pub uid: Option<String>,
    pub name: Option<String>,
    pub file: Option<OcsfFile>,
}

#[derive(Deserialize)]
pub(super) struct OcsfFile {
    pub data_classifications: Option<Vec<OcsfDataClassification>>,
}

#[derive(Deserialize)]
pub(super) struct OcsfDataClassification {
    pub category: Option<String>,
}

impl OcsfFinding {
    pub(super) fn take_resources(&mut self) -> impl Iterator<Item = OcsfResource> {
        let resources = self.resources.take().unwrap_or_default();
        resources.into_iter().chain(self.resource.take())
    }

    pub(super) fn analytic_name(&self) -> Option<&str> {
        self.finding_info.analytic.as_ref()?.name.as_deref()
    }

    /// A field that OCSF has no place for.
    pub(super) fn unmapped(&self, name: &str) -> Option<&str> {
        self.unmapped.as_ref()?.get(name)?.as_str()
    }
}

impl OcsfDatabucket {
    pub(super) fn data_classifications(&self) -> impl Iterator<Item = &OcsfDataClassification> {
        let data = self.file.as_ref();
        let data = data.and_then(|file| file.data_classifications.as_ref());
        data.into_iter().flatten()
    }
}
