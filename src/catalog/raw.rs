//! A catalog file as it is written. `compile` checks it and turns it into a [`Catalog`](super::Catalog).
//!
//! The JSON Schema for editors is generated from these types, including their documentation.

mod entry;
mod severity;
mod signal;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

pub(super) use entry::{RawExposure, RawFactors, RawLowered, RawMitigation, RawTrait};
pub use severity::RawSeverity;
pub(super) use signal::{RawExternalAccess, RawInspector, RawOrigin, RawSignal, RawValue};

use super::schema_types::{EntryId, EntryOrDisabled, ResourceTypeName};
use crate::model::{ResourceType, Severity};

/// A catalog file. Each file can contain any kind of table.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[schemars(with = "Option<RawSeverity>")]
    pub severity: Option<Spanned<RawSeverity>>,
    #[serde(default, rename = "trait")]
    #[schemars(with = "Vec<EntryOrDisabled<RawTrait>>")]
    pub traits: Vec<RawTrait>,
    #[serde(default, rename = "mitigation")]
    #[schemars(with = "Vec<EntryOrDisabled<RawMitigation>>")]
    pub mitigations: Vec<RawMitigation>,
    #[serde(default, rename = "exposure")]
    #[schemars(with = "Vec<EntryOrDisabled<RawExposure>>")]
    pub exposures: Vec<RawExposure>,
    #[serde(default, rename = "relations")]
    pub relations: Vec<RawRelations>,
    #[serde(default, rename = "test")]
    pub tests: Vec<RawCase>,
}

/// A Security Hub control whose findings are read for the relations in their resource details.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRelations {
    #[schemars(with = "String")]
    pub control: Spanned<String>,
    /// The relations in the resource details of its findings.
    #[schemars(with = "Vec<String>")]
    pub provides: Spanned<Vec<Spanned<String>>>,
}

/// A test case for the rules: traits in, exposure and severity out. `exposured catalog test` runs it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCase {
    /// What the case shows.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    #[schemars(with = "ResourceTypeName")]
    pub resource_type: ResourceType,
    /// The traits and mitigations of the resource.
    #[schemars(with = "Vec<EntryId>")]
    pub traits: Vec<Spanned<String>>,
    /// The EPSS score of its vulnerabilities. Without this key, they have no score.
    #[schemars(with = "Option<f64>")]
    pub epss: Option<Spanned<f64>>,
    /// The rule that must give the title. Without this key, there must be no exposure.
    #[schemars(with = "Option<EntryId>")]
    pub exposure: Option<Spanned<String>>,
    /// The severity that the exposure must have.
    pub severity: Option<Severity>,
}
