//! The events of a cycle. Their names and fields are an interface: users set alarms on them. They never contain the body of
//! a finding, or a secret.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use tracing::{error, info, warn};

use crate::model::{
    CollectionTarget, Coverage, CoverageReason, CoverageRow, IgnoreReason, Mute, MuteState,
    Severity, clean,
};
use crate::reconcile::PublicationOutcome;

use super::summary::CycleSummary;

/// Logs what happens in one cycle. Every event has the name of the cycle.
#[derive(Clone, Debug)]
pub struct CycleLog {
    cycle: String,
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Logs an event about a collection target, with the fields that identify it.
macro_rules! target_event {
    ($level:ident, $log:expr, $target:expr, event = $event:literal, $($rest:tt)*) => {{
        let target: &CollectionTarget = $target;
        $level!(
            event = $event,
            cycle = $log.cycle,
            collection_target = %target,
            source = target.source.as_str(),
            account = target.account().map(display),
            region = target.region().map(display),
            file = target.file_name(),
            $($rest)*
        )
    }};
}

impl CycleLog {
    /// Returns the log of the cycle with this name, which is the time of its start.
    pub fn new(cycle: impl Into<String>) -> Self {
        Self {
            cycle: cycle.into(),
        }
    }

    /// Returns the name of the cycle.
    pub fn cycle(&self) -> &str {
        &self.cycle
    }

    /// Logs that the cycle starts. The number of targets is unknown if files are read.
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

    /// Logs how completely a target was read.
    pub fn target_collected(&self, row: &CoverageRow, duration: Duration) {
        macro_rules! log {
            ($level:ident, $message:literal) => {
                target_event!(
                    $level,
                    self,
                    &row.target,
                    event = "target_collected",
                    coverage = row.coverage.as_str(),
                    reason = row.reason.as_ref().map(CoverageReason::as_str),
                    detail = row.detail,
                    records = row.records,
                    signals = row.signals,
                    stale = row.stale,
                    duration_ms = milliseconds(duration),
                    $message
                )
            };
        }
        match row.coverage {
            Coverage::Failed | Coverage::Partial => log!(warn, "target not complete"),
            Coverage::Complete | Coverage::Unavailable => log!(info, "target collected"),
        }
    }

    /// Logs how many records of a target are not evidence, with one event per reason. A record about a resource of another
    /// account may be an attempt to forge evidence.
    pub fn records_ignored(&self, row: &CoverageRow) {
        for (reason, records) in row.ignored.iter() {
            macro_rules! log {
                ($level:ident) => {
                    target_event!(
                        $level,
                        self,
                        &row.target,
                        event = "records_ignored",
                        reason = reason.as_str(),
                        records,
                        "records ignored: they are not evidence"
                    )
                };
            }
            match reason {
                IgnoreReason::OtherAccount => log!(warn),
                _ => log!(info),
            }
        }
    }

    /// Logs that a record could not be read.
    pub fn record_skipped(
        &self,
        target: &CollectionTarget,
        index: u64,
        record: Option<&str>,
        why: &str,
    ) {
        target_event!(
            warn,
            self,
            target,
            event = "record_skipped",
            index,
            record,
            why,
            "record skipped"
        );
    }

    /// Logs that more records of the target could not be read than are named.
    pub fn more_records_skipped(&self, target: &CollectionTarget, records: u64) {
        target_event!(
            warn,
            self,
            target,
            event = "more_records_skipped",
            records,
            "more records skipped: only the first ones are named"
        );
    }

    /// Logs that a listing starts again from its first page, because its paging token has expired.
    pub fn query_restarted(&self, target: &CollectionTarget, why: &str) {
        target_event!(
            warn,
            self,
            target,
            event = "query_restarted",
            why,
            "query restarted from its first page"
        );
    }

    /// Logs how many findings do not count because their services have not updated them since a time.
    pub fn findings_outdated(&self, findings: usize, not_updated_since: DateTime<Utc>) {
        if findings == 0 {
            return;
        }
        info!(
            event = "findings_outdated",
            cycle = self.cycle,
            findings,
            not_updated_since = %not_updated_since.to_rfc3339_opts(SecondsFormat::Secs, true),
            "findings are too old to count"
        );
    }

    /// Logs that all resources were evaluated.
    pub fn evaluated(&self, resources: usize, exposures: &[(Severity, usize)], duration: Duration) {
        let count = |severity| {
            exposures
                .iter()
                .find(|(known, _)| *known == severity)
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

    /// Logs what a mute of the configuration did.
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
                "mute in use"
            ),
            MuteState::Expired => warn!(
                event = "mute_expired",
                cycle = self.cycle,
                muted,
                until,
                reason,
                owner,
                "mute expired: it hides nothing anymore"
            ),
            MuteState::Unmatched => warn!(
                event = "mute_unmatched",
                cycle = self.cycle,
                muted,
                until,
                reason,
                owner,
                "mute matches nothing that was read"
            ),
        }
    }

    /// Logs the summary of the cycle.
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
            created = published.map(|published| published.created),
            updated = published.map(|published| published.updated),
            reopened = published.map(|published| published.reopened),
            archived = published.map(|published| published.archived),
            held = published.map(|published| published.held),
            refreshed = published.map(|published| published.refreshed),
            unchanged = published.map(|published| published.unchanged),
            unpublished = published.map_or(0, PublicationOutcome::unpublished),
            api_calls = summary.calls.calls,
            throttles = summary.calls.throttles,
            duration_ms = milliseconds(summary.duration),
            "cycle finished"
        );
    }

    /// Logs that the cycle could not run.
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
