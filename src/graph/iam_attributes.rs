//! What identities can do according to all of their policies, as traits of the identities.
//!
//! A record shows what one document grants. A permissions boundary, a denial in another document, or a group changes that
//! for one identity, so the result is a fact about the identity, with evidence of its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::iam::PrivilegeLevel;
use crate::model::{
    CollectionTarget, Evidence, FindingId, Product, RecordKind, RelationKind, TraitSet,
};

use super::csr_rows::CsrRows;
use super::index::{LocalIndex, ResourceIndex, SnapshotIndex, TraitSetIndex};
use super::snapshot_builder::{Observation, SnapshotBuilder};
use super::view::{Edge, Occurrence, View};

/// The number of missing keys and documents that evidence names.
const MAX_NAMED: usize = 8;

/// What all policies of an identity grant.
#[derive(Debug)]
pub(super) struct EffectiveGrants {
    pub identity: ResourceIndex,
    /// The level, if it differs from what single documents show.
    pub level: Option<PrivilegeLevel>,
    /// The edges to policies and groups whose privileges other policies limit.
    pub limited: Vec<Edge>,
    /// The condition keys and documents that are not known.
    pub unknown: BTreeSet<String>,
}

impl EffectiveGrants {
    /// The attributes, as records have them, and where each value comes from.
    fn attributes(&self) -> Vec<(&'static str, Value, String)> {
        let mut attributes = Vec::new();
        if let Some(level) = self.level.and_then(PrivilegeLevel::as_str) {
            let title = "All policies of the identity together".to_owned();
            attributes.push(("Grants", json!(level), title));
        }
        if !self.unknown.is_empty() {
            let named: Vec<&str> = self
                .unknown
                .iter()
                .map(String::as_str)
                .take(MAX_NAMED)
                .collect();
            let more = self.unknown.len() - named.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let title = format!("Not known: {}{more}", named.join(", "));
            attributes.push(("GrantsNotKnown", json!(true), title));
        }
        attributes
    }
}

impl View {
    /// Makes what identities can do traits of the identities.
    pub(super) fn add_effective_grants(&mut self, grants: &[EffectiveGrants], catalog: &Catalog) {
        let mut added = Vec::new();
        let mut removed = FxHashSet::default();
        let mut traits: HashMap<ResourceIndex, TraitSet> = HashMap::new();
        let mut builders: Vec<(CollectionTarget, SnapshotBuilder)> = Vec::new();
        for one in grants {
            for edge in &one.limited {
                removed.insert(*edge);
                let kind = RelationKind::LimitedGrant;
                added.push(Edge { kind, ..*edge });
            }
            let set = self.add_attributes(one, catalog, &mut builders);
            if set != self.traits(one.identity) {
                traits.insert(one.identity, set);
            }
        }
        added.sort_unstable();
        self.replace_edges(added, &removed);
        self.add_snapshots(builders);
        self.replace_traits(&traits);
    }

    /// Adds evidence of the traits that an identity has, and returns its traits.
    fn add_attributes(
        &self,
        grants: &EffectiveGrants,
        catalog: &Catalog,
        builders: &mut Vec<(CollectionTarget, SnapshotBuilder)>,
    ) -> TraitSet {
        let resource = self.resource(grants.identity);
        let mut traits = self.traits(grants.identity);
        for (path, value, title) in grants.attributes() {
            let conditions = catalog.attribute_conditions(resource.resource_type);
            for condition in conditions.iter().filter(|condition| condition.path == path) {
                let index = condition.trait_index;
                let holds = condition.test.is_met_by(&value);
                if !holds {
                    traits = traits.difference(&[index].into_iter().collect());
                    continue;
                }
                traits.insert(index);
                let Some((target, _, _)) = self.occurrences(grants.identity).next() else {
                    continue;
                };
                let builder = builder_of(builders, target);
                builder.add_observation(Observation {
                    record: RecordKind::Configuration,
                    is_fallback: false,
                    resource: &resource,
                    trait_index: index,
                    holds,
                    finding: &FindingId(resource.id.clone()),
                    product: Product::Config,
                    evidence: &Evidence::Attribute {
                        path: path.to_owned(),
                        value: condition.test.describe_value(holds),
                        title: title.clone(),
                    },
                    updated_at: None,
                });
            }
        }
        catalog.without_excluded(traits)
    }

    /// Adds snapshots of resources that the view has already.
    fn add_snapshots(&mut self, builders: Vec<(CollectionTarget, SnapshotBuilder)>) {
        let mut added: HashMap<ResourceIndex, Vec<Occurrence>> = HashMap::new();
        for (target, builder) in builders {
            let snapshot = Arc::new(builder.finish());
            let number = SnapshotIndex::new(self.snapshots.len());
            for local in 0..snapshot.resources.len() {
                let local = LocalIndex::new(local);
                let resource = snapshot.resource(local);
                let index = self
                    .with_id(resource.resource_type, &resource.id)
                    .find(|index| self.resource(*index) == resource);
                if let Some(index) = index {
                    added.entry(index).or_default().push(Occurrence {
                        snapshot: number,
                        resource: local,
                    });
                }
            }
            self.snapshots.push((target, snapshot));
        }
        if added.is_empty() {
            return;
        }
        let count = self.occurrences.row_count() + added.values().map(Vec::len).sum::<usize>();
        let groups = self.indices().map(|index| {
            let mut occurrences = self.occurrences.of(index.get()).to_vec();
            occurrences.extend(added.remove(&index).into_iter().flatten());
            occurrences
        });
        self.occurrences = CsrRows::from_groups(groups, count);
    }

    fn replace_traits(&mut self, traits: &HashMap<ResourceIndex, TraitSet>) {
        let mut numbers: HashMap<TraitSet, TraitSetIndex> = HashMap::new();
        for (number, set) in self.traits.sets.iter().enumerate() {
            numbers.entry(*set).or_insert(TraitSetIndex::new(number));
        }
        let mut changed: Vec<_> = traits.iter().collect();
        changed.sort_unstable_by_key(|(index, _)| **index);
        for (index, set) in changed {
            let sets = &mut self.traits.sets;
            let number = *numbers.entry(*set).or_insert_with(|| {
                sets.push(*set);
                TraitSetIndex::new(sets.len() - 1)
            });
            if let Some(current) = self.traits.by_resource.get_mut(index.get()) {
                *current = number;
            }
        }
    }
}

/// The builder of the snapshot of a target.
fn builder_of<'b>(
    builders: &'b mut Vec<(CollectionTarget, SnapshotBuilder)>,
    target: &CollectionTarget,
) -> &'b mut SnapshotBuilder {
    let position = builders.iter().position(|(known, _)| known == target);
    let position = position.unwrap_or_else(|| {
        builders.push((target.clone(), SnapshotBuilder::default()));
        builders.len() - 1
    });
    #[expect(
        clippy::indexing_slicing,
        reason = "the position was just found or added"
    )]
    &mut builders[position].1
}
