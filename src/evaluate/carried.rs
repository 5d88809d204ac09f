//! Which traits a resource carries: its own, and those that travel to it from resources that it hangs on.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::{Catalog, Route};
use crate::graph::{ResourceIndex, View};
use crate::model::{RelationKind, ResourceType, TraitIndex, TraitSet};

/// One hop of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hop {
    /// How the resource before hangs on this one.
    pub kind: RelationKind,
    /// This one.
    pub to: ResourceIndex,
}

/// From the exposed resource to the one on which the trait was found.
pub(super) type Chain = Vec<Hop>;

/// One trait on the one resource on which it was found: what a single fix ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    pub trait_index: TraitIndex,
    pub found_on: ResourceIndex,
}

/// The traits of one resource, and where each comes from.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// The resource.
    pub resource: ResourceIndex,
    /// All of them, and the mitigations.
    pub traits: TraitSet,
    /// Those found on the resource itself.
    own: TraitSet,
    /// The chains along which others traveled, sorted.
    traveled: BTreeMap<TraitIndex, BTreeSet<Chain>>,
    /// What is taken as mended: it is no origin any more.
    pub mended: BTreeSet<Cause>,
}

impl Carried {
    /// The resources on which the trait was found.
    pub(super) fn origins(&self, trait_index: TraitIndex) -> BTreeSet<ResourceIndex> {
        let own = self.own.contains(trait_index).then_some(self.resource);
        let others = self
            .chains(trait_index)
            .filter_map(|chain| chain.last().map(|hop| hop.to));
        own.into_iter()
            .chain(others)
            .filter(|found_on| {
                !self.mended.contains(&Cause {
                    trait_index,
                    found_on: *found_on,
                })
            })
            .collect()
    }

    /// Whether there may be more origins than are known here: so many chains are kept, and no more.
    pub(super) fn may_have_more_origins(&self, trait_index: TraitIndex) -> bool {
        self.chains(trait_index).count() >= CHAINS
    }

    /// Whether the trait was found on the resource itself.
    pub(super) fn is_own(&self, trait_index: TraitIndex) -> bool {
        self.own.contains(trait_index)
    }

    /// The chains along which the trait traveled.
    pub(super) fn chains(&self, trait_index: TraitIndex) -> impl Iterator<Item = &Chain> {
        self.traveled.get(&trait_index).into_iter().flatten()
    }
}

/// How many chains lead the same trait to a resource along one route. One is enough to carry it; the others are there
/// so that each group that is open is named. Beyond that a thousand say no more.
pub(super) const CHAINS: usize = 32;

/// Gathers the traits of a single resource.
pub(super) fn carried(view: &View, catalog: &Catalog, resource: ResourceIndex) -> Carried {
    Travel::new(view, catalog).carried(resource)
}

/// What lies at the end of a part of a route.
#[derive(Clone, Debug)]
struct End {
    at: ResourceIndex,
    traits: TraitSet,
    /// From where the part begins.
    chain: Chain,
}

/// A route, by the type of the exposed resource and its place among that type's, and how many steps are done.
type Part = (ResourceType, usize, usize);

/// Travel along the routes that the catalog names, out from the exposed resource.
///
/// A route has an end, so circles do too. What lies behind a resource on the way is worked out once for all that hang
/// on it, and no more than [`CHAINS`] chains of a trait are kept at each: so the cost is linear in the edges, though ten
/// thousand instances share a group that lets them in to a thousand databases.
pub(super) struct Travel<'a> {
    view: &'a View,
    catalog: &'a Catalog,
    behind: FxHashMap<(ResourceIndex, Part), Rc<Vec<End>>>,
}

impl<'a> Travel<'a> {
    pub(super) fn new(view: &'a View, catalog: &'a Catalog) -> Self {
        Self {
            view,
            catalog,
            behind: FxHashMap::default(),
        }
    }

    /// Behind how many resources it was looked, each counted once for each part of a route.
    #[cfg(test)]
    pub fn looked_behind(&self) -> usize {
        self.behind.len()
    }

    /// Gathers the traits of a resource.
    pub(super) fn carried(&mut self, resource: ResourceIndex) -> Carried {
        let resource_type = self.view.resource_type(resource);
        let own = self
            .view
            .traits(resource)
            .intersection(&self.catalog.applicable_traits(resource_type));
        let mut carried = Carried {
            resource,
            traits: own,
            own,
            traveled: BTreeMap::new(),
            mended: BTreeSet::new(),
        };
        for (place, route) in self.catalog.routes(resource_type).iter().enumerate() {
            for end in self.ends(resource, route, (resource_type, place, 0)) {
                for trait_index in end.traits.iter() {
                    carried.traits.insert(trait_index);
                    let chains = carried.traveled.entry(trait_index).or_default();
                    chains.insert(end.chain.clone());
                }
            }
        }
        carried
    }

    /// The ends of what is left of a route, one chain to each, by the order of the resources on the way.
    fn ends(&mut self, from: ResourceIndex, route: &Route, part: Part) -> Vec<End> {
        let (resource_type, place, step) = part;
        let Some(kind) = route.steps.get(step) else {
            let traits = self.view.traits(from).intersection(&route.traits);
            let here = End {
                at: from,
                traits,
                chain: Chain::new(),
            };
            return if traits.is_empty() {
                Vec::new()
            } else {
                vec![here]
            };
        };
        let view = self.view;
        let mut kept = Kept::default();
        for to in view.related(from, *kind) {
            for end in self
                .behind(to, route, (resource_type, place, step + 1))
                .iter()
            {
                kept.add(end, Hop { kind: *kind, to });
            }
        }
        kept.ends
    }

    fn behind(&mut self, from: ResourceIndex, route: &Route, part: Part) -> Rc<Vec<End>> {
        if let Some(known) = self.behind.get(&(from, part)) {
            return Rc::clone(known);
        }
        let ends = Rc::new(self.ends(from, route, part));
        self.behind.insert((from, part), Rc::clone(&ends));
        ends
    }
}

/// Ends, each resource once, and of each trait so many as are worth keeping.
#[derive(Default)]
struct Kept {
    ends: Vec<End>,
    seen: FxHashSet<ResourceIndex>,
    counts: BTreeMap<TraitIndex, usize>,
}

impl Kept {
    fn add(&mut self, end: &End, hop: Hop) {
        if self.seen.contains(&end.at) {
            return;
        }
        let mut is_wanted = false;
        for trait_index in end.traits.iter() {
            let count = self.counts.entry(trait_index).or_default();
            *count += 1;
            is_wanted |= *count <= CHAINS;
        }
        if !is_wanted {
            return;
        }
        self.seen.insert(end.at);
        let mut chain = Vec::with_capacity(end.chain.len() + 1);
        chain.push(hop);
        chain.extend_from_slice(&end.chain);
        self.ends.push(End {
            at: end.at,
            traits: end.traits,
            chain,
        });
    }
}
