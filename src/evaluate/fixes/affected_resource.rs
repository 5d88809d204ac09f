//! A resource whose severity fixes can change, and its severity without some of the causes.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, View};
use crate::model::{ActiveTriage, ExposureId, Severity, TraitSet};

use super::super::grading::{Grader, apply_triage, contributing};
use super::super::propagate::provenance::{Cause, Propagator};

/// A resource whose severity fixes can change.
pub(super) struct AffectedResource<'a> {
    pub id: ExposureId,
    /// The current severity, or `None` if the resource is not exposed.
    pub severity: Option<Severity>,
    grader: Grader<'a>,
    /// The current traits.
    traits: TraitSet,
    /// What fixes can remove, sorted.
    causes: Vec<Cause>,
}

/// The resources that are exposed, and those that a fix might expose, sorted.
pub(super) fn affected_resources<'a>(
    view: &'a View,
    catalog: &'a Catalog,
    triage: &ActiveTriage<'a>,
) -> Vec<AffectedResource<'a>> {
    let mut propagator = Propagator::new(view, catalog);
    let mut affected = Vec::new();
    for index in view.indices() {
        if catalog.rules(view.resource_type(index)).is_empty() {
            continue;
        }
        let grader = apply_triage(view, catalog, triage, propagator.provenance(index)).grader;
        let score = grader.score(grader.traits());
        if score.is_some() || a_fix_may_expose(&grader) {
            let severity = score.map(|score| score.severity);
            affected.push(AffectedResource::new(grader, severity));
        }
    }
    affected
}

/// Whether a rule forbids one of the traits: without the trait, the rule may match. Only custom rules do this.
fn a_fix_may_expose(grader: &Grader<'_>) -> bool {
    let traits = grader.facts.catalog.only_traits(grader.traits());
    grader
        .rules
        .iter()
        .any(|rule| rule.none.intersects(&traits))
}

impl<'a> AffectedResource<'a> {
    fn new(grader: Grader<'a>, severity: Option<Severity>) -> Self {
        let facts = &grader.facts;
        Self {
            id: ExposureId::of(&facts.view.resource(facts.index())),
            severity,
            traits: *grader.traits(),
            causes: removable_causes(&grader),
            grader,
        }
    }

    pub(super) fn index(&self) -> ResourceIndex {
        self.grader.facts.index()
    }

    pub(super) fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// Those of the causes that affect this resource.
    pub(super) fn own_of(&self, causes: &BTreeSet<Cause>) -> BTreeSet<Cause> {
        let own = self.causes.iter().copied();
        own.filter(|cause| causes.contains(cause)).collect()
    }

    /// How severe the resource is without these causes.
    pub(super) fn severity_without(&mut self, fixed: &BTreeSet<Cause>) -> Option<Severity> {
        let remaining = self.remaining_traits(fixed);
        self.grader.facts.provenance.fixed.clone_from(fixed);
        let score = self.grader.score(&remaining);
        self.grader.facts.provenance.fixed.clear();
        score.map(|score| score.severity)
    }

    /// The causes of the traits that the matching rules need once the fixed causes are gone.
    pub(super) fn contributing(&self, fixed: &BTreeSet<Cause>) -> Vec<Cause> {
        let remaining = self.remaining_traits(fixed);
        let matching = self.grader.matching(self.grader.rules, &remaining);
        let contributing = contributing(matching, &remaining);
        self.causes
            .iter()
            .copied()
            .filter(|cause| contributing.contains(cause.trait_index) && !fixed.contains(cause))
            .collect()
    }

    /// The traits that remain. A trait is gone when all its causes are fixed.
    fn remaining_traits(&self, fixed: &BTreeSet<Cause>) -> TraitSet {
        let by_trait = self
            .causes
            .chunk_by(|left, right| left.trait_index == right.trait_index);
        let gone = by_trait
            .filter(|causes| causes.iter().all(|cause| fixed.contains(cause)))
            .filter_map(|causes| causes.first().map(|cause| cause.trait_index))
            .collect();
        self.traits.difference(&gone)
    }
}

/// The causes of all traits that any rule needs or forbids, sorted.
fn removable_causes(grader: &Grader<'_>) -> Vec<Cause> {
    let mut relevant = TraitSet::default();
    for rule in grader.rules {
        relevant.extend(&rule.needed());
        relevant.extend(&rule.none);
    }
    let provenance = &grader.facts.provenance;
    grader
        .facts
        .catalog
        .only_traits(&relevant.intersection(grader.traits()))
        .iter()
        // If some origins of a trait are not known, fixing the known ones does not certainly remove the trait.
        .filter(|trait_index| !provenance.may_have_more_origins(*trait_index))
        .flat_map(|trait_index| {
            let origins = provenance.origins(trait_index).into_iter();
            origins.map(move |found_on| Cause {
                trait_index,
                found_on,
            })
        })
        .collect()
}
