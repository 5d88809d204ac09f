//! A greedy cover: few fixes that together leave no exposure above a severity.
//!
//! An exposure has alternatives: sets of causes each of which brings it down. A cause that brings it down by itself is
//! worth one to it, one of two that must go together a half, and so on; worth most over all exposures is chosen next. So
//! a fix that does nothing by itself is chosen where it is needed, and is worth more once its fellows are. Each choice
//! takes one cause away for good, so there are no more choices than causes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::graph::ResourceIndex;
use crate::model::{Severity, TraitIndex};

use super::super::carried::Cause;
use super::subject::Subject;

/// What a cause is worth that does it alone: divisible by each number up to 16, so that sums of parts are exact.
const WORTH: u64 = 720_720;

/// What was found.
pub(super) struct Cover {
    /// How many exposures are too severe now.
    pub exposures: usize,
    /// In the order in which they were chosen, without those that turned out idle.
    pub chosen: Vec<Cause>,
    /// What stays too severe, in the order of the resources.
    pub remaining: Vec<ResourceIndex>,
}

/// Looks for few causes without which no exposure is more severe than this.
pub(super) fn cover(subjects: &mut [Subject<'_>], at_most: Severity) -> Cover {
    let exposures = subjects
        .iter()
        .filter(|one| one.severity > Some(at_most))
        .count();
    let mut search = Search {
        concerned: concerned(subjects),
        credits: vec![BTreeMap::new(); subjects.len()],
        subjects,
        at_most,
        chosen: BTreeSet::new(),
        totals: BTreeMap::new(),
        queue: BTreeSet::new(),
    };
    for place in 0..search.subjects.len() {
        search.weigh(place);
    }
    let mut order = Vec::new();
    while let Some((_, Reverse(best))) = search.queue.last().copied() {
        search.chosen.insert(best);
        order.push(best);
        for place in search.concerned_by(best) {
            search.weigh(place);
        }
    }
    for cause in order.iter().rev() {
        search.drop_if_idle(*cause);
    }
    order.retain(|cause| search.chosen.contains(cause));
    Cover {
        exposures,
        chosen: order,
        remaining: search.remaining(),
    }
}

fn concerned(subjects: &[Subject<'_>]) -> BTreeMap<Cause, Vec<usize>> {
    let mut concerned: BTreeMap<Cause, Vec<usize>> = BTreeMap::new();
    for (place, subject) in subjects.iter().enumerate() {
        for cause in subject.causes() {
            concerned.entry(*cause).or_default().push(place);
        }
    }
    concerned
}

struct Search<'s, 'a> {
    subjects: &'s mut [Subject<'a>],
    at_most: Severity,
    /// By their places, the subjects that carry a cause.
    concerned: BTreeMap<Cause, Vec<usize>>,
    chosen: BTreeSet<Cause>,
    /// What each cause is worth to each subject now.
    credits: Vec<BTreeMap<Cause, u64>>,
    /// And to all.
    totals: BTreeMap<Cause, u64>,
    /// The same, ordered by worth; of equal worth the first cause comes last, where it is taken from.
    queue: BTreeSet<(u64, Reverse<Cause>)>,
}

impl Search<'_, '_> {
    fn concerned_by(&self, cause: Cause) -> Vec<usize> {
        self.concerned.get(&cause).cloned().unwrap_or_default()
    }

    /// Works out anew what causes are worth to one subject.
    fn weigh(&mut self, place: usize) {
        let mut credits: BTreeMap<Cause, u64> = BTreeMap::new();
        let subject = &mut self.subjects[place];
        let mended = subject.own_of(&self.chosen);
        for set in alternatives(subject, &mended, self.at_most) {
            let part = WORTH / set.len() as u64;
            for cause in set {
                let credit = credits.entry(cause).or_default();
                *credit = part.max(*credit);
            }
        }
        for (cause, credit) in std::mem::take(&mut self.credits[place]) {
            self.change(cause, |total| total.saturating_sub(credit));
        }
        for (cause, credit) in &credits {
            self.change(*cause, |total| total.saturating_add(*credit));
        }
        self.credits[place] = credits;
    }

    fn change(&mut self, cause: Cause, by: impl Fn(u64) -> u64) {
        let total = self.totals.entry(cause).or_default();
        self.queue.remove(&(*total, Reverse(cause)));
        *total = by(*total);
        if *total > 0 {
            self.queue.insert((*total, Reverse(cause)));
        }
    }

    /// What was chosen early may be done by what was chosen later.
    fn drop_if_idle(&mut self, cause: Cause) {
        for place in self.concerned_by(cause) {
            let subject = &mut self.subjects[place];
            let with = subject.own_of(&self.chosen);
            let mut without = with.clone();
            without.remove(&cause);
            let limit = Some(self.at_most);
            if subject.severity_without(&without) > limit
                && subject.severity_without(&with) <= limit
            {
                return;
            }
        }
        self.chosen.remove(&cause);
    }

    fn remaining(&mut self) -> Vec<ResourceIndex> {
        let mut remaining = Vec::new();
        for subject in self.subjects.iter_mut() {
            let mended = subject.own_of(&self.chosen);
            if subject.severity_without(&mended) > Some(self.at_most) {
                remaining.push(subject.index());
            }
        }
        remaining
    }
}

/// Sets of causes each of which brings the subject down: by ending one trait; if none does, two; if none do, as many
/// as it takes. None if it is down already, or cannot be brought down.
fn alternatives(
    subject: &mut Subject<'_>,
    mended: &BTreeSet<Cause>,
    at_most: Severity,
) -> Vec<BTreeSet<Cause>> {
    if subject.severity_without(mended) <= Some(at_most) {
        return Vec::new();
    }
    let by_trait = by_trait(subject.contributing(mended));
    let mut brings_down = |more: &BTreeSet<Cause>| {
        subject.severity_without(&mended.union(more).copied().collect()) <= Some(at_most)
    };
    let mut found: Vec<BTreeSet<Cause>> = by_trait.values().cloned().collect();
    found.retain(&mut brings_down);
    if found.is_empty() {
        found = pairs(&by_trait);
        found.retain(&mut brings_down);
    }
    for set in &mut found {
        drop_idle(set, &mut brings_down);
    }
    if found.is_empty() {
        found.extend(as_many_as_it_takes(subject, mended, at_most));
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
    let sets: Vec<&BTreeSet<Cause>> = by_trait.values().collect();
    let mut pairs = Vec::new();
    for (place, one) in sets.iter().enumerate() {
        for other in &sets[place + 1..] {
            pairs.push(one.union(other).copied().collect());
        }
    }
    pairs
}

/// Takes away all that contributes until it is down, then leaves out what was not needed.
fn as_many_as_it_takes(
    subject: &mut Subject<'_>,
    mended: &BTreeSet<Cause>,
    at_most: Severity,
) -> Option<BTreeSet<Cause>> {
    let mut all = mended.clone();
    while subject.severity_without(&all) > Some(at_most) {
        let more = subject.contributing(&all);
        if more.is_empty() {
            return None;
        }
        all.extend(more);
    }
    let mut set: BTreeSet<Cause> = all.difference(mended).copied().collect();
    drop_idle(&mut set, |more| {
        subject.severity_without(&mended.union(more).copied().collect()) <= Some(at_most)
    });
    Some(set)
}

/// Leaves out what is not needed: of several places with vulnerabilities, those alone may count that are exploited.
fn drop_idle(set: &mut BTreeSet<Cause>, mut is_enough: impl FnMut(&BTreeSet<Cause>) -> bool) {
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
