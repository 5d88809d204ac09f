//! A view and a catalogue in, exposures out. Pure: no I/O, no clock, no randomness; the same input gives the same bytes.

mod attack_path;
mod carried;
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

use carried::{Carried, carried};
pub use score::Score;

/// What an evaluation gives.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The exposures, most severe first, then by resource.
    pub exposures: Vec<Exposure>,
    /// How many resources could have been exposed: those of a type that has rules.
    pub resources: usize,
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
    for index in view.indices() {
        let rules = catalogue.rules(view.resource_type(index));
        if rules.is_empty() {
            continue;
        }
        evaluation.resources += 1;
        let carried = carried(view, catalogue, index);
        if let Some(exposure) = expose(view, catalogue, index, rules, &carried) {
            evaluation.exposures.push(exposure);
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
        rules,
    };
    let ranked = grading.ranked();
    let decisive = *ranked.first()?;
    let contributing = contributing(&ranked, &carried.traits);
    let score = grading.score(rules)?;
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

fn contributing<'a>(
    matched: impl IntoIterator<Item = &'a &'a ExposureRule>,
    traits: &TraitSet,
) -> TraitSet {
    let mut contributing = TraitSet::default();
    for rule in matched {
        contributing.extend(&rule.contributing(traits));
    }
    contributing
}

/// Grades the traits of one resource.
struct Grading<'a> {
    view: &'a View,
    catalogue: &'a Catalogue,
    carried: &'a Carried,
    rules: &'a [ExposureRule],
}

impl<'a> Grading<'a> {
    /// The rules that match: the most severe first, then the most specific, then by id.
    fn ranked(&self) -> Vec<&'a ExposureRule> {
        let mut ranked: Vec<(Severity, &ExposureRule)> = self
            .rules
            .iter()
            .filter_map(|rule| Some((self.score(std::slice::from_ref(rule))?.severity, rule)))
            .collect();
        ranked.sort_by(|(one_severity, one), (other_severity, other)| {
            other_severity
                .cmp(one_severity)
                .then_with(|| other.specificity().cmp(&one.specificity()))
                .then_with(|| one.id.cmp(&other.id))
        });
        ranked.into_iter().map(|(_, rule)| rule).collect()
    }

    /// The score of those of the rules that match; `None` if none does.
    ///
    /// In the matrix an unknown impact may weigh more than a low one: AWS takes the likelihood alone then. So that
    /// knowing more never lowers the severity, what is exposed without the traits that tell the impact is scored too,
    /// and the greater counts.
    fn score(&self, rules: &[ExposureRule]) -> Option<Score> {
        let all = self.carried.traits;
        let without_impact = all.difference(&self.catalogue.impact_traits());
        let (with, without) = (
            self.score_of(rules, &all),
            self.score_of(rules, &without_impact),
        );
        match (with, without) {
            (Some(with), Some(without)) if without.severity > with.severity => Some(without),
            (with, _) => with,
        }
    }

    fn score_of(&self, rules: &[ExposureRule], traits: &TraitSet) -> Option<Score> {
        let matched: Vec<&ExposureRule> =
            rules.iter().filter(|rule| rule.matches(traits)).collect();
        let needed = contributing(&matched, traits);
        (!matched.is_empty()).then(|| Score::of(self.view, self.catalogue, self.carried, &needed))
    }
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
