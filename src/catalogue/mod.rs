//! The traits and the exposure rules: read from TOML, checked with line and column, compiled to bit sets.
//!
//! The built-in files stand in `config/catalogue/` and are part of the binary.

mod attribute;
mod builtin;
mod compile;
mod derive;
mod raw;
mod severity;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{
    ControlId, ExposureTypes, Factor, Level, RelationKind, Remediation, ResourceType, RuleId,
    TraitId, TraitIndex, TraitSet, TraitType,
};

pub use attribute::{AttributeCondition, AttributeTest};
pub use builtin::builtin_files;
pub use compile::compile;
pub use derive::SignalCondition;
pub use severity::SeverityModel;

/// How a trait raises one factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raise {
    /// To this level.
    To(Level),
    /// To the level of the highest EPSS score among its vulnerabilities.
    ByEpss,
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
    /// Which types can carry it.
    pub resource_types: BTreeSet<ResourceType>,
    /// On which types the signals name it.
    pub found_on: BTreeSet<ResourceType>,
    /// A finding that shows one of these does not show this one.
    pub except: TraitSet,
    /// Along which relations it is looked for, from the exposed resource on.
    pub via: Vec<Vec<RelationKind>>,
    /// Which factors it raises.
    pub factors: BTreeMap<Factor, Raise>,
    /// MITRE ATT&CK techniques.
    pub techniques: Vec<String>,
    /// How to end it.
    pub remediation: Remediation,
    /// Where the claim comes from.
    pub source: String,
}

impl TraitDefinition {
    /// The title on a type of resource.
    #[must_use]
    pub fn title_on(&self, resource_type: ResourceType) -> &str {
        self.titles.get(&resource_type).unwrap_or(&self.title)
    }
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
    /// What it means.
    pub description: String,
    /// Under which types it is published.
    pub types: ExposureTypes,
    /// Where the rule comes from.
    pub source: String,
}

impl ExposureRule {
    /// Whether the rule matches a resource with these traits.
    #[must_use]
    pub fn matches(&self, traits: &TraitSet) -> bool {
        traits.contains_all(&self.all) && (self.any.is_empty() || traits.intersects(&self.any))
    }

    /// Those of the traits that the rule needs.
    #[must_use]
    pub fn contributing(&self, traits: &TraitSet) -> TraitSet {
        let mut needed = self.all;
        needed.extend(&self.any);
        needed.intersection(traits)
    }

    /// The traits of which one would make the rule match; empty if it matches, `None` if one is not enough.
    #[must_use]
    pub fn missing(&self, traits: &TraitSet) -> Option<TraitSet> {
        let absent = self.all.difference(traits);
        let any_holds = self.any.is_empty() || traits.intersects(&self.any);
        match (absent.len(), any_holds) {
            (0 | 1, true) => Some(absent),
            (0, false) => Some(self.any),
            _ => None,
        }
    }

    /// How specific the rule is: how many traits it cannot do without.
    #[must_use]
    pub fn specificity(&self) -> usize {
        self.all.len() + usize::from(!self.any.is_empty())
    }
}

/// A way along which traits travel, and which.
#[derive(Clone, Debug)]
pub struct Route {
    /// The relations, from the exposed resource on.
    pub steps: Vec<RelationKind>,
    /// What may be found at the end.
    pub traits: TraitSet,
}

/// All that is needed to make exposures of signals.
#[derive(Clone, Debug)]
pub struct Catalogue {
    traits: Vec<TraitDefinition>,
    rules_by_type: BTreeMap<ResourceType, Vec<ExposureRule>>,
    routes_by_type: BTreeMap<ResourceType, Vec<Route>>,
    /// Traits that a resource of the type may carry itself.
    carried_by_type: BTreeMap<ResourceType, TraitSet>,
    impact_traits: TraitSet,
    severity: SeverityModel,
    conditions: derive::Conditions,
    by_id: HashMap<TraitId, TraitIndex>,
    version: String,
}

impl Catalogue {
    /// The traits, in the order of their ids.
    #[must_use]
    pub fn traits(&self) -> &[TraitDefinition] {
        &self.traits
    }

    /// A trait of this catalogue.
    #[must_use]
    pub fn definition(&self, index: TraitIndex) -> &TraitDefinition {
        &self.traits[index.get()]
    }

    /// The trait with this id.
    #[must_use]
    pub fn index_of(&self, id: &TraitId) -> Option<TraitIndex> {
        self.by_id.get(id).copied()
    }

    /// The rules for a type, in the order of their ids.
    #[must_use]
    pub fn rules(&self, resource_type: ResourceType) -> &[ExposureRule] {
        self.rules_by_type
            .get(&resource_type)
            .map_or(&[], Vec::as_slice)
    }

    /// The types that have rules.
    pub fn exposed_types(&self) -> impl Iterator<Item = ResourceType> {
        self.rules_by_type.keys().copied()
    }

    /// The ways along which traits reach a type.
    #[must_use]
    pub fn routes(&self, resource_type: ResourceType) -> &[Route] {
        self.routes_by_type
            .get(&resource_type)
            .map_or(&[], Vec::as_slice)
    }

    /// The traits that a resource of the type may carry itself.
    #[must_use]
    pub fn carried(&self, resource_type: ResourceType) -> TraitSet {
        self.carried_by_type
            .get(&resource_type)
            .copied()
            .unwrap_or_default()
    }

    /// The traits that tell what is lost.
    #[must_use]
    pub fn impact_traits(&self) -> TraitSet {
        self.impact_traits
    }

    /// How factors make a severity.
    #[must_use]
    pub fn severity(&self) -> &SeverityModel {
        &self.severity
    }

    /// Changes whenever any file does: the first 12 hexadecimal digits of a SHA-256 over all of them.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The Security Hub controls in use, as AWS writes them.
    pub fn controls(&self) -> impl Iterator<Item = &str> {
        self.conditions.controls.iter().map(String::as_str)
    }

    /// Whether a control's findings are read for what their resource's details tell of other resources, so that those
    /// that passed are of use as well.
    #[must_use]
    pub fn tells_relations(&self, control: &str) -> bool {
        self.conditions.relation_controls.contains(control)
    }

    /// The traits that a failed control shows.
    #[must_use]
    pub fn traits_of_control(&self, control: &ControlId) -> &[TraitIndex] {
        self.conditions
            .by_control
            .get(control)
            .map_or(&[], Vec::as_slice)
    }
}
