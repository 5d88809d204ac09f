//! The result as JSON. Its form is a contract.

use chrono::NaiveDate;
use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::daemon::CycleOutcome;
use crate::evaluate::MuteState;
use crate::model::{
    Coverage, CoverageRow, Exposure, ExposureMitigation, ExposureTrait, FactorScore, FindingId,
    Mute, PathEdge, PathNode, Remediation, Resource, Severity, SignalReference, TraitType,
};

#[derive(Serialize)]
struct Result<'a> {
    exposures: Vec<ExposureJson<'a>>,
    coverage: &'a [CoverageRow],
    /// What is to be done in Security Hub, or was; null where it was not asked.
    plan: Option<super::plan::PlanJson<'a>>,
    summary: Summary<'a>,
}

#[derive(Serialize)]
pub(super) struct ExposureJson<'a> {
    id: &'a str,
    title: &'a str,
    description: &'a str,
    severity: Severity,
    resource: &'a Resource,
    tags: std::collections::BTreeMap<&'a str, &'a str>,
    likelihood: &'static str,
    impact: &'static str,
    factors: &'a [FactorScore],
    rule: &'a str,
    matched_rules: Vec<&'a str>,
    traits: Vec<TraitJson<'a>>,
    mitigations: Vec<MitigationJson<'a>>,
    attack_path: &'a [PathEdge],
    attack_path_nodes: &'a [PathNode],
    attack_path_left_out: usize,
}

#[derive(Serialize)]
pub(super) struct TraitJson<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(rename = "type")]
    trait_type: TraitType,
    contributing: bool,
    signals: Vec<&'a FindingId>,
    evidence: &'a [SignalReference],
    remediation: &'a Remediation,
}

/// What is known to stand in an attacker's way.
#[derive(Serialize)]
pub(super) struct MitigationJson<'a> {
    id: &'a str,
    title: &'a str,
    evidence: &'a [SignalReference],
}

/// What the user has decided not to count.
#[derive(Serialize)]
pub(super) struct MuteJson<'a> {
    muted: String,
    reason: &'a str,
    owner: &'a str,
    until: NaiveDate,
}

/// A mute, and what became of it.
#[derive(Serialize)]
struct MuteStateJson<'a> {
    #[serde(flatten)]
    mute: MuteJson<'a>,
    #[serde(flatten)]
    state: MuteState,
}

#[derive(Serialize)]
struct Summary<'a> {
    exposures: usize,
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    resources_evaluated: usize,
    near_misses: usize,
    mutes: Vec<MuteStateJson<'a>>,
    cells: Cells,
    catalogue_version: &'a str,
    published: Option<Published>,
}

#[derive(Serialize)]
struct Cells {
    complete: usize,
    partial: usize,
    failed: usize,
    unavailable: usize,
}

#[derive(Serialize)]
struct Published {
    created: usize,
    updated: usize,
    reopened: usize,
    archived: usize,
    held: usize,
    refreshed: usize,
    unchanged: usize,
    failed: usize,
}

pub(super) fn render(outcome: &CycleOutcome, catalogue: &Catalogue) -> String {
    let count = |severity| {
        outcome
            .evaluation
            .exposures
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    let cells = |coverage| {
        outcome
            .coverage
            .iter()
            .filter(|row| row.coverage == coverage)
            .count()
    };
    pretty(&Result {
        exposures: outcome.evaluation.exposures.iter().map(exposure).collect(),
        coverage: &outcome.coverage,
        plan: outcome.plan.as_ref().map(super::plan::json),
        summary: Summary {
            exposures: outcome.evaluation.exposures.len(),
            critical: count(Severity::Critical),
            high: count(Severity::High),
            medium: count(Severity::Medium),
            low: count(Severity::Low),
            resources_evaluated: outcome.evaluation.resources,
            near_misses: outcome.evaluation.near_misses,
            mutes: outcome
                .mutes
                .iter()
                .map(|(one, state)| MuteStateJson {
                    mute: mute(one),
                    state: *state,
                })
                .collect(),
            cells: Cells {
                complete: cells(Coverage::Complete),
                partial: cells(Coverage::Partial),
                failed: cells(Coverage::Failed),
                unavailable: cells(Coverage::Unavailable),
            },
            catalogue_version: catalogue.version(),
            published: outcome.publication.as_ref().map(|published| Published {
                created: published.created,
                updated: published.updated,
                reopened: published.reopened,
                archived: published.archived,
                held: published.held,
                refreshed: published.refreshed,
                unchanged: published.unchanged,
                failed: published.failed,
            }),
        },
    })
}

/// Indented, with a line break at the end.
pub(in crate::cli) fn pretty(value: &impl Serialize) -> String {
    // Structures of texts, numbers and lists always become JSON.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

pub(super) fn exposure(exposure: &Exposure) -> ExposureJson<'_> {
    ExposureJson {
        id: exposure.id.as_str(),
        title: &exposure.title,
        description: &exposure.description,
        severity: exposure.severity,
        resource: &exposure.resource,
        tags: exposure
            .tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect(),
        likelihood: exposure.likelihood.as_str(),
        impact: exposure
            .impact
            .map_or("unknown", crate::model::Impact::as_str),
        factors: &exposure.factors,
        rule: exposure.rule.as_str(),
        matched_rules: exposure
            .matched_rules
            .iter()
            .map(crate::model::RuleId::as_str)
            .collect(),
        traits: exposure.traits.iter().map(exposure_trait).collect(),
        mitigations: exposure.mitigations.iter().map(mitigation).collect(),
        attack_path: &exposure.attack_path.edges,
        attack_path_nodes: &exposure.attack_path.nodes,
        attack_path_left_out: exposure.attack_path.left_out,
    }
}

pub(super) fn mitigation(one: &ExposureMitigation) -> MitigationJson<'_> {
    MitigationJson {
        id: one.id.as_str(),
        title: &one.title,
        evidence: &one.signals,
    }
}

pub(super) fn mute(mute: &Mute) -> MuteJson<'_> {
    MuteJson {
        muted: mute.muted.to_string(),
        reason: &mute.reason,
        owner: &mute.owner,
        until: mute.until,
    }
}

pub(super) fn exposure_trait(one: &ExposureTrait) -> TraitJson<'_> {
    TraitJson {
        id: one.id.as_str(),
        title: &one.title,
        trait_type: one.trait_type,
        contributing: one.contributing,
        signals: one.signals.iter().map(|signal| &signal.finding).collect(),
        evidence: &one.signals,
        remediation: &one.remediation,
    }
}
