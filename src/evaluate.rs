//! A view and a catalog in, exposures out. Pure: no I/O, no clock, no randomness; the same input gives the same bytes.

mod arriving;
mod attack_path;
mod carried;
mod describe;
mod explain;
mod exposures;
mod fixes;
mod grading;
mod rule_cases;
mod score;
mod screen;
mod severities;
#[cfg(test)]
pub(crate) mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, ResourceRange, View};
use crate::model::{ActiveTriage, MuteState, MuteUse, ResourceType, Severity, TraitSet, Triage};

use arriving::Arriving;
use carried::Travel;
pub use explain::{Effect, Explanation, Fix, NearMiss, PreventedRule, explain, find};
pub use exposures::Exposures;
pub use fixes::{
    FixSet, FixTarget, Fixes, FoundBy, RankedFix, RemainingExposure, SeverityReduction, fixes,
};
use grading::{Triaged, triaged};
pub use rule_cases::{CaseResult, run_rule_case};
pub use score::Score;
use screen::{Reached, Verdict, Verdicts};
use severities::Severities;

/// A resource that is exposed, and how badly. What is behind it, [`Exposures`] tells when it is asked: of an
/// organization's exposures most are the same as in the last cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GradedResource {
    /// The resource.
    pub resource: ResourceIndex,
    /// The grade.
    pub severity: Severity,
}

/// What an evaluation gives.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// What is exposed, most severe first, then by resource.
    pub graded: Vec<GradedResource>,
    /// How many resources could have been exposed: those of a type that has rules.
    pub resources: usize,
    /// How many of them have no exposure, but one further trait would make one of those that are there.
    pub near_misses: usize,
    /// What each mute did, by its place among all; one that is not here took nothing away.
    pub mutes: BTreeMap<usize, MuteUse>,
}

impl Evaluation {
    /// How many exposures have each severity, most severe first.
    pub fn by_severity(&self) -> [(Severity, usize); 4] {
        Severity::DESCENDING.map(|severity| {
            (
                severity,
                self.graded
                    .iter()
                    .filter(|one| one.severity == severity)
                    .count(),
            )
        })
    }
}

impl Evaluation {
    /// What became of each mute, in their order.
    pub fn mute_states(&self, triage: &Triage, day: NaiveDate) -> Vec<MuteState> {
        triage
            .mutes
            .iter()
            .enumerate()
            .map(|(place, mute)| match self.mutes.get(&place) {
                _ if !mute.is_active_on(day) => MuteState::Expired,
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
pub fn evaluate(view: &View, catalog: &Catalog, triage: &ActiveTriage<'_>) -> Evaluation {
    let reached = Reached::of(view, catalog);
    let parts = PARTS_A_CORE * rayon::current_num_threads();
    let mut evaluation = catalog
        .types_with_rules()
        .collect::<Vec<_>>()
        .into_par_iter()
        .flat_map(|resource_type| view.chunks_of(resource_type, parts, CHUNK))
        .map(|(resource_type, resources)| {
            Part::new(view, catalog, triage, &reached, resource_type).evaluated(resources)
        })
        .reduce(Evaluation::default, Evaluation::with);
    // Resources are numbered in the order of their names.
    evaluation
        .graded
        .par_sort_unstable_by_key(|one| (Reverse(one.severity), one.resource));
    evaluation
}

/// So many resources of one type at least are looked at by one core before it takes others.
const CHUNK: usize = 1 << 15;

/// Into so many parts for each core is a type's work divided, where it is enough: what one part has worked out of
/// shared resources and of combinations of traits, another does not know.
const PARTS_A_CORE: usize = 2;

/// A part of the work: some resources of one type.
struct Part<'a> {
    view: &'a View,
    catalog: &'a Catalog,
    triage: &'a ActiveTriage<'a>,
    reached: &'a Reached,
    travel: Travel<'a>,
    arriving: Arriving<'a>,
    verdicts: Verdicts<'a>,
    severities: Severities<'a>,
    evaluation: Evaluation,
}

impl<'a> Part<'a> {
    fn new(
        view: &'a View,
        catalog: &'a Catalog,
        triage: &'a ActiveTriage<'a>,
        reached: &'a Reached,
        resource_type: ResourceType,
    ) -> Self {
        Self {
            view,
            catalog,
            triage,
            reached,
            travel: Travel::new(view, catalog),
            arriving: Arriving::new(view, catalog, reached, resource_type),
            verdicts: Verdicts::new(view, catalog, resource_type),
            severities: Severities::new(view, catalog),
            evaluation: Evaluation::default(),
        }
    }

    fn evaluated(mut self, resources: ResourceRange) -> Evaluation {
        for index in resources {
            self.evaluation.resources += 1;
            self.look_at(index);
        }
        self.evaluation
    }

    fn look_at(&mut self, index: ResourceIndex) {
        let own = self.view.trait_set(index);
        let traveled = if self.reached.contains(index) {
            self.arriving.at(index)
        } else {
            TraitSet::default()
        };
        let (traits, verdict) = if traveled.is_empty() {
            self.verdicts.on_own(own)
        } else {
            self.verdicts.on(own, &traveled)
        };
        if !traits.is_empty() && self.triage.may_mute(|| self.view.resource(index)) {
            self.look_closely(index);
            return;
        }
        match verdict {
            Verdict::Exposed => self.grade(index, traits, &traveled),
            Verdict::NearMiss => self.evaluation.near_misses += 1,
            Verdict::Nothing => {}
        }
    }

    /// Of what is exposed, and nothing is muted.
    fn grade(&mut self, index: ResourceIndex, traits: TraitSet, traveled: &TraitSet) {
        let Self {
            view,
            catalog,
            triage,
            travel,
            severities,
            ..
        } = self;
        let criticality = triage
            .active_criticality()
            .and_then(|criticality| Some(criticality.level_change(&view.tags(index))?.0));
        let circumstances = severities.circumstances(travel, index, traits, traveled, criticality);
        let severity = severities.of(circumstances, || {
            triaged(view, catalog, triage, travel.carried(index)).grading
        });
        let graded = severity.map(|severity| GradedResource {
            resource: index,
            severity,
        });
        self.evaluation.graded.extend(graded);
    }

    /// With everything that the user says of the resource.
    fn look_closely(&mut self, index: ResourceIndex) {
        let carried = self.travel.carried(index);
        let triaged = triaged(self.view, self.catalog, self.triage, carried);
        let grading = &triaged.grading;
        let severity = grading
            .score(&grading.carried.traits)
            .map(|score| score.severity);
        self.evaluation.count_mutes(&triaged, severity);
        let counting = grading.rules.iter().filter(|rule| grading.counts(rule));
        match severity {
            Some(severity) => self.evaluation.graded.push(GradedResource {
                resource: index,
                severity,
            }),
            None if Verdict::of(counting, &grading.carried.traits) == Verdict::NearMiss => {
                self.evaluation.near_misses += 1;
            }
            None => {}
        }
    }
}

impl Evaluation {
    /// Both.
    fn with(mut self, other: Self) -> Self {
        self.graded.extend(other.graded);
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
}
