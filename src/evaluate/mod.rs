//! A view and a catalogue in, exposures out. Pure: no I/O, no clock, no randomness; the same input gives the same bytes.

mod attack_path;
mod carried;
mod explain;
mod grading;
mod score;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::{Catalogue, ExposureRule};
use crate::model::{
    Cell, Evidence, Exposure, ExposureId, ExposureTrait, Product, Severity, SignalReference,
    TraitIndex, TraitSet,
};
use crate::store::{ResourceIndex, View};

use carried::{Carried, Travel};
pub use explain::{Effect, Explanation, Fix, NearMiss, explain, find};
use grading::{Grading, contributing};
pub use score::Score;

/// What an evaluation gives.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The exposures, most severe first, then by resource.
    pub exposures: Vec<Exposure>,
    /// How many resources could have been exposed: those of a type that has rules.
    pub resources: usize,
    /// How many of them have no exposure, but one further trait would make one of those that are there.
    pub near_misses: usize,
}

impl Evaluation {
    /// How many exposures have each severity, most severe first.
    #[must_use]
    pub fn by_severity(&self) -> [(Severity, usize); 4] {
        Severity::DESCENDING.map(|severity| {
            (
                severity,
                self.exposures
                    .iter()
                    .filter(|one| one.severity == severity)
                    .count(),
            )
        })
    }
}

/// Evaluates every resource of the view.
#[must_use]
pub fn evaluate(view: &View, catalogue: &Catalogue) -> Evaluation {
    let mut evaluation = Evaluation::default();
    let mut travel = Travel::new(view, catalogue);
    for index in view.indices() {
        let rules = catalogue.rules(view.resource_type(index));
        if rules.is_empty() {
            continue;
        }
        evaluation.resources += 1;
        let carried = travel.carried(index);
        match expose(view, catalogue, index, rules, &carried) {
            Some(exposure) => evaluation.exposures.push(exposure),
            None if rules.iter().any(|rule| is_near_miss(rule, &carried.traits)) => {
                evaluation.near_misses += 1;
            }
            None => {}
        }
    }
    evaluation.exposures.sort_by(|one, other| {
        other
            .severity
            .cmp(&one.severity)
            .then_with(|| one.resource.cmp(&other.resource))
    });
    evaluation
}

/// Whether one further trait, beside some that are there, would make the rule match.
fn is_near_miss(rule: &ExposureRule, traits: &TraitSet) -> bool {
    !rule.contributing(traits).is_empty()
        && rule
            .missing(traits)
            .is_some_and(|missing| !missing.is_empty())
}

/// The exposure of one resource: all rules that match, as one finding.
fn expose(
    view: &View,
    catalogue: &Catalogue,
    index: ResourceIndex,
    rules: &[ExposureRule],
    carried: &Carried,
) -> Option<Exposure> {
    let grading = Grading {
        view,
        catalogue,
        carried,
    };
    let ranked = grading.ranked(rules);
    let decisive = *ranked.first()?;
    let contributing = contributing(&ranked, &carried.traits);
    let score = grading.score(rules, &carried.traits)?;
    let resource = view.resource(index);
    Some(Exposure {
        id: ExposureId::of(&resource),
        title: decisive.title.clone(),
        description: decisive.description.clone(),
        severity: score.severity,
        likelihood: score.likelihood,
        impact: score.impact,
        tags: view.tags(index),
        rule: decisive.id.clone(),
        matched_rules: ranked.iter().map(|rule| rule.id.clone()).collect(),
        types: decisive.types.clone(),
        factors: score.factors,
        traits: exposure_traits(view, catalogue, index, carried, &contributing),
        attack_path: attack_path::attack_path(view, catalogue, index, carried, &contributing),
        seen_by: seen_by(view, carried, &contributing),
        resource,
    })
}

/// All traits of the resource, contributing ones first, then by type and id.
fn exposure_traits(
    view: &View,
    catalogue: &Catalogue,
    index: ResourceIndex,
    carried: &Carried,
    contributing: &TraitSet,
) -> Vec<ExposureTrait> {
    let resource_type = view.resource_type(index);
    let mut traits: Vec<ExposureTrait> = carried
        .traits
        .iter()
        .map(|trait_index| {
            let definition = catalogue.definition(trait_index);
            ExposureTrait {
                id: definition.id.clone(),
                title: definition.title_on(resource_type).to_owned(),
                trait_type: definition.trait_type,
                contributing: contributing.contains(trait_index),
                signals: signals(view, carried, trait_index),
                remediation: definition.remediation.clone(),
            }
        })
        .collect();
    traits.sort_by(|one, other| {
        (!one.contributing, one.trait_type, &one.id).cmp(&(
            !other.contributing,
            other.trait_type,
            &other.id,
        ))
    });
    traits
}

/// The findings behind a trait, from wherever it was carried here, the weightiest first.
fn signals(view: &View, carried: &Carried, trait_index: TraitIndex) -> Vec<SignalReference> {
    let mut by_finding: BTreeMap<_, SignalReference> = BTreeMap::new();
    for origin in carried.origins(trait_index) {
        for observed in view.observed(origin, trait_index) {
            by_finding
                .entry((observed.finding.clone(), origin))
                .or_insert_with(|| SignalReference {
                    finding: observed.finding,
                    product: observed.product,
                    resource: view.resource(origin),
                    evidence: observed.evidence.clone(),
                });
        }
    }
    let mut signals: Vec<SignalReference> = by_finding.into_values().collect();
    signals.sort_by(|one, other| {
        weight(other)
            .cmp(&weight(one))
            .then_with(|| one.finding.cmp(&other.finding))
    });
    signals
}

fn seen_by(view: &View, carried: &Carried, contributing: &TraitSet) -> Vec<Cell> {
    let cells: BTreeSet<&Cell> = contributing
        .iter()
        .flat_map(|trait_index| {
            carried
                .origins(trait_index)
                .into_iter()
                .map(move |origin| (origin, trait_index))
        })
        .flat_map(|(origin, trait_index)| view.observed(origin, trait_index))
        .map(|observed| observed.cell)
        .collect();
    cells.into_iter().cloned().collect()
}

/// Of vulnerabilities those that are exploited count most; of the rest nothing is told apart.
fn weight(signal: &SignalReference) -> (bool, bool, u32, bool) {
    match &signal.evidence {
        Evidence::PackageVulnerability(vulnerability) => (
            vulnerability.known_exploited,
            vulnerability.exploit_available == Some(true),
            vulnerability
                .epss
                .map_or(0, |score| score.parts_of_100_000()),
            signal.product == Product::Inspector,
        ),
        _ => (false, false, 0, false),
    }
}
