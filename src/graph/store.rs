//! The latest snapshot of each collection target.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::{
    AccountId, CollectionTarget, Coverage, CoverageReason, CoverageRow, IgnoredRecords,
};

use super::merge::MergedSnapshots;
use super::shared_evidence::SharedEvidence;
use super::snapshot::Snapshot;

/// The result of collecting from a target.
#[derive(Debug)]
pub struct TargetOutcome {
    /// The target.
    pub target: CollectionTarget,
    /// What was collected. For a failed target, what was collected before the failure.
    pub snapshot: Snapshot,
    /// How completely the target was read.
    pub coverage: Coverage,
    /// Why it is not complete.
    pub reason: Option<CoverageReason>,
    /// The reason in a sentence.
    pub detail: Option<String>,
    /// The number of records that were read.
    pub records: u64,
    /// The number of records that became a signal.
    pub signals: u64,
    /// The number of records that are not evidence, by reason.
    pub ignored: IgnoredRecords,
    /// The accounts that the records are from.
    pub accounts: BTreeSet<AccountId>,
    /// When the target was read. `None` for a file, whose records have times of their own.
    pub collected_at: Option<DateTime<Utc>>,
}

/// The latest snapshot of each target.
#[derive(Debug, Default)]
pub struct Store {
    targets: BTreeMap<CollectionTarget, StoredTarget>,
    evidence: Arc<SharedEvidence>,
}

#[derive(Debug)]
struct StoredTarget {
    snapshot: Arc<Snapshot>,
    coverage: CoverageRow,
}

impl Store {
    /// Stores what was collected from a target. A target that failed keeps its last good snapshot, marked as stale. Without
    /// one, it gets what was collected before the failure.
    pub fn put(&mut self, outcome: TargetOutcome) {
        let mut snapshot = outcome.snapshot;
        self.evidence.share(&mut snapshot);
        let last_good = self
            .targets
            .remove(&outcome.target)
            .filter(|stored| stored.coverage.collected_at.is_some());
        let (coverage, reason) = match outcome.coverage {
            // A service that has answered before is offered in its Region, so now it is only unreachable.
            Coverage::Unavailable if last_good.is_some() => {
                (Coverage::Failed, Some(CoverageReason::Unreachable))
            }
            coverage => (coverage, outcome.reason),
        };
        let is_good = matches!(coverage, Coverage::Complete | Coverage::Partial);
        let last_good = last_good.filter(|_| coverage == Coverage::Failed);
        let stale = last_good.is_some();
        let (snapshot, accounts, collected_at) = match last_good {
            Some(StoredTarget { snapshot, coverage }) => {
                (snapshot, coverage.accounts, coverage.collected_at)
            }
            None => {
                let collected_at = outcome.collected_at.filter(|_| is_good);
                (Arc::new(snapshot), outcome.accounts, collected_at)
            }
        };
        let coverage = CoverageRow {
            target: outcome.target.clone(),
            coverage,
            reason,
            detail: outcome.detail,
            records: outcome.records,
            signals: outcome.signals,
            ignored: outcome.ignored,
            accounts,
            stale,
            collected_at,
        };
        let stored = StoredTarget { snapshot, coverage };
        self.targets.insert(outcome.target, stored);
    }

    /// Returns the evidence that the snapshots share, so that a snapshot can share it before it is stored.
    pub fn evidence(&self) -> Arc<SharedEvidence> {
        Arc::clone(&self.evidence)
    }

    /// Returns the coverage of each target.
    pub fn coverage(&self) -> impl Iterator<Item = &CoverageRow> {
        self.targets.values().map(|stored| &stored.coverage)
    }

    /// Returns the number of stored traits, which is one for each finding that shows a trait of a resource.
    pub fn observation_count(&self) -> usize {
        self.targets
            .values()
            .map(|stored| stored.snapshot.observation_count())
            .sum()
    }

    /// Returns the time of the newest record of all targets.
    pub fn latest_update(&self) -> Option<DateTime<Utc>> {
        let updates = self.targets.values();
        let seconds = updates.map(|stored| stored.snapshot.latest_update).max()?;
        DateTime::from_timestamp(i64::from(seconds), 0).filter(|_| seconds > 0)
    }

    /// Merges the snapshots of all targets. All findings count, whatever their age.
    pub fn merge(&self) -> MergedSnapshots {
        self.merge_after(0)
    }

    /// Merges the snapshots of all targets. Findings that their services have not updated since `cutoff` do not count.
    pub fn merge_since(&self, cutoff: DateTime<Utc>) -> MergedSnapshots {
        self.merge_after(u32::try_from(cutoff.timestamp()).unwrap_or_default())
    }

    fn merge_after(&self, cutoff: u32) -> MergedSnapshots {
        let snapshots = self
            .targets
            .iter()
            .map(|(target, stored)| (target.clone(), Arc::clone(&stored.snapshot)));
        MergedSnapshots::new(snapshots.collect(), cutoff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::SnapshotBuilder;
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
            ignored: IgnoredRecords::default(),
            accounts: BTreeSet::new(),
            collected_at: Some(DateTime::UNIX_EPOCH + chrono::Duration::minutes(i64::from(minute))),
        }
    }

    #[test]
    fn a_failed_target_keeps_its_last_good_snapshot_marked_as_stale() {
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
    fn a_service_that_has_answered_before_is_not_unavailable() {
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
    fn a_target_that_was_never_good_is_not_stale() {
        let mut store = Store::default();
        store.put(outcome(Coverage::Failed, 1));
        store.put(outcome(Coverage::Failed, 2));
        let row = store.coverage().next().unwrap();
        assert!(!row.stale);
        assert_eq!(row.collected_at, None);
    }
}
