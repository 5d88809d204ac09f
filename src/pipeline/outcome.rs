//! The result of a cycle.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::catalog::Catalog;
use crate::evaluate::{Evaluation, Exposures};
use crate::graph::View;
use crate::model::{AccountId, CallCount, Coverage, CoverageRow, Mute, MuteState, Region, Triage};
use crate::reconcile::{self, Plan, PublicationOutcome};
use crate::telemetry::{CycleResult, CycleSummary};

/// The result of a cycle.
#[derive(Debug)]
pub struct CycleOutcome {
    /// The exposures.
    pub evaluation: Evaluation,
    /// What they were derived from.
    pub view: Arc<View>,
    /// The catalog that was used.
    pub catalog: Arc<Catalog>,
    /// The user's mutes and criticality that were used.
    pub triage: Triage,
    /// How completely each target was read.
    pub coverage: Vec<CoverageRow>,
    /// The time of the exposures: the start of the cycle, or the latest time in the files.
    pub as_of: DateTime<Utc>,
    /// The account and the home Region of the caller, if AWS was called.
    pub caller: Option<(AccountId, Region)>,
    /// The state of each mute in the configuration.
    pub mutes: Vec<(Mute, MuteState)>,
    /// What is published, or would be; `None` if there was no plan to make, or nothing is published to Security Hub.
    pub plan: Option<Plan>,
    /// What was published; `None` if the cycle was not to publish.
    pub publication: Option<PublicationOutcome>,
    /// How often AWS was called.
    pub calls: CallCount,
}

impl CycleOutcome {
    /// Returns the exposures in full.
    pub fn exposures(&self) -> Exposures<'_> {
        Exposures {
            view: &self.view,
            catalog: &self.catalog,
            triage: self.triage.on(self.as_of.date_naive()),
            evaluation: &self.evaluation,
        }
    }

    /// Returns how the cycle ended.
    pub fn result(&self) -> CycleResult {
        let is_archive_refused = |plan: &Plan| plan.archive_refused.is_some();
        if self.unpublished() > 0 {
            CycleResult::Unpublished
        } else if self.plan.as_ref().is_some_and(is_archive_refused) {
            CycleResult::ArchiveRefused
        } else if self.is_partial() {
            CycleResult::Partial
        } else {
            CycleResult::Complete
        }
    }

    /// Whether a target was partial or failed, or an exposure could not be planned.
    pub fn is_partial(&self) -> bool {
        let is_incomplete =
            |row: &CoverageRow| matches!(row.coverage, Coverage::Failed | Coverage::Partial);
        self.coverage.iter().any(is_incomplete)
            || self.plan.as_ref().is_some_and(|plan| plan.unplanned() > 0)
    }

    /// Returns how many exposures could not be published, or files could not be written.
    pub fn unpublished(&self) -> usize {
        self.publication
            .as_ref()
            .map_or(0, PublicationOutcome::unpublished)
    }

    pub(super) fn summary(&self, duration: Duration, ended: DateTime<Utc>) -> CycleSummary<'_> {
        CycleSummary {
            outcome: self.result(),
            coverage: &self.coverage,
            resources: self.evaluation.resources,
            open: reconcile::open_exposures(&self.evaluation, self.plan.as_ref()),
            published: self.publication.as_ref(),
            calls: self.calls,
            duration,
            ended,
        }
    }
}
