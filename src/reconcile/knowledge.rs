//! What the targets of a cycle prove, and what they leave unknown.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CollectionTarget, Coverage, CoverageReason, CoverageRow};

use super::decision::HoldReason;
use super::state::{ExposureKey, PublishedExposure, UnlistedTags};

/// How completely the targets of a cycle were read, and which targets were read in earlier cycles.
pub(super) struct Knowledge<'a> {
    coverage: BTreeMap<&'a CollectionTarget, &'a CoverageRow>,
    /// The targets that any published finding depends on: they were read when it was published.
    recorded: BTreeSet<&'a CollectionTarget>,
}

impl<'a> Knowledge<'a> {
    pub(super) fn new(
        coverage: &'a [CoverageRow],
        published: &'a BTreeMap<ExposureKey, PublishedExposure>,
    ) -> Self {
        Self {
            coverage: coverage.iter().map(|row| (&row.target, row)).collect(),
            recorded: published
                .values()
                .flat_map(|published| published.seen_by.iter().chain(&published.lowered_by))
                .collect(),
        }
    }

    /// Why it is not proven that an exposure is gone; `None` if it is proven.
    ///
    /// Every target that showed its traits, or a relation along which one propagated, must have been read completely. A
    /// source that is off, or a Region that is no longer configured, has no target, so it proves nothing. Every other target
    /// must have been read completely too: traits propagate across services and Regions, so a failed target may have lost
    /// the very trait that would have kept the exposure. The only exception is a service that is not enabled and did not
    /// show the exposure before.
    pub(super) fn why_absence_is_unproven(
        &self,
        published: &PublishedExposure,
    ) -> Option<HoldReason> {
        if published.seen_by.is_empty() {
            return Some(HoldReason::UnknownTargets);
        }
        if let Some(reason) = self.unread_among(&published.seen_by) {
            return Some(reason);
        }
        self.coverage
            .values()
            .find(|row| may_hide_new_facts(row))
            .map(|row| incomplete(row))
    }

    /// Why the targets do not prove what they showed before; `None` if all of them were read completely.
    pub(super) fn unread_among(&self, targets: &BTreeSet<CollectionTarget>) -> Option<HoldReason> {
        targets.iter().find_map(|target| self.why_unread(target))
    }

    /// Whether a target was not read completely.
    pub(super) fn is_unread(&self, target: &CollectionTarget) -> bool {
        self.why_unread(target).is_some()
    }

    /// Why the tags of a resource that no inventory lists are unknown; `None` if findings report all of them.
    ///
    /// Every source can report tags. A service that is not enabled, and that no published finding depends on, never
    /// reported any, unless it is an inventory: users turn one on so that it lists what findings leave out. If a finding
    /// reports tags, only an inventory may know others.
    pub(super) fn why_tags_are_unknown(&self, tags: &UnlistedTags) -> Option<HoldReason> {
        let may_report =
            |target: &CollectionTarget| target.source.is_inventory() || !tags.are_reported;
        let was_read = |row: &CoverageRow| {
            row.target.source.is_inventory() || self.recorded.contains(&row.target)
        };
        let incomplete_row = self
            .coverage
            .values()
            .filter(|row| may_report(&row.target))
            .find(|row| may_hide_new_facts(row) || is_incomplete(row) && was_read(row))
            .map(|row| incomplete(row));
        let may_cover = |target: &CollectionTarget| {
            target.source.is_inventory() || target.region() == Some(&tags.region)
        };
        incomplete_row.or_else(|| {
            self.recorded
                .iter()
                .filter(|target| may_report(target) && may_cover(target))
                .find(|target| !self.coverage.contains_key(*target))
                .map(|target| HoldReason::TargetNotRead((*target).clone()))
        })
    }

    fn why_unread(&self, target: &CollectionTarget) -> Option<HoldReason> {
        match self.coverage.get(target) {
            None => Some(HoldReason::TargetNotRead(target.clone())),
            Some(row) => is_incomplete(row).then(|| incomplete(row)),
        }
    }
}

/// Whether the target was not read completely. One that showed something before is available; it only could not be reached.
fn is_incomplete(row: &CoverageRow) -> bool {
    row.coverage != Coverage::Complete
}

/// Whether the target may hold facts that nothing showed before.
fn may_hide_new_facts(row: &CoverageRow) -> bool {
    match row.coverage {
        Coverage::Complete | Coverage::Unavailable => false,
        Coverage::Partial => true,
        Coverage::Failed => row.reason != Some(CoverageReason::NotEnabled),
    }
}

fn incomplete(row: &CoverageRow) -> HoldReason {
    HoldReason::TargetIncomplete {
        target: row.target.clone(),
        coverage: row.coverage,
        reason: row.reason.clone(),
    }
}
