//! Every event that exposured logs, in one place. Names and fields are an interface: the README lists them, users page
//! on them. No finding's body and no secret is ever in one.

use std::time::Duration;

use tracing::{error, info, warn};

use crate::model::{CollectionTarget, Coverage, CoverageRow, Mute, MuteState, Severity, clean};
use crate::reconcile::PublicationOutcome;

use super::summary::CycleSummary;

/// Logs what happens in one cycle; every event carries the cycle's name.
#[derive(Clone, Debug)]
pub struct CycleLog {
    cycle: String,
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl CycleLog {
    /// For the cycle of this name: the time of its start.
    pub fn new(cycle: impl Into<String>) -> Self {
        Self {
            cycle: cycle.into(),
        }
    }

    /// The cycle's name.
    pub fn cycle(&self) -> &str {
        &self.cycle
    }

    /// A cycle begins.
    pub fn cycle_started(&self, targets: Option<usize>, dry_run: bool, catalog_version: &str) {
        info!(
            event = "cycle_started",
            cycle = self.cycle,
            targets,
            dry_run,
            catalog_version,
            "cycle started"
        );
    }

    /// A target has been read, or not.
    pub fn target_collected(&self, row: &CoverageRow, duration: Duration) {
        let target = &row.target;
        let (account, region) = (
            target.account().map(tracing::field::display),
            target.region().map(tracing::field::display),
        );
        let coverage = row.coverage.as_str();
        let reason = row
            .reason
            .as_ref()
            .map(crate::model::CoverageReason::as_str);
        let (records, signals, stale) = (row.records, row.signals, row.stale);
        let duration_ms = milliseconds(duration);
        if row.coverage == Coverage::Failed || row.coverage == Coverage::Partial {
            warn!(
                event = "target_collected",
                cycle = self.cycle,
                source = target.source.as_str(),
                account,
                region,
                file = target.file_name(),
                coverage,
                reason,
                detail = row.detail,
                records,
                signals,
                stale,
                duration_ms,
                "target not complete"
            );
        } else {
            info!(
                event = "target_collected",
                cycle = self.cycle,
                source = target.source.as_str(),
                account,
                region,
                file = target.file_name(),
                coverage,
                reason,
                records,
                signals,
                stale,
                duration_ms,
                "target collected"
            );
        }
    }

    /// A record could not be read and is left out.
    pub fn record_skipped(
        &self,
        target: &CollectionTarget,
        index: u64,
        record: Option<&str>,
        why: &str,
    ) {
        let (account, region) = (
            target.account().map(tracing::field::display),
            target.region().map(tracing::field::display),
        );
        warn!(
            event = "record_skipped",
            cycle = self.cycle,
            source = target.source.as_str(),
            account,
            region,
            file = target.file_name(),
            index,
            record,
            why,
            "record skipped"
        );
    }

    /// A query begins anew, because its paging token went stale.
    pub fn query_restarted(&self, target: &CollectionTarget, why: &str) {
        let (account, region) = (
            target.account().map(tracing::field::display),
            target.region().map(tracing::field::display),
        );
        warn!(
            event = "query_restarted",
            cycle = self.cycle,
            source = target.source.as_str(),
            account,
            region,
            why,
            "query restarted from its first page"
        );
    }

    /// All resources have been evaluated.
    pub fn evaluated(&self, resources: usize, exposures: &[(Severity, usize)], duration: Duration) {
        let count = |severity| {
            exposures
                .iter()
                .find(|(one, _)| *one == severity)
                .map_or(0, |(_, count)| *count)
        };
        info!(
            event = "evaluated",
            cycle = self.cycle,
            resources,
            critical = count(Severity::Critical),
            high = count(Severity::High),
            medium = count(Severity::Medium),
            low = count(Severity::Low),
            duration_ms = milliseconds(duration),
            "evaluated"
        );
    }

    /// What became of a mute of the configuration.
    pub fn mute(&self, mute: &Mute, state: MuteState) {
        let (muted, until) = (mute.muted.to_string(), mute.until.to_string());
        let (reason, owner) = (clean(&mute.reason), clean(&mute.owner));
        match state {
            MuteState::Used(used) => info!(
                event = "mute_used",
                cycle = self.cycle,
                muted,
                until,
                reason,
                owner,
                resources = used.resources,
                hidden = used.hidden,
                lowered = used.lowered,
                "a mute hides something"
            ),
            MuteState::Expired => warn!(
                event = "mute_expired",
                cycle = self.cycle,
                muted,
                until,
                reason,
                owner,
                "a mute has expired and hides nothing any more"
            ),
            MuteState::Unmatched => warn!(
                event = "mute_unmatched",
                cycle = self.cycle,
                muted,
                until,
                reason,
                owner,
                "a mute matches nothing that was read"
            ),
        }
    }

    /// A cycle is over: everything that it came to, in one event.
    pub fn cycle_finished(&self, summary: &CycleSummary<'_>) {
        let open = |severity| summary.open(severity);
        let targets = |coverage| summary.targets(coverage);
        let published = summary.published;
        info!(
            event = "cycle_finished",
            cycle = self.cycle,
            outcome = summary.outcome.as_str(),
            coverage = summary.coverage_by_target(),
            targets_complete = targets(Coverage::Complete),
            targets_partial = targets(Coverage::Partial),
            targets_failed = targets(Coverage::Failed),
            targets_unavailable = targets(Coverage::Unavailable),
            targets_stale = summary.stale(),
            oldest_snapshot_s = summary.oldest_snapshot().map(|age| age.num_seconds()),
            resources = summary.resources,
            open_critical = open(Severity::Critical),
            open_high = open(Severity::High),
            open_medium = open(Severity::Medium),
            open_low = open(Severity::Low),
            created = published.map(|one| one.created),
            updated = published.map(|one| one.updated),
            reopened = published.map(|one| one.reopened),
            archived = published.map(|one| one.archived),
            held = published.map(|one| one.held),
            refreshed = published.map(|one| one.refreshed),
            unchanged = published.map(|one| one.unchanged),
            unpublished = published.map_or(0, PublicationOutcome::unpublished),
            api_calls = summary.calls.calls,
            throttles = summary.calls.throttles,
            duration_ms = milliseconds(summary.duration),
            "cycle finished"
        );
    }

    /// A cycle could not be done at all.
    pub fn cycle_failed(&self, why: &str, duration: Duration) {
        error!(
            event = "cycle_failed",
            cycle = self.cycle,
            why,
            duration_ms = milliseconds(duration),
            "cycle failed"
        );
    }
}
