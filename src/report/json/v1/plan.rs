//! What is to be done in Security Hub, and why.

use chrono::SecondsFormat;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Severity;
use crate::reconcile::{Destination, MassArchive, Plan, PlanStep};

use super::resource::list;
use super::vocabulary;

/// What is to be done in Security Hub, or was done.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "plan")]
pub(super) struct PlanJson<'a> {
    steps: Vec<StepJson<'a>>,
    /// Set if a step would have archived too many exposures, so that none is archived.
    mass_archive_refused: Option<MassArchiveJson>,
}

/// The step for one exposure, and its reason.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "step")]
pub(crate) struct StepJson<'a> {
    /// The ID of the exposure.
    id: &'a str,
    #[schemars(schema_with = "vocabulary::action")]
    action: &'static str,
    reason: String,
    destination: DestinationJson<'a>,
    title: &'a str,
    /// The ID of the exposed resource.
    resource: &'a str,
    #[schemars(schema_with = "vocabulary::optional_severity")]
    severity: Option<&'static str>,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
}

/// The account and Region of the Security Hub that an exposure is published in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "destination")]
struct DestinationJson<'a> {
    account: String,
    region: &'a str,
}

/// The numbers behind a refusal to archive.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "mass_archive")]
struct MassArchiveJson {
    /// How many exposures would have been archived.
    archive: usize,
    /// How many are active.
    active: usize,
    /// The configured limit.
    max_percent: u8,
}

impl<'a> From<&'a Plan> for PlanJson<'a> {
    fn from(plan: &'a Plan) -> Self {
        Self {
            steps: list(&plan.steps),
            mass_archive_refused: plan.archive_refused.as_ref().map(MassArchiveJson::from),
        }
    }
}

impl<'a> From<&'a PlanStep> for StepJson<'a> {
    fn from(step: &'a PlanStep) -> Self {
        Self {
            id: step.id.as_str(),
            action: step.decision.action().as_str(),
            reason: step.decision.to_string(),
            destination: (&step.destination).into(),
            title: &step.title,
            resource: &step.resource,
            severity: step.severity.map(Severity::as_str),
            created_at: step.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        }
    }
}

impl<'a> From<&'a Destination> for DestinationJson<'a> {
    fn from(destination: &'a Destination) -> Self {
        Self {
            account: destination.account.to_string(),
            region: destination.region.as_str(),
        }
    }
}

impl From<&MassArchive> for MassArchiveJson {
    fn from(mass: &MassArchive) -> Self {
        Self {
            archive: mass.archive,
            active: mass.active,
            max_percent: mass.max_percent,
        }
    }
}
