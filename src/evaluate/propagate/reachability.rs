//! To which resources any trait can propagate at all.
//!
//! Most resources of an organization are not exposed. This check finds out about all of them at once, so that the more
//! expensive steps run only where they can have a result.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::graph::{ResourceIndex, View};
use crate::model::{RelationKind, TraitSet};

/// The resources that a propagating trait can reach within the length of the longest route.
///
/// The sets can contain too many resources, never too few: edges of every relation kind that any route uses are
/// followed, whatever the route. The cost is linear in the number of edges.
#[derive(Debug)]
pub(in crate::evaluate) struct Reachability {
    /// The resources that have a propagating trait themselves.
    sources: ResourceSet,
    /// The resources from which an edge leads to a source, or to another resource of this set.
    reached: ResourceSet,
}

impl Reachability {
    /// Computes both sets for all resources of the view.
    pub(in crate::evaluate) fn compute(view: &View, catalog: &Catalog) -> Self {
        let routes = || {
            catalog
                .types_with_rules()
                .flat_map(|resource_type| catalog.routes(resource_type))
        };
        let kinds: BTreeSet<RelationKind> = routes()
            .flat_map(|route| route.steps.iter().copied())
            .collect();
        let is_followed: Vec<bool> = RelationKind::ALL
            .iter()
            .map(|kind| kinds.contains(kind))
            .collect();
        let longest = routes().map(|route| route.steps.len()).max().unwrap_or(0);
        let mut propagating = TraitSet::default();
        routes().for_each(|route| propagating.extend(&route.traits));

        let mut this = Self {
            sources: sources(view, &propagating),
            reached: ResourceSet::with_capacity(view.len()),
        };
        for _ in 0..longest {
            if !this.expand(view, &is_followed) {
                break;
            }
        }
        this
    }

    /// Adds the resources with an edge to those found so far. Returns whether any were added.
    fn expand(&mut self, view: &View, is_followed: &[bool]) -> bool {
        let mut is_changed = false;
        for from in view.indices() {
            let leads_on = |(kind, to): &(RelationKind, ResourceIndex)| {
                is_followed.get(*kind as usize).is_some_and(|is| *is) && self.can_relay(*to)
            };
            if !self.reached.contains(from) && view.edges(from).iter().any(leads_on) {
                self.reached.insert(from);
                is_changed = true;
            }
        }
        is_changed
    }

    /// Whether a trait may propagate to the resource.
    pub(in crate::evaluate) fn can_receive(&self, index: ResourceIndex) -> bool {
        self.reached.contains(index)
    }

    /// Whether a trait may propagate from the resource or through it.
    pub(in crate::evaluate) fn can_relay(&self, index: ResourceIndex) -> bool {
        self.sources.contains(index) || self.reached.contains(index)
    }
}

/// The resources that have one of the traits themselves.
fn sources(view: &View, propagating: &TraitSet) -> ResourceSet {
    // Few distinct sets of traits occur, so each is tested once.
    let is_source: Vec<bool> = view
        .trait_sets()
        .iter()
        .map(|set| set.intersects(propagating))
        .collect();
    let mut sources = ResourceSet::with_capacity(view.len());
    for index in view.indices() {
        if is_source
            .get(view.trait_set(index).get())
            .is_some_and(|is| *is)
        {
            sources.insert(index);
        }
    }
    sources
}

/// A set of resources, one bit for each resource of the view.
#[derive(Debug)]
struct ResourceSet(Vec<u64>);

impl ResourceSet {
    fn with_capacity(resources: usize) -> Self {
        Self(vec![0; resources.div_ceil(64)])
    }

    fn insert(&mut self, index: ResourceIndex) {
        if let Some(word) = self.0.get_mut(index.get() / 64) {
            *word |= 1 << (index.get() % 64);
        }
    }

    fn contains(&self, index: ResourceIndex) -> bool {
        self.0
            .get(index.get() / 64)
            .is_some_and(|word| word & (1 << (index.get() % 64)) != 0)
    }
}
