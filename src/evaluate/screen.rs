//! Which resources are worth a closer look: most of an organization's are not exposed, and it must cost next to nothing
//! to see that.
//!
//! Two things make it cheap. Whether anything can travel to a resource at all is worked out over all edges at once. And
//! a resource's verdict hangs on its type and its traits alone, of which few combinations occur.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::catalog::{Catalog, ExposureRule};
use crate::graph::{ResourceIndex, TraitSetIndex, View};
use crate::model::{RelationKind, ResourceType, TraitSet};

/// What the rules say of a set of traits, before the user is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A rule matches.
    Exposed,
    /// None does, but one further trait, beside some that are there, would make one match.
    NearMiss,
    /// Neither.
    Nothing,
}

impl Verdict {
    pub(super) fn of<'a>(
        mut rules: impl Iterator<Item = &'a ExposureRule> + Clone,
        traits: &TraitSet,
    ) -> Self {
        if rules.clone().any(|rule| rule.matches(traits)) {
            Self::Exposed
        } else if rules.any(|rule| is_near_miss(rule, traits)) {
            Self::NearMiss
        } else {
            Self::Nothing
        }
    }
}

/// Whether one further trait, beside some that are there, would make the rule match.
fn is_near_miss(rule: &ExposureRule, traits: &TraitSet) -> bool {
    !rule.contributing(traits).is_empty()
        && rule
            .missing(traits)
            .is_some_and(|missing| !missing.is_empty())
}

/// The verdicts on one type.
#[derive(Debug)]
pub(super) struct Verdicts<'a> {
    view: &'a View,
    rules: &'a [ExposureRule],
    carried: TraitSet,
    /// By the place of the resource's own traits.
    by_own: Vec<Option<(TraitSet, Verdict)>>,
    by_traits: FxHashMap<TraitSet, Verdict>,
}

impl<'a> Verdicts<'a> {
    pub(super) fn new(view: &'a View, catalog: &'a Catalog, resource_type: ResourceType) -> Self {
        Self {
            view,
            rules: catalog.rules(resource_type),
            carried: catalog.applicable_traits(resource_type),
            by_own: vec![None; view.trait_sets().len()],
            by_traits: FxHashMap::default(),
        }
    }

    /// Of a resource to which nothing travels, and the traits that it carries.
    pub(super) fn on_own(&mut self, own: TraitSetIndex) -> (TraitSet, Verdict) {
        *self.by_own[own.get()].get_or_insert_with(|| {
            let traits = self.view.trait_sets()[own.get()].intersection(&self.carried);
            (traits, Verdict::of(self.rules.iter(), &traits))
        })
    }

    /// Of a resource to which these travel, and the traits that it carries.
    pub(super) fn on(&mut self, own: TraitSetIndex, traveled: &TraitSet) -> (TraitSet, Verdict) {
        let mut traits = self.view.trait_sets()[own.get()].intersection(&self.carried);
        traits.extend(traveled);
        let verdict = self
            .by_traits
            .entry(traits)
            .or_insert_with(|| Verdict::of(self.rules.iter(), &traits));
        (traits, *verdict)
    }
}

/// The resources at the end of whose edges, over so many steps as a route has at most, any trait is found that travels.
///
/// It errs on the side of looking: edges of all kinds that any route goes along are followed. The cost is linear in the
/// edges.
#[derive(Debug)]
pub(super) struct Reached {
    /// The resources that bear a trait that travels.
    bearing: Bits,
    /// Those from which an edge leads to one of those, or to one of these.
    reached: Bits,
}

impl Reached {
    pub(super) fn of(view: &View, catalog: &Catalog) -> Self {
        let routes = || {
            catalog
                .types_with_rules()
                .flat_map(|one| catalog.routes(one))
        };
        let mut traveling = TraitSet::default();
        routes().for_each(|route| traveling.extend(&route.traits));
        let steps = routes().map(|route| route.steps.len()).max().unwrap_or(0);
        let kinds: BTreeSet<RelationKind> = routes()
            .flat_map(|route| route.steps.iter().copied())
            .collect();
        let is_followed: Vec<bool> = RelationKind::ALL
            .iter()
            .map(|kind| kinds.contains(kind))
            .collect();
        let is_bearing: Vec<bool> = view
            .trait_sets()
            .iter()
            .map(|set| set.intersects(&traveling))
            .collect();
        let mut bearing = Bits::of(view.len());
        for index in view.indices() {
            if is_bearing[view.trait_set(index).get()] {
                bearing.set(index);
            }
        }
        let mut reached = Bits::of(view.len());
        for _ in 0..steps {
            let mut is_changed = false;
            for from in view.indices() {
                let leads_on = |(kind, to): &(RelationKind, ResourceIndex)| {
                    is_followed[*kind as usize] && (bearing.has(*to) || reached.has(*to))
                };
                if !reached.has(from) && view.edges(from).iter().any(leads_on) {
                    reached.set(from);
                    is_changed = true;
                }
            }
            if !is_changed {
                break;
            }
        }
        Self { bearing, reached }
    }

    /// Whether traits may travel to the resource.
    pub(super) fn contains(&self, index: ResourceIndex) -> bool {
        self.reached.has(index)
    }

    /// Whether traits may travel from the resource, or through it.
    pub(super) fn leads_on(&self, index: ResourceIndex) -> bool {
        self.bearing.has(index) || self.reached.has(index)
    }
}

/// One bit a resource.
#[derive(Debug)]
struct Bits(Vec<u64>);

impl Bits {
    fn of(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn set(&mut self, index: ResourceIndex) {
        self.0[index.get() / 64] |= 1 << (index.get() % 64);
    }

    fn has(&self, index: ResourceIndex) -> bool {
        self.0[index.get() / 64] & (1 << (index.get() % 64)) != 0
    }
}
