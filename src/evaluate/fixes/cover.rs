//! A greedy cover: a small set of fixes that together leave no exposure above a severity.
//!
//! An exposure has alternatives: sets of causes, each of which brings it down to that severity. A cause that does so on
//! its own has the full value for the exposure, one of two causes that are needed together has half of it, and so on.
//! The cause with the highest total value over all exposures is chosen next. So a fix that has no effect on its own is
//! chosen where it is needed, and its value rises once the fixes that it needs are chosen. Each choice removes one cause
//! for good, so there are at most as many choices as causes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::graph::ResourceIndex;
use crate::model::{Severity, TraitIndex};

use super::super::propagate::provenance::Cause;
use super::affected_resource::AffectedResource;

/// The value of a cause that is enough on its own. It is divisible by every number up to 16, so that sums of fractions
/// are exact.
const FULL_VALUE: u64 = 720_720;

/// The result of the search.
pub(super) struct Cover {
    /// The number of exposures that are currently too severe.
    pub exposures: usize,
    /// The chosen causes, in the order in which they were chosen, without those that turned out not to be needed.
    pub chosen: Vec<Cause>,
    /// The resources that stay too severe, in their order.
    pub remaining: Vec<ResourceIndex>,
}

/// Looks for a small set of causes without which no exposure is more severe than `max_severity`.
pub(super) fn find_cover(resources: &mut [AffectedResource<'_>], max_severity: Severity) -> Cover {
    let exposures = resources
        .iter()
        .filter(|resource| resource.severity > Some(max_severity))
        .count();
    let mut search = GreedySearch::new(resources, max_severity);
    let mut order = Vec::new();
    while let Some(best) = search.choose_best() {
        order.push(best);
    }
    for cause in order.iter().rev() {
        search.drop_if_not_needed(*cause);
    }
    order.retain(|cause| search.chosen.contains(cause));
    Cover {
        exposures,
        chosen: order,
        remaining: search.remaining(),
    }
}

/// A resource with the current value of each cause for it.
struct Candidate<'s, 'a> {
    resource: &'s mut AffectedResource<'a>,
    values: BTreeMap<Cause, u64>,
}

struct GreedySearch<'s, 'a> {
    candidates: Vec<Candidate<'s, 'a>>,
    max_severity: Severity,
    /// The indexes of the candidates that each cause affects.
    affected: BTreeMap<Cause, Vec<usize>>,
    chosen: BTreeSet<Cause>,
    /// The current value of each cause for all candidates together.
    totals: BTreeMap<Cause, u64>,
    /// The same, ordered by value. Of equal values, the first cause is last, where the next choice is taken from.
    queue: BTreeSet<(u64, Reverse<Cause>)>,
}

impl<'s, 'a> GreedySearch<'s, 'a> {
    fn new(resources: &'s mut [AffectedResource<'a>], max_severity: Severity) -> Self {
        let mut affected: BTreeMap<Cause, Vec<usize>> = BTreeMap::new();
        for (index, resource) in resources.iter().enumerate() {
            for cause in resource.causes() {
                affected.entry(*cause).or_default().push(index);
            }
        }
        let candidates = resources.iter_mut().map(|resource| Candidate {
            resource,
            values: BTreeMap::new(),
        });
        let mut search = Self {
            candidates: candidates.collect(),
            max_severity,
            affected,
            chosen: BTreeSet::new(),
            totals: BTreeMap::new(),
            queue: BTreeSet::new(),
        };
        for index in 0..search.candidates.len() {
            search.update_values(index);
        }
        search
    }

    /// Chooses the cause with the highest value, unless none has any.
    fn choose_best(&mut self) -> Option<Cause> {
        let (_, Reverse(best)) = self.queue.last().copied()?;
        self.chosen.insert(best);
        for index in self.affected_by(best) {
            self.update_values(index);
        }
        Some(best)
    }

    fn affected_by(&self, cause: Cause) -> Vec<usize> {
        self.affected.get(&cause).cloned().unwrap_or_default()
    }

    /// Recomputes what the causes are worth for one candidate.
    fn update_values(&mut self, index: usize) {
        let Some(candidate) = self.candidates.get_mut(index) else {
            return;
        };
        let fixed = candidate.resource.own_of(&self.chosen);
        let mut values: BTreeMap<Cause, u64> = BTreeMap::new();
        for set in alternatives(candidate.resource, &fixed, self.max_severity) {
            let share = FULL_VALUE / set.len() as u64;
            for cause in set {
                let value = values.entry(cause).or_default();
                *value = share.max(*value);
            }
        }
        let before = std::mem::replace(&mut candidate.values, values.clone());
        for (cause, value) in before {
            self.change_total(cause, |total| total.saturating_sub(value));
        }
        for (cause, value) in values {
            self.change_total(cause, |total| total.saturating_add(value));
        }
    }

    fn change_total(&mut self, cause: Cause, change: impl Fn(u64) -> u64) {
        let total = self.totals.entry(cause).or_default();
        self.queue.remove(&(*total, Reverse(cause)));
        *total = change(*total);
        if *total > 0 {
            self.queue.insert((*total, Reverse(cause)));
        }
    }

    /// Drops a cause that causes chosen later have made unnecessary.
    fn drop_if_not_needed(&mut self, cause: Cause) {
        let max_severity = Some(self.max_severity);
        for index in self.affected_by(cause) {
            let Some(Candidate { resource, .. }) = self.candidates.get_mut(index) else {
                continue;
            };
            let with = resource.own_of(&self.chosen);
            let mut without = with.clone();
            without.remove(&cause);
            if resource.severity_without(&without) > max_severity
                && resource.severity_without(&with) <= max_severity
            {
                return;
            }
        }
        self.chosen.remove(&cause);
    }

    fn remaining(&mut self) -> Vec<ResourceIndex> {
        let mut remaining = Vec::new();
        for Candidate { resource, .. } in &mut self.candidates {
            let fixed = resource.own_of(&self.chosen);
            if resource.severity_without(&fixed) > Some(self.max_severity) {
                remaining.push(resource.index());
            }
        }
        remaining
    }
}

/// Sets of causes each of which brings the resource down: by removing one trait, else two traits, else as many as
/// needed. Empty if the resource is down already, or cannot be brought down.
fn alternatives(
    resource: &mut AffectedResource<'_>,
    fixed: &BTreeSet<Cause>,
    max_severity: Severity,
) -> Vec<BTreeSet<Cause>> {
    if resource.severity_without(fixed) <= Some(max_severity) {
        return Vec::new();
    }
    let by_trait = by_trait(resource.contributing(fixed));
    let mut brings_down = |more: &BTreeSet<Cause>| {
        resource.severity_without(&fixed.union(more).copied().collect()) <= Some(max_severity)
    };
    let mut found: Vec<BTreeSet<Cause>> = by_trait.values().cloned().collect();
    found.retain(&mut brings_down);
    if found.is_empty() {
        found = pairs(&by_trait);
        found.retain(&mut brings_down);
    }
    for set in &mut found {
        remove_unneeded(set, &mut brings_down);
    }
    if found.is_empty() {
        found.extend(as_many_as_needed(resource, fixed, max_severity));
    }
    found
}

fn by_trait(causes: Vec<Cause>) -> BTreeMap<TraitIndex, BTreeSet<Cause>> {
    let mut by_trait: BTreeMap<TraitIndex, BTreeSet<Cause>> = BTreeMap::new();
    for cause in causes {
        by_trait.entry(cause.trait_index).or_default().insert(cause);
    }
    by_trait
}

fn pairs(by_trait: &BTreeMap<TraitIndex, BTreeSet<Cause>>) -> Vec<BTreeSet<Cause>> {
    let mut pairs = Vec::new();
    let mut sets = by_trait.values();
    while let Some(first) = sets.next() {
        for second in sets.clone() {
            pairs.push(first.union(second).copied().collect());
        }
    }
    pairs
}

/// Removes everything that contributes until the resource is down, then leaves out what was not needed.
fn as_many_as_needed(
    resource: &mut AffectedResource<'_>,
    fixed: &BTreeSet<Cause>,
    max_severity: Severity,
) -> Option<BTreeSet<Cause>> {
    let mut all = fixed.clone();
    while resource.severity_without(&all) > Some(max_severity) {
        let more = resource.contributing(&all);
        if more.is_empty() {
            return None;
        }
        all.extend(more);
    }
    let mut set: BTreeSet<Cause> = all.difference(fixed).copied().collect();
    remove_unneeded(&mut set, |more| {
        resource.severity_without(&fixed.union(more).copied().collect()) <= Some(max_severity)
    });
    Some(set)
}

/// Leaves out causes that are not needed: of several resources with vulnerabilities, perhaps only one has exploited ones.
fn remove_unneeded(set: &mut BTreeSet<Cause>, mut is_enough: impl FnMut(&BTreeSet<Cause>) -> bool) {
    if set.len() == 1 {
        return;
    }
    for cause in set.clone() {
        set.remove(&cause);
        if set.is_empty() || !is_enough(set) {
            set.insert(cause);
        }
    }
}
