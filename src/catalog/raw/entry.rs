//! Entries with an ID: traits, mitigations, and exposure rules.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::model::{EntryPoint, Impact, ResourceType, TraitType};

use super::super::schema_types::{EntryId, ResourceTypeName};
use super::signal::RawSignal;

/// A trait: a security property of a resource.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawTrait {
    /// Lower-case words joined by hyphens.
    #[schemars(with = "EntryId")]
    pub id: Spanned<String>,
    /// `false` disables the entry with this ID. No other key is needed then.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "disabled entries are removed before deserialization"
    )]
    pub enabled: Option<bool>,
    /// AWS's title, if AWS has the same trait.
    pub title: String,
    /// Titles for types for which AWS uses another wording.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub titles: BTreeMap<ResourceType, String>,
    #[serde(rename = "type")]
    pub trait_type: TraitType,
    /// The types that the trait applies to.
    #[schemars(with = "Vec<ResourceTypeName>")]
    pub resource_types: Spanned<Vec<ResourceType>>,
    /// The types that the signals are about, if they are different ones.
    #[serde(default)]
    #[schemars(with = "Vec<ResourceTypeName>")]
    pub found_on: Vec<ResourceType>,
    /// The routes from the exposed resource to the one that the trait is found on:
    /// `has-network-interface > member-of-security-group`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub via: Vec<Spanned<String>>,
    /// What shows the trait. One signal is enough.
    #[schemars(with = "Vec<RawSignal>")]
    pub signals: Spanned<Vec<Spanned<RawSignal>>>,
    /// A finding that shows one of these traits does not show this one.
    #[serde(default)]
    #[schemars(with = "Vec<EntryId>")]
    pub except: Vec<Spanned<String>>,
    /// Mitigations that show that the trait does not apply, if they are found on the same resource.
    #[serde(default)]
    #[schemars(with = "Vec<EntryId>")]
    pub unless: Vec<Spanned<String>>,
    /// The factors that the trait raises, and their levels.
    #[serde(default)]
    pub factors: RawFactors,
    /// Where an attacker who uses the trait comes from. The attack path starts there and leads to the resource that the
    /// trait is found on.
    pub entry: Option<EntryPoint>,
    /// The routes along which the trait leads an attacker on from the exposed resource. The attack path shows their known
    /// parts: `uses-instance-profile > contains-role`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub leads_to: Vec<Spanned<String>>,
    /// MITRE ATT&CK techniques, such as `T1552.005`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub techniques: Vec<Spanned<String>>,
    pub remediation: RawRemediation,
    /// Where the claim comes from.
    pub source: String,
}

/// A mitigation: a known fact that makes an attack harder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawMitigation {
    /// Lower-case words joined by hyphens. No trait may have the same ID.
    #[schemars(with = "EntryId")]
    pub id: Spanned<String>,
    /// `false` disables the entry with this ID. No other key is needed then.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "disabled entries are removed before deserialization"
    )]
    pub enabled: Option<bool>,
    pub title: String,
    /// The types whose exposures the mitigation can lower.
    #[schemars(with = "Vec<ResourceTypeName>")]
    pub resource_types: Spanned<Vec<ResourceType>>,
    /// The types that the signals are about, if they are different ones.
    #[serde(default)]
    #[schemars(with = "Vec<ResourceTypeName>")]
    pub found_on: Vec<ResourceType>,
    /// The routes from the exposed resource to the one that the mitigation is found on.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub via: Vec<Spanned<String>>,
    /// What shows the mitigation. One signal is enough.
    #[schemars(with = "Vec<RawSignal>")]
    pub signals: Spanned<Vec<Spanned<RawSignal>>>,
    /// Mitigations that show that this one does not apply, if they are found on the same resource.
    #[serde(default)]
    #[schemars(with = "Vec<EntryId>")]
    pub unless: Vec<Spanned<String>>,
    /// Whether every resource at the end of `via` must show the mitigation, and not only one.
    #[serde(default)]
    pub requires_all: bool,
    /// Where the claim comes from.
    pub source: String,
}

/// How to fix a trait.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawRemediation {
    pub text: String,
    pub url: String,
}

/// The factors that a trait raises, and their levels.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawFactors {
    /// 0 to 3: how well known the technique is.
    #[schemars(with = "Option<u8>", range(max = 3))]
    pub awareness: Option<Spanned<u8>>,
    /// 0 to 3: how easy the resource is to find.
    #[schemars(with = "Option<u8>", range(max = 3))]
    pub ease_of_discovery: Option<Spanned<u8>>,
    /// 0 to 3: how little an attacker needs.
    #[schemars(with = "Option<u8>", range(max = 3))]
    pub ease_of_exploit: Option<Spanned<u8>>,
    /// The level comes from the EPSS score of the vulnerability.
    pub likelihood_of_exploit: Option<RawEpss>,
    /// The damage.
    pub impact: Option<Impact>,
}

/// The only source of the factor "likelihood of exploit": the EPSS score of the vulnerability.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalog) enum RawEpss {
    Epss,
}

/// An exposure rule: a combination of traits that exposes a resource.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawExposure {
    /// Lower-case words joined by hyphens.
    #[schemars(with = "EntryId")]
    pub id: Spanned<String>,
    /// `false` disables the entry with this ID. No other key is needed then.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "disabled entries are removed before deserialization"
    )]
    pub enabled: Option<bool>,
    /// The title that is published, with at most 256 characters.
    #[schemars(with = "String", length(max = 256))]
    pub title: Spanned<String>,
    #[schemars(with = "ResourceTypeName")]
    pub resource_type: ResourceType,
    /// Traits that are all required.
    #[serde(default)]
    #[schemars(with = "Vec<EntryId>")]
    pub all: Vec<Spanned<String>>,
    /// Traits of which one is required.
    #[serde(default)]
    #[schemars(with = "Vec<EntryId>")]
    pub any: Vec<Spanned<String>>,
    /// Mitigations or traits that keep the rule from matching.
    #[serde(default)]
    #[schemars(with = "Vec<EntryId>")]
    pub none: Vec<Spanned<String>>,
    /// Mitigations that lower a factor of this rule by one step.
    #[serde(default)]
    pub mitigated_by: Vec<RawMitigatedBy>,
    /// What the exposure means, in a sentence or two.
    pub description: String,
    /// Finding types in the ASFF namespaces, such as `TTPs/Initial Access`.
    #[schemars(with = "Vec<String>")]
    pub asff_types: Spanned<Vec<Spanned<String>>>,
    /// Finding types in OCSF, in the form that AWS's own exposures use.
    pub ocsf_types: Vec<String>,
    /// Where the rule comes from.
    pub source: String,
}

/// A mitigation, and the factor of a rule that it lowers by one step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawMitigatedBy {
    #[schemars(with = "EntryId")]
    pub mitigation: Spanned<String>,
    pub lowers: RawLowered,
}

/// The factors that a mitigation can lower. Awareness and EPSS scores do not depend on the resource.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::catalog) enum RawLowered {
    EaseOfDiscovery,
    EaseOfExploit,
    Impact,
}
