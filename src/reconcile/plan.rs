//! The output of reconciliation: one step for every exposure that is or should be published.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};

use crate::model::{CollectionTarget, ExposureId, RecordState, Severity};

use super::decision::{Action, Decision, HoldReason, MassArchive};
use super::destination::Destination;
use super::state::ExposureKey;

/// What happens to one exposure in one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanStep {
    /// The exposure.
    pub id: ExposureId,
    /// Where it is published.
    pub destination: Destination,
    /// What happens, and why.
    pub decision: Decision,
    /// The title, for people.
    pub title: String,
    /// The ID of the exposed resource, for people.
    pub resource: String,
    /// The severity that was found, or the published severity if the exposure was not found.
    pub severity: Option<Severity>,
    /// When the finding was created. An exposure that moves keeps the earliest time.
    pub created_at: DateTime<Utc>,
    /// When the resource was first seen exposed.
    pub first_observed_at: DateTime<Utc>,
    /// Always later than the published time, even if the clock went back: Security Hub ignores an update that is not
    /// newer. Source: Security Hub User Guide, "Using BatchImportFindings".
    pub updated_at: DateTime<Utc>,
    /// Whether the finding is active or archived afterwards.
    pub record_state: RecordState,
    /// Whether the finding has to be archived before it is written: Security Hub sets the workflow status back to `NEW`
    /// only when an archived finding becomes active again. Source: Security Hub API Reference, `Workflow`.
    pub archive_first: bool,
    /// How often the finding was reopened, including this step.
    pub reopened: u32,
    /// The number of consecutive cycles in which the exposure was not found, including this one.
    pub missed: u32,
    /// The targets that the published finding depends on and that were not read completely. They stay recorded until they
    /// are read again, so that an update does not make the exposure independent of them.
    pub unread: RecordedTargets,
}

/// The collection targets that a published finding records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedTargets {
    /// Those without which the exposure could look less severe, or gone.
    pub seen_by: BTreeSet<CollectionTarget>,
    /// Those without which the exposure could look more severe.
    pub lowered_by: BTreeSet<CollectionTarget>,
}

impl PlanStep {
    /// The key of the published exposure that the step is about.
    pub fn key(&self) -> ExposureKey {
        (self.destination.clone(), self.id.clone())
    }

    /// The `UpdatedAt` of the last import of the step: one that archives first imports twice.
    pub fn last_import_at(&self) -> DateTime<Utc> {
        if self.archive_first {
            self.updated_at + Duration::milliseconds(1)
        } else {
            self.updated_at
        }
    }
}

/// All steps of one cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each exposure once per destination, sorted by destination and ID.
    pub steps: Vec<PlanStep>,
    /// Set if nothing is archived because too many exposures would be archived at once.
    pub archive_refused: Option<MassArchive>,
}

impl Plan {
    /// The number of steps with this action.
    pub fn count(&self, action: Action) -> usize {
        self.steps
            .iter()
            .filter(|step| step.decision.action() == action)
            .count()
    }

    /// The steps that keep a finding active although its exposure was not found, each with the reason.
    pub fn held(&self) -> impl Iterator<Item = (&PlanStep, &HoldReason)> {
        self.steps.iter().filter_map(|step| {
            let reason = step.decision.held()?;
            (!reason.is_unplanned()).then_some((step, reason))
        })
    }

    /// The number of exposures that could not be compared with what is published.
    pub fn unplanned(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| step.decision.held().is_some_and(HoldReason::is_unplanned))
            .count()
    }
}
