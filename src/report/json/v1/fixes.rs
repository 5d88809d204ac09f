//! What `fixes` reports: what to fix first, over all exposures.

use schemars::JsonSchema;
use serde::Serialize;

use crate::evaluate::{
    FixSet, FixTarget, FoundBy, RankedFix, RemainingExposure, SeverityReduction,
};
use crate::model::ExposureId;

use super::coverage::{CoverageRowJson, UnreadSourceJson};
use super::cycle::MuteStateJson;
use super::exposure::RemediationJson;
use super::plan::StepJson;
use super::resource::{ResourceJson, list};
use super::vocabulary;

/// What to fix first, over all exposures.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "fixes")]
pub(crate) struct FixesJson<'a> {
    /// The fixes that change an exposure on their own, the most effective first.
    pub(crate) fixes: Vec<RankedFixJson<'a>>,
    /// How many fixes are not listed, because of filters or `--limit`.
    pub(crate) not_listed: usize,
    /// How many traits contribute to an exposure, but change none unless others are fixed too.
    pub(crate) no_effect_alone: usize,
    /// Fixes that together leave no exposure CRITICAL.
    pub(crate) leaves_no_critical: FixSetJson<'a>,
    /// Fixes that together leave no exposure HIGH or CRITICAL.
    pub(crate) leaves_no_high: FixSetJson<'a>,
    /// The mutes of the configuration: what they hide needs no fix here.
    pub(crate) mutes: Vec<MuteStateJson<'a>>,
    /// What happens to the published exposures that are held. Those that were not found have no fix here.
    pub(crate) held: Vec<StepJson<'a>>,
    /// The sources that were not read completely.
    pub(crate) unknown: Vec<UnreadSourceJson>,
    /// How completely each collection target was read. What was not read may need fixes, too.
    pub(crate) coverage: Vec<CoverageRowJson<'a>>,
}

/// A trait on the resource where it was found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "fix_target")]
struct FixTargetJson<'a> {
    #[serde(rename = "trait")]
    trait_id: &'a str,
    title: &'a str,
    resource: ResourceJson<'a>,
    remediation: RemediationJson<'a>,
}

/// A fix, and what it does on its own.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ranked_fix")]
pub(crate) struct RankedFixJson<'a> {
    #[serde(flatten)]
    target: FixTargetJson<'a>,
    /// How many exposures it resolves.
    resolves: usize,
    /// How many exposures it makes less severe.
    reduces: Vec<ReducedJson>,
    /// The IDs of the exposures that it resolves or reduces.
    exposures: Vec<&'a str>,
}

/// How many exposures change from one severity to another.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "reduced")]
struct ReducedJson {
    #[schemars(schema_with = "vocabulary::severity")]
    from: &'static str,
    #[schemars(schema_with = "vocabulary::severity")]
    to: &'static str,
    count: usize,
}

/// Fixes that together leave no exposure of some severity.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "fix_set")]
pub(crate) struct FixSetJson<'a> {
    /// How the set was chosen. No fix of a `greedy` set is superfluous, but a smaller set may exist.
    #[schemars(schema_with = "found_by")]
    found_by: &'static str,
    /// How many exposures have the severity now.
    exposures: usize,
    fixes: Vec<FixTargetJson<'a>>,
    /// The exposures that no known set of fixes makes less severe.
    remaining: Vec<RemainingJson<'a>>,
}

/// An exposure that keeps its severity.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "remaining")]
struct RemainingJson<'a> {
    exposure: &'a str,
    resource: ResourceJson<'a>,
}

fn found_by_name(found_by: FoundBy) -> &'static str {
    match found_by {
        FoundBy::Greedy => "greedy",
    }
}

fn found_by(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "enum": [found_by_name(FoundBy::Greedy)] })
}

impl<'a> From<&'a FixTarget> for FixTargetJson<'a> {
    fn from(target: &'a FixTarget) -> Self {
        Self {
            trait_id: target.trait_id.as_str(),
            title: &target.title,
            resource: (&target.resource).into(),
            remediation: (&target.remediation).into(),
        }
    }
}

impl<'a> From<&'a RankedFix> for RankedFixJson<'a> {
    fn from(fix: &'a RankedFix) -> Self {
        Self {
            target: (&fix.target).into(),
            resolves: fix.resolves,
            reduces: list(&fix.reduces),
            exposures: fix.exposures.iter().map(ExposureId::as_str).collect(),
        }
    }
}

impl From<&SeverityReduction> for ReducedJson {
    fn from(reduced: &SeverityReduction) -> Self {
        Self {
            from: reduced.from.as_str(),
            to: reduced.to.as_str(),
            count: reduced.count,
        }
    }
}

impl<'a> From<&'a FixSet> for FixSetJson<'a> {
    fn from(set: &'a FixSet) -> Self {
        Self {
            found_by: found_by_name(set.found_by),
            exposures: set.exposures,
            fixes: list(&set.fixes),
            remaining: list(&set.remaining),
        }
    }
}

impl<'a> From<&'a RemainingExposure> for RemainingJson<'a> {
    fn from(remaining: &'a RemainingExposure) -> Self {
        Self {
            exposure: remaining.exposure.as_str(),
            resource: (&remaining.resource).into(),
        }
    }
}
