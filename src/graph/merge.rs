//! Merges snapshots, so that each resource occurs once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalog::Catalog;
use crate::model::{CollectionTarget, RelationKind, TraitIndex, TraitSet};

use super::csr_rows::{CsrRows, Keyed};
use super::current::current_snapshots;
use super::current_edges::EdgeClaims;
use super::index::{LocalIndex, ResourceIndex, ResourceRange, SnapshotIndex, TraitSetIndex};
use super::resource_key::ResourceKey;
use super::resource_times::{AllResourceTimes, MergedIndices};
use super::snapshot::Snapshot;
use super::view::{Occurrence, TraitSets, View};

/// The merged snapshots of all targets. They lack the edges that IAM policies create, which
/// [`with_iam_edges`](Self::with_iam_edges) adds.
#[derive(Debug)]
pub struct MergedSnapshots(pub(super) View);

impl MergedSnapshots {
    /// Merges snapshots. Findings that were last updated before `cutoff`, in seconds since 1970, do not count.
    pub(super) fn new(snapshots: Vec<(CollectionTarget, Arc<Snapshot>)>, cutoff: u32) -> Self {
        let occurrences = merge_resources(&snapshots);
        let indices = merged_indices(&snapshots, &occurrences);
        let times = AllResourceTimes::new(&snapshots, &indices);
        let deleted = times.find_deleted(&snapshots, &indices);
        let claims = EdgeClaims::new(&snapshots, &indices, &times, cutoff);
        let current = current_snapshots(snapshots, &indices, &times, cutoff);
        let mut view = View {
            snapshots: current.snapshots,
            outdated_findings: current.outdated_findings,
            occurrences,
            edges: CsrRows::default(),
            deleted,
            traits: TraitSets::default(),
        };
        view.edges = edges_by_resource(&view, claims);
        view.traits = number_trait_sets(&view);
        Self(view)
    }

    /// Removes the traits that other facts about the same resource exclude.
    pub fn without_excluded_traits(self, catalog: &Catalog) -> Self {
        let Self(mut view) = self;
        for set in &mut view.traits.sets {
            *set = catalog.without_excluded(*set);
        }
        Self(view)
    }
}

/// Returns the occurrences of each resource in the snapshots. Resources are sorted by key.
fn merge_resources(snapshots: &[(CollectionTarget, Arc<Snapshot>)]) -> CsrRows<Occurrence> {
    let mut resources: Vec<(ResourceKey<'_>, Occurrence)> = snapshots
        .iter()
        .enumerate()
        .flat_map(|(number, (_, snapshot))| {
            let rows = snapshot.resources.iter().enumerate();
            rows.map(move |(index, row)| {
                let occurrence = Occurrence {
                    snapshot: SnapshotIndex::new(number),
                    resource: LocalIndex::new(index),
                };
                (snapshot.key(row), occurrence)
            })
        })
        .collect();
    // The resources of each snapshot are sorted already, and the stable sort merges such runs.
    resources.sort();
    let groups = resources.chunk_by(|(key, _), (next, _)| key == next);
    CsrRows::from_groups(
        groups.map(|group| group.iter().map(|(_, occurrence)| *occurrence)),
        resources.len(),
    )
}

/// Returns the indices of the resources of each snapshot in the view.
fn merged_indices(
    snapshots: &[(CollectionTarget, Arc<Snapshot>)],
    occurrences: &CsrRows<Occurrence>,
) -> MergedIndices {
    let mut indices: MergedIndices = snapshots
        .iter()
        .map(|(_, snapshot)| vec![ResourceIndex::new(0); snapshot.resources.len()])
        .collect();
    for resource in ResourceRange::all(occurrences.key_count()) {
        for occurrence in occurrences.of(resource.get()) {
            let in_snapshot = indices.get_mut(occurrence.snapshot.get());
            let index = in_snapshot.and_then(|one| one.get_mut(occurrence.resource.get()));
            if let Some(index) = index {
                *index = resource;
            }
        }
    }
    indices
}

/// Returns the edges by the resource that they start from. A deleted resource has none.
fn edges_by_resource(
    view: &View,
    claims: EdgeClaims<'_>,
) -> CsrRows<(RelationKind, ResourceIndex)> {
    let current = claims.into_current(|resource| view.resource_type(resource));
    let is_deleted = |resource: &ResourceIndex| view.deleted.contains(resource);
    let edges = current
        .into_iter()
        .filter(|(from, _, to)| !is_deleted(from) && !is_deleted(to))
        .map(|(from, kind, to)| Keyed {
            key: from,
            row: (kind, to),
        });
    CsrRows::from_sorted(edges.collect(), view.len(), |from| from.get())
}

/// Numbers the different sets of traits, starting with the empty set.
fn number_trait_sets(view: &View) -> TraitSets {
    let mut sets = vec![TraitSet::default()];
    let mut indices: FxHashMap<TraitSet, TraitSetIndex> = FxHashMap::default();
    indices.insert(TraitSet::default(), TraitSetIndex::new(0));
    let by_resource = view
        .indices()
        .map(|resource| {
            let traits = merge_traits(view, resource);
            *indices.entry(traits).or_insert_with(|| {
                sets.push(traits);
                TraitSetIndex::new(sets.len() - 1)
            })
        })
        .collect();
    TraitSets { by_resource, sets }
}

/// Returns the traits of a resource that its own findings show. Findings of different ages report the same attribute: the
/// one with the highest rank decides.
pub(super) fn merge_traits(view: &View, resource: ResourceIndex) -> TraitSet {
    let mut traits = TraitSet::default();
    if view.deleted.contains(&resource) {
        return traits;
    }
    let mut attributes: Vec<(TraitIndex, (u32, bool))> = Vec::new();
    for (_, snapshot, resource) in view.occurrences(resource) {
        for observation in snapshot.observations_of(resource) {
            traits.insert(observation.trait_index);
        }
        let rows = snapshot.attributes_of(resource).iter();
        attributes.extend(rows.map(|row| (row.row.trait_index, row.rank())));
    }
    attributes.sort_unstable();
    for readings in attributes.chunk_by(|one, other| one.0 == other.0) {
        if let Some((trait_index, (_, true))) = readings.last() {
            traits.insert(*trait_index);
        }
    }
    traits
}
