//! What `once` reports: the exposures, the coverage, the plan, and a summary.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::evaluate::Exposures;
use crate::model::{Coverage, CoverageRow, Mute, MuteState, MuteUse};
use crate::pipeline::CycleOutcome;
use crate::reconcile::PublicationOutcome;

use crate::report::near_misses::NearlyExposed;
use crate::report::options::Selection;

use super::coverage::CoverageRowJson;
use super::explanation::NearMissJson;
use super::exposure::{ExposureJson, MuteJson};
use super::plan::PlanJson;
use super::resource::{ResourceJson, list};

/// The result of one cycle.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "cycle")]
pub(crate) struct CycleJson<'a> {
    /// The exposures that match the filters, the most severe first.
    #[schemars(with = "Vec<ExposureJson<'_>>")]
    exposures: ExposuresJson<'a>,
    /// With `--near-misses`: the resources that would be exposed with one more trait, those that would be most severe
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    near_misses: Option<Vec<NearlyExposedJson<'a>>>,
    /// How completely each collection target was read.
    coverage: Vec<CoverageRowJson<'a>>,
    /// What is to be done in Security Hub, or was done; null if there is no plan.
    plan: Option<PlanJson<'a>>,
    summary: SummaryJson<'a>,
}

/// A resource that would be exposed with one more trait.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "nearly_exposed")]
struct NearlyExposedJson<'a> {
    resource: ResourceJson<'a>,
    #[serde(flatten)]
    nearest: NearMissJson<'a>,
}

/// The exposures as a list, each described when it is written: all of them at once may need more memory than there is.
struct ExposuresJson<'a>(Exposures<'a>);

impl Serialize for ExposuresJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(None)?;
        for exposure in self.0.iter() {
            list.serialize_element(&ExposureJson::from(&exposure))?;
        }
        list.end()
    }
}

/// The counts of the cycle.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "summary")]
struct SummaryJson<'a> {
    /// How many exposures there are, listed or not.
    exposures: usize,
    /// How many of them are not listed, because of filters or `--limit`.
    exposures_not_listed: usize,
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    /// How many resources have a type with exposure rules.
    resources_evaluated: usize,
    /// How many resources without an exposure would have one with one more trait.
    near_misses: usize,
    /// How many findings are no evidence because their services have not updated them for longer than `collect.max_age`.
    outdated_findings: usize,
    mutes: Vec<MuteStateJson<'a>>,
    targets: TargetCountsJson,
    /// The version of the rules.
    catalog_version: &'a str,
    /// What was published; null if nothing was.
    published: Option<PublishedJson>,
}

/// A mute, and what it did.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "mute_state")]
pub(crate) struct MuteStateJson<'a> {
    #[serde(flatten)]
    mute: MuteJson<'a>,
    #[serde(flatten)]
    state: MuteEffectJson,
}

/// What a mute did.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "mute_effect")]
#[serde(tag = "state", rename_all = "kebab-case")]
enum MuteEffectJson {
    /// Its last day has passed.
    Expired,
    /// It matches no resource.
    Unmatched,
    /// It applies to resources.
    Used {
        resources: usize,
        /// How many of them have no exposure because of it.
        hidden: usize,
        /// How many of them have a less severe exposure because of it.
        lowered: usize,
    },
}

/// How many collection targets have each coverage.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "target_counts")]
struct TargetCountsJson {
    complete: usize,
    partial: usize,
    failed: usize,
    unavailable: usize,
}

/// How many exposures were changed in Security Hub, and how.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "published")]
struct PublishedJson {
    created: usize,
    updated: usize,
    reopened: usize,
    archived: usize,
    held: usize,
    refreshed: usize,
    unchanged: usize,
    failed: usize,
}

impl<'a> CycleJson<'a> {
    pub(crate) fn new(
        outcome: &'a CycleOutcome,
        selection: &'a Selection,
        nearly_exposed: Option<&'a [NearlyExposed]>,
    ) -> Self {
        Self {
            exposures: ExposuresJson(selection.exposures(outcome)),
            near_misses: nearly_exposed.map(list),
            coverage: list(&outcome.coverage),
            plan: outcome.plan.as_ref().map(PlanJson::from),
            summary: SummaryJson::new(outcome, selection),
        }
    }
}

impl<'a> From<&'a NearlyExposed> for NearlyExposedJson<'a> {
    fn from(one: &'a NearlyExposed) -> Self {
        Self {
            resource: (&one.resource).into(),
            nearest: (&one.nearest).into(),
        }
    }
}

impl<'a> SummaryJson<'a> {
    fn new(outcome: &'a CycleOutcome, selection: &Selection) -> Self {
        let evaluation = &outcome.evaluation;
        let [critical, high, medium, low] = evaluation.by_severity().map(|(_, count)| count);
        Self {
            exposures: evaluation.graded.len(),
            exposures_not_listed: evaluation.graded.len() - selection.listed(),
            critical,
            high,
            medium,
            low,
            resources_evaluated: evaluation.resources,
            near_misses: evaluation.near_misses.len(),
            outdated_findings: outcome.view.outdated_findings(),
            mutes: list(&outcome.mutes),
            targets: outcome.coverage.as_slice().into(),
            catalog_version: outcome.catalog.version(),
            published: outcome.publication.as_ref().map(PublishedJson::from),
        }
    }
}

impl<'a> From<&'a (Mute, MuteState)> for MuteStateJson<'a> {
    fn from((mute, state): &'a (Mute, MuteState)) -> Self {
        Self {
            mute: mute.into(),
            state: (*state).into(),
        }
    }
}

impl From<MuteState> for MuteEffectJson {
    fn from(state: MuteState) -> Self {
        match state {
            MuteState::Expired => Self::Expired,
            MuteState::Unmatched => Self::Unmatched,
            MuteState::Used(MuteUse {
                resources,
                hidden,
                lowered,
            }) => Self::Used {
                resources,
                hidden,
                lowered,
            },
        }
    }
}

impl From<&[CoverageRow]> for TargetCountsJson {
    fn from(rows: &[CoverageRow]) -> Self {
        let mut counts: BTreeMap<Coverage, usize> = BTreeMap::new();
        for row in rows {
            *counts.entry(row.coverage).or_default() += 1;
        }
        let count = |coverage| counts.get(&coverage).copied().unwrap_or_default();
        Self {
            complete: count(Coverage::Complete),
            partial: count(Coverage::Partial),
            failed: count(Coverage::Failed),
            unavailable: count(Coverage::Unavailable),
        }
    }
}

impl From<&PublicationOutcome> for PublishedJson {
    fn from(published: &PublicationOutcome) -> Self {
        Self {
            created: published.created,
            updated: published.updated,
            reopened: published.reopened,
            archived: published.archived,
            held: published.held,
            refreshed: published.refreshed,
            unchanged: published.unchanged,
            failed: published.failed,
        }
    }
}
