//! The traits, the mitigations and the exposure rules: read from TOML, checked with line and column, compiled to bit
//! sets.
//!
//! The built-in files are in `config/catalog/` and are part of the binary; the files of the user are added to them.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes of traits are made only by this catalog"
)]

mod attribute;
mod builtin;
mod compile;
mod definition;
mod derive;
mod files;
mod raw;
mod schema;
mod schema_types;
mod severity;
mod usage;

use std::collections::{BTreeMap, HashMap};

use crate::model::{ControlId, ResourceType, RuleId, TraitId, TraitIndex, TraitSet};

pub use attribute::{AttributeCondition, AttributeTest};
pub use builtin::builtin_files;
pub use compile::{Layers, SeverityOverride, compile};
pub use definition::{
    Derivation, DisabledEntry, EntryLocation, ExposureRule, FactorLevel, MitigatedBy,
    MitigationDefinition, Route, RuleCase, SignalDescription, SignalSource, TraitDefinition,
};
pub use derive::SignalCondition;
pub use files::{ReadCatalogError, read_files};
pub use raw::RawSeverity;
pub use schema::schema;
pub use severity::SeverityModel;
pub use usage::{Usage, UsedSignal};

/// All that is needed to make exposures of signals.
#[derive(Clone, Debug)]
pub struct Catalog {
    traits: Vec<TraitDefinition>,
    /// Their indices follow on those of the traits.
    mitigations: Vec<MitigationDefinition>,
    rules_by_type: BTreeMap<ResourceType, Vec<ExposureRule>>,
    routes_by_type: BTreeMap<ResourceType, Vec<Route>>,
    /// Traits that a resource of the type may carry itself.
    applicable_by_type: BTreeMap<ResourceType, TraitSet>,
    impact_traits: TraitSet,
    all_traits: TraitSet,
    /// Which facts exclude which other fact of the same resource.
    exclusions: Vec<(TraitIndex, TraitSet)>,
    /// The facts that every resource at the end of their relations has to show.
    universal_facts: TraitSet,
    severity: SeverityModel,
    conditions: derive::Conditions,
    by_id: HashMap<TraitId, TraitIndex>,
    cases: Vec<RuleCase>,
    disabled_entries: Vec<DisabledEntry>,
    version: String,
}

impl Catalog {
    /// The traits, in the order of their ids.
    pub fn traits(&self) -> &[TraitDefinition] {
        &self.traits
    }

    /// The mitigations, in the order of their ids.
    pub fn mitigations(&self) -> &[MitigationDefinition] {
        &self.mitigations
    }

    /// A trait of this catalog; [`Self::only_traits`] tells them from mitigations.
    ///
    /// # Panics
    /// If the index is that of a mitigation, or was given by another catalog.
    pub fn definition(&self, index: TraitIndex) -> &TraitDefinition {
        &self.traits[index.get()]
    }

    /// A mitigation of this catalog; `None` if the index is that of a trait.
    pub fn mitigation(&self, index: TraitIndex) -> Option<&MitigationDefinition> {
        self.mitigations
            .get(index.get().checked_sub(self.traits.len())?)
    }

    /// Where a trait or a mitigation comes from.
    pub fn derivation(&self, index: TraitIndex) -> &Derivation {
        self.mitigation(index).map_or_else(
            || &self.definition(index).derivation,
            |mitigation| &mitigation.derivation,
        )
    }

    /// The id of a trait or a mitigation.
    pub fn id(&self, index: TraitIndex) -> &TraitId {
        self.mitigation(index)
            .map_or_else(|| &self.definition(index).id, |mitigation| &mitigation.id)
    }

    /// The title of a trait, or of a mitigation, on a type of resource.
    pub fn title_on(&self, index: TraitIndex, resource_type: ResourceType) -> &str {
        self.mitigation(index).map_or_else(
            || self.definition(index).title_on(resource_type),
            |mitigation| &mitigation.title,
        )
    }

    /// Those of the set that are traits; the rest are mitigations.
    pub fn only_traits(&self, set: &TraitSet) -> TraitSet {
        set.intersection(&self.all_traits)
    }

    /// Those of the set that are mitigations.
    pub fn only_mitigations(&self, set: &TraitSet) -> TraitSet {
        set.difference(&self.all_traits)
    }

    /// Returns the facts of a resource without those that others of its facts exclude.
    pub fn without_excluded(&self, mut facts: TraitSet) -> TraitSet {
        let found = facts;
        for (index, unless) in &self.exclusions {
            if found.contains(*index) && found.intersects(unless) {
                facts = facts.difference(&[*index].into_iter().collect());
            }
        }
        facts
    }

    /// The facts that hold only if every resource at the end of their relations shows them.
    pub fn universal_facts(&self) -> &TraitSet {
        &self.universal_facts
    }

    /// The cases that the rule files carry, in the order of the files.
    pub fn cases(&self) -> &[RuleCase] {
        &self.cases
    }

    /// The entries that are switched off, sorted.
    pub fn disabled_entries(&self) -> &[DisabledEntry] {
        &self.disabled_entries
    }

    /// All rules, by type and then by id.
    pub fn all_rules(&self) -> impl Iterator<Item = &ExposureRule> {
        self.rules_by_type.values().flatten()
    }

    /// The rule with this id.
    pub fn rule(&self, id: &RuleId) -> Option<&ExposureRule> {
        self.all_rules().find(|rule| rule.id == *id)
    }

    /// The trait or mitigation with this id.
    pub fn index_of(&self, id: &TraitId) -> Option<TraitIndex> {
        self.by_id.get(id).copied()
    }

    /// The rules for a type, in the order of their ids.
    pub fn rules(&self, resource_type: ResourceType) -> &[ExposureRule] {
        self.rules_by_type
            .get(&resource_type)
            .map_or(&[], Vec::as_slice)
    }

    /// The types that have rules.
    pub fn types_with_rules(&self) -> impl Iterator<Item = ResourceType> {
        self.rules_by_type.keys().copied()
    }

    /// The ways along which traits reach a type.
    pub fn routes(&self, resource_type: ResourceType) -> &[Route] {
        self.routes_by_type
            .get(&resource_type)
            .map_or(&[], Vec::as_slice)
    }

    /// The traits that a resource of the type may carry itself.
    pub fn applicable_traits(&self, resource_type: ResourceType) -> TraitSet {
        self.applicable_by_type
            .get(&resource_type)
            .copied()
            .unwrap_or_default()
    }

    /// The traits that tell what is lost.
    pub fn impact_traits(&self) -> TraitSet {
        self.impact_traits
    }

    /// How factors make a severity.
    pub fn severity(&self) -> &SeverityModel {
        &self.severity
    }

    /// Changes whenever any file does: the first 12 hexadecimal digits of a SHA-256 over all of them.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The Security Hub controls in use, as AWS writes them.
    pub fn controls(&self) -> impl Iterator<Item = &str> {
        self.conditions.controls.iter().map(String::as_str)
    }

    /// Those that are read for what they tell of other resources, so that findings that passed are of use as well.
    pub fn relation_controls(&self) -> impl Iterator<Item = &str> {
        self.conditions.relation_controls.iter().map(String::as_str)
    }

    /// The Security Hub controls whose passing shows a mitigation, as AWS writes them.
    pub fn passed_controls(&self) -> impl Iterator<Item = &str> {
        self.conditions.passed_controls.iter().map(String::as_str)
    }

    /// The traits that a failed control shows.
    pub fn traits_of_control(&self, control: &ControlId) -> &[TraitIndex] {
        self.conditions
            .by_control
            .get(control)
            .map_or(&[], Vec::as_slice)
    }
}
