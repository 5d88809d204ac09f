//! What a view knows of a resource, in the form in which it is stored: nothing is copied.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::graph::finding_key::FindingParts;
use crate::graph::index::ResourceIndex;
use crate::model::{Evidence, TraitIndex};

use super::View;

/// A finding that shows a trait of a resource, as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredFinding<'a> {
    /// The ID of the finding, and the service that made it.
    pub finding: FindingParts<'a>,
    /// What the finding reports. Equal evidence is usually stored once.
    pub evidence: &'a Arc<Evidence>,
}

impl View {
    /// Returns the findings that show a trait of the resource itself, once for each target that has them, in no particular
    /// order. This is faster than [`findings_with_trait`](Self::findings_with_trait).
    pub fn stored_findings(
        &self,
        index: ResourceIndex,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = StoredFinding<'_>> {
        self.occurrences(index)
            .flat_map(move |(_, snapshot, resource)| {
                snapshot
                    .observations_of_trait(resource, trait_index)
                    .map(move |row| StoredFinding {
                        finding: snapshot.finding_parts(row),
                        evidence: snapshot.evidence(row.evidence),
                    })
            })
    }

    /// Hashes what identifies a resource.
    pub fn hash_resource(&self, index: ResourceIndex, hasher: &mut impl Hasher) {
        let (snapshot, resource) = self.first_occurrence(index);
        snapshot.key(snapshot.row(resource)).hash(hasher);
    }
}
