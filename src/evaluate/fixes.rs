//! Fix once, help many: what ending one trait on the one resource on which it was found does to all exposures at once,
//! and few such fixes that together leave nothing severe.

mod cover;
mod subject;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, View};
use crate::model::{ActiveTriage, ExposureId, Remediation, Resource, Severity, TraitId};

use super::carried::Cause;
use cover::cover;
use subject::{Subject, subjects};

/// What there is to fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixes {
    /// What helps by itself: what takes most from the worst grade first, then from the next.
    pub fixes: Vec<RankedFix>,
    /// How many contribute to an exposure, but change none unless others are fixed too.
    pub no_effect_alone: usize,
    /// Few fixes that leave no CRITICAL.
    pub leaves_no_critical: FixSet,
    /// Few fixes that leave neither HIGH nor CRITICAL.
    pub leaves_no_high: FixSet,
}

/// What a fix ends: one trait, on the resource on which it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixTarget {
    /// The trait.
    pub trait_id: TraitId,
    /// Its title, on the type of the first resource that is exposed by it.
    pub title: String,
    /// Where it was found: not always what is exposed.
    pub resource: Resource,
    /// How to end it.
    pub remediation: Remediation,
}

/// A fix, and what it does by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedFix {
    /// What it ends.
    pub target: FixTarget,
    /// How many exposures there are no more.
    pub resolves: usize,
    /// How many are less severe, the worst first.
    pub reduces: Vec<SeverityReduction>,
    /// The exposures that it resolves or reduces, in the order of their resources.
    pub exposures: Vec<ExposureId>,
}

/// How many exposures become less severe, from what to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeverityReduction {
    /// Now.
    pub from: Severity,
    /// Then.
    pub to: Severity,
    /// How many.
    pub count: usize,
}

/// How a set of fixes was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// Always the fix that is then worth most. No fix of the set is idle, but a smaller set may exist.
    Greedy,
}

/// A set of fixes that together leave nothing of some severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixSet {
    /// How.
    pub found_by: FoundBy,
    /// How many exposures are too severe now.
    pub exposures: usize,
    /// What to fix, in the order in which it was chosen.
    pub fixes: Vec<FixTarget>,
    /// The exposures that no set of fixes brings down as far as is known: a trait of theirs is found in so many places
    /// that not all of them are kept.
    pub remaining: Vec<RemainingExposure>,
}

/// An exposure that stays too severe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemainingExposure {
    /// The exposure.
    pub exposure: ExposureId,
    /// The resource that is exposed.
    pub resource: Resource,
}

/// What one fix does to all exposures.
#[derive(Default)]
struct Effects {
    resolves: usize,
    reduces: BTreeMap<(Reverse<Severity>, Reverse<Severity>), usize>,
    exposures: Vec<ExposureId>,
    /// By how many there are fewer of each severity or worse, the worst first.
    fewer: [usize; 4],
}

impl Effects {
    fn count(&mut self, exposure: &ExposureId, before: Severity, after: Option<Severity>) {
        if after >= Some(before) {
            return;
        }
        match after {
            None => self.resolves += 1,
            Some(after) => {
                let change = (Reverse(before), Reverse(after));
                *self.reduces.entry(change).or_default() += 1;
            }
        }
        for (fewer, severity) in self.fewer.iter_mut().zip(Severity::DESCENDING) {
            *fewer += usize::from(before >= severity && after < Some(severity));
        }
        self.exposures.push(exposure.clone());
    }
}

/// Works out what to fix, by the same grading, mutes and criticality as the evaluation.
///
/// Of each exposed resource only what contributes to it is taken away, one by one, so the cost is linear in exposures
/// and their causes, however many share one.
pub fn fixes(view: &View, catalog: &Catalog, triage: &ActiveTriage<'_>) -> Fixes {
    let mut subjects = subjects(view, catalog, triage);
    let (effects, types_with_rules) = effects(&mut subjects);
    let target = |cause: &Cause| {
        let definition = catalog.definition(cause.trait_index);
        let title = types_with_rules
            .get(cause)
            .map_or(definition.title.as_str(), |first| {
                definition.title_on(view.resource_type(*first))
            });
        FixTarget {
            trait_id: definition.id.clone(),
            title: title.to_owned(),
            resource: view.resource(cause.found_on),
            remediation: definition.remediation.clone(),
        }
    };
    let remains = |index| {
        let resource = view.resource(index);
        RemainingExposure {
            exposure: ExposureId::of(&resource),
            resource,
        }
    };
    let all = effects.len();
    let mut ranked: Vec<(Cause, Effects)> = effects
        .into_iter()
        .filter(|(_, effects)| !effects.exposures.is_empty())
        .collect();
    let no_effect_alone = all - ranked.len();
    ranked.sort_by(|(one_cause, one), (other_cause, other)| {
        let id = |cause: &Cause| (catalog.id(cause.trait_index), cause.found_on);
        other
            .fewer
            .cmp(&one.fewer)
            .then_with(|| id(one_cause).cmp(&id(other_cause)))
    });
    let mut set = |at_most| {
        let cover = cover(&mut subjects, at_most);
        FixSet {
            found_by: FoundBy::Greedy,
            exposures: cover.exposures,
            fixes: cover.chosen.iter().map(target).collect(),
            remaining: cover.remaining.into_iter().map(remains).collect(),
        }
    };
    Fixes {
        leaves_no_critical: set(Severity::High),
        leaves_no_high: set(Severity::Medium),
        fixes: ranked
            .into_iter()
            .map(|(cause, effects)| RankedFix {
                target: target(&cause),
                resolves: effects.resolves,
                reduces: reduced(&effects),
                exposures: effects.exposures,
            })
            .collect(),
        no_effect_alone,
    }
}

fn reduced(effects: &Effects) -> Vec<SeverityReduction> {
    let row =
        |(change, count): (&(Reverse<Severity>, Reverse<Severity>), &usize)| SeverityReduction {
            from: change.0.0,
            to: change.1.0,
            count: *count,
        };
    effects.reduces.iter().map(row).collect()
}

type EffectsOf = BTreeMap<Cause, Effects>;

/// What each cause does by itself, and the first resource that is exposed by it.
fn effects(subjects: &mut [Subject<'_>]) -> (EffectsOf, BTreeMap<Cause, ResourceIndex>) {
    let mut effects = EffectsOf::new();
    let mut first = BTreeMap::new();
    for subject in subjects {
        let Some(before) = subject.severity else {
            continue;
        };
        for cause in subject.contributing(&[].into()) {
            let after = subject.severity_without(&[cause].into());
            effects
                .entry(cause)
                .or_default()
                .count(&subject.id, before, after);
            first.entry(cause).or_insert(subject.index());
        }
    }
    (effects, first)
}
