//! The events of publishing.

use std::time::Duration;

use tracing::{error, info, warn};

use crate::reconcile::{Action, MassArchive, Plan};

use super::CycleLog;
use super::events::milliseconds;

impl CycleLog {
    /// What is going to be published: how many steps of each kind, each exposure that is held, and whether too much
    /// would have been archived.
    pub fn planned(&self, plan: &Plan) {
        info!(
            event = "publication_planned",
            cycle = self.cycle(),
            create = plan.count(Action::Create),
            update = plan.count(Action::Update),
            reopen = plan.count(Action::Reopen),
            archive = plan.count(Action::Archive),
            hold = plan.count(Action::Hold),
            refresh = plan.count(Action::Refresh),
            unchanged = plan.count(Action::Unchanged),
            "publication planned"
        );
        for (step, reason) in plan.held() {
            self.exposure_held(step.id.as_str(), &reason.to_string());
        }
        if let Some(mass) = &plan.archive_refused {
            self.mass_archive_refused(mass);
        }
    }

    /// An exposure that was not found stands all the same.
    fn exposure_held(&self, exposure: &str, reason: &str) {
        info!(
            event = "exposure_held",
            cycle = self.cycle(),
            exposure,
            reason,
            "exposure held"
        );
    }

    /// So much would be archived that none is.
    fn mass_archive_refused(&self, mass: &MassArchive) {
        error!(
            event = "mass_archive_refused",
            cycle = self.cycle(),
            archive = mass.archive,
            active = mass.active,
            max_archive_percent = mass.max_percent,
            "NOTHING IS ARCHIVED: too many exposures are gone at once; if that is right, run once with --allow-mass-archive"
        );
    }

    /// What stands in Security Hub could not be read back.
    pub fn previous_unknown(&self, account: &str, region: &str, why: &str) {
        error!(
            event = "previous_unknown",
            cycle = self.cycle(),
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
            cycle = self.cycle(),
            account,
            region,
            why,
            "a published exposure could not be read back"
        );
    }

    /// In which member accounts exposures stand could not be read.
    pub fn members_unknown(&self, account: &str, region: &str, why: &str) {
        warn!(
            event = "members_unknown",
            cycle = self.cycle(),
            account,
            region,
            why,
            "accounts that have no exposure any more could not be looked for; what stands there stays in this cycle"
        );
    }

    /// Text of an exposure was too long for the format.
    pub fn text_cut(&self, exposure: &str, field: &str, dropped: usize) {
        warn!(
            event = "text_cut",
            cycle = self.cycle(),
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
            cycle = self.cycle(),
            account,
            region,
            accepted,
            failed,
            duration_ms = milliseconds(duration),
            "batch published"
        );
    }

    /// A whole batch has been refused, or was not sent.
    pub fn batch_failed(&self, account: &str, region: &str, findings: usize, why: &str) {
        error!(
            event = "batch_failed",
            cycle = self.cycle(),
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
            cycle = self.cycle(),
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
            cycle = self.cycle(),
            file,
            exposures,
            "OCSF file written"
        );
    }

    /// The OCSF file has not been written.
    pub fn ocsf_failed(&self, file: &str, why: &str) {
        error!(
            event = "ocsf_failed",
            cycle = self.cycle(),
            file,
            why,
            "OCSF file not written"
        );
    }

    /// The metrics' line has not been written.
    pub fn metrics_failed(&self, why: &str) {
        warn!(
            event = "metrics_failed",
            cycle = self.cycle(),
            why,
            "the cycle's metrics could not be written"
        );
    }
}
