//! Evidence that all snapshots share: the same vulnerability is found in every account.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxBuildHasher;

use crate::model::Evidence;

use super::snapshot::Snapshot;

/// The number of entries below which unused ones are not removed.
const MIN_ENTRIES: usize = 1 << 12;

/// The evidence of all snapshots of a store, each once.
#[derive(Debug, Default)]
pub struct SharedEvidence(Mutex<EvidenceSet>);

#[derive(Debug, Default)]
struct EvidenceSet {
    entries: HashSet<Arc<Evidence>, FxBuildHasher>,
    /// The number of entries above which unused ones are removed.
    limit: usize,
}

impl SharedEvidence {
    /// Replaces the evidence of a snapshot by that of other snapshots if it is equal. Doing this again is cheap.
    pub fn share(&self, snapshot: &mut Snapshot) {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for evidence in &mut snapshot.evidence {
            match shared.entries.get(&**evidence) {
                Some(same) => *evidence = Arc::clone(same),
                None => drop(shared.entries.insert(Arc::clone(evidence))),
            }
        }
        if shared.entries.len() > shared.limit.max(MIN_ENTRIES) {
            let is_used = |evidence: &Arc<Evidence>| Arc::strong_count(evidence) > 1;
            shared.entries.retain(is_used);
            shared.limit = 2 * shared.entries.len();
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Observation, SnapshotBuilder};
    use crate::model::{
        ControlId, FindingId, Product, RecordKind, Resource, ResourceType, TraitIndex,
    };

    fn snapshot(controls: std::ops::Range<usize>) -> Snapshot {
        let resource = Resource {
            resource_type: ResourceType::S3Bucket,
            id: "b".into(),
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let mut builder = SnapshotBuilder::default();
        for number in controls {
            builder.add_observation(Observation {
                record: RecordKind::OpenFinding,
                is_fallback: false,
                resource: &resource,
                trait_index: TraitIndex::new(1).unwrap(),
                holds: true,
                finding: &FindingId(number.to_string()),
                product: Product::SecurityHub,
                evidence: &Evidence::Control {
                    id: ControlId::new(&number.to_string()),
                    title: "t".into(),
                },
                updated_at: None,
            });
        }
        builder.finish()
    }

    #[test]
    fn evidence_of_two_snapshots_is_kept_once() {
        let shared = SharedEvidence::default();
        let (mut one, mut other) = (snapshot(0..3), snapshot(2..5));
        shared.share(&mut one);
        shared.share(&mut other);
        shared.share(&mut other);
        assert_eq!(shared.len(), 5);
        assert!(Arc::ptr_eq(&one.evidence[2], &other.evidence[0]));
        assert_eq!(other.evidence, snapshot(2..5).evidence);
    }

    #[test]
    fn evidence_that_no_snapshot_has_anymore_is_removed() {
        let shared = SharedEvidence::default();
        let mut last = snapshot(0..1);
        for cycle in 0..20 {
            let mut next = snapshot(cycle * MIN_ENTRIES / 2..(cycle + 1) * MIN_ENTRIES / 2);
            shared.share(&mut next);
            last = next;
        }
        assert!(shared.len() <= 2 * MIN_ENTRIES, "{}", shared.len());
        assert_eq!(last.evidence.len(), MIN_ENTRIES / 2);
    }
}
