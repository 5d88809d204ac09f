//! The compiled catalog.

use std::collections::{BTreeMap, HashMap};

use crate::model::{ResourceType, RuleId, TraitId, TraitIndex, TraitSet};

use super::conditions::Conditions;
use super::definition::{
    Derivation, DisabledEntry, ExposureRule, MitigationDefinition, Route, RuleCase, TraitDefinition,
};
use super::severity::SeverityModel;

/// Everything that is needed to derive traits from findings and exposures from traits.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(super) traits: Vec<TraitDefinition>,
    /// Their indexes continue those of the traits.
    pub(super) mitigations: Vec<MitigationDefinition>,
    pub(super) rules_by_type: BTreeMap<ResourceType, Vec<ExposureRule>>,
    pub(super) routes_by_type: BTreeMap<ResourceType, Vec<Route>>,
    pub(super) applicable_by_type: BTreeMap<ResourceType, TraitSet>,
    pub(super) impact_traits: TraitSet,
    pub(super) all_traits: TraitSet,
    /// Traits and mitigations, each with the ones that show that it does not apply.
    pub(super) exclusions: Vec<(TraitIndex, TraitSet)>,
    pub(super) universal_facts: TraitSet,
    pub(super) severity: SeverityModel,
    pub(super) conditions: Conditions,
    pub(super) by_id: HashMap<TraitId, TraitIndex>,
    pub(super) cases: Vec<RuleCase>,
    pub(super) disabled_entries: Vec<DisabledEntry>,
    pub(super) version: String,
}

impl Catalog {
    /// Returns the traits, in the order of their IDs.
    pub fn traits(&self) -> &[TraitDefinition] {
        &self.traits
    }

    /// Returns the mitigations, in the order of their IDs.
    pub fn mitigations(&self) -> &[MitigationDefinition] {
        &self.mitigations
    }

    /// Returns a trait of this catalog. [`Self::only_traits`] separates traits from mitigations.
    ///
    /// # Panics
    /// If the index is that of a mitigation or belongs to another catalog.
    #[expect(
        clippy::indexing_slicing,
        reason = "the panic is documented, and callers have an index of a trait of this catalog"
    )]
    pub fn definition(&self, index: TraitIndex) -> &TraitDefinition {
        &self.traits[index.get()]
    }

    /// Returns a mitigation of this catalog, or `None` if the index is that of a trait.
    pub fn mitigation(&self, index: TraitIndex) -> Option<&MitigationDefinition> {
        self.mitigations
            .get(index.get().checked_sub(self.traits.len())?)
    }

    /// Returns how a trait or a mitigation is derived.
    pub fn derivation(&self, index: TraitIndex) -> &Derivation {
        self.mitigation(index).map_or_else(
            || &self.definition(index).derivation,
            |mitigation| &mitigation.derivation,
        )
    }

    /// Returns the ID of a trait or a mitigation.
    pub fn id(&self, index: TraitIndex) -> &TraitId {
        self.mitigation(index)
            .map_or_else(|| &self.definition(index).id, |mitigation| &mitigation.id)
    }

    /// Returns the title of a trait or a mitigation on a resource type.
    pub fn title_on(&self, index: TraitIndex, resource_type: ResourceType) -> &str {
        self.mitigation(index).map_or_else(
            || self.definition(index).title_on(resource_type),
            |mitigation| &mitigation.title,
        )
    }

    /// Returns the traits of a set, without mitigations.
    pub fn only_traits(&self, set: &TraitSet) -> TraitSet {
        set.intersection(&self.all_traits)
    }

    /// Returns the mitigations of a set, without traits.
    pub fn only_mitigations(&self, set: &TraitSet) -> TraitSet {
        set.difference(&self.all_traits)
    }

    /// Returns the traits and mitigations of a resource, without those that do not apply because of another one.
    pub fn without_excluded(&self, found: TraitSet) -> TraitSet {
        let excluded = self
            .exclusions
            .iter()
            .filter(|(_, unless)| found.intersects(unless))
            .map(|(index, _)| *index)
            .collect();
        found.difference(&excluded)
    }

    /// Returns those of the facts that exclude others of them, and those that are excluded.
    pub fn contradictions(&self, facts: &TraitSet) -> TraitSet {
        let mut contradictions = TraitSet::default();
        for (index, unless) in &self.exclusions {
            if facts.contains(*index) && facts.intersects(unless) {
                contradictions.insert(*index);
                contradictions.extend(&facts.intersection(unless));
            }
        }
        contradictions
    }

    /// Returns the mitigations that every resource at the end of their routes must show.
    pub fn universal_facts(&self) -> &TraitSet {
        &self.universal_facts
    }

    /// Returns the test cases of the catalog files, in the order of the files.
    pub fn cases(&self) -> &[RuleCase] {
        &self.cases
    }

    /// Returns the disabled entries, sorted.
    pub fn disabled_entries(&self) -> &[DisabledEntry] {
        &self.disabled_entries
    }

    /// Returns all rules, by type and then by ID.
    pub fn all_rules(&self) -> impl Iterator<Item = &ExposureRule> {
        self.rules_by_type.values().flatten()
    }

    /// Returns the rule with this ID.
    pub fn rule(&self, id: &RuleId) -> Option<&ExposureRule> {
        self.all_rules().find(|rule| rule.id == *id)
    }

    /// Returns the index of the trait or mitigation with this ID.
    pub fn index_of(&self, id: &TraitId) -> Option<TraitIndex> {
        self.by_id.get(id).copied()
    }

    /// Returns the rules for a type, in the order of their IDs.
    pub fn rules(&self, resource_type: ResourceType) -> &[ExposureRule] {
        self.rules_by_type
            .get(&resource_type)
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the types that have rules.
    pub fn types_with_rules(&self) -> impl Iterator<Item = ResourceType> {
        self.rules_by_type.keys().copied()
    }

    /// Returns the routes along which traits propagate to a type.
    pub fn routes(&self, resource_type: ResourceType) -> &[Route] {
        self.routes_by_type
            .get(&resource_type)
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the traits and mitigations that a resource of a type can have.
    pub fn applicable_traits(&self, resource_type: ResourceType) -> TraitSet {
        self.applicable_by_type
            .get(&resource_type)
            .copied()
            .unwrap_or_default()
    }

    /// Returns the traits that determine the impact.
    pub fn impact_traits(&self) -> TraitSet {
        self.impact_traits
    }

    /// Returns the severity model.
    pub fn severity(&self) -> &SeverityModel {
        &self.severity
    }

    /// Returns the first 12 hexadecimal digits of a SHA-256 digest of all files. They change whenever a file does.
    pub fn version(&self) -> &str {
        &self.version
    }
}
