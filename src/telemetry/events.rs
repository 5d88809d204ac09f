//! Every event that exposured logs, in one place. Names and fields are an interface: the README lists them, users page
//! on them. No finding's body and no secret is ever in one.

use std::time::Duration;

use tracing::{error, info, warn};

use crate::evaluate::MuteState;
use crate::model::{Cell, Coverage, CoverageRow, Mute, Severity, clean};

/// Logs what happens in one cycle; every event carries the cycle's name.
#[derive(Clone, Debug)]
pub struct CycleLog {
    cycle: String,
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl CycleLog {
    /// For the cycle of this name: the time of its start.
    #[must_use]
    pub fn new(cycle: impl Into<String>) -> Self {
        Self {
            cycle: cycle.into(),
        }
    }

    /// The cycle's name.
    #[must_use]
    pub fn cycle(&self) -> &str {
        &self.cycle
    }

    /// A cycle begins.
    pub fn cycle_started(&self, cells: Option<usize>, dry_run: bool, catalogue_version: &str) {
        info!(
            event = "cycle_started",
            cycle = self.cycle,
            cells,
            dry_run,
            catalogue_version,
            "cycle started"
        );
    }

    /// A cell has been read, or not.
    pub fn cell_collected(&self, row: &CoverageRow, duration: Duration) {
        let cell = &row.cell;
        let (account, region) = (
            cell.account().map(tracing::field::display),
            cell.region().map(tracing::field::display),
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
                event = "cell_collected",
                cycle = self.cycle,
                source = cell.source.as_str(),
                account,
                region,
                file = cell.file_name(),
                coverage,
                reason,
                detail = row.detail,
                records,
                signals,
                stale,
                duration_ms,
                "cell not complete"
            );
        } else {
            info!(
                event = "cell_collected",
                cycle = self.cycle,
                source = cell.source.as_str(),
                account,
                region,
                file = cell.file_name(),
                coverage,
                reason,
                records,
                signals,
                stale,
                duration_ms,
                "cell collected"
            );
        }
    }

    /// A record could not be read and is left out.
    pub fn record_skipped(&self, cell: &Cell, index: u64, record: Option<&str>, why: &str) {
        let (account, region) = (
            cell.account().map(tracing::field::display),
            cell.region().map(tracing::field::display),
        );
        warn!(
            event = "record_skipped",
            cycle = self.cycle,
            source = cell.source.as_str(),
            account,
            region,
            file = cell.file_name(),
            index,
            record,
            why,
            "record skipped"
        );
    }

    /// A query begins anew, because its paging token went stale.
    pub fn query_restarted(&self, cell: &Cell, why: &str) {
        let (account, region) = (
            cell.account().map(tracing::field::display),
            cell.region().map(tracing::field::display),
        );
        warn!(
            event = "query_restarted",
            cycle = self.cycle,
            source = cell.source.as_str(),
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

    /// What is going to be published, by kind of step.
    pub fn planned(
        &self,
        create: usize,
        update: usize,
        archive: usize,
        hold: usize,
        unchanged: usize,
    ) {
        info!(
            event = "publication_planned",
            cycle = self.cycle,
            create,
            update,
            archive,
            hold,
            unchanged,
            "publication planned"
        );
    }

    /// What stands in Security Hub could not be read back.
    pub fn previous_unknown(&self, account: &str, region: &str, why: &str) {
        error!(
            event = "previous_unknown",
            cycle = self.cycle,
            account,
            region,
            why,
            "what was published before could not be read; nothing is published there in this cycle"
        );
    }

    /// A finding of ours could not be read back; it is left alone.
    pub fn previous_unreadable(&self, account: &str, region: &str, why: &str) {
        error!(
            event = "previous_unreadable",
            cycle = self.cycle,
            account,
            region,
            why,
            "a published exposure could not be read back"
        );
    }

    /// An exposure that was not found stands all the same.
    pub fn exposure_held(&self, exposure: &str, reason: &str) {
        info!(
            event = "exposure_held",
            cycle = self.cycle,
            exposure,
            reason,
            "exposure held"
        );
    }

    /// Text of an exposure was too long for the format.
    pub fn text_cut(&self, exposure: &str, field: &str, dropped: usize) {
        warn!(
            event = "text_cut",
            cycle = self.cycle,
            exposure,
            field,
            dropped,
            "cut to what the format allows"
        );
    }

    /// A batch has been imported.
    pub fn batch_published(
        &self,
        account: &str,
        region: &str,
        accepted: usize,
        failed: usize,
        duration: Duration,
    ) {
        info!(
            event = "batch_published",
            cycle = self.cycle,
            account,
            region,
            accepted,
            failed,
            duration_ms = milliseconds(duration),
            "batch published"
        );
    }

    /// A whole batch has been refused.
    pub fn batch_failed(&self, account: &str, region: &str, findings: usize, why: &str) {
        error!(
            event = "batch_failed",
            cycle = self.cycle,
            account,
            region,
            findings,
            why,
            "batch not published"
        );
    }

    /// One exposure has been refused.
    pub fn finding_refused(
        &self,
        account: &str,
        region: &str,
        exposure: &str,
        code: &str,
        why: &str,
    ) {
        error!(
            event = "finding_refused",
            cycle = self.cycle,
            account,
            region,
            exposure,
            code,
            why,
            "exposure not published"
        );
    }

    /// The OCSF file has been written.
    pub fn ocsf_written(&self, file: &str, exposures: usize) {
        info!(
            event = "ocsf_written",
            cycle = self.cycle,
            file,
            exposures,
            "OCSF file written"
        );
    }

    /// The OCSF file has not been written.
    pub fn ocsf_failed(&self, file: &str, why: &str) {
        error!(
            event = "ocsf_failed",
            cycle = self.cycle,
            file,
            why,
            "OCSF file not written"
        );
    }

    /// A cycle is over.
    pub fn cycle_finished(
        &self,
        outcome: &str,
        complete: usize,
        partial: usize,
        failed: usize,
        unpublished: usize,
        duration: Duration,
    ) {
        info!(
            event = "cycle_finished",
            cycle = self.cycle,
            outcome,
            cells_complete = complete,
            cells_partial = partial,
            cells_failed = failed,
            unpublished,
            duration_ms = milliseconds(duration),
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
