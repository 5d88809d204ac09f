//! The in-memory trait snapshots, one a target, and the consistent view of all of them.
//!
//! A snapshot is built by one collector and then never changes; the store swaps it in whole. The evaluator reads a
//! [`View`], which holds the snapshots it was made of: a target that is collected meanwhile does not disturb it.

mod builder;
mod finding_key;
mod iam_edges;
mod name;
mod rows;
mod shared_evidence;
mod snapshot;
mod texts;
mod view;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::{CollectionTarget, Coverage, CoverageReason, CoverageRow};

pub use builder::{Observation, SnapshotBuilder};
pub use shared_evidence::SharedEvidence;
pub use snapshot::Snapshot;
pub use view::{Observed, ResourceIndex, ResourceRange, TraitSetIndex, View};
pub use writer::SnapshotWriter;

/// How the collection of one target ended.
#[derive(Debug)]
pub struct TargetOutcome {
    /// The target.
    pub target: CollectionTarget,
    /// What was collected; of a failed target, what was collected until it failed.
    pub snapshot: Snapshot,
    /// How much that is.
    pub coverage: Coverage,
    /// Why it is not all.
    pub reason: Option<CoverageReason>,
    /// The same for people.
    pub detail: Option<String>,
    /// How many records were read.
    pub records: u64,
    /// How many of them made a signal.
    pub signals: u64,
    /// When; `None` of a file, which says itself of when it is.
    pub collected_at: Option<DateTime<Utc>>,
}

/// The last snapshot of each target.
#[derive(Debug, Default)]
pub struct Store {
    targets: BTreeMap<CollectionTarget, (Arc<Snapshot>, CoverageRow)>,
    evidence: Arc<SharedEvidence>,
}

impl Store {
    /// Swaps in what was collected. A failed target keeps its last good snapshot, marked stale; if it has none, what was
    /// collected before it failed is better than nothing.
    pub fn put(&mut self, outcome: TargetOutcome) {
        let TargetOutcome {
            target,
            mut snapshot,
            coverage,
            reason,
            detail,
            records,
            signals,
            collected_at,
        } = outcome;
        self.evidence.share(&mut snapshot);
        let former = self.targets.remove(&target);
        let was_good = former
            .as_ref()
            .is_some_and(|(_, row)| row.collected_at.is_some());
        // A service that has answered is offered in its Region: now it only cannot be reached.
        let (coverage, reason) = if coverage == Coverage::Unavailable && was_good {
            (Coverage::Failed, Some(CoverageReason::Unreachable))
        } else {
            (coverage, reason)
        };
        let (snapshot, stale, collected_at) = match former {
            Some((good, row)) if coverage == Coverage::Failed && row.collected_at.is_some() => {
                (good, true, row.collected_at)
            }
            _ => {
                let is_good = coverage == Coverage::Complete || coverage == Coverage::Partial;
                (Arc::new(snapshot), false, collected_at.filter(|_| is_good))
            }
        };
        let row = CoverageRow {
            target: target.clone(),
            coverage,
            reason,
            detail,
            records,
            signals,
            stale,
            collected_at,
        };
        self.targets.insert(target, (snapshot, row));
    }

    /// What the snapshots share, so that one that waits to be put in can share it already.
    pub fn evidence(&self) -> Arc<SharedEvidence> {
        Arc::clone(&self.evidence)
    }

    /// How much is known of each target.
    pub fn coverage(&self) -> impl Iterator<Item = &CoverageRow> {
        self.targets.values().map(|(_, row)| row)
    }

    /// How many traits are stored: one for each finding that shows one of a resource.
    pub fn observations(&self) -> usize {
        self.targets
            .values()
            .map(|(snapshot, _)| snapshot.observations())
            .sum()
    }

    /// One consistent view of everything.
    pub fn view(&self) -> View {
        View::of(
            self.targets
                .iter()
                .map(|(target, (snapshot, _))| (target.clone(), Arc::clone(snapshot)))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceKind;

    fn outcome(coverage: Coverage, minute: u32) -> TargetOutcome {
        TargetOutcome {
            target: CollectionTarget::api(
                SourceKind::Macie,
                "111122223333".parse().unwrap(),
                "us-east-1".parse().unwrap(),
            ),
            snapshot: SnapshotBuilder::default().finish(),
            coverage,
            reason: (coverage == Coverage::Failed).then_some(CoverageReason::Throttled),
            detail: None,
            records: u64::from(minute),
            signals: 0,
            collected_at: Some(DateTime::UNIX_EPOCH + chrono::Duration::minutes(i64::from(minute))),
        }
    }

    #[test]
    fn a_failed_target_keeps_its_last_good_snapshot_marked_stale() {
        let mut store = Store::default();
        store.put(outcome(Coverage::Complete, 1));
        store.put(outcome(Coverage::Failed, 2));
        store.put(outcome(Coverage::Failed, 3));
        let row = store.coverage().next().unwrap();
        assert!(row.stale);
        assert_eq!(row.coverage, Coverage::Failed);
        assert_eq!(
            row.collected_at,
            outcome(Coverage::Complete, 1).collected_at
        );
        store.put(outcome(Coverage::Complete, 4));
        assert!(!store.coverage().next().unwrap().stale);
    }

    #[test]
    fn a_service_that_has_answered_does_not_become_one_that_is_not_offered() {
        let mut store = Store::default();
        store.put(outcome(Coverage::Complete, 1));
        store.put(outcome(Coverage::Unavailable, 2));
        let row = store.coverage().next().unwrap();
        assert_eq!(row.coverage, Coverage::Failed);
        assert!(row.stale);
        let mut never = Store::default();
        never.put(outcome(Coverage::Unavailable, 1));
        let row = never.coverage().next().unwrap();
        assert_eq!(row.coverage, Coverage::Unavailable);
    }

    #[test]
    fn a_target_that_never_was_good_is_not_stale() {
        let mut store = Store::default();
        store.put(outcome(Coverage::Failed, 1));
        store.put(outcome(Coverage::Failed, 2));
        let row = store.coverage().next().unwrap();
        assert!(!row.stale);
        assert_eq!(row.collected_at, None);
    }
}
