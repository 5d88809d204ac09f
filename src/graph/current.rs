//! What the snapshots of all targets show now: the newest state of each finding, the newest configuration of each resource,
//! and nothing that a service has not updated for too long.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::CollectionTarget;

use super::finding_digests::finding_digests;
use super::finding_key::FindingParts;
use super::highest_epss::move_highest_epss_first;
use super::index::{LocalIndex, ResourceIndex};
use super::resource_times::{AllResourceTimes, MergedIndices, ResourceTimes};
use super::snapshot::{AttributeRow, FindingState, ObservationRow, Snapshot, StateRow};

/// The snapshots without the rows that no longer apply. A snapshot all of whose rows apply is shared, not copied.
pub(super) struct CurrentSnapshots {
    pub snapshots: Vec<(CollectionTarget, Arc<Snapshot>)>,
    /// The number of findings that are outdated.
    pub outdated_findings: usize,
}

/// Whether a row still applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Currency {
    Current,
    /// A newer record replaces it.
    Replaced,
    /// Its service has not updated the finding for too long.
    Outdated,
}

/// Leaves out the rows that no longer apply. Findings that were last updated before `cutoff` are outdated.
pub(super) fn current_snapshots(
    snapshots: Vec<(CollectionTarget, Arc<Snapshot>)>,
    indices: &MergedIndices,
    times: &AllResourceTimes,
    cutoff: u32,
) -> CurrentSnapshots {
    let shared = SharedFindings::new(&snapshots);
    let mut outdated: FxHashSet<FindingParts<'_>> = FxHashSet::default();
    let mut current: Vec<Option<Arc<Snapshot>>> = Vec::with_capacity(snapshots.len());
    for (((_, snapshot), indices), prefixes) in snapshots.iter().zip(indices).zip(&shared.prefixes)
    {
        let filter = Filter {
            snapshot,
            indices,
            is_shared: prefixes,
            newest: &shared.newest,
            times,
            cutoff,
        };
        let replaced = filter.apply(&mut outdated);
        current.push(replaced.map(Arc::new));
    }
    let outdated_findings = outdated.len();
    let snapshots = snapshots.iter().zip(current);
    CurrentSnapshots {
        snapshots: snapshots
            .map(|((target, snapshot), current)| {
                let snapshot = current.unwrap_or_else(|| Arc::clone(snapshot));
                (target.clone(), snapshot)
            })
            .collect(),
        outdated_findings,
    }
}

/// The findings of which several snapshots may have a state, and their newest states.
struct SharedFindings<'a> {
    /// By snapshot and prefix of finding IDs: whether another snapshot has such findings.
    prefixes: Vec<Vec<bool>>,
    newest: FxHashMap<FindingParts<'a>, FindingState>,
}

impl<'a> SharedFindings<'a> {
    fn new(snapshots: &'a [(CollectionTarget, Arc<Snapshot>)]) -> Self {
        let mut counts: FxHashMap<FindingParts<'a>, u32> = FxHashMap::default();
        for (_, snapshot) in snapshots {
            for parts in snapshot.common_parts() {
                *counts.entry(parts).or_default() += 1;
            }
        }
        let is_shared = |parts| counts.get(&parts).is_some_and(|count| *count > 1);
        let prefixes: Vec<Vec<bool>> = snapshots
            .iter()
            .map(|(_, snapshot)| snapshot.common_parts().map(is_shared).collect())
            .collect();
        let mut newest: FxHashMap<FindingParts<'a>, FindingState> = FxHashMap::default();
        for ((_, snapshot), is_shared) in snapshots.iter().zip(&prefixes) {
            if !is_shared.contains(&true) {
                continue;
            }
            for StateRow { finding, state } in snapshot.all_states() {
                if is_shared.get(finding.prefix()) == Some(&true) {
                    let newest = newest.entry(snapshot.parts_of(finding)).or_insert(state);
                    *newest = state.max(*newest);
                }
            }
        }
        Self { prefixes, newest }
    }
}

/// Decides which rows of a snapshot apply.
struct Filter<'a, 'b> {
    snapshot: &'a Snapshot,
    indices: &'b [ResourceIndex],
    is_shared: &'b [bool],
    newest: &'b FxHashMap<FindingParts<'a>, FindingState>,
    times: &'b AllResourceTimes,
    cutoff: u32,
}

impl<'a> Filter<'a, '_> {
    /// Returns the snapshot without the rows that do not apply, or `None` if all apply.
    fn apply(&self, outdated: &mut FxHashSet<FindingParts<'a>>) -> Option<Snapshot> {
        let snapshot = self.snapshot;
        let mut all_apply = true;
        for resource in (0..snapshot.resources.len()).map(LocalIndex::new) {
            let observations = snapshot.observations_of(resource).iter();
            let observations = observations.map(|row| (row, self.observation(resource, row)));
            let attributes = snapshot.attributes_of(resource).iter();
            let attributes = attributes.map(|row| (&row.row, self.attribute(resource, row)));
            for (row, currency) in observations.chain(attributes) {
                all_apply &= currency == Currency::Current;
                if currency == Currency::Outdated {
                    outdated.insert(snapshot.finding_parts(row));
                }
            }
        }
        if all_apply {
            return None;
        }
        let mut current = snapshot.clone();
        current.observations = snapshot.observations.filtered(|resource, row| {
            self.observation(LocalIndex::new(resource), row) == Currency::Current
        });
        current
            .observations
            .reorder(|rows| move_highest_epss_first(rows, &snapshot.evidence));
        current.attributes = snapshot.attributes.filtered(|resource, row| {
            self.attribute(LocalIndex::new(resource), row) == Currency::Current
        });
        current.finding_digests = finding_digests(&current);
        Some(current)
    }

    fn observation(&self, resource: LocalIndex, row: &ObservationRow) -> Currency {
        if let Some(state) = row.state()
            && self.is_shared.get(row.finding.prefix()) == Some(&true)
            && self.newest.get(&self.snapshot.finding_parts(row)) != Some(&state)
        {
            return Currency::Replaced;
        }
        let deleted_at = self.times_of(resource).deleted_at;
        if deleted_at > 0 && row.updated_at <= deleted_at {
            return Currency::Replaced;
        }
        if row.is_outdated(self.cutoff) {
            return Currency::Outdated;
        }
        Currency::Current
    }

    /// An attribute that an older configuration has, and the newest does not, is unknown.
    fn attribute(&self, resource: LocalIndex, attribute: &AttributeRow) -> Currency {
        let row = &attribute.row;
        let configured_at = self.times_of(resource).configured_at;
        if !row.record.is_finding() && row.updated_at < configured_at {
            return Currency::Replaced;
        }
        self.observation(resource, row)
    }

    fn times_of(&self, resource: LocalIndex) -> ResourceTimes {
        if self.times.is_empty() {
            return ResourceTimes::default();
        }
        let index = self.indices.get(resource.get());
        index.map_or_else(Default::default, |index| self.times.of(*index))
    }
}
