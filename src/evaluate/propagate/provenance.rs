//! Which traits a resource has, its own and propagated ones, and along which relations each one propagated.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::catalog::{Catalog, Route};
use crate::graph::{ResourceIndex, View};
use crate::model::{RelationKind, ResourceType, TraitIndex, TraitSet};

use super::universal::partial_facts;

/// One relation of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::evaluate) struct Hop {
    /// The relation from the previous resource to this one.
    pub kind: RelationKind,
    /// This resource.
    pub to: ResourceIndex,
}

/// The relations from the exposed resource to the resource that a finding reports the trait on.
///
/// Most routes have at most three steps. Such chains need no allocation.
pub(in crate::evaluate) type Chain = SmallVec<[Hop; 3]>;

/// The resources that a trait of one resource comes from. Most traits have a single origin.
pub(in crate::evaluate) type Origins = SmallVec<[ResourceIndex; 2]>;

/// A trait on the resource that a finding reports it on: what one fix removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::evaluate) struct Cause {
    pub trait_index: TraitIndex,
    pub found_on: ResourceIndex,
}

/// The traits of one resource, and where each one comes from.
#[derive(Clone, Debug)]
pub(in crate::evaluate) struct TraitProvenance {
    /// The resource.
    pub resource: ResourceIndex,
    /// All traits and mitigations, own and propagated.
    pub traits: TraitSet,
    /// Those that findings report on the resource itself.
    own: TraitSet,
    /// Facts that do not count, because not every resource at the end of their relations shows them.
    pub partial: TraitSet,
    /// The chains along which the others propagated, sorted.
    chains: BTreeMap<TraitIndex, BTreeSet<Chain>>,
    /// Causes that are treated as fixed: they no longer count as origins.
    pub fixed: BTreeSet<Cause>,
}

impl TraitProvenance {
    /// The resources that findings report the trait on, sorted.
    pub(in crate::evaluate) fn origins(&self, trait_index: TraitIndex) -> Origins {
        let own = self.own.contains(trait_index).then_some(self.resource);
        let propagated = self
            .chains(trait_index)
            .filter_map(|chain| chain.last().map(|hop| hop.to));
        let mut origins: Origins = own
            .into_iter()
            .chain(propagated)
            .filter(|found_on| {
                !self.fixed.contains(&Cause {
                    trait_index,
                    found_on: *found_on,
                })
            })
            .collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// Whether the trait may have origins that were dropped because of [`MAX_CHAINS_PER_TRAIT`].
    pub(in crate::evaluate) fn may_have_more_origins(&self, trait_index: TraitIndex) -> bool {
        self.chains(trait_index).count() >= MAX_CHAINS_PER_TRAIT
    }

    /// Whether findings report the trait on the resource itself.
    pub(in crate::evaluate) fn is_own(&self, trait_index: TraitIndex) -> bool {
        self.own.contains(trait_index)
    }

    /// The chains along which the trait propagated.
    pub(in crate::evaluate) fn chains(
        &self,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = &Chain> {
        self.chains.get(&trait_index).into_iter().flatten()
    }
}

/// How many chains of the same trait are kept for a resource along one route.
///
/// A single chain is enough for the resource to have the trait. The others are kept so that, for example, each open
/// security group is listed. Beyond this number, more chains add no information.
pub(in crate::evaluate) const MAX_CHAINS_PER_TRAIT: usize = 32;

/// Computes the traits of a single resource.
pub(in crate::evaluate) fn provenance(
    view: &View,
    catalog: &Catalog,
    resource: ResourceIndex,
) -> TraitProvenance {
    Propagator::new(view, catalog).provenance(resource)
}

/// A resource at the end of a route, with the route's traits that it has.
#[derive(Clone, Debug)]
struct Endpoint {
    at: ResourceIndex,
    traits: TraitSet,
    /// From the resource at which the rest of the route starts.
    chain: Chain,
}

/// The rest of a route: the type of the exposed resource, the index of the route among those of the type, and the number
/// of steps that are done.
type RouteSuffix = (ResourceType, usize, usize);

/// Follows the routes of the catalog from exposed resources to the resources that findings report traits on.
///
/// A route has a fixed length, so cycles of relations end. The endpoints behind a resource on the way are computed once
/// and reused, and at most [`MAX_CHAINS_PER_TRAIT`] chains of a trait are kept for each. The cost is therefore linear in
/// the number of edges, even if ten thousand instances share a security group that a thousand databases admit.
pub(in crate::evaluate) struct Propagator<'a> {
    view: &'a View,
    catalog: &'a Catalog,
    computed: FxHashMap<(ResourceIndex, RouteSuffix), Rc<Vec<Endpoint>>>,
}

impl<'a> Propagator<'a> {
    pub(in crate::evaluate) fn new(view: &'a View, catalog: &'a Catalog) -> Self {
        Self {
            view,
            catalog,
            computed: FxHashMap::default(),
        }
    }

    /// For how many pairs of a resource and a route suffix the endpoints were computed.
    #[cfg(test)]
    pub(in crate::evaluate) fn computed_len(&self) -> usize {
        self.computed.len()
    }

    /// Computes the traits of a resource.
    pub(in crate::evaluate) fn provenance(&mut self, resource: ResourceIndex) -> TraitProvenance {
        let resource_type = self.view.resource_type(resource);
        let own = self
            .view
            .traits(resource)
            .intersection(&self.catalog.applicable_traits(resource_type));
        let mut provenance = TraitProvenance {
            resource,
            traits: own,
            own,
            partial: TraitSet::default(),
            chains: BTreeMap::new(),
            fixed: BTreeSet::new(),
        };
        for (route_index, route) in self.catalog.routes(resource_type).iter().enumerate() {
            for endpoint in self.endpoints(resource, route, (resource_type, route_index, 0)) {
                for trait_index in endpoint.traits.iter() {
                    provenance.traits.insert(trait_index);
                    let chains = provenance.chains.entry(trait_index).or_default();
                    chains.insert(endpoint.chain.clone());
                }
            }
        }
        let partial = partial_facts(self.view, self.catalog, resource, &provenance.traits);
        provenance.traits = provenance.traits.difference(&partial);
        provenance.own = provenance.own.difference(&partial);
        provenance.partial = partial;
        for index in partial.iter() {
            provenance.chains.remove(&index);
        }
        provenance
    }

    /// The endpoints of the rest of a route, with one chain to each, ordered by the resources on the way.
    fn endpoints(
        &mut self,
        from: ResourceIndex,
        route: &Route,
        suffix: RouteSuffix,
    ) -> Vec<Endpoint> {
        let (resource_type, route_index, step) = suffix;
        let Some(kind) = route.steps.get(step) else {
            let traits = self.view.traits(from).intersection(&route.traits);
            let endpoint = (!traits.is_empty()).then(|| Endpoint {
                at: from,
                traits,
                chain: Chain::new(),
            });
            return endpoint.into_iter().collect();
        };
        let view = self.view;
        let mut endpoints = BoundedEndpoints::default();
        for to in view.related(from, *kind) {
            let rest = (resource_type, route_index, step + 1);
            for endpoint in self.endpoints_behind(to, route, rest).iter() {
                endpoints.add(endpoint, Hop { kind: *kind, to });
            }
        }
        endpoints.kept
    }

    /// The same, computed once for each resource on the way.
    fn endpoints_behind(
        &mut self,
        from: ResourceIndex,
        route: &Route,
        suffix: RouteSuffix,
    ) -> Rc<Vec<Endpoint>> {
        if let Some(computed) = self.computed.get(&(from, suffix)) {
            return Rc::clone(computed);
        }
        let endpoints = Rc::new(self.endpoints(from, route, suffix));
        self.computed.insert((from, suffix), Rc::clone(&endpoints));
        endpoints
    }
}

/// Endpoints, each resource once, with at most [`MAX_CHAINS_PER_TRAIT`] for each trait.
#[derive(Default)]
struct BoundedEndpoints {
    kept: Vec<Endpoint>,
    seen: FxHashSet<ResourceIndex>,
    counts: BTreeMap<TraitIndex, usize>,
}

impl BoundedEndpoints {
    /// Adds an endpoint behind a hop, unless there are enough of each of its traits.
    fn add(&mut self, endpoint: &Endpoint, hop: Hop) {
        if self.seen.contains(&endpoint.at) {
            return;
        }
        let mut is_kept = false;
        for trait_index in endpoint.traits.iter() {
            let count = self.counts.entry(trait_index).or_default();
            *count += 1;
            is_kept |= *count <= MAX_CHAINS_PER_TRAIT;
        }
        if !is_kept {
            return;
        }
        self.seen.insert(endpoint.at);
        let chain = std::iter::once(hop).chain(endpoint.chain.iter().copied());
        self.kept.push(Endpoint {
            at: endpoint.at,
            traits: endpoint.traits,
            chain: chain.collect(),
        });
    }
}
