//! What `explain` reports about one resource.

use schemars::JsonSchema;
use serde::Serialize;

use crate::evaluate::{Explanation, NearMiss, PreventedRule};
use crate::model::{CoverageRow, FixEffect, Severity, TraitFix, TraitId};
use crate::reconcile::{HoldReason, PlanStep};

use crate::report::options::ListOptions;

use super::coverage::{CoverageRowJson, UnreadSourceJson};
use super::exposure::{
    ExposureJson, MitigationJson, MuteJson, RemediationJson, TitledIdJson, TraitJson,
};
use super::plan::StepJson;
use super::resource::{ResourceJson, list};
use super::vocabulary;

/// Everything that is known about one resource.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "explanation")]
pub(crate) struct ExplanationJson<'a> {
    resource: ResourceJson<'a>,
    /// Null if the resource is not exposed as far as is known.
    exposure: Option<ExposureJson<'a>>,
    traits: Vec<TraitJson<'a>>,
    mitigations: Vec<MitigationJson<'a>>,
    /// The mutes that apply to the resource.
    muted: Vec<MuteJson<'a>>,
    /// The severity without these mutes; null if there are none, or if the resource would not be exposed without them.
    #[schemars(schema_with = "vocabulary::optional_severity")]
    severity_without_mutes: Option<&'static str>,
    /// What happens to the published findings about the resource that are held: what was read does not decide about them.
    held: Vec<StepJson<'a>>,
    /// The sources that were not read completely.
    unknown: Vec<UnreadSourceJson>,
    near_misses: Vec<NearMissJson<'a>>,
    prevented: Vec<PreventedJson<'a>>,
    fixes: Vec<FixJson<'a>>,
    /// How completely each collection target was read. What was not read is unknown about the resource, too.
    coverage: Vec<CoverageRowJson<'a>>,
}

/// A rule that would match with one more trait.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "near_miss")]
pub(super) struct NearMissJson<'a> {
    rule: &'a str,
    title: &'a str,
    #[schemars(schema_with = "vocabulary::severity")]
    severity: &'static str,
    /// The traits, one of which is missing.
    missing: Vec<TitledIdJson<'a>>,
    /// The traits that the rule needs and the resource has.
    present: Vec<&'a str>,
}

/// A rule that would match without a mitigation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "prevented")]
struct PreventedJson<'a> {
    rule: &'a str,
    title: &'a str,
    #[schemars(schema_with = "vocabulary::severity")]
    severity: &'static str,
    /// The mitigations.
    by: Vec<TitledIdJson<'a>>,
}

/// What fixing one trait does to the exposure of this resource.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "fix")]
struct FixJson<'a> {
    #[serde(rename = "trait")]
    trait_id: &'a str,
    #[serde(flatten)]
    effect: EffectJson,
    remediation: RemediationJson<'a>,
}

/// The effect of a fix.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "effect")]
#[serde(tag = "effect", content = "severity", rename_all = "lowercase")]
enum EffectJson {
    /// It resolves the exposure.
    Resolves,
    /// It reduces the exposure to this severity.
    Reduces(#[schemars(schema_with = "vocabulary::severity")] &'static str),
    /// It does not change the severity on its own.
    Unchanged,
}

impl<'a> ExplanationJson<'a> {
    pub(crate) fn new(
        explanation: &'a Explanation,
        coverage: &'a [CoverageRow],
        held: &[(&'a PlanStep, &'a HoldReason)],
        options: &ListOptions,
    ) -> Self {
        let near_misses = explanation
            .near_misses
            .iter()
            .filter(|miss| options.filter.allows_severity(miss.severity))
            .take(options.limit.unwrap_or(usize::MAX));
        let prevented = explanation
            .prevented
            .iter()
            .filter(|rule| options.filter.allows_severity(rule.severity));
        Self {
            resource: (&explanation.resource).into(),
            exposure: explanation.exposure.as_ref().map(ExposureJson::from),
            traits: list(&explanation.traits),
            mitigations: list(&explanation.mitigations),
            muted: list(&explanation.muted),
            severity_without_mutes: explanation.severity_without_mutes.map(Severity::as_str),
            held: held.iter().map(|(step, _)| StepJson::from(*step)).collect(),
            unknown: UnreadSourceJson::list(coverage),
            near_misses: near_misses.map(NearMissJson::from).collect(),
            prevented: prevented.map(PreventedJson::from).collect(),
            fixes: list(&explanation.fixes),
            coverage: list(coverage),
        }
    }
}

impl<'a> From<&'a NearMiss> for NearMissJson<'a> {
    fn from(miss: &'a NearMiss) -> Self {
        Self {
            rule: miss.rule.as_str(),
            title: &miss.title,
            severity: miss.severity.as_str(),
            missing: list(&miss.missing),
            present: miss.present.iter().map(TraitId::as_str).collect(),
        }
    }
}

impl<'a> From<&'a PreventedRule> for PreventedJson<'a> {
    fn from(prevented: &'a PreventedRule) -> Self {
        Self {
            rule: prevented.rule.as_str(),
            title: &prevented.title,
            severity: prevented.severity.as_str(),
            by: list(&prevented.by),
        }
    }
}

impl<'a> From<&'a TraitFix> for FixJson<'a> {
    fn from(fix: &'a TraitFix) -> Self {
        Self {
            trait_id: fix.trait_id.as_str(),
            effect: (&fix.effect).into(),
            remediation: (&fix.remediation).into(),
        }
    }
}

impl From<&FixEffect> for EffectJson {
    fn from(effect: &FixEffect) -> Self {
        match effect {
            FixEffect::Resolves => Self::Resolves,
            FixEffect::Reduces(severity) => Self::Reduces(severity.as_str()),
            FixEffect::Unchanged => Self::Unchanged,
        }
    }
}
