//! The evaluation of all resources of a view.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, ResourceRange, View};
use crate::model::{ActiveTriage, MuteState, MuteUse, ResourceType, Severity, TraitSet, Triage};

use super::grading::{TriagedResource, apply_triage};
use super::propagate::provenance::Propagator;
use super::propagate::reachability::Reachability;
use super::propagate::traits::PropagatedTraits;
use super::propagate::universal::partial_facts;
use super::severity_cache::SeverityCache;
use super::verdict::{Verdict, VerdictCache};

/// An exposed resource and its severity.
///
/// [`Exposures`](super::Exposures) describes it in full on demand: most exposures of an organization are the same as in
/// the previous cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GradedResource {
    /// The resource.
    pub resource: ResourceIndex,
    /// The severity.
    pub severity: Severity,
}

/// The result of an evaluation.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The exposed resources, most severe first, then by resource.
    pub graded: Vec<GradedResource>,
    /// The number of resources that could have been exposed, because there are rules for their type.
    pub resources: usize,
    /// Those of them that are not exposed, but would be with one more trait, sorted.
    pub near_misses: Vec<ResourceIndex>,
    /// The effect of each mute, by its index among all mutes. A mute without an entry removed nothing.
    pub mutes: BTreeMap<usize, MuteUse>,
}

impl Evaluation {
    /// The number of exposures of each severity, most severe first.
    pub fn by_severity(&self) -> [(Severity, usize); 4] {
        Severity::DESCENDING.map(|severity| {
            let of_severity = self
                .graded
                .iter()
                .filter(|graded| graded.severity == severity);
            (severity, of_severity.count())
        })
    }

    /// The state of each mute, in the order of the configuration.
    pub fn mute_states(&self, triage: &Triage, day: NaiveDate) -> Vec<MuteState> {
        triage
            .mutes
            .iter()
            .enumerate()
            .map(|(index, mute)| match self.mutes.get(&index) {
                _ if !mute.is_active_on(day) => MuteState::Expired,
                Some(effect) => MuteState::Used(*effect),
                None => MuteState::Unmatched,
            })
            .collect()
    }

    fn count_mutes(&mut self, triaged: &TriagedResource<'_>, after: Option<Severity>) {
        let Some(without_mutes) = &triaged.without_mutes else {
            return;
        };
        let before = without_mutes
            .score(without_mutes.traits())
            .map(|score| score.severity);
        for (index, _) in &triaged.mutes {
            let effect = self.mutes.entry(*index).or_default();
            effect.resources += 1;
            effect.hidden += usize::from(before.is_some() && after.is_none());
            effect.lowered += usize::from(after.is_some() && after < before);
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.graded.extend(other.graded);
        self.resources += other.resources;
        self.near_misses.extend(other.near_misses);
        for (index, effect) in other.mutes {
            let total = self.mutes.entry(index).or_default();
            total.resources += effect.resources;
            total.hidden += effect.hidden;
            total.lowered += effect.lowered;
        }
        self
    }
}

/// The minimum number of resources of one type in a chunk.
const MIN_CHUNK: usize = 1 << 15;

/// How many chunks the resources of a type are divided into for each core. Chunks do not share what they have computed
/// about shared resources and combinations of traits, so there are few of them.
const CHUNKS_PER_CORE: usize = 2;

/// Evaluates every resource of the view, on all cores.
pub fn evaluate(view: &View, catalog: &Catalog, triage: &ActiveTriage<'_>) -> Evaluation {
    let reachability = Reachability::compute(view, catalog);
    let chunks = CHUNKS_PER_CORE * rayon::current_num_threads();
    let mut evaluation = catalog
        .types_with_rules()
        .collect::<Vec<_>>()
        .into_par_iter()
        .flat_map(|resource_type| view.chunks_of(resource_type, chunks, MIN_CHUNK))
        .map(|(resource_type, resources)| {
            ChunkEvaluator::new(view, catalog, triage, &reachability, resource_type).run(resources)
        })
        .reduce(Evaluation::default, Evaluation::merge);
    // Resource indexes are in the order of resource names.
    evaluation
        .graded
        .par_sort_unstable_by_key(|graded| (Reverse(graded.severity), graded.resource));
    evaluation.near_misses.par_sort_unstable();
    evaluation
}

/// Evaluates a chunk of resources of one type.
struct ChunkEvaluator<'a> {
    view: &'a View,
    catalog: &'a Catalog,
    triage: &'a ActiveTriage<'a>,
    reachability: &'a Reachability,
    propagated_traits: PropagatedTraits<'a>,
    propagator: Propagator<'a>,
    verdicts: VerdictCache<'a>,
    severities: SeverityCache<'a>,
    evaluation: Evaluation,
}

impl<'a> ChunkEvaluator<'a> {
    fn new(
        view: &'a View,
        catalog: &'a Catalog,
        triage: &'a ActiveTriage<'a>,
        reachability: &'a Reachability,
        resource_type: ResourceType,
    ) -> Self {
        Self {
            view,
            catalog,
            triage,
            reachability,
            propagated_traits: PropagatedTraits::new(view, catalog, reachability, resource_type),
            propagator: Propagator::new(view, catalog),
            verdicts: VerdictCache::new(view, catalog, resource_type),
            severities: SeverityCache::new(view, catalog),
            evaluation: Evaluation::default(),
        }
    }

    fn run(mut self, resources: ResourceRange) -> Evaluation {
        for index in resources {
            self.evaluation.resources += 1;
            self.evaluate_resource(index);
        }
        self.evaluation
    }

    fn evaluate_resource(&mut self, index: ResourceIndex) {
        let own = self.view.trait_set(index);
        let propagated = if self.reachability.can_receive(index) {
            self.propagated_traits.at(index)
        } else {
            TraitSet::default()
        };
        let (traits, verdict) = if propagated.is_empty() {
            self.verdicts.for_own(own)
        } else {
            self.verdicts.with_propagated(own, &propagated)
        };
        if !traits.is_empty() && self.triage.may_mute(|| self.view.resource(index)) {
            self.evaluate_with_triage(index);
            return;
        }
        match verdict {
            Verdict::Exposed => self.grade(index, traits, &propagated),
            Verdict::NearMiss => self.evaluation.near_misses.push(index),
            Verdict::NotExposed => {}
        }
    }

    /// Grades an exposed resource to which no mute applies.
    fn grade(&mut self, index: ResourceIndex, traits: TraitSet, propagated: &TraitSet) {
        let Self {
            view,
            catalog,
            triage,
            propagator,
            severities,
            ..
        } = self;
        let criticality = triage
            .active_criticality()
            .and_then(|criticality| Some(criticality.level_change(&view.tags(index))?.0));
        let traits = traits.difference(&partial_facts(view, catalog, index, &traits));
        let inputs = severities.inputs(propagator, index, traits, propagated, criticality);
        let severity = severities.get_or_grade(inputs, || {
            apply_triage(view, catalog, triage, propagator.provenance(index)).grader
        });
        let graded = severity.map(|severity| GradedResource {
            resource: index,
            severity,
        });
        self.evaluation.graded.extend(graded);
    }

    /// Evaluates a resource to which a mute may apply.
    fn evaluate_with_triage(&mut self, index: ResourceIndex) {
        let provenance = self.propagator.provenance(index);
        let triaged = apply_triage(self.view, self.catalog, self.triage, provenance);
        let grader = &triaged.grader;
        let severity = grader.score(grader.traits()).map(|score| score.severity);
        self.evaluation.count_mutes(&triaged, severity);
        let active_rules = grader.rules.iter().filter(|rule| grader.is_active(rule));
        match severity {
            Some(severity) => self.evaluation.graded.push(GradedResource {
                resource: index,
                severity,
            }),
            None if Verdict::of(active_rules, grader.traits()) == Verdict::NearMiss => {
                self.evaluation.near_misses.push(index);
            }
            None => {}
        }
    }
}
