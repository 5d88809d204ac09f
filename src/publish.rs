//! From exposures to what others read: reconciled with what stands, then ASFF into Security Hub and OCSF into files.

mod ocsf_file;
mod security_hub;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::aws::{CallBudget, CallError, Session};
use crate::config::{Mode, Publish, SecurityHub};
use crate::evaluate::{Evaluation, Exposures};
use crate::formats::asff;
use crate::model::{CoverageRow, Exposure, Partition, Severity};
use crate::reconcile::{Action, Destination, Plan, Policy};
use crate::telemetry::{CycleLog, Progress};

pub use security_hub::{Planned, Standing};

/// What publishing needs.
#[derive(Clone, Copy, Debug)]
pub struct Publisher<'a> {
    /// The way to AWS.
    pub session: &'a Session,
    /// Where exposures go.
    pub settings: &'a Publish,
    /// By which rules they were found.
    pub catalog_version: &'a str,
    /// The start of the cycle.
    pub now: DateTime<Utc>,
    /// Where to tell of what is published.
    pub log: &'a CycleLog,
    /// How far it has come.
    pub progress: &'a Progress,
    /// From then on no further batch is sent.
    pub budget: &'a CallBudget,
}

/// What was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicationOutcome {
    /// How many exposures were made in Security Hub.
    pub created: usize,
    /// How many were changed there.
    pub updated: usize,
    /// How many stand again.
    pub reopened: usize,
    /// How many were archived there.
    pub archived: usize,
    /// How many were sent again as they are.
    pub refreshed: usize,
    /// How many stand although they were not found, since that proves nothing.
    pub held: usize,
    /// How many stand as they are.
    pub unchanged: usize,
    /// How many should have been sent and were not, or were refused.
    pub failed: usize,
    /// Whether the OCSF file was wanted and could not be written.
    pub ocsf_failed: bool,
}

impl PublicationOutcome {
    /// How many things are not where they should be.
    pub fn unpublished(&self) -> usize {
        self.failed + usize::from(self.ocsf_failed)
    }
}

impl Publisher<'_> {
    /// Reads what stands in Security Hub; `None` if nothing is published there.
    ///
    /// It is read at the start of the cycle: an update carries the cycle's start as its time, so what another daemon,
    /// which began later, has written meanwhile is newer, and stays.
    pub async fn standing(&self) -> Option<Standing> {
        let settings = self.settings.security_hub.as_ref()?;
        Some(security_hub::read_standing(self, settings).await)
    }

    /// Plans what is to be done in Security Hub; `None` if nothing is published there.
    pub async fn plan(
        &self,
        standing: Option<Standing>,
        exposures: &Exposures<'_>,
        coverage: &[CoverageRow],
        policy: Policy,
    ) -> Option<Planned> {
        let settings = self.settings.security_hub.as_ref()?;
        let standing = standing.unwrap_or_default();
        let planning =
            security_hub::plan_publication(self, settings, standing, exposures, coverage, policy);
        Some(planning.await)
    }

    /// Publishes everywhere that the settings say.
    pub async fn publish(
        &self,
        planned: Option<&Planned>,
        exposures: &Exposures<'_>,
    ) -> PublicationOutcome {
        let mut outcome = PublicationOutcome::default();
        if let (Some(settings), Some(planned)) = (&self.settings.security_hub, planned) {
            outcome.held = planned.plan.held().count();
            outcome.unchanged = planned.plan.count(Action::Unchanged);
            // Without what stands, an import could lose when an exposure was made: better late than wrong.
            outcome.failed = planned.plan.unplanned();
            security_hub::publish(self, settings, planned, exposures, &mut outcome).await;
        }
        if let Some(directory) = &self.settings.ocsf_directory {
            let plan = planned.map(|planned| &planned.plan);
            outcome.ocsf_failed = !ocsf_file::write(self, directory, exposures, plan);
        }
        outcome
    }
}

/// How many exposures are open, most severe first: those that were found, and those that are held. One whose severity
/// cannot be read back counts as low.
pub fn open_exposures(evaluation: &Evaluation, plan: Option<&Plan>) -> Vec<(Severity, usize)> {
    let held = plan.into_iter().flat_map(Plan::held);
    let severities: Vec<Severity> = evaluation
        .graded
        .iter()
        .map(|graded| graded.severity)
        .chain(held.map(|(step, _)| step.severity.unwrap_or(Severity::Low)))
        .collect();
    Severity::DESCENDING
        .into_iter()
        .map(|severity| {
            let count = severities.iter().filter(|one| **one == severity).count();
            (severity, count)
        })
        .collect()
}

/// Asks Security Hub whether exposures may be imported at home, by a call that carries none.
pub async fn probe(
    session: &Session,
    settings: &SecurityHub,
) -> (Destination, Result<(), CallError>) {
    let region = settings.region.as_ref().unwrap_or(session.home()).clone();
    let result = security_hub::probe(&session.security_hub(&region)).await;
    (
        Destination {
            account: session.account,
            region,
        },
        result,
    )
}

/// Where an exposure goes: under the caller's account, or under its resource's. The product ARN must be of the
/// endpoint's Region, but the resource's Region may be another (partner guide, FAQ).
pub fn destination(session: &Session, settings: &SecurityHub, exposure: &Exposure) -> Destination {
    let home = settings.region.as_ref().unwrap_or(session.home());
    match settings.mode {
        Mode::Home => Destination {
            account: session.account,
            region: home.clone(),
        },
        Mode::Member(_) => {
            let own = &exposure.resource.region;
            let is_read = settings.region.is_none() && session.regions.contains(own);
            Destination {
                account: exposure.resource.account,
                region: if is_read { own.clone() } else { home.clone() },
            }
        }
    }
}

/// A SHA-256 over the finding without its times: the same as long as there is nothing new to say.
pub fn content_digest(exposure: &Exposure, destination: &Destination) -> String {
    let (finding, _) = asff::finding(&asff::Publication {
        exposure,
        account: destination.account,
        region: destination.region.clone(),
        partition: Partition::of_region(&destination.region),
        created_at: DateTime::UNIX_EPOCH,
        first_observed_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        record_state: asff::RecordState::Active,
        // New rules that say the same of a resource are nothing new about it.
        catalog_version: "",
    });
    // A structure of texts, numbers and lists always becomes JSON.
    let json = serde_json::to_vec(&finding).unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update(&json);
    hasher.update(security_hub::seen_by(&exposure.seen_by));
    hasher
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
