//! A view and a catalogue in, exposures out. Pure: no I/O, no clock, no randomness; the same input gives the same bytes.

mod attack_path;
mod carried;
mod explain;
mod fixes;
mod grading;
mod rule_tests;
mod score;
mod screen;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rayon::prelude::*;
use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::model::{
    Cell, Evidence, Exposure, ExposureId, ExposureMitigation, ExposureTrait, Product, ResourceType,
    Severity, SignalReference, TraitIndex, TraitSet, Travelled, Triage, TriageInForce,
};
use crate::store::{ResourceIndex, ResourceRange, View};

use carried::{Carried, Chain, Travel};
pub use explain::{Effect, Explanation, Fix, NearMiss, Prevented, explain, find};
pub use fixes::{FixSet, FixTarget, Fixes, FoundBy, RankedFix, Reduced, Remaining, fixes};
use grading::{Grading, Triaged, contributing, triaged};
pub use rule_tests::{TestResult, run_rule_test};
pub use score::Score;
use screen::{Reached, Verdict, Verdicts};

/// What an evaluation gives.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The exposures, most severe first, then by resource.
    pub exposures: Vec<Exposure>,
    /// How many resources could have been exposed: those of a type that has rules.
    pub resources: usize,
    /// How many of them have no exposure, but one further trait would make one of those that are there.
    pub near_misses: usize,
    /// What each mute did, by its place among all; one that is not here took nothing away.
    pub mutes: BTreeMap<usize, MuteUse>,
}

/// What a mute did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MuteUse {
    /// Of how many resources it took something away.
    pub resources: usize,
    /// How many of these have no exposure any more.
    pub hidden: usize,
    /// How many are less severe than they would be.
    pub lowered: usize,
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

/// What there is to say of a mute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum MuteState {
    /// Its last day is over: it takes nothing away any more.
    Expired,
    /// Nothing that was read is like it.
    Unmatched,
    /// It took something away.
    Used(MuteUse),
}

impl Evaluation {
    /// What became of each mute, in their order.
    #[must_use]
    pub fn mute_states(&self, triage: &Triage, day: NaiveDate) -> Vec<MuteState> {
        triage
            .mutes
            .iter()
            .enumerate()
            .map(|(place, mute)| match self.mutes.get(&place) {
                _ if !mute.holds_on(day) => MuteState::Expired,
                Some(used) => MuteState::Used(*used),
                None => MuteState::Unmatched,
            })
            .collect()
    }

    fn count_mutes(&mut self, triaged: &Triaged<'_>, now: Option<Severity>) {
        let Some(without_mutes) = &triaged.without_mutes else {
            return;
        };
        let before = without_mutes
            .score(&without_mutes.carried.traits)
            .map(|score| score.severity);
        for (place, _) in &triaged.mutes {
            let used = self.mutes.entry(*place).or_default();
            used.resources += 1;
            used.hidden += usize::from(before.is_some() && now.is_none());
            used.lowered += usize::from(now.is_some() && now < before);
        }
    }
}

/// Evaluates every resource of the view, on all cores.
#[must_use]
pub fn evaluate(view: &View, catalogue: &Catalogue, triage: &TriageInForce<'_>) -> Evaluation {
    let reached = Reached::of(view, catalogue);
    let mut evaluation = catalogue
        .exposed_types()
        .collect::<Vec<_>>()
        .into_par_iter()
        .flat_map(|resource_type| view.chunks_of(resource_type, CHUNK))
        .map(|chunk| evaluate_chunk(view, catalogue, triage, &reached, chunk))
        .reduce(Evaluation::default, Evaluation::with);
    evaluation.exposures.par_sort_by(|one, other| {
        other
            .severity
            .cmp(&one.severity)
            .then_with(|| one.resource.cmp(&other.resource))
    });
    evaluation
}

/// So many resources of one type are looked at by one core before it takes others.
const CHUNK: usize = 1 << 15;

fn evaluate_chunk(
    view: &View,
    catalogue: &Catalogue,
    triage: &TriageInForce<'_>,
    reached: &Reached,
    (resource_type, chunk): (ResourceType, ResourceRange),
) -> Evaluation {
    let mut evaluation = Evaluation::default();
    let mut travel = Travel::new(view, catalogue);
    let mut verdicts = Verdicts::new(view, catalogue, resource_type);
    for index in chunk {
        evaluation.resources += 1;
        let (traits, verdict) = if reached.contains(index) {
            let traits = travel.traits(index);
            (traits, verdicts.on(&traits))
        } else {
            verdicts.on_own(view.trait_set(index))
        };
        let may_be_muted = !triage.mutes.is_empty() && !traits.is_empty();
        match verdict {
            _ if may_be_muted => {}
            Verdict::Exposed => {}
            Verdict::NearMiss => {
                evaluation.near_misses += 1;
                continue;
            }
            Verdict::Nothing => continue,
        }
        evaluation.look_at(triaged(view, catalogue, triage, travel.carried(index)));
    }
    evaluation
}

impl Evaluation {
    /// Both.
    fn with(mut self, other: Self) -> Self {
        self.exposures.extend(other.exposures);
        self.resources += other.resources;
        self.near_misses += other.near_misses;
        for (place, used) in other.mutes {
            let all = self.mutes.entry(place).or_default();
            all.resources += used.resources;
            all.hidden += used.hidden;
            all.lowered += used.lowered;
        }
        self
    }

    fn look_at(&mut self, triaged: Triaged<'_>) {
        let exposure = expose(&triaged.grading);
        self.count_mutes(&triaged, exposure.as_ref().map(|one| one.severity));
        let grading = &triaged.grading;
        let counting = grading.rules.iter().filter(|rule| grading.counts(rule));
        match exposure {
            Some(exposure) => self.exposures.push(exposure),
            None if Verdict::of(counting, &grading.carried.traits) == Verdict::NearMiss => {
                self.near_misses += 1;
            }
            None => {}
        }
    }
}

/// The exposure of one resource: all rules that match, as one finding.
fn expose(grading: &Grading<'_>) -> Option<Exposure> {
    let Grading { view, carried, .. } = grading;
    let index = grading.index;
    let ranked = grading.ranked();
    let decisive = *ranked.first()?;
    let contributing = contributing(&ranked, &carried.traits);
    let score = grading.score(&carried.traits)?;
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
        traits: exposure_traits(grading, &contributing),
        mitigations: mitigations(grading),
        attack_path: attack_path::attack_path(grading, &contributing),
        seen_by: seen_by(view, carried, &contributing),
        resource,
    })
}

/// All traits of the resource, contributing ones first, then by type and id.
fn exposure_traits(grading: &Grading<'_>, contributing: &TraitSet) -> Vec<ExposureTrait> {
    let Grading {
        view,
        catalogue,
        carried,
        ..
    } = grading;
    let resource_type = view.resource_type(grading.index);
    let mut traits: Vec<ExposureTrait> = catalogue
        .only_traits(&carried.traits)
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

/// What is known to stand in the way, in the order of ids.
fn mitigations(grading: &Grading<'_>) -> Vec<ExposureMitigation> {
    let catalogue = grading.catalogue;
    catalogue
        .only_mitigations(&grading.carried.traits)
        .iter()
        .filter_map(|index| {
            let definition = catalogue.mitigation(index)?;
            Some(ExposureMitigation {
                id: definition.id.clone(),
                title: definition.title.clone(),
                signals: signals(grading.view, &grading.carried, index),
            })
        })
        .collect()
}

/// The findings behind a trait, from wherever it was carried here, the weightiest first.
fn signals(view: &View, carried: &Carried, trait_index: TraitIndex) -> Vec<SignalReference> {
    let mut by_finding: BTreeMap<_, SignalReference> = BTreeMap::new();
    for origin in carried.origins(trait_index) {
        let travelled = travelled(view, carried, trait_index, origin);
        for observed in view.observed(origin, trait_index) {
            by_finding
                .entry((observed.finding.clone(), origin))
                .or_insert_with(|| SignalReference {
                    finding: observed.finding,
                    product: observed.product,
                    resource: view.resource(origin),
                    evidence: observed.evidence.clone(),
                    travelled: travelled.clone(),
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

/// The way from the exposed resource to the one on which the trait was found; the first where several lead there.
fn travelled(
    view: &View,
    carried: &Carried,
    trait_index: TraitIndex,
    origin: ResourceIndex,
) -> Vec<Travelled> {
    let leads_there = |chain: &&Chain| chain.last().is_some_and(|hop| hop.to == origin);
    carried
        .chains(trait_index)
        .find(leads_there)
        .into_iter()
        .flatten()
        .map(|hop| Travelled {
            relation: hop.kind,
            to: view.resource(hop.to),
        })
        .collect()
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
        .flat_map(|(origin, trait_index)| view.seen_in(origin, trait_index))
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
