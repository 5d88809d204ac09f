//! The configuration file as it is written. `valid` checks it and turns it into a [`Config`](super::Config).

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::catalog::RawSeverity;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfig {
    pub schedule: RawSchedule,
    pub aws: RawAws,
    pub collect: Option<Spanned<RawCollect>>,
    pub input: RawInput,
    pub publish: RawPublish,
    pub metrics: RawMetrics,
    pub catalog: RawCatalog,
    pub severity: Option<Spanned<RawSeverity>>,
    #[serde(rename = "mute")]
    pub mutes: Vec<Spanned<RawMute>>,
    pub criticality: RawCriticality,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCatalog {
    pub paths: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMute {
    #[serde(rename = "trait")]
    pub trait_id: Option<Spanned<String>>,
    pub exposure: Option<Spanned<String>>,
    pub resource: Option<String>,
    pub account: Option<Spanned<String>>,
    pub region: Option<Spanned<String>>,
    pub tag: Option<RawTag>,
    pub reason: Spanned<String>,
    pub owner: Spanned<String>,
    pub until: Spanned<Datetime>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTag {
    pub key: String,
    pub value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCriticality {
    pub raise: Vec<RawTag>,
    pub lower: Vec<RawTag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSchedule {
    pub cron: Option<Spanned<String>>,
    pub run_on_start: Option<bool>,
    pub deadline: Option<Spanned<String>>,
    pub health_file: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawAws {
    pub regions: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCollect {
    pub security_hub: Option<bool>,
    pub inspector: Option<bool>,
    pub macie: Option<bool>,
    pub access_analyzer: Option<bool>,
    pub resources: Option<Spanned<String>>,
    pub iam: Option<Spanned<String>>,
    pub member_role: Option<Spanned<String>>,
    pub external_id: Option<Spanned<String>>,
    pub max_age: Option<Spanned<String>>,
    pub config: RawConfigService,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfigService {
    pub aggregator: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawInput {
    pub max_record_size: Option<Spanned<String>>,
    pub max_file_size: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPublish {
    pub settle_cycles: Option<Spanned<u32>>,
    pub max_archive_percent: Option<Spanned<u8>>,
    pub security_hub: RawSecurityHub,
    pub ocsf: Option<RawOcsf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSecurityHub {
    pub enabled: Option<bool>,
    pub mode: Option<RawMode>,
    pub region: Option<Spanned<String>>,
    pub member_role: Option<Spanned<String>>,
    pub external_id: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawMode {
    Home,
    Member,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOcsf {
    pub directory: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMetrics {
    pub namespace: Option<Spanned<String>>,
}
