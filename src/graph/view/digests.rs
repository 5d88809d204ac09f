//! Digests of what a view knows about a resource, without copying it.

use std::hash::{Hash, Hasher};

use crate::graph::index::ResourceIndex;
use crate::model::TraitIndex;

use super::View;

impl View {
    /// Returns digests of the findings that show a trait of the resource itself, at least one for each target that has
    /// them, in the order of the targets.
    pub fn finding_digests(
        &self,
        index: ResourceIndex,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = u128> {
        self.occurrences(index)
            .flat_map(move |(_, snapshot, resource)| {
                snapshot.finding_digests(resource, trait_index)
            })
    }

    /// Hashes what identifies a resource.
    pub fn hash_resource(&self, index: ResourceIndex, hasher: &mut impl Hasher) {
        let (snapshot, resource) = self.first_occurrence(index);
        snapshot.key(snapshot.row(resource)).hash(hasher);
    }
}
