//! The events of publishing.

use std::time::Duration;

use tracing::{error, info, warn};

use crate::model::{AccountId, Region};
use crate::reconcile::{Action, Destination, MassArchive, Plan};

use super::CycleLog;
use super::events::milliseconds;

impl CycleLog {
    /// Logs the plan: how many steps of each kind it has, each exposure that is held, and whether archiving was refused.
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

    /// Logs that an exposure stays published although it was not found.
    fn exposure_held(&self, exposure: &str, reason: &str) {
        info!(
            event = "exposure_held",
            cycle = self.cycle(),
            exposure,
            reason,
            "exposure held"
        );
    }

    /// Logs that nothing is archived, because it would be too much.
    fn mass_archive_refused(&self, mass: &MassArchive) {
        error!(
            event = "mass_archive_refused",
            cycle = self.cycle(),
            archive = mass.archive,
            active = mass.active,
            max_archive_percent = mass.max_percent,
            "NOTHING IS ARCHIVED: too many exposures are gone at once; if this is expected, run once with --allow-mass-archive"
        );
    }

    /// Logs that the published exposures of a destination could not be read.
    pub fn previous_unknown(&self, destination: &Destination, why: &str) {
        error!(
            event = "previous_unknown",
            cycle = self.cycle(),
            account = %destination.account,
            region = %destination.region,
            why,
            "published exposures could not be read: nothing is published there in this cycle"
        );
    }

    /// Logs that a published exposure could not be read. It is not changed.
    pub fn previous_unreadable(&self, destination: &Destination, why: &str) {
        error!(
            event = "previous_unreadable",
            cycle = self.cycle(),
            account = %destination.account,
            region = %destination.region,
            why,
            "published exposure could not be read: it is not changed"
        );
    }

    /// Logs that the member accounts with published exposures could not be found.
    pub fn members_unknown(&self, account: AccountId, region: &Region, why: &str) {
        warn!(
            event = "members_unknown",
            cycle = self.cycle(),
            %account,
            %region,
            why,
            "member accounts with published exposures could not be found: exposures that are gone there stay published in this cycle"
        );
    }

    /// Logs that exposures are published in the account of the caller, because no record is from the account of their
    /// resources.
    pub fn account_unknown(&self, account: AccountId, exposures: usize) {
        warn!(
            event = "account_unknown",
            cycle = self.cycle(),
            %account,
            exposures,
            "no record is from this account: no role is assumed there, and its exposures are published in the account of the caller"
        );
    }

    /// Logs that exposures stay published because a Region that showed them is not configured.
    pub fn region_left_out(&self, region: &Region, exposures: usize) {
        warn!(
            event = "region_left_out",
            cycle = self.cycle(),
            %region,
            exposures,
            "exposures that were last seen in a Region that is not configured stay published: add the Region to \
             [aws] regions, or archive them with `exposured once --publish --forget {region}`"
        );
    }

    /// Logs that findings were created, and that it is not certain that other processes see them.
    pub fn creations_unconfirmed(&self, destination: &Destination, exposures: usize, why: &str) {
        warn!(
            event = "creations_unconfirmed",
            cycle = self.cycle(),
            account = %destination.account,
            region = %destination.region,
            exposures,
            why,
            "Security Hub does not return the new findings yet: another process that publishes now may change their \
             CreatedAt"
        );
    }

    /// Logs that a field of an exposure was too long for the format.
    pub fn text_cut(&self, exposure: &str, field: &str, dropped: usize) {
        warn!(
            event = "text_cut",
            cycle = self.cycle(),
            exposure,
            field,
            dropped,
            "field cut to the length that the format allows"
        );
    }

    /// Logs that a batch was imported.
    pub fn batch_published(
        &self,
        destination: &Destination,
        accepted: usize,
        failed: usize,
        duration: Duration,
    ) {
        info!(
            event = "batch_published",
            cycle = self.cycle(),
            account = %destination.account,
            region = %destination.region,
            accepted,
            failed,
            duration_ms = milliseconds(duration),
            "batch published"
        );
    }

    /// Logs that a whole batch was refused, or was not sent.
    pub fn batch_failed(&self, destination: &Destination, findings: usize, why: &str) {
        error!(
            event = "batch_failed",
            cycle = self.cycle(),
            account = %destination.account,
            region = %destination.region,
            findings,
            why,
            "batch not published"
        );
    }

    /// Logs that a call was rejected, and that its findings are sent again in halves.
    pub fn batch_split(&self, destination: &Destination, findings: usize, why: &str) {
        warn!(
            event = "batch_split",
            cycle = self.cycle(),
            account = %destination.account,
            region = %destination.region,
            findings,
            why,
            "batch rejected: sending it in halves, to find the exposure that is the cause"
        );
    }

    /// Logs that a response does not account for every finding that was sent.
    pub fn findings_unaccounted(
        &self,
        destination: &Destination,
        unaccounted: usize,
        sent: usize,
        succeeded: usize,
        failed: usize,
    ) {
        error!(
            event = "findings_unaccounted",
            cycle = self.cycle(),
            account = %destination.account,
            region = %destination.region,
            unaccounted,
            sent,
            succeeded,
            failed,
            "Security Hub did not say what became of some exposures: they count as not published, and the next cycle \
             sends those that are missing"
        );
    }

    /// Logs that one exposure was refused.
    pub fn finding_refused(
        &self,
        destination: &Destination,
        exposure: &str,
        code: &str,
        why: &str,
    ) {
        error!(
            event = "finding_refused",
            cycle = self.cycle(),
            account = %destination.account,
            region = %destination.region,
            exposure,
            code,
            why,
            "exposure not published"
        );
    }

    /// Logs that the OCSF file was written.
    pub fn ocsf_written(&self, file: &str, exposures: usize) {
        info!(
            event = "ocsf_written",
            cycle = self.cycle(),
            file,
            exposures,
            "OCSF file written"
        );
    }

    /// Logs that the OCSF file could not be written.
    pub fn ocsf_failed(&self, file: &str, why: &str) {
        error!(
            event = "ocsf_failed",
            cycle = self.cycle(),
            file,
            why,
            "OCSF file not written"
        );
    }
}
