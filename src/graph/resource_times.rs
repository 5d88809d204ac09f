//! When resources were last configured and deleted, over all snapshots.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::CollectionTarget;
use crate::records::EdgeEnd;

use super::index::{LocalIndex, ResourceIndex};
use super::snapshot::Snapshot;

/// The times of a resource, in seconds since 1970, or 0 if there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResourceTimes {
    /// Of its latest whole configuration, or of its deletion. What an older configuration says no longer applies.
    pub configured_at: u32,
    /// Of its latest deletion. What any older record says no longer applies.
    pub deleted_at: u32,
}

/// By snapshot and resource in it: the index of the resource in the view.
pub(super) type MergedIndices = Vec<Vec<ResourceIndex>>;

/// The times of all resources of which a whole configuration or a deletion was read.
#[derive(Debug, Default)]
pub(super) struct AllResourceTimes(FxHashMap<ResourceIndex, ResourceTimes>);

impl AllResourceTimes {
    pub(super) fn new(
        snapshots: &[(CollectionTarget, Arc<Snapshot>)],
        indices: &MergedIndices,
    ) -> Self {
        let mut all: FxHashMap<ResourceIndex, ResourceTimes> = FxHashMap::default();
        for ((_, snapshot), indices) in snapshots.iter().zip(indices) {
            for row in &snapshot.whole {
                let Some(index) = indices.get(row.resource.get()) else {
                    continue;
                };
                let times = all.entry(*index).or_default();
                times.configured_at = row.updated_at.max(times.configured_at);
            }
            for (resource, deleted_at) in &snapshot.deletions {
                let Some(index) = indices.get(resource.get()) else {
                    continue;
                };
                let times = all.entry(*index).or_default();
                times.configured_at = (*deleted_at).max(times.configured_at);
                times.deleted_at = (*deleted_at).max(times.deleted_at);
            }
        }
        Self(all)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn of(&self, resource: ResourceIndex) -> ResourceTimes {
        self.0.get(&resource).copied().unwrap_or_default()
    }

    /// Returns the resources that no record describes after their deletion. A resource that a later record describes was
    /// created again.
    pub(super) fn find_deleted(
        &self,
        snapshots: &[(CollectionTarget, Arc<Snapshot>)],
        indices: &MergedIndices,
    ) -> BTreeSet<ResourceIndex> {
        let mut deleted: BTreeSet<ResourceIndex> = BTreeSet::new();
        for ((_, snapshot), indices) in snapshots.iter().zip(indices) {
            let resources = snapshot.deletions.keys();
            deleted.extend(resources.filter_map(|resource| indices.get(resource.get())));
        }
        if deleted.is_empty() {
            return deleted;
        }
        for ((_, snapshot), indices) in snapshots.iter().zip(indices) {
            let mut see = |resource: LocalIndex, updated_at: u32| {
                if let Some(index) = indices.get(resource.get())
                    && updated_at > self.of(*index).deleted_at
                {
                    deleted.remove(index);
                }
            };
            for row in &snapshot.whole {
                see(row.resource, row.updated_at);
            }
            for relation in &snapshot.relations {
                match relation.claim.listed_by {
                    Some(EdgeEnd::From) => see(relation.from, relation.claim.updated_at),
                    Some(EdgeEnd::To) => see(relation.to, relation.claim.updated_at),
                    None => {}
                }
            }
            for resource in (0..snapshot.resources.len()).map(LocalIndex::new) {
                let observations = snapshot.observations_of(resource).iter();
                let attributes = snapshot.attributes_of(resource).iter();
                let rows = observations.chain(attributes.map(|attribute| &attribute.row));
                if let Some(updated_at) = rows.map(|row| row.updated_at).max() {
                    see(resource, updated_at);
                }
            }
        }
        deleted
    }
}
