//! Why a resource has this severity, or why it is not exposed; which single trait is missing, and which fix has the
//! greatest effect.

use crate::catalog::{Catalog, ExposureRule};
use crate::graph::{ResourceIndex, View};
use crate::model::{
    ActiveTriage, Exposure, ExposureMitigation, ExposureTrait, Mute, Resource, RuleId, Severity,
    TraitFix, TraitId, TraitIndex, TraitSet,
};

use super::describe::{describe, exposure_traits, mitigations};
use super::grading::{Grader, apply_triage};
use super::propagate::provenance::provenance;

/// Everything that the evaluation knows about one resource.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The resource.
    pub resource: Resource,
    /// The tags of the resource, sorted.
    pub tags: Vec<(String, String)>,
    /// The exposure of the resource, if it has one.
    pub exposure: Option<Exposure>,
    /// The traits of the resource, contributing ones first.
    pub traits: Vec<ExposureTrait>,
    /// The known mitigations.
    pub mitigations: Vec<ExposureMitigation>,
    /// The mutes that removed something from the resource.
    pub muted: Vec<Mute>,
    /// The severity without these mutes. `None` if there are none, or if the resource would not be exposed without them.
    pub severity_without_mutes: Option<Severity>,
    /// The rules that only mitigations keep from matching, the most severe first.
    pub prevented: Vec<PreventedRule>,
    /// The rules that would match with one more trait, the nearest first.
    pub near_misses: Vec<NearMiss>,
    /// What fixing each contributing trait does, the greatest effect first.
    pub fixes: Vec<TraitFix>,
    /// Whether there are rules for the type of the resource.
    pub has_rules: bool,
}

/// A rule that would match with one more trait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The rule.
    pub rule: RuleId,
    /// The title that would be published.
    pub title: String,
    /// How severe the resource would be.
    pub severity: Severity,
    /// The traits of which one is missing, by ID and title.
    pub missing: Vec<(TraitId, String)>,
    /// The traits that the rule needs and the resource has.
    pub present: Vec<TraitId>,
}

/// A rule that mitigations keep from matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreventedRule {
    /// The rule.
    pub rule: RuleId,
    /// The title that would be published.
    pub title: String,
    /// How severe the resource would be.
    pub severity: Severity,
    /// The mitigations, by ID and title.
    pub by: Vec<(TraitId, String)>,
}

/// Finds the resources that a text can mean: those with exactly this ID, else those with this name, else those whose ID
/// contains it. Resources of types that have rules are preferred.
pub fn find(view: &View, catalog: &Catalog, text: &str) -> Vec<ResourceIndex> {
    let tests: [&dyn Fn(&Resource) -> bool; 3] = [
        &|resource| resource.id == text,
        &|resource| resource.name() == text,
        &|resource| resource.id.contains(text),
    ];
    for is_meant in tests {
        let found: Vec<ResourceIndex> = view
            .indices()
            .filter(|index| is_meant(&view.resource(*index)))
            .collect();
        let with_rules: Vec<ResourceIndex> = found
            .iter()
            .copied()
            .filter(|index| !catalog.rules(view.resource_type(*index)).is_empty())
            .collect();
        if !with_rules.is_empty() {
            return with_rules;
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Explains one resource, by the same evaluation that publishes it.
pub fn explain(
    view: &View,
    catalog: &Catalog,
    triage: &ActiveTriage<'_>,
    index: ResourceIndex,
) -> Explanation {
    let triaged = apply_triage(view, catalog, triage, provenance(view, catalog, index));
    let grader = &triaged.grader;
    let exposure = describe(grader);
    let severity = exposure.as_ref().map(|exposure| exposure.severity);
    let (traits, fixes) = match &exposure {
        Some(exposure) => (exposure.traits.clone(), exposure.fixes.clone()),
        None => (
            exposure_traits(&grader.facts, &TraitSet::default()),
            Vec::new(),
        ),
    };
    Explanation {
        resource: view.resource(index),
        tags: view.tags(index),
        exposure,
        traits,
        mitigations: mitigations(&grader.facts),
        muted: triaged
            .mutes
            .iter()
            .map(|(_, mute)| (*mute).clone())
            .collect(),
        severity_without_mutes: triaged.without_mutes.as_ref().and_then(|unmuted| {
            let score = unmuted.score(unmuted.traits())?;
            Some(score.severity)
        }),
        prevented: prevented_rules(grader, severity),
        near_misses: near_misses(grader, severity),
        fixes,
        has_rules: !grader.rules.is_empty(),
    }
}

/// The near misses that would make the resource more severe. One that would not change anything is not worth reporting.
fn near_misses(grader: &Grader<'_>, current: Option<Severity>) -> Vec<NearMiss> {
    let mut misses: Vec<NearMiss> = grader
        .rules
        .iter()
        .filter(|rule| grader.is_active(rule))
        .filter_map(|rule| near_miss(grader, rule))
        .filter(|miss| current.is_none_or(|current| miss.severity > current))
        .collect();
    // The nearest is the one with the most traits present.
    misses.sort_by(|left, right| {
        (right.present.len(), right.severity)
            .cmp(&(left.present.len(), left.severity))
            .then_with(|| left.rule.cmp(&right.rule))
    });
    misses
}

fn near_miss(grader: &Grader<'_>, rule: &ExposureRule) -> Option<NearMiss> {
    let traits = grader.traits();
    let missing = rule.missing(traits).filter(|missing| !missing.is_empty())?;
    // Any of the missing traits makes the rule match. The most severe result is reported.
    let severity = missing
        .iter()
        .filter_map(|index| {
            let mut with = *traits;
            with.insert(index);
            grader.score(&with).map(|score| score.severity)
        })
        .max()?;
    Some(NearMiss {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        severity,
        missing: ids_and_titles(grader, rule, &missing),
        present: rule
            .contributing(traits)
            .iter()
            .map(|index| grader.facts.catalog.id(index).clone())
            .collect(),
    })
}

/// The prevented rules that would make the resource more severe.
fn prevented_rules(grader: &Grader<'_>, current: Option<Severity>) -> Vec<PreventedRule> {
    let traits = grader.traits();
    let mut prevented: Vec<PreventedRule> = grader
        .rules
        .iter()
        .filter(|rule| grader.is_active(rule))
        .filter_map(|rule| {
            let by = rule.prevented_by(traits);
            let severity = grader.score(&traits.difference(&by))?.severity;
            (!by.is_empty()).then(|| PreventedRule {
                rule: rule.id.clone(),
                title: rule.title.clone(),
                severity,
                by: ids_and_titles(grader, rule, &by),
            })
        })
        .filter(|rule| current.is_none_or(|current| rule.severity > current))
        .collect();
    prevented
        .sort_by(|left, right| (right.severity, &left.rule).cmp(&(left.severity, &right.rule)));
    prevented
}

fn ids_and_titles(
    grader: &Grader<'_>,
    rule: &ExposureRule,
    set: &TraitSet,
) -> Vec<(TraitId, String)> {
    let catalog = grader.facts.catalog;
    let id_and_title = |index: TraitIndex| {
        let title = catalog.title_on(index, rule.resource_type);
        (catalog.id(index).clone(), title.to_owned())
    };
    set.iter().map(id_and_title).collect()
}
