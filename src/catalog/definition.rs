//! The compiled entries of a catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::model::{
    EntryPoint, Epss, ExposureTypes, Factor, Level, RelationKind, Remediation, ResourceType,
    RuleId, Severity, TraitId, TraitIndex, TraitSet, TraitType,
};

/// The level to which a trait raises a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorLevel {
    /// This level.
    Fixed(Level),
    /// The level of the highest EPSS score among the vulnerabilities that show the trait.
    FromEpss,
}

/// Where an entry is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLocation {
    /// The name of the file.
    pub file: String,
    /// The line, starting at 1.
    pub line: usize,
    /// Whether the file is a custom one, and not built in.
    pub is_custom: bool,
}

impl fmt::Display for EntryLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// How a trait or a mitigation is derived.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// The types that it applies to.
    pub resource_types: BTreeSet<ResourceType>,
    /// The types that its signals are about. Empty if they are the types that it applies to.
    pub found_on: BTreeSet<ResourceType>,
    /// A finding that shows one of these traits does not show this one.
    pub except: TraitSet,
    /// Facts that show that it does not apply, if they are found on the same resource.
    pub unless: TraitSet,
    /// Whether every resource at the end of the route must show it, and not only one.
    pub requires_all: bool,
    /// The routes along which it propagates, from the exposed resource to the one that it is found on.
    pub via: Vec<Vec<RelationKind>>,
    /// What shows it. One signal is enough.
    pub signals: Vec<SignalDescription>,
}

/// What shows a trait or a mitigation, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignalDescription {
    /// The source of the signal.
    pub source: SignalSource,
    /// What the source reports.
    pub text: String,
}

/// The source of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalSource {
    /// A control of Security Hub CSPM.
    SecurityHub,
    /// Amazon Inspector.
    Inspector,
    /// Amazon Macie.
    Macie,
    /// Amazon GuardDuty, through Security Hub.
    GuardDuty,
    /// IAM Access Analyzer.
    AccessAnalyzer,
    /// Data security products of other vendors, through Security Hub.
    DataSecurityProducts,
    /// The details of a resource, from any source.
    ResourceDetails,
    /// The name of a resource.
    ResourceName,
}

impl SignalSource {
    /// Returns the name of the source.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecurityHub => "Security Hub CSPM",
            Self::Inspector => "Inspector",
            Self::Macie => "Macie",
            Self::GuardDuty => "GuardDuty",
            Self::AccessAnalyzer => "IAM Access Analyzer",
            Self::DataSecurityProducts => "data security products",
            Self::ResourceDetails => "resource details",
            Self::ResourceName => "resource name",
        }
    }
}

/// A compiled trait.
#[derive(Clone, Debug)]
pub struct TraitDefinition {
    /// The ID.
    pub id: TraitId,
    /// The title for types without their own.
    pub title: String,
    /// The titles of some types.
    pub titles: BTreeMap<ResourceType, String>,
    /// The type of the trait.
    pub trait_type: TraitType,
    /// How it is derived.
    pub derivation: Derivation,
    /// Where an attacker who uses it comes from.
    pub entry: Option<EntryPoint>,
    /// The routes along which it leads an attacker on.
    pub leads_to: Vec<Vec<RelationKind>>,
    /// The factors that it raises.
    pub factors: BTreeMap<Factor, FactorLevel>,
    /// MITRE ATT&CK techniques.
    pub techniques: Vec<String>,
    /// How to fix it.
    pub remediation: Remediation,
    /// Where the claim comes from.
    pub source: String,
    /// Where it is defined.
    pub location: EntryLocation,
}

impl TraitDefinition {
    /// Returns the title on a resource type.
    pub fn title_on(&self, resource_type: ResourceType) -> &str {
        self.titles.get(&resource_type).unwrap_or(&self.title)
    }
}

/// A compiled mitigation: a known fact that makes an attack harder.
#[derive(Clone, Debug)]
pub struct MitigationDefinition {
    /// The ID. No trait has the same ID.
    pub id: TraitId,
    /// The title.
    pub title: String,
    /// How it is derived.
    pub derivation: Derivation,
    /// Where the claim comes from.
    pub source: String,
    /// Where it is defined.
    pub location: EntryLocation,
}

/// A mitigation and the factor of a rule that it lowers by one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MitigatedBy {
    /// The mitigation.
    pub mitigation: TraitIndex,
    /// Ease of discovery, ease of exploit, or impact.
    pub lowers: Factor,
}

/// A compiled exposure rule.
#[derive(Clone, Debug)]
pub struct ExposureRule {
    /// The ID.
    pub id: RuleId,
    /// The title that is published.
    pub title: String,
    /// The type of resource that it applies to.
    pub resource_type: ResourceType,
    /// Traits that are all required.
    pub all: TraitSet,
    /// Traits of which one is required. Empty if there is no such requirement.
    pub any: TraitSet,
    /// Mitigations or traits that keep the rule from matching.
    pub none: TraitSet,
    /// Mitigations that lower a factor.
    pub mitigated_by: Vec<MitigatedBy>,
    /// What the exposure means.
    pub description: String,
    /// The finding types that are published.
    pub types: ExposureTypes,
    /// Where the rule comes from.
    pub source: String,
    /// Where it is defined.
    pub location: EntryLocation,
}

impl ExposureRule {
    /// Returns whether the rule matches a resource with these traits and mitigations.
    pub fn matches(&self, traits: &TraitSet) -> bool {
        traits.contains_all(&self.all)
            && (self.any.is_empty() || traits.intersects(&self.any))
            && !traits.intersects(&self.none)
    }

    /// Returns the traits that the rule can use.
    pub fn needed(&self) -> TraitSet {
        let mut needed = self.all;
        needed.extend(&self.any);
        needed
    }

    /// Returns those of the traits that the rule uses.
    pub fn contributing(&self, traits: &TraitSet) -> TraitSet {
        self.needed().intersection(traits)
    }

    /// Returns the traits each of which would make the rule match. Empty if the rule matches, and `None` if one more trait
    /// is not enough.
    pub fn missing(&self, traits: &TraitSet) -> Option<TraitSet> {
        if traits.intersects(&self.none) {
            return None;
        }
        let absent = self.all.difference(traits);
        let has_any = self.any.is_empty() || traits.intersects(&self.any);
        match (absent.len(), has_any) {
            (0 | 1, true) => Some(absent),
            (0, false) => Some(self.any),
            _ => None,
        }
    }

    /// Returns the traits and mitigations that keep the rule from matching, if it would match without them.
    pub fn prevented_by(&self, traits: &TraitSet) -> TraitSet {
        let excluded = self.none.intersection(traits);
        if self.matches(&traits.difference(&excluded)) {
            excluded
        } else {
            TraitSet::default()
        }
    }

    /// Returns how specific the rule is: the number of its conditions.
    pub fn specificity(&self) -> usize {
        self.all.len() + usize::from(!self.any.is_empty()) + usize::from(!self.none.is_empty())
    }
}

/// A test case for rules: traits in, exposure and severity out.
#[derive(Clone, Debug)]
pub struct RuleCase {
    /// What the case shows.
    pub name: String,
    /// The type of the resource.
    pub resource_type: ResourceType,
    /// The traits and mitigations of the resource.
    pub traits: TraitSet,
    /// The EPSS score of its vulnerabilities.
    pub epss: Option<Epss>,
    /// The rule that must give the title, and the severity. `None` if there must be no exposure.
    pub expected: Option<(RuleId, Severity)>,
    /// Where it is defined.
    pub location: EntryLocation,
}

/// A kind of entry that has an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// An exposure rule.
    Exposure,
    /// A mitigation.
    Mitigation,
    /// A trait.
    Trait,
}

impl EntryKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Exposure, Self::Mitigation, Self::Trait];

    /// Returns the name in catalog files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Mitigation => "mitigation",
            Self::Trait => "trait",
        }
    }
}

/// An entry that a file disables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DisabledEntry {
    /// The kind of the entry.
    pub kind: EntryKind,
    /// The ID of the entry.
    pub id: String,
}

/// A route along which traits propagate to a resource type.
#[derive(Clone, Debug)]
pub struct Route {
    /// The relations, starting at the exposed resource.
    pub steps: Vec<RelationKind>,
    /// The traits that can be found at the end.
    pub traits: TraitSet,
}
