//! Summaries of exposures, computed from what the exposures derive from, without describing them.
//!
//! Most exposures are the same as in the previous cycle. A digest of the facts shows that, at a fraction of the cost of a
//! description.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, View};
use crate::model::{
    ActiveTriage, CollectionTarget, Level, RelationKind, Resource, ResourceType, RuleId,
    StableHasher, TraitId, TraitIndex, TraitSet,
};

use super::dependencies::{Dependencies, dependencies};
use super::describe::{GradeDescription, describe_grade};
use super::evaluation::GradedResource;
use super::grading::{Grader, MutedRules, apply_triage};
use super::propagate::provenance::Propagator;
use super::resource_facts::{CriticalityTag, ResourceFacts};
use super::score::Score;
use super::severity_cache::epss_traits;

/// A digest of everything that the description of an exposure derives from: exposures with the same digest have the same
/// description.
///
/// A version of exposured that describes the same facts in another way does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactsDigest(u128);

/// What is known about an exposure without describing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposureSummary {
    /// The graded resource.
    pub graded: GradedResource,
    /// The exposed resource.
    pub resource: Resource,
    /// The title.
    pub title: String,
    /// The digest of its facts.
    pub facts: FactsDigest,
    /// The collection targets that showed its contributing traits, and the relations along which they propagated.
    pub seen_by: BTreeSet<CollectionTarget>,
    /// The collection targets that showed what makes it less severe.
    pub lowered_by: BTreeSet<CollectionTarget>,
    /// Set if a mute covers the exposure in case its resource has a tag, and no inventory lists the tags of the resource:
    /// whether findings report any.
    pub unlisted_tags: Option<bool>,
}

/// Everything that a grade depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct GradeInputs {
    resource_type: ResourceType,
    traits: TraitSet,
    /// The levels of the traits that have an EPSS score, in the order of the catalog.
    epss_levels: Vec<Level>,
    criticality: Option<CriticalityTag>,
    muted_rules: MutedRules,
}

/// The part of a description that is the same for every resource with the same inputs.
#[derive(Debug)]
struct Grade {
    title: String,
    matched_rules: Vec<RuleId>,
    contributing: TraitSet,
    digest: u128,
}

/// Summarizes exposures, and computes what they share once.
pub(super) struct Summarizer<'a> {
    view: &'a View,
    catalog: &'a Catalog,
    triage: &'a ActiveTriage<'a>,
    propagator: Propagator<'a>,
    epss_traits: TraitSet,
    grades: FxHashMap<GradeInputs, Rc<Grade>>,
}

impl<'a> Summarizer<'a> {
    pub(super) fn new(view: &'a View, catalog: &'a Catalog, triage: &'a ActiveTriage<'a>) -> Self {
        Self {
            view,
            catalog,
            triage,
            propagator: Propagator::new(view, catalog),
            epss_traits: epss_traits(catalog),
            grades: FxHashMap::default(),
        }
    }

    /// Summarizes an exposure. Returns `None` if the resource is not exposed, which does not happen for a graded one.
    pub(super) fn summarize(&mut self, graded: GradedResource) -> Option<ExposureSummary> {
        let index = graded.resource;
        let provenance = self.propagator.provenance(index);
        let grader = apply_triage(self.view, self.catalog, self.triage, provenance).grader;
        let grade = self.grade(&grader)?;
        let mut hasher = StableHasher::default();
        grade.digest.hash(&mut hasher);
        self.view.hash_resource(index, &mut hasher);
        self.view.tag_pairs(index).hash(&mut hasher);
        let mut shown = self.catalog.only_traits(grader.traits());
        shown.extend(&self.catalog.only_mitigations(grader.traits()));
        for trait_index in shown.iter() {
            self.hash_trait(&grader.facts, trait_index, &mut hasher);
        }
        let Dependencies {
            raised_by,
            lowered_by,
        } = dependencies(&grader.facts, &grade.contributing);
        (&raised_by, &lowered_by).hash(&mut hasher);
        for trait_index in grade.contributing.iter() {
            for route in &self.catalog.definition(trait_index).leads_to {
                self.hash_route(index, route, &mut hasher);
            }
        }
        let resource = self.view.resource(index);
        Some(ExposureSummary {
            graded,
            unlisted_tags: self.unlisted_tags(index, &resource, &grade),
            resource,
            title: grade.title.clone(),
            facts: FactsDigest(hasher.finish128()),
            seen_by: raised_by.into_iter().cloned().collect(),
            lowered_by: lowered_by.into_iter().cloned().collect(),
        })
    }

    /// Whether findings report tags of a resource that no inventory lists. `None` if no mute depends on its tags.
    fn unlisted_tags(
        &self,
        index: ResourceIndex,
        resource: &Resource,
        grade: &Grade,
    ) -> Option<bool> {
        let contributes = |id: &TraitId| {
            let index = self.catalog.index_of(id);
            index.is_some_and(|index| grade.contributing.contains(index))
        };
        let may_be_muted = self
            .triage
            .may_mute_by_tag(resource, &grade.matched_rules, contributes);
        (may_be_muted && !self.view.lists_tags(index)).then(|| !self.view.tags(index).is_empty())
    }

    fn grade(&mut self, grader: &Grader<'_>) -> Option<Rc<Grade>> {
        let facts = &grader.facts;
        let scored = grader.traits().intersection(&self.epss_traits);
        let level = |trait_index| {
            let score = facts.highest_epss(trait_index);
            score.map_or(Level::default(), |score| {
                self.catalog.severity().level_of(score)
            })
        };
        let inputs = GradeInputs {
            resource_type: self.view.resource_type(facts.index()),
            traits: *grader.traits(),
            epss_levels: scored.iter().map(level).collect(),
            criticality: facts.criticality.clone(),
            muted_rules: grader.muted_rules.clone(),
        };
        if let Some(grade) = self.grades.get(&inputs) {
            return Some(Rc::clone(grade));
        }
        let grade = Rc::new(Grade::of(describe_grade(grader)?, facts));
        self.grades.insert(inputs, Rc::clone(&grade));
        Some(grade)
    }

    /// Hashes how a trait got to the resource, and the findings that show it.
    fn hash_trait(
        &self,
        facts: &ResourceFacts<'_>,
        trait_index: TraitIndex,
        hasher: &mut StableHasher,
    ) {
        let provenance = &facts.provenance;
        provenance.is_own(trait_index).hash(hasher);
        let mut chains = 0_usize;
        for chain in provenance.chains(trait_index) {
            chain.len().hash(hasher);
            for hop in chain {
                hop.kind.hash(hasher);
                self.view.hash_resource(hop.to, hasher);
            }
            chains += 1;
        }
        chains.hash(hasher);
        let mut origins = provenance.origins(trait_index);
        // The attack path shows the network paths of the resource itself.
        if !origins.contains(&facts.index()) {
            origins.push(facts.index());
        }
        for origin in origins {
            self.view
                .finding_digests(origin, trait_index)
                .for_each(|digest| digest.hash(hasher));
            // Digests of one resource cannot be mistaken for those of the next one.
            0_u128.hash(hasher);
        }
    }

    /// Hashes the known part of a route on which the attack path continues, as the attack path follows it.
    fn hash_route(&self, from: ResourceIndex, route: &[RelationKind], hasher: &mut StableHasher) {
        let mut at = from;
        let mut steps = 0_usize;
        for kind in route {
            let Some(next) = self.view.related(at, *kind).next() else {
                break;
            };
            self.view.hash_resource(next, hasher);
            at = next;
            steps += 1;
        }
        steps.hash(hasher);
    }
}

impl Grade {
    fn of(description: GradeDescription<'_>, facts: &ResourceFacts<'_>) -> Self {
        let mut hasher = StableHasher::default();
        // Every field is listed, so that a new one cannot be forgotten.
        let GradeDescription {
            primary,
            matched_rules,
            contributing,
            score:
                Score {
                    factors,
                    likelihood,
                    impact,
                    severity,
                },
            fixes,
        } = description;
        (&primary.title, &primary.description, &primary.types).hash(&mut hasher);
        (severity, likelihood, impact, factors).hash(&mut hasher);
        (&primary.id, &matched_rules, fixes).hash(&mut hasher);
        hash_traits(facts, &contributing, &mut hasher);
        Self {
            title: primary.title.clone(),
            matched_rules,
            contributing,
            digest: hasher.finish128(),
        }
    }
}

/// Hashes what the catalog says about the traits and mitigations of a resource.
fn hash_traits(facts: &ResourceFacts<'_>, contributing: &TraitSet, hasher: &mut StableHasher) {
    let catalog = facts.catalog;
    let resource_type = facts.view.resource_type(facts.index());
    for index in catalog.only_traits(&facts.provenance.traits).iter() {
        let definition = catalog.definition(index);
        let title = definition.title_on(resource_type);
        (&definition.id, title, definition.trait_type).hash(hasher);
        (contributing.contains(index), &definition.remediation).hash(hasher);
        (definition.entry, &definition.leads_to).hash(hasher);
    }
    for index in catalog.only_mitigations(&facts.provenance.traits).iter() {
        let mitigation = catalog.mitigation(index);
        mitigation.map(|it| (&it.id, &it.title)).hash(hasher);
    }
}

#[cfg(test)]
mod tests;
