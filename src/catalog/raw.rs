//! What a catalog file says, word for word. Turned into [`super::Catalog`] by `compile`.
//!
//! The JSON Schema that editors complete the files with is made from these types, doc comments and all.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::model::{
    EntryPoint, Impact, Likelihood, ResourceType, Severity, SourceSeverity, TraitType,
};

use super::schema_types::{Entry, Name, TypeName};

/// One file of the catalog. Each may hold any of the kinds of table.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[schemars(with = "Option<RawSeverity>")]
    pub severity: Option<Spanned<RawSeverity>>,
    #[serde(default, rename = "trait")]
    #[schemars(with = "Vec<Entry<RawTrait>>")]
    pub traits: Vec<RawTrait>,
    #[serde(default, rename = "mitigation")]
    #[schemars(with = "Vec<Entry<RawMitigation>>")]
    pub mitigations: Vec<RawMitigation>,
    #[serde(default, rename = "exposure")]
    #[schemars(with = "Vec<Entry<RawExposure>>")]
    pub exposures: Vec<RawExposure>,
    #[serde(default, rename = "relations")]
    pub relations: Vec<RawRelations>,
    #[serde(default, rename = "test")]
    pub tests: Vec<RawCase>,
}

/// A Security Hub control whose findings are read for what their resource's details tell of other resources.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRelations {
    #[schemars(with = "String")]
    pub control: Spanned<String>,
    /// Which edges.
    #[schemars(with = "Vec<String>")]
    pub provides: Spanned<Vec<Spanned<String>>>,
}

/// How factors determine a severity. A key in a catalog file of the user, or in the configuration, replaces the earlier value.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawSeverity {
    /// Whether mitigations lower a severity. If false, exposures are graded as AWS grades them.
    pub mitigations: Option<bool>,
    /// The least EPSS scores of the levels 1, 2 and 3 of the factor "likelihood of exploit".
    #[schemars(with = "Option<[f64; 3]>")]
    pub epss: Option<Spanned<[f64; 3]>>,
    /// The least sum that makes each likelihood but the lowest.
    #[schemars(with = "Option<RawLikelihood>")]
    pub likelihood: Option<Spanned<RawLikelihood>>,
    /// Severity by likelihood (row) and impact (column).
    pub matrix: RawMatrix,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLikelihood {
    pub moderate: Option<u8>,
    pub high: Option<u8>,
    #[serde(rename = "very high")]
    pub very_high: Option<u8>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawMatrix {
    pub low: RawMatrixRow,
    pub moderate: RawMatrixRow,
    pub high: RawMatrixRow,
    #[serde(rename = "very high")]
    pub very_high: RawMatrixRow,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawMatrixRow {
    pub low: Option<Severity>,
    pub medium: Option<Severity>,
    pub high: Option<Severity>,
    pub unknown: Option<Severity>,
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
    pub fn cell(&self, impact: Option<Impact>) -> Option<Severity> {
        match impact {
            None => self.unknown,
            Some(Impact::Low) => self.low,
            Some(Impact::Medium) => self.medium,
            Some(Impact::High) => self.high,
        }
    }
}

/// A trait: a security property of a resource.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTrait {
    /// Lower-case words joined by hyphens.
    #[schemars(with = "Name")]
    pub id: Spanned<String>,
    /// `false` switches the entry with this id off; nothing but the id is needed then.
    #[serde(default)]
    #[allow(
        dead_code,
        reason = "entries that are switched off are taken out before they are read"
    )]
    pub enabled: Option<bool>,
    /// AWS's title where it has one.
    pub title: String,
    /// Where AWS words it otherwise for a type.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub titles: BTreeMap<ResourceType, String>,
    #[serde(rename = "type")]
    pub trait_type: TraitType,
    /// The types that can be exposed by it.
    #[schemars(with = "Vec<TypeName>")]
    pub resource_types: Spanned<Vec<ResourceType>>,
    /// The types on which the signals name it, where those are others.
    #[serde(default)]
    #[schemars(with = "Vec<TypeName>")]
    pub found_on: Vec<ResourceType>,
    /// From the exposed resource to the one on which it is found: `has-network-interface > member-of-security-group`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub via: Vec<Spanned<String>>,
    /// What shows it; one is enough.
    #[schemars(with = "Vec<RawSignal>")]
    pub signals: Spanned<Vec<Spanned<RawSignal>>>,
    /// A finding that shows one of these traits does not show this one.
    #[serde(default)]
    #[schemars(with = "Vec<Name>")]
    pub except: Vec<Spanned<String>>,
    /// Mitigations that, where they are found on the same resource, show that this does not apply to it.
    #[serde(default)]
    #[schemars(with = "Vec<Name>")]
    pub unless: Vec<Spanned<String>>,
    /// The factors that it raises, and how far.
    #[serde(default)]
    pub factors: RawFactors,
    /// Where an attacker comes from who makes use of it; shown as the beginning of the attack path, to the resource on
    /// which it is found.
    pub entry: Option<EntryPoint>,
    /// Along which relations it leads an attacker on from the exposed resource; shown in the attack path as far as they
    /// are known: `uses-instance-profile > contains-role`.
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

/// A mitigation: a fact that is known to stand in an attacker's way.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMitigation {
    /// Lower-case words joined by hyphens; no trait may have the same.
    #[schemars(with = "Name")]
    pub id: Spanned<String>,
    /// `false` switches the entry with this id off; nothing but the id is needed then.
    #[serde(default)]
    #[allow(
        dead_code,
        reason = "entries that are switched off are taken out before they are read"
    )]
    pub enabled: Option<bool>,
    pub title: String,
    /// The types whose exposures it may lower.
    #[schemars(with = "Vec<TypeName>")]
    pub resource_types: Spanned<Vec<ResourceType>>,
    /// The types on which the signals name it, where those are others.
    #[serde(default)]
    #[schemars(with = "Vec<TypeName>")]
    pub found_on: Vec<ResourceType>,
    /// From the exposed resource to the one on which it is found.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub via: Vec<Spanned<String>>,
    /// What shows it; one is enough.
    #[schemars(with = "Vec<RawSignal>")]
    pub signals: Spanned<Vec<Spanned<RawSignal>>>,
    /// Mitigations that, where they are found on the same resource, show that this does not apply to it.
    #[serde(default)]
    #[schemars(with = "Vec<Name>")]
    pub unless: Vec<Spanned<String>>,
    /// Whether every resource at the end of `via` has to show it, and not just one.
    #[serde(default)]
    pub requires_all: bool,
    /// Where the claim comes from.
    pub source: String,
}

/// How to end a trait.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRemediation {
    pub text: String,
    pub url: String,
}

/// What a trait derives from: exactly one of `control`, `passed_control`, `inspector`, `macie`, `guardduty`,
/// `sensitive_data`, `attribute` and `known_resource`, with the conditions that belong to it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignal {
    /// A Security Hub control that failed.
    pub control: Option<String>,
    /// A Security Hub control that passed; of mitigations, and of traits that raise no factor.
    pub passed_control: Option<String>,

    /// An Inspector finding.
    pub inspector: Option<RawInspector>,
    /// Of a network path: where it starts.
    pub from: Option<RawOrigin>,
    /// Of a network path: it must cover one of these.
    pub ports: Option<Vec<u16>>,
    /// Of a vulnerability: the CVSS metric "attack vector", such as `N`; `unknown` if it has no vector.
    pub attack_vector: Option<Vec<String>>,
    /// Of a vulnerability: "privileges required".
    pub privileges_required: Option<Vec<String>>,
    /// Of a vulnerability: "user interaction".
    pub user_interaction: Option<Vec<String>>,
    /// Of a vulnerability: the least EPSS score.
    pub epss_at_least: Option<f64>,
    /// Of a vulnerability: whether an exploit is public.
    pub exploit_available: Option<bool>,
    /// Of a vulnerability: whether the date of a public exploit is known, which does not mean that it was seen exploited.
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
    /// Of a resource policy: the action that anyone must be allowed, such as `ecr:PutImage`.
    pub action: Option<String>,

    /// The end of the ARN of a resource that is known by its name.
    pub known_resource: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawInspector {
    NetworkReachability,
    PackageVulnerability,
    CodeVulnerability,
}

impl RawInspector {
    /// As the catalog writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NetworkReachability => "network-reachability",
            Self::PackageVulnerability => "package-vulnerability",
            Self::CodeVulnerability => "code-vulnerability",
        }
    }
}

/// Where a network path starts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawOrigin {
    /// An internet gateway, or a load balancer that faces the internet.
    Internet,
    /// A load balancer that faces the internet.
    LoadBalancer,
    /// A peering connection, a VPN gateway, the VPC itself.
    PrivateNetwork,
}

impl RawOrigin {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internet => "internet",
            Self::LoadBalancer => "load balancer",
            Self::PrivateNetwork => "private network",
        }
    }
}

/// A value that an attribute may have.
#[derive(Clone, Debug, Deserialize, PartialEq, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawValue {
    Text(String),
    Flag(bool),
    Number(i64),
}

/// The factors that a trait raises, and how far.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFactors {
    /// 0 to 3: how well known the technique is.
    #[schemars(with = "Option<u8>", range(max = 3))]
    pub awareness: Option<Spanned<u8>>,
    /// 0 to 3: how easily the resource is found.
    #[schemars(with = "Option<u8>", range(max = 3))]
    pub ease_of_discovery: Option<Spanned<u8>>,
    /// 0 to 3: how little an attacker needs.
    #[schemars(with = "Option<u8>", range(max = 3))]
    pub ease_of_exploit: Option<Spanned<u8>>,
    /// The level that the vulnerability's EPSS score has.
    pub likelihood_of_exploit: Option<RawEpss>,
    /// What is lost.
    pub impact: Option<Impact>,
}

/// The only thing that gives the factor "likelihood of exploit": the score of the vulnerability.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawEpss {
    Epss,
}

/// An exposure rule: a combination of traits that exposes a resource.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExposure {
    /// Lower-case words joined by hyphens.
    #[schemars(with = "Name")]
    pub id: Spanned<String>,
    /// `false` switches the entry with this id off; nothing but the id is needed then.
    #[serde(default)]
    #[allow(
        dead_code,
        reason = "entries that are switched off are taken out before they are read"
    )]
    pub enabled: Option<bool>,
    /// What is published, 256 characters at most.
    #[schemars(with = "String", length(max = 256))]
    pub title: Spanned<String>,
    #[schemars(with = "TypeName")]
    pub resource_type: ResourceType,
    /// Traits that must all be there.
    #[serde(default)]
    #[schemars(with = "Vec<Name>")]
    pub all: Vec<Spanned<String>>,
    /// Traits of which one must be there.
    #[serde(default)]
    #[schemars(with = "Vec<Name>")]
    pub any: Vec<Spanned<String>>,
    /// Mitigations (or traits) of which none may be there.
    #[serde(default)]
    #[schemars(with = "Vec<Name>")]
    pub none: Vec<Spanned<String>>,
    /// Mitigations that lower a factor of this rule by one step.
    #[serde(default)]
    pub mitigated_by: Vec<RawMitigatedBy>,
    /// What it means, in a sentence or two.
    pub description: String,
    /// In ASFF's namespaces: `TTPs/Initial Access`.
    #[schemars(with = "Vec<String>")]
    pub asff_types: Spanned<Vec<Spanned<String>>>,
    /// As AWS's own exposures have them.
    pub ocsf_types: Vec<String>,
    /// Where the rule comes from.
    pub source: String,
}

/// A mitigation, and what of a rule it lowers by one step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMitigatedBy {
    #[schemars(with = "Name")]
    pub mitigation: Spanned<String>,
    pub lowers: RawLowered,
}

/// The factors that a mitigation can lower. Awareness and EPSS cannot be lowered.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawLowered {
    EaseOfDiscovery,
    EaseOfExploit,
    Impact,
}

/// A case that the rules must fulfill: traits in, exposure and severity out. Run by `exposured catalog test`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCase {
    /// What the case shows.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    #[schemars(with = "TypeName")]
    pub resource_type: ResourceType,
    /// The traits and mitigations that the resource has.
    #[schemars(with = "Vec<Name>")]
    pub traits: Vec<Spanned<String>>,
    /// The EPSS score of its vulnerabilities; without it they have none.
    #[schemars(with = "Option<f64>")]
    pub epss: Option<Spanned<f64>>,
    /// The rule that must give the title. Without it there must be no exposure.
    #[schemars(with = "Option<Name>")]
    pub exposure: Option<Spanned<String>>,
    /// How severe the exposure must be.
    pub severity: Option<Severity>,
}
