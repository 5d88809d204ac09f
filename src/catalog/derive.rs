//! Which traits a finding or a resource detail shows, and which findings to query for them.

use crate::model::{ControlId, Evidence, ResourceType, TraitIndex, TraitSet};

use super::attribute::AttributeCondition;
use super::compiled::Catalog;
use super::conditions::SignalCondition;

impl Catalog {
    /// Returns the Security Hub controls in use, as AWS writes them.
    pub fn controls(&self) -> impl Iterator<Item = &str> {
        self.conditions.controls.iter().map(String::as_str)
    }

    /// Returns the controls whose findings are read for their relations, so that passed findings are needed too.
    pub fn relation_controls(&self) -> impl Iterator<Item = &str> {
        self.conditions.relation_controls.iter().map(String::as_str)
    }

    /// Returns the controls whose passing shows a mitigation, as AWS writes them.
    pub fn passed_controls(&self) -> impl Iterator<Item = &str> {
        self.conditions.passed_controls.iter().map(String::as_str)
    }

    /// Returns the prefixes of the GuardDuty finding types in use, sorted.
    pub fn detections(&self) -> Vec<&str> {
        let mut prefixes: Vec<&str> = self
            .conditions
            .by_signal
            .iter()
            .filter_map(|(_, condition)| match condition {
                SignalCondition::Detection { type_prefix } => Some(type_prefix.as_str()),
                _ => None,
            })
            .collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes
    }

    /// Returns the traits that a failed control shows.
    pub fn traits_of_control(&self, control: &ControlId) -> &[TraitIndex] {
        self.conditions
            .by_control
            .get(control)
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the traits that evidence shows on the resource that it is about.
    pub fn traits_of(&self, evidence: &Evidence, resource_type: ResourceType) -> Vec<TraitIndex> {
        let shown: Vec<TraitIndex> = match evidence {
            Evidence::Control { id, .. } => self.traits_of_control(id).to_vec(),
            Evidence::PassedControl { id, .. } => self
                .conditions
                .by_passed_control
                .get(id)
                .cloned()
                .unwrap_or_default(),
            // These two are derived when resource details are read.
            Evidence::Attribute { .. } | Evidence::KnownResource { .. } => Vec::new(),
            other => self
                .conditions
                .by_signal
                .iter()
                .filter(|(_, condition)| condition.is_met_by(other))
                .map(|(index, _)| *index)
                .collect(),
        };
        let all: TraitSet = shown.iter().copied().collect();
        shown
            .into_iter()
            .filter(|index| self.is_found_on(*index, resource_type))
            .filter(|index| !self.derivation(*index).except.intersects(&all))
            .collect()
    }

    /// Returns whether a signal about a resource of the type can show the trait. For example, a finding about an account
    /// says nothing about the resources in it.
    pub fn is_found_on(&self, index: TraitIndex, resource_type: ResourceType) -> bool {
        let derivation = self.derivation(index);
        derivation.found_on.contains(&resource_type)
            || (derivation.found_on.is_empty()
                && derivation.resource_types.contains(&resource_type))
    }

    /// Returns what to look for in the details of a resource of the type.
    pub fn attribute_conditions(&self, resource_type: ResourceType) -> &[AttributeCondition] {
        self.conditions
            .attributes
            .get(&resource_type)
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the traits that a resource has because of its name.
    pub fn traits_of_known_resource(
        &self,
        resource_type: ResourceType,
        id: &str,
    ) -> impl Iterator<Item = TraitIndex> {
        self.conditions
            .known_resources
            .iter()
            .filter(move |(known, suffix, _)| {
                *known == resource_type && id.ends_with(suffix.as_str())
            })
            .map(|(_, _, index)| *index)
    }
}
