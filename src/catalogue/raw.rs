//! What a catalogue file says, word for word. Turned into [`super::Catalogue`] by `compile`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::model::{Impact, Likelihood, ResourceType, Severity, SourceSeverity, TraitType};

/// One file. Each may hold any of the three kinds of table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFile {
    pub severity: Option<Spanned<RawSeverity>>,
    #[serde(default, rename = "trait")]
    pub traits: Vec<RawTrait>,
    #[serde(default, rename = "exposure")]
    pub exposures: Vec<RawExposure>,
    #[serde(default, rename = "relations")]
    pub relations: Vec<RawRelations>,
}

/// A Security Hub control whose findings are read for what their resource's details tell of other resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRelations {
    pub control: Spanned<String>,
    /// Which edges.
    pub tells: Spanned<Vec<Spanned<String>>>,
}

/// How factors make a severity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSeverity {
    /// The least EPSS scores of the levels 1, 2 and 3 of the factor "likelihood of exploit".
    pub epss: Spanned<[f64; 3]>,
    /// The least sum that makes each likelihood but the lowest.
    pub likelihood: Spanned<RawLikelihood>,
    /// Severity by likelihood (row) and impact (column).
    pub matrix: RawMatrix,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLikelihood {
    pub moderate: u8,
    pub high: u8,
    #[serde(rename = "very high")]
    pub very_high: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMatrix {
    pub low: RawMatrixRow,
    pub moderate: RawMatrixRow,
    pub high: RawMatrixRow,
    #[serde(rename = "very high")]
    pub very_high: RawMatrixRow,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMatrixRow {
    pub low: Severity,
    pub medium: Severity,
    pub high: Severity,
    pub unknown: Severity,
}

impl RawMatrix {
    pub fn row(&self, likelihood: Likelihood) -> &RawMatrixRow {
        match likelihood {
            Likelihood::Low => &self.low,
            Likelihood::Moderate => &self.moderate,
            Likelihood::High => &self.high,
            Likelihood::VeryHigh => &self.very_high,
        }
    }
}

impl RawMatrixRow {
    pub fn cell(&self, impact: Option<Impact>) -> Severity {
        match impact {
            None => self.unknown,
            Some(Impact::Low) => self.low,
            Some(Impact::Medium) => self.medium,
            Some(Impact::High) => self.high,
        }
    }
}

/// A trait.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTrait {
    pub id: Spanned<String>,
    /// AWS's title where it has one.
    pub title: String,
    /// Where AWS words it otherwise for a type.
    #[serde(default)]
    pub titles: BTreeMap<ResourceType, String>,
    #[serde(rename = "type")]
    pub trait_type: TraitType,
    /// The types that can be exposed by it.
    pub resource_types: Spanned<Vec<ResourceType>>,
    /// The types on which the signals name it, where those are others.
    #[serde(default)]
    pub found_on: Vec<ResourceType>,
    /// From the exposed resource to the one on which it is found: `has-network-interface > member-of-security-group`.
    #[serde(default)]
    pub via: Vec<Spanned<String>>,
    pub signals: Spanned<Vec<Spanned<RawSignal>>>,
    /// A finding that shows one of these traits does not show this one.
    #[serde(default)]
    pub except: Vec<Spanned<String>>,
    #[serde(default)]
    pub factors: RawFactors,
    /// MITRE ATT&CK techniques.
    #[serde(default)]
    pub techniques: Vec<Spanned<String>>,
    pub remediation: RawRemediation,
    /// Where the claim comes from.
    pub source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRemediation {
    pub text: String,
    pub url: String,
}

/// What a trait derives from: exactly one of `control`, `inspector`, `macie`, `guardduty`, `sensitive_data`,
/// `attribute` and `known_resource`, with the conditions that belong to it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSignal {
    /// A Security Hub control that failed.
    pub control: Option<String>,

    /// An Inspector finding.
    pub inspector: Option<RawInspector>,
    /// Of a network path: where it starts.
    pub from: Option<RawOrigin>,
    /// Of a network path: it must cover one of these.
    pub ports: Option<Vec<u16>>,
    /// Of a vulnerability: the CVSS metric "attack vector", such as `N`.
    pub attack_vector: Option<Vec<String>>,
    /// Of a vulnerability: "privileges required".
    pub privileges_required: Option<Vec<String>>,
    /// Of a vulnerability: "user interaction".
    pub user_interaction: Option<Vec<String>>,
    /// Of a vulnerability: the least EPSS score.
    pub epss_at_least: Option<f64>,
    /// Of a vulnerability: whether an exploit is public.
    pub exploit_available: Option<bool>,
    /// Of a vulnerability: whether it was seen exploited.
    pub known_exploited: Option<bool>,
    /// Of a vulnerability: how its id begins.
    pub id_prefix: Option<String>,
    /// Of a flaw in code: it must be of one of these kinds, such as `CWE-78`.
    pub cwes: Option<Vec<String>>,

    /// How the type of a Macie finding begins.
    pub macie: Option<String>,
    /// Of sensitive data: a category that must be among those found, such as `CREDENTIALS`.
    pub category: Option<String>,

    /// How the type of a GuardDuty finding begins.
    pub guardduty: Option<String>,

    /// How the ASFF type of a data security product's finding begins.
    pub sensitive_data: Option<String>,

    /// Of a vulnerability or a Macie finding: the least severity.
    pub severity_at_least: Option<SourceSeverity>,

    /// The path of an attribute in the resource's details; `*` stands for each element of a list.
    pub attribute: Option<String>,
    /// Of an attribute: its value.
    pub equals: Option<RawValue>,
    /// Of an attribute: that it is set and not empty.
    pub present: Option<bool>,
    /// Of an attribute: how its value begins, one of these.
    pub starts_with: Option<Vec<String>>,
    /// Of an attribute that has members: what the name of one contains, without regard to case. Values are not read.
    pub name_contains: Option<Vec<String>>,
    /// Of an attribute that is a resource policy: that it lets anyone in, on no condition.
    pub allows_anyone: Option<bool>,

    /// The end of the ARN of a resource that is known by its name.
    pub known_resource: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum RawInspector {
    NetworkReachability,
    PackageVulnerability,
    CodeVulnerability,
}

/// Where a network path starts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum RawOrigin {
    /// An internet gateway, or a load balancer that faces the internet.
    Internet,
    /// A peering connection, a VPN gateway, the VPC itself.
    PrivateNetwork,
}

/// A value that an attribute may have.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum RawValue {
    Text(String),
    Flag(bool),
    Number(i64),
}

/// The factors that a trait raises, and how far.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFactors {
    pub awareness: Option<Spanned<u8>>,
    pub ease_of_discovery: Option<Spanned<u8>>,
    pub ease_of_exploit: Option<Spanned<u8>>,
    pub likelihood_of_exploit: Option<RawEpss>,
    pub impact: Option<Impact>,
}

/// The only thing that gives the factor "likelihood of exploit": the score of the vulnerability.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawEpss {
    Epss,
}

/// An exposure rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawExposure {
    pub id: Spanned<String>,
    pub title: Spanned<String>,
    pub resource_type: ResourceType,
    /// Traits that must all be there.
    #[serde(default)]
    pub all: Vec<Spanned<String>>,
    /// Traits of which one must be there.
    #[serde(default)]
    pub any: Vec<Spanned<String>>,
    pub description: String,
    /// In ASFF's namespaces.
    pub asff_types: Spanned<Vec<Spanned<String>>>,
    /// As AWS's own exposures have them.
    pub ocsf_types: Vec<String>,
    pub source: String,
}
