//! The full description of an exposure: every trait with its findings, the attack path, and the mitigations.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::ExposureRule;
use crate::graph::ResourceIndex;
use crate::model::{
    Evidence, Exposure, ExposureId, ExposureMitigation, ExposureTrait, FixEffect, Product,
    RouteHop, RuleId, Severity, SignalReference, TraitFix, TraitIndex, TraitSet,
};

use super::attack_path::attack_path;
use super::dependencies::{Dependencies, dependencies};
use super::grading::{Grader, contributing};
use super::propagate::provenance::Chain;
use super::resource_facts::ResourceFacts;
use super::score::Score;

/// The part of a description that depends on the traits of the resource, but not on the findings that show them.
#[derive(Clone, Debug)]
pub(super) struct GradeDescription<'a> {
    /// The matching rule that names the exposure.
    pub primary: &'a ExposureRule,
    /// All matching rules: the most severe first.
    pub matched_rules: Vec<RuleId>,
    /// The traits that the matching rules need.
    pub contributing: TraitSet,
    /// What the rules add up to.
    pub score: Score,
    /// What fixing each contributing trait does.
    pub fixes: Vec<TraitFix>,
}

/// Describes the grade of one resource. Returns `None` if no rule matches.
pub(super) fn describe_grade<'a>(grader: &'a Grader<'_>) -> Option<GradeDescription<'a>> {
    let ranked = grader.ranked();
    let primary = *ranked.first()?;
    let contributing = contributing(ranked.iter().copied(), grader.traits());
    let score = grader.score(grader.traits())?;
    Some(GradeDescription {
        primary,
        matched_rules: ranked.iter().map(|rule| rule.id.clone()).collect(),
        fixes: trait_fixes(grader, &contributing, score.severity),
        contributing,
        score,
    })
}

/// Describes the exposure of one resource: all rules that match, as one finding.
pub(super) fn describe(grader: &Grader<'_>) -> Option<Exposure> {
    let facts = &grader.facts;
    let GradeDescription {
        primary,
        matched_rules,
        contributing,
        score,
        fixes,
    } = describe_grade(grader)?;
    let resource = facts.view.resource(facts.index());
    let Dependencies {
        raised_by,
        lowered_by,
    } = dependencies(facts, &contributing);
    Some(Exposure {
        id: ExposureId::of(&resource),
        title: primary.title.clone(),
        description: primary.description.clone(),
        severity: score.severity,
        likelihood: score.likelihood,
        impact: score.impact,
        tags: facts.view.tags(facts.index()),
        rule: primary.id.clone(),
        matched_rules,
        types: primary.types.clone(),
        factors: score.factors,
        traits: exposure_traits(facts, &contributing),
        mitigations: mitigations(facts),
        fixes,
        attack_path: attack_path(facts, &contributing),
        seen_by: raised_by.into_iter().cloned().collect(),
        lowered_by: lowered_by.into_iter().cloned().collect(),
        resource,
    })
}

/// What fixing each contributing trait does, the greatest effect first, then by ID.
fn trait_fixes(grader: &Grader<'_>, contributing: &TraitSet, severity: Severity) -> Vec<TraitFix> {
    let catalog = grader.facts.catalog;
    let mut fixes: Vec<TraitFix> = catalog
        .only_traits(contributing)
        .iter()
        .map(|index| {
            let fixed = [index].into_iter().collect();
            let remaining = grader.traits().difference(&fixed);
            let effect = match grader.score(&remaining).map(|score| score.severity) {
                None => FixEffect::Resolves,
                Some(after) if after < severity => FixEffect::Reduces(after),
                Some(_) => FixEffect::Unchanged,
            };
            let definition = catalog.definition(index);
            TraitFix {
                trait_id: definition.id.clone(),
                effect,
                remediation: definition.remediation.clone(),
            }
        })
        .collect();
    fixes
        .sort_by(|left, right| (left.effect, &left.trait_id).cmp(&(right.effect, &right.trait_id)));
    fixes
}

/// All traits of the resource: contributing ones first, then by type and ID.
pub(super) fn exposure_traits(
    facts: &ResourceFacts<'_>,
    contributing: &TraitSet,
) -> Vec<ExposureTrait> {
    let ResourceFacts { view, catalog, .. } = facts;
    let resource_type = view.resource_type(facts.index());
    let mut traits: Vec<ExposureTrait> = catalog
        .only_traits(&facts.provenance.traits)
        .iter()
        .map(|trait_index| {
            let definition = catalog.definition(trait_index);
            ExposureTrait {
                id: definition.id.clone(),
                title: definition.title_on(resource_type).to_owned(),
                trait_type: definition.trait_type,
                contributing: contributing.contains(trait_index),
                signals: signals(facts, trait_index),
                remediation: definition.remediation.clone(),
            }
        })
        .collect();
    traits.sort_by(|left, right| {
        (!left.contributing, left.trait_type, &left.id).cmp(&(
            !right.contributing,
            right.trait_type,
            &right.id,
        ))
    });
    traits
}

/// The known mitigations, in the order of their IDs.
pub(super) fn mitigations(facts: &ResourceFacts<'_>) -> Vec<ExposureMitigation> {
    let catalog = facts.catalog;
    catalog
        .only_mitigations(&facts.provenance.traits)
        .iter()
        .filter_map(|index| {
            let definition = catalog.mitigation(index)?;
            Some(ExposureMitigation {
                id: definition.id.clone(),
                title: definition.title.clone(),
                signals: signals(facts, index),
            })
        })
        .collect()
}

/// The findings that show a trait, from wherever it propagated, the most important first.
fn signals(facts: &ResourceFacts<'_>, trait_index: TraitIndex) -> Vec<SignalReference> {
    let view = facts.view;
    let mut by_finding: BTreeMap<_, SignalReference> = BTreeMap::new();
    for origin in facts.provenance.origins(trait_index) {
        let resource = Arc::new(view.resource(origin));
        let route = route_to(facts, trait_index, origin);
        for observed in view.findings_with_trait(origin, trait_index) {
            by_finding
                .entry((observed.finding.clone(), origin))
                .or_insert_with(|| SignalReference {
                    finding: observed.finding,
                    product: observed.product,
                    resource: Arc::clone(&resource),
                    evidence: Arc::clone(observed.evidence),
                    route: route.clone(),
                });
        }
    }
    let mut signals: Vec<SignalReference> = by_finding.into_values().collect();
    signals.sort_by(|left, right| {
        importance(right)
            .cmp(&importance(left))
            .then_with(|| left.finding.cmp(&right.finding))
    });
    signals
}

/// The route from the exposed resource to the one that the trait was found on: the first one, if there are several.
fn route_to(
    facts: &ResourceFacts<'_>,
    trait_index: TraitIndex,
    origin: ResourceIndex,
) -> Vec<RouteHop> {
    let leads_to_origin = |chain: &&Chain| chain.last().is_some_and(|hop| hop.to == origin);
    facts
        .provenance
        .chains(trait_index)
        .find(leads_to_origin)
        .into_iter()
        .flatten()
        .map(|hop| RouteHop {
            relation: hop.kind,
            to: facts.view.resource(hop.to),
        })
        .collect()
}

/// Vulnerabilities with a public exploit come first, then those that are likely to be exploited. Other findings have no order.
fn importance(signal: &SignalReference) -> (bool, u32, bool) {
    match &*signal.evidence {
        Evidence::PackageVulnerability(vulnerability) => (
            vulnerability.exploit_available == Some(true),
            vulnerability
                .epss
                .map_or(0, |score| score.parts_of_100_000()),
            signal.product == Product::Inspector,
        ),
        _ => (false, 0, false),
    }
}
