//! Which traits a resource carries: its own, and those that travel to it from resources that it hangs on.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::{Catalogue, Route};
use crate::model::{RelationKind, TraitIndex, TraitSet};
use crate::store::{ResourceIndex, View};

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

/// The traits of one resource, and where each comes from.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// The resource.
    pub resource: ResourceIndex,
    /// All of them, and the mitigations.
    pub traits: TraitSet,
    /// Those found on the resource itself.
    own: TraitSet,
    /// The chains along which others travelled, sorted.
    travelled: BTreeMap<TraitIndex, BTreeSet<Chain>>,
}

impl Carried {
    /// The resources on which the trait was found.
    pub fn origins(&self, trait_index: TraitIndex) -> BTreeSet<ResourceIndex> {
        let own = self.own.contains(trait_index).then_some(self.resource);
        let others = self
            .chains(trait_index)
            .filter_map(|chain| chain.last().map(|hop| hop.to));
        own.into_iter().chain(others).collect()
    }

    /// The chains along which the trait travelled.
    pub fn chains(&self, trait_index: TraitIndex) -> impl Iterator<Item = &Chain> {
        self.travelled.get(&trait_index).into_iter().flatten()
    }
}

/// Gathers the traits of a resource.
///
/// The search goes out from the exposed resource along the routes that the catalogue names, so its cost is what hangs
/// on this resource, however many others share the same security group; and a route has an end, so circles do too.
pub(super) fn carried(view: &View, catalogue: &Catalogue, resource: ResourceIndex) -> Carried {
    let resource_type = view.resource_type(resource);
    let own = view
        .traits(resource)
        .intersection(&catalogue.carried(resource_type));
    let mut carried = Carried {
        resource,
        traits: own,
        own,
        travelled: BTreeMap::new(),
    };
    for route in catalogue.routes(resource_type) {
        follow(view, route, &mut carried);
    }
    carried
}

fn follow(view: &View, route: &Route, carried: &mut Carried) {
    // By resource at the end of the hops so far: one chain that leads there.
    let mut reached: BTreeMap<ResourceIndex, Chain> =
        BTreeMap::from([(carried.resource, Chain::new())]);
    for kind in &route.steps {
        let mut next = BTreeMap::new();
        for (from, chain) in &reached {
            for to in view.related(*from, *kind) {
                next.entry(to).or_insert_with(|| {
                    let mut longer = chain.clone();
                    longer.push(Hop { kind: *kind, to });
                    longer
                });
            }
        }
        reached = next;
    }
    for (end, chain) in reached {
        for trait_index in view.traits(end).intersection(&route.traits).iter() {
            carried.traits.insert(trait_index);
            carried
                .travelled
                .entry(trait_index)
                .or_default()
                .insert(chain.clone());
        }
    }
}
