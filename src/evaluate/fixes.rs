//! Which fixes help most: what removing one trait from the resource that it was found on does to all exposures at once,
//! and small sets of fixes that together leave no severe exposure.

mod affected_resource;
mod cover;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, View};
use crate::model::{ActiveTriage, ExposureId, Remediation, Resource, Severity, TraitId, name_tag};

use super::propagate::provenance::Cause;
use affected_resource::{AffectedResource, affected_resources};
use cover::find_cover;

/// The fixes of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixes {
    /// The fixes that have an effect on their own: those that remove the most exposures of the highest severity first,
    /// then of the next.
    pub fixes: Vec<RankedFix>,
    /// The number of fixes that contribute to an exposure but change nothing unless other fixes are made too.
    pub no_effect_alone: usize,
    /// A small set of fixes that leaves no CRITICAL exposure.
    pub leaves_no_critical: FixSet,
    /// A small set of fixes that leaves no HIGH or CRITICAL exposure.
    pub leaves_no_high: FixSet,
}

/// What a fix removes: one trait from the resource that it was found on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixTarget {
    /// The trait.
    pub trait_id: TraitId,
    /// The title of the trait on the type of the first resource that it exposes.
    pub title: String,
    /// The resource that the trait was found on, which is not always the exposed one.
    pub resource: Resource,
    /// The `Name` tag of that resource.
    pub name_tag: Option<String>,
    /// How to fix it.
    pub remediation: Remediation,
}

/// A fix and what it does on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedFix {
    /// What it removes.
    pub target: FixTarget,
    /// The number of exposures that it resolves.
    pub resolves: usize,
    /// The exposures that it makes less severe, the most severe first.
    pub reduces: Vec<SeverityReduction>,
    /// The exposures that it resolves or reduces, in the order of their resources.
    pub exposures: Vec<ExposureId>,
}

/// How many exposures drop from one severity to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeverityReduction {
    /// The severity before the fix.
    pub from: Severity,
    /// The severity after the fix.
    pub to: Severity,
    /// The number of exposures.
    pub count: usize,
}

/// How a set of fixes was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// By always choosing the fix with the greatest remaining effect. Every fix of the set is needed, but a smaller set
    /// may exist.
    Greedy,
}

/// A set of fixes that together leave no exposure of some severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixSet {
    /// How the set was found.
    pub found_by: FoundBy,
    /// The number of exposures that are currently too severe.
    pub exposures: usize,
    /// The fixes, in the order in which they were chosen.
    pub fixes: Vec<FixTarget>,
    /// The exposures that no known set of fixes reduces far enough, because one of their traits was found on more
    /// resources than are kept.
    pub remaining: Vec<RemainingExposure>,
}

/// An exposure that stays too severe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemainingExposure {
    /// The exposure.
    pub exposure: ExposureId,
    /// The exposed resource.
    pub resource: Resource,
    /// The `Name` tag of the resource.
    pub name_tag: Option<String>,
}

/// Determines what to fix, by the same grading, mutes, and criticality as the evaluation.
pub fn fixes(view: &View, catalog: &Catalog, triage: &ActiveTriage<'_>) -> Fixes {
    fixes_where(view, catalog, triage, |_, _| true)
}

/// Determines what to fix if only some of the exposures count, by their resource and severity.
///
/// For each exposed resource, only its contributing traits are removed, one by one. The cost is linear in the number of
/// exposures and their causes, even if many exposures share a cause.
pub fn fixes_where(
    view: &View,
    catalog: &Catalog,
    triage: &ActiveTriage<'_>,
    is_wanted: impl Fn(ResourceIndex, Severity) -> bool,
) -> Fixes {
    let mut resources = affected_resources(view, catalog, triage);
    // A resource that a fix would expose counts in any case, so that no fix hides what it opens.
    resources.retain(|resource| {
        resource
            .severity
            .is_none_or(|severity| is_wanted(resource.index(), severity))
    });
    let effects = effects(&mut resources);
    let targets = Targets {
        view,
        catalog,
        effects: &effects,
    };
    let ranked = ranked(&effects, catalog);
    let mut fix_set = |max_severity| {
        let cover = find_cover(&mut resources, max_severity);
        FixSet {
            found_by: FoundBy::Greedy,
            exposures: cover.exposures,
            fixes: cover
                .chosen
                .iter()
                .map(|cause| targets.target(cause))
                .collect(),
            remaining: cover
                .remaining
                .into_iter()
                .map(|index| remaining_exposure(view, index))
                .collect(),
        }
    };
    Fixes {
        leaves_no_critical: fix_set(Severity::High),
        leaves_no_high: fix_set(Severity::Medium),
        no_effect_alone: effects.len() - ranked.len(),
        fixes: ranked
            .into_iter()
            .map(|(cause, effect)| RankedFix {
                target: targets.target(cause),
                resolves: effect.resolves,
                reduces: effect.reductions(),
                exposures: effect.exposures.clone(),
            })
            .collect(),
    }
}

/// What fixing one cause does to all exposures.
struct CauseEffect {
    /// The first resource that it exposes.
    first: ResourceIndex,
    resolves: usize,
    reduces: BTreeMap<(Reverse<Severity>, Reverse<Severity>), usize>,
    exposures: Vec<ExposureId>,
    /// By how much the number of exposures of each severity or higher drops, the highest severity first.
    fewer: [usize; 4],
}

impl CauseEffect {
    fn new(first: ResourceIndex) -> Self {
        Self {
            first,
            resolves: 0,
            reduces: BTreeMap::new(),
            exposures: Vec::new(),
            fewer: [0; 4],
        }
    }

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

    fn reductions(&self) -> Vec<SeverityReduction> {
        self.reduces
            .iter()
            .map(|((Reverse(from), Reverse(to)), count)| SeverityReduction {
                from: *from,
                to: *to,
                count: *count,
            })
            .collect()
    }
}

/// What fixing each contributing cause does on its own.
fn effects(resources: &mut [AffectedResource<'_>]) -> BTreeMap<Cause, CauseEffect> {
    let mut effects: BTreeMap<Cause, CauseEffect> = BTreeMap::new();
    for resource in resources {
        let Some(before) = resource.severity else {
            continue;
        };
        for cause in resource.contributing(&[].into()) {
            let after = resource.severity_without(&[cause].into());
            effects
                .entry(cause)
                .or_insert_with(|| CauseEffect::new(resource.index()))
                .count(&resource.id, before, after);
        }
    }
    effects
}

/// The causes with an effect of their own, the greatest effect first.
fn ranked<'e>(
    effects: &'e BTreeMap<Cause, CauseEffect>,
    catalog: &Catalog,
) -> Vec<(&'e Cause, &'e CauseEffect)> {
    let mut ranked: Vec<(&Cause, &CauseEffect)> = effects
        .iter()
        .filter(|(_, effect)| !effect.exposures.is_empty())
        .collect();
    ranked.sort_by(|(left_cause, left), (right_cause, right)| {
        let id = |cause: &Cause| (catalog.id(cause.trait_index), cause.found_on);
        right
            .fewer
            .cmp(&left.fewer)
            .then_with(|| id(left_cause).cmp(&id(right_cause)))
    });
    ranked
}

struct Targets<'a> {
    view: &'a View,
    catalog: &'a Catalog,
    effects: &'a BTreeMap<Cause, CauseEffect>,
}

impl Targets<'_> {
    fn target(&self, cause: &Cause) -> FixTarget {
        let definition = self.catalog.definition(cause.trait_index);
        let title = match self.effects.get(cause) {
            Some(effect) => definition.title_on(self.view.resource_type(effect.first)),
            None => &definition.title,
        };
        FixTarget {
            trait_id: definition.id.clone(),
            title: title.to_owned(),
            resource: self.view.resource(cause.found_on),
            name_tag: owned_name_tag(self.view, cause.found_on),
            remediation: definition.remediation.clone(),
        }
    }
}

fn remaining_exposure(view: &View, index: ResourceIndex) -> RemainingExposure {
    let resource = view.resource(index);
    RemainingExposure {
        exposure: ExposureId::of(&resource),
        resource,
        name_tag: owned_name_tag(view, index),
    }
}

fn owned_name_tag(view: &View, index: ResourceIndex) -> Option<String> {
    name_tag(&view.tags(index)).map(str::to_owned)
}
