//! What findings say, each once for all snapshots: the same vulnerability is found in every account.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxBuildHasher;

use crate::model::Evidence;

use super::Snapshot;

/// Below so many it is not worth looking for what no snapshot holds any more.
const FEW: usize = 1 << 12;

/// The evidence of all snapshots of a store.
#[derive(Debug, Default)]
pub struct SharedEvidence(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    all: HashSet<Arc<Evidence>, FxBuildHasher>,
    /// From so many on what nothing holds is let go.
    tidy_from: usize,
}

impl SharedEvidence {
    /// Lets a snapshot hold what others hold already, instead of its own copies. Cheap where it has been done.
    pub fn share(&self, snapshot: &mut Snapshot) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for evidence in &mut snapshot.evidence {
            match known.all.get(&**evidence) {
                Some(same) => *evidence = Arc::clone(same),
                None => drop(known.all.insert(Arc::clone(evidence))),
            }
        }
        if known.all.len() > known.tidy_from.max(FEW) {
            known.all.retain(|one| Arc::strong_count(one) > 1);
            known.tidy_from = 2 * known.all.len();
        }
    }

    /// How many there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.all.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Observation, SnapshotBuilder};
    use crate::model::{ControlId, FindingId, Product, Resource, ResourceType, TraitIndex};

    fn snapshot(controls: std::ops::Range<usize>) -> Snapshot {
        let resource = Resource {
            resource_type: ResourceType::S3Bucket,
            id: "b".into(),
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let mut builder = SnapshotBuilder::default();
        for number in controls {
            builder.observe(Observation {
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
    fn what_two_snapshots_say_is_there_once() {
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
    fn what_no_snapshot_says_any_more_is_let_go() {
        let shared = SharedEvidence::default();
        let mut last = snapshot(0..1);
        for cycle in 0..20 {
            let mut next = snapshot(cycle * FEW / 2..(cycle + 1) * FEW / 2);
            shared.share(&mut next);
            last = next;
        }
        assert!(shared.len() <= 2 * FEW, "{}", shared.len());
        assert_eq!(last.evidence.len(), FEW / 2);
    }
}
