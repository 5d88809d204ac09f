//! The result as JSON. Its form is a contract.

use std::cell::RefCell;
use std::io::Write;

use chrono::NaiveDate;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::evaluate::Exposures;
use crate::model::{
    Coverage, CoverageRow, Exposure, ExposureMitigation, ExposureTrait, FactorScore, FindingId,
    Mute, MuteState, PathEdge, PathNode, Remediation, Resource, Severity, SignalReference,
    TraitType,
};
use crate::pipeline::CycleOutcome;

#[derive(Serialize)]
struct Result<'a> {
    exposures: AllExposures<'a>,
    coverage: &'a [CoverageRow],
    /// What is to be done in Security Hub, or was; null where it was not asked.
    plan: Option<super::plan::PlanJson<'a>>,
    summary: Summary<'a>,
}

/// The exposures as a list, each made when it is written.
struct AllExposures<'a>(Exposures<'a>);

impl Serialize for AllExposures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for one in self.0.iter() {
            list.serialize_element(&exposure(&one))?;
        }
        list.end()
    }
}

/// What an iterator gives, as a list that is written once.
pub(super) struct Sequence<I>(RefCell<I>);

impl<I: Iterator> Sequence<I> {
    pub(super) fn new(elements: I) -> Self {
        Self(RefCell::new(elements))
    }
}

impl<I: Iterator<Item: Serialize>> Serialize for Sequence<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(&mut *self.0.borrow_mut())
    }
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
    targets: Targets,
    catalog_version: &'a str,
    published: Option<Published>,
}

#[derive(Serialize)]
struct Targets {
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

pub(super) fn write(to: &mut impl Write, outcome: &CycleOutcome) -> std::io::Result<()> {
    let [critical, high, medium, low] = outcome.evaluation.by_severity().map(|(_, count)| count);
    let targets = |coverage| {
        outcome
            .coverage
            .iter()
            .filter(|row| row.coverage == coverage)
            .count()
    };
    let result = Result {
        exposures: AllExposures(outcome.exposures()),
        coverage: &outcome.coverage,
        plan: outcome.plan.as_ref().map(super::plan::json),
        summary: Summary {
            exposures: outcome.evaluation.graded.len(),
            critical,
            high,
            medium,
            low,
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
            targets: Targets {
                complete: targets(Coverage::Complete),
                partial: targets(Coverage::Partial),
                failed: targets(Coverage::Failed),
                unavailable: targets(Coverage::Unavailable),
            },
            catalog_version: outcome.catalog.version(),
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
    };
    write_pretty(to, &result)
}

/// Indented, with a line break at the end.
pub(super) fn write_pretty(to: &mut impl Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, value)?;
    to.write_all(b"\n")
}

/// Indented, with a line break at the end.
pub(crate) fn pretty(value: &impl Serialize) -> String {
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
