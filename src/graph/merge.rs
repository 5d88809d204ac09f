//! Merges snapshots, so that each resource occurs once.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalog::Catalog;
use crate::model::{CollectionTarget, RelationKind, TraitIndex, TraitSet};

use super::csr_rows::{CsrRows, Keyed};
use super::index::{LocalIndex, ResourceIndex, ResourceRange, SnapshotIndex, TraitSetIndex};
use super::resource_key::ResourceKey;
use super::snapshot::Snapshot;
use super::view::{Occurrence, TraitSets, View};

/// The merged snapshots of all targets. They lack the edges that IAM policies create, which
/// [`with_iam_edges`](Self::with_iam_edges) adds.
#[derive(Debug)]
pub struct MergedSnapshots(pub(super) View);

impl MergedSnapshots {
    pub(super) fn new(snapshots: Vec<(CollectionTarget, Arc<Snapshot>)>) -> Self {
        let occurrences = merge_resources(&snapshots);
        let deleted = find_deleted(&snapshots, &occurrences);
        let edges = merge_edges(&snapshots, &occurrences, &deleted);
        let mut view = View {
            snapshots,
            occurrences,
            edges,
            deleted,
            traits: TraitSets::default(),
        };
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

/// Returns the resources that no record describes after their deletion. A resource that a later record describes was
/// created again.
fn find_deleted(
    snapshots: &[(CollectionTarget, Arc<Snapshot>)],
    occurrences: &CsrRows<Occurrence>,
) -> BTreeSet<ResourceIndex> {
    if snapshots.iter().all(|(_, one)| one.deletions.is_empty()) {
        return BTreeSet::new();
    }
    let is_deleted = |resource: &ResourceIndex| {
        let rows = occurrences.of(resource.get()).iter().filter_map(|row| {
            let (_, snapshot) = snapshots.get(row.snapshot.get())?;
            let seen_at = snapshot.sightings.get(row.resource.get()).copied();
            Some((snapshot.deletions.get(&row.resource).copied(), seen_at))
        });
        let (deleted_at, seen_at): (Vec<_>, Vec<_>) = rows.unzip();
        let deleted_at = deleted_at.into_iter().flatten().max();
        let seen_at = seen_at.into_iter().flatten().max();
        deleted_at.is_some_and(|deleted_at| seen_at.unwrap_or(0) <= deleted_at)
    };
    let resources = ResourceRange::all(occurrences.key_count());
    resources.filter(is_deleted).collect()
}

/// Returns the edges of all snapshots, each once, by the resource that they start from. A deleted resource has none.
fn merge_edges(
    snapshots: &[(CollectionTarget, Arc<Snapshot>)],
    occurrences: &CsrRows<Occurrence>,
    deleted: &BTreeSet<ResourceIndex>,
) -> CsrRows<(RelationKind, ResourceIndex)> {
    let indices = MergedIndices::new(snapshots, occurrences);
    let mut edges: Vec<Keyed<ResourceIndex, (RelationKind, ResourceIndex)>> = snapshots
        .iter()
        .zip(&indices.0)
        .flat_map(|((_, snapshot), indices)| {
            snapshot.relations.iter().map(|relation| Keyed {
                key: MergedIndices::index_of(indices, relation.from),
                row: (relation.kind, MergedIndices::index_of(indices, relation.to)),
            })
        })
        .collect();
    edges.retain(|edge| !deleted.contains(&edge.key) && !deleted.contains(&edge.row.1));
    edges.sort_unstable();
    edges.dedup();
    CsrRows::from_sorted(edges, occurrences.key_count(), |from| from.get())
}

/// By snapshot and resource in it: the index of the resource in the view.
struct MergedIndices(Vec<Vec<ResourceIndex>>);

impl MergedIndices {
    fn new(
        snapshots: &[(CollectionTarget, Arc<Snapshot>)],
        occurrences: &CsrRows<Occurrence>,
    ) -> Self {
        let mut indices: Vec<Vec<ResourceIndex>> = snapshots
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
        Self(indices)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "there is one entry for each resource of the snapshot"
    )]
    fn index_of(in_snapshot: &[ResourceIndex], resource: LocalIndex) -> ResourceIndex {
        in_snapshot[resource.get()]
    }
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
/// latest of them decides, and of several with the same time, one that shows the trait.
pub(super) fn merge_traits(view: &View, resource: ResourceIndex) -> TraitSet {
    let mut traits = TraitSet::default();
    if view.deleted.contains(&resource) {
        return traits;
    }
    let mut attributes: Vec<(TraitIndex, u32, bool)> = Vec::new();
    for (_, snapshot, resource) in view.occurrences(resource) {
        for observation in snapshot.observations_of(resource) {
            traits.insert(observation.trait_index);
        }
        let rows = snapshot.attributes_of(resource).iter();
        attributes.extend(rows.map(|row| (row.row.trait_index, row.updated_at, row.holds)));
    }
    attributes.sort_unstable();
    for readings in attributes.chunk_by(|one, other| one.0 == other.0) {
        if let Some((trait_index, _, true)) = readings.last() {
            traits.insert(*trait_index);
        }
    }
    traits
}
