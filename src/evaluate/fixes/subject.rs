//! A resource whose severity fixes may change, and its severity without some of the causes.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, View};
use crate::model::{ActiveTriage, ExposureId, Severity, TraitSet};

use super::super::carried::{Cause, Travel};
use super::super::grading::{Grading, contributing, triaged};

/// A resource whose severity fixes may change.
pub(super) struct Subject<'a> {
    pub id: ExposureId,
    /// As it is now; `None` if it is not exposed.
    pub severity: Option<Severity>,
    grading: Grading<'a>,
    /// What it carries now.
    traits: TraitSet,
    /// What can be taken away from it, sorted.
    causes: Vec<Cause>,
}

/// The resources that are exposed, and those that a fix might expose, sorted.
pub(super) fn subjects<'a>(
    view: &'a View,
    catalog: &'a Catalog,
    triage: &ActiveTriage<'a>,
) -> Vec<Subject<'a>> {
    let mut travel = Travel::new(view, catalog);
    let mut subjects = Vec::new();
    for index in view.indices() {
        if catalog.rules(view.resource_type(index)).is_empty() {
            continue;
        }
        let grading = triaged(view, catalog, triage, travel.carried(index)).grading;
        let score = grading.score(&grading.carried.traits);
        if score.is_some() || may_be_exposed_by_a_fix(&grading) {
            subjects.push(Subject::new(grading, score.map(|score| score.severity)));
        }
    }
    subjects
}

/// A rule of the user's own may forbid a trait: with the trait gone, it may match. None of ours does.
fn may_be_exposed_by_a_fix(grading: &Grading<'_>) -> bool {
    let traits = grading.catalog.only_traits(&grading.carried.traits);
    grading
        .rules
        .iter()
        .any(|rule| rule.none.intersects(&traits))
}

impl<'a> Subject<'a> {
    fn new(grading: Grading<'a>, severity: Option<Severity>) -> Self {
        let traits = grading.carried.traits;
        let mut relevant = TraitSet::default();
        for rule in grading.rules {
            relevant.extend(&rule.needed());
            relevant.extend(&rule.none);
        }
        let carried = &grading.carried;
        let causes = grading
            .catalog
            .only_traits(&relevant.intersection(&traits))
            .iter()
            // Of a trait with origins that are not known, ending those that are known ends nothing for certain.
            .filter(|trait_index| !carried.may_have_more_origins(*trait_index))
            .flat_map(|trait_index| {
                let origins = carried.origins(trait_index).into_iter();
                origins.map(move |found_on| Cause {
                    trait_index,
                    found_on,
                })
            })
            .collect();
        Self {
            id: ExposureId::of(&grading.view.resource(grading.index)),
            severity,
            traits,
            causes,
            grading,
        }
    }

    pub(super) fn index(&self) -> ResourceIndex {
        self.grading.index
    }

    pub(super) fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// Those of the causes that are of this resource.
    pub(super) fn own_of(&self, causes: &BTreeSet<Cause>) -> BTreeSet<Cause> {
        let own = self.causes.iter().copied();
        own.filter(|cause| causes.contains(cause)).collect()
    }

    /// How severe it is without these causes.
    pub(super) fn severity_without(&mut self, mended: &BTreeSet<Cause>) -> Option<Severity> {
        let left = self.left(mended);
        self.grading.carried.mended.clone_from(mended);
        let score = self.grading.score(&left);
        self.grading.carried.mended.clear();
        score.map(|score| score.severity)
    }

    /// The causes of the traits that the rules need which match without the causes that are mended.
    pub(super) fn contributing(&self, mended: &BTreeSet<Cause>) -> Vec<Cause> {
        let left = self.left(mended);
        let matching: Vec<_> = self
            .grading
            .rules
            .iter()
            .filter(|rule| rule.matches(&left) && self.grading.counts(rule))
            .collect();
        let contributing = contributing(&matching, &left);
        self.causes
            .iter()
            .copied()
            .filter(|cause| contributing.contains(cause.trait_index) && !mended.contains(cause))
            .collect()
    }

    /// The traits that are left: one ends when all its causes are mended.
    fn left(&self, mended: &BTreeSet<Cause>) -> TraitSet {
        let mut gone = TraitSet::default();
        for causes in self
            .causes
            .chunk_by(|one, other| one.trait_index == other.trait_index)
        {
            if causes.iter().all(|cause| mended.contains(cause)) {
                gone.insert(causes[0].trait_index);
            }
        }
        self.traits.difference(&gone)
    }
}
