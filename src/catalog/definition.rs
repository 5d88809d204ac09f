//! The entries of a catalog, as compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::model::{
    EntryPoint, Epss, ExposureTypes, Factor, Level, RelationKind, Remediation, ResourceType,
    RuleId, Severity, TraitId, TraitIndex, TraitSet, TraitType,
};

/// How a trait raises one factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorLevel {
    /// To this level.
    Fixed(Level),
    /// To the level of the highest EPSS score among its vulnerabilities.
    FromEpss,
}

/// Where an entry is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLocation {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Whether the file is a custom one, and not built in.
    pub is_custom: bool,
}

impl fmt::Display for EntryLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// On which types a fact is found, and how it travels to those that carry it.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// Which types can carry it.
    pub resource_types: BTreeSet<ResourceType>,
    /// On which types the signals name it; empty: on those that carry it.
    pub found_on: BTreeSet<ResourceType>,
    /// A finding that shows one of these does not show this one.
    pub except: TraitSet,
    /// Facts that, on the resource on which it is found, show that it does not apply.
    pub unless: TraitSet,
    /// Whether every resource at the end of the relations has to show it.
    pub requires_all: bool,
    /// Along which relations it is looked for, from the exposed resource on.
    pub via: Vec<Vec<RelationKind>>,
    /// What shows it; one is enough.
    pub signals: Vec<SignalDescription>,
}

/// What shows a trait or a mitigation, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignalDescription {
    /// Who says it.
    pub source: SignalSource,
    /// What.
    pub text: String,
}

/// Who says what a trait derives from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalSource {
    /// A control of Security Hub CSPM.
    SecurityHub,
    /// Amazon Inspector.
    Inspector,
    /// Amazon Macie.
    Macie,
    /// Amazon GuardDuty, by way of Security Hub.
    GuardDuty,
    /// Data security products of other makers, by way of Security Hub.
    DataSecurityProducts,
    /// The details of a resource, wherever they were read.
    ResourceDetails,
    /// The resource's very name.
    ResourceName,
}

impl SignalSource {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecurityHub => "Security Hub CSPM",
            Self::Inspector => "Inspector",
            Self::Macie => "Macie",
            Self::GuardDuty => "GuardDuty",
            Self::DataSecurityProducts => "data security products",
            Self::ResourceDetails => "resource details",
            Self::ResourceName => "resource name",
        }
    }
}

/// A trait, as compiled.
#[derive(Clone, Debug)]
pub struct TraitDefinition {
    /// The id.
    pub id: TraitId,
    /// The title, where the type has none of its own.
    pub title: String,
    /// The titles by type.
    pub titles: BTreeMap<ResourceType, String>,
    /// The type of trait.
    pub trait_type: TraitType,
    /// What shows it, and where.
    pub derivation: Derivation,
    /// Where an attacker comes from who makes use of it.
    pub entry: Option<EntryPoint>,
    /// Along which relations it leads an attacker on.
    pub leads_to: Vec<Vec<RelationKind>>,
    /// Which factors it raises.
    pub factors: BTreeMap<Factor, FactorLevel>,
    /// MITRE ATT&CK techniques.
    pub techniques: Vec<String>,
    /// How to end it.
    pub remediation: Remediation,
    /// Where the claim comes from.
    pub source: String,
    /// Where it is defined.
    pub location: EntryLocation,
}

/// A fact that is known to stand in an attacker's way, as compiled.
#[derive(Clone, Debug)]
pub struct MitigationDefinition {
    /// The id; no trait has the same.
    pub id: TraitId,
    /// What it is.
    pub title: String,
    /// What shows it, and where.
    pub derivation: Derivation,
    /// Where the claim comes from.
    pub source: String,
    /// Where it is defined.
    pub location: EntryLocation,
}

impl TraitDefinition {
    /// The title on a type of resource.
    pub fn title_on(&self, resource_type: ResourceType) -> &str {
        self.titles.get(&resource_type).unwrap_or(&self.title)
    }
}

/// What a mitigation lowers by one step where it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MitigatedBy {
    /// The mitigation.
    pub mitigation: TraitIndex,
    /// Ease of discovery, ease of exploit, or impact.
    pub lowers: Factor,
}

/// An exposure rule, as compiled.
#[derive(Clone, Debug)]
pub struct ExposureRule {
    /// The id.
    pub id: RuleId,
    /// The title of what is published.
    pub title: String,
    /// The type of resource that it exposes.
    pub resource_type: ResourceType,
    /// Traits that must all be there.
    pub all: TraitSet,
    /// Traits of which one must be there; empty if the rule asks for none.
    pub any: TraitSet,
    /// Mitigations or traits of which none may be there.
    pub none: TraitSet,
    /// What lowers which factor.
    pub mitigated_by: Vec<MitigatedBy>,
    /// What it means.
    pub description: String,
    /// Under which types it is published.
    pub types: ExposureTypes,
    /// Where the rule comes from.
    pub source: String,
    /// Where it is defined.
    pub location: EntryLocation,
}

impl ExposureRule {
    /// Whether the rule matches a resource with these traits and mitigations.
    pub fn matches(&self, traits: &TraitSet) -> bool {
        traits.contains_all(&self.all)
            && (self.any.is_empty() || traits.intersects(&self.any))
            && !traits.intersects(&self.none)
    }

    /// The traits that the rule asks for.
    pub fn needed(&self) -> TraitSet {
        let mut needed = self.all;
        needed.extend(&self.any);
        needed
    }

    /// Those of the traits that the rule needs.
    pub fn contributing(&self, traits: &TraitSet) -> TraitSet {
        self.needed().intersection(traits)
    }

    /// The traits of which one would make the rule match; empty if it matches, `None` if one is not enough.
    pub fn missing(&self, traits: &TraitSet) -> Option<TraitSet> {
        if traits.intersects(&self.none) {
            return None;
        }
        let absent = self.all.difference(traits);
        let any_holds = self.any.is_empty() || traits.intersects(&self.any);
        match (absent.len(), any_holds) {
            (0 | 1, true) => Some(absent),
            (0, false) => Some(self.any),
            _ => None,
        }
    }

    /// What keeps the rule from matching, if nothing else does.
    pub fn prevented_by(&self, traits: &TraitSet) -> TraitSet {
        let in_the_way = self.none.intersection(traits);
        if self.matches(&traits.difference(&in_the_way)) {
            in_the_way
        } else {
            TraitSet::default()
        }
    }

    /// How specific the rule is: how many conditions it makes.
    pub fn specificity(&self) -> usize {
        self.all.len() + usize::from(!self.any.is_empty()) + usize::from(!self.none.is_empty())
    }
}

/// A case that the rules must fulfill: traits in, exposure and severity out.
#[derive(Clone, Debug)]
pub struct RuleCase {
    /// What it shows.
    pub name: String,
    /// The type of the resource.
    pub resource_type: ResourceType,
    /// Its traits and mitigations.
    pub traits: TraitSet,
    /// The score of its vulnerabilities.
    pub epss: Option<Epss>,
    /// The rule that must give the title, and the severity; `None`: there must be no exposure.
    pub expected: Option<(RuleId, Severity)>,
    /// Where it is defined.
    pub location: EntryLocation,
}

/// An entry that a file has switched off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DisabledEntry {
    /// `trait`, `mitigation` or `exposure`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

/// A way along which traits travel, and which.
#[derive(Clone, Debug)]
pub struct Route {
    /// The relations, from the exposed resource on.
    pub steps: Vec<RelationKind>,
    /// What may be found at the end.
    pub traits: TraitSet,
}
