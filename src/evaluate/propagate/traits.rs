//! Which traits propagate to a resource, without the route that each one took.
//!
//! This is enough to see that most resources are not exposed.
#![expect(
    clippy::indexing_slicing,
    reason = "node indexes are those of nodes that `insert_route` added, and nodes are never removed"
)]

use rustc_hash::FxHashMap;

use crate::catalog::{Catalog, Route};
use crate::graph::{ResourceIndex, View};
use crate::model::{RelationKind, ResourceType, TraitSet};

use super::reachability::Reachability;

/// The index of a node in the trie of routes.
type NodeIndex = usize;

/// A common prefix of routes.
#[derive(Clone, Debug, Default)]
struct RouteTrieNode {
    /// The traits of the routes that end here.
    traits: TraitSet,
    /// How routes continue, by relation kind.
    next: Vec<(RelationKind, NodeIndex)>,
}

/// The traits that propagate to the resources of one type.
///
/// All routes of the type are followed together, as a trie. The traits behind a resource on the way are computed once
/// and reused for every resource that depends on it.
#[derive(Debug)]
pub(in crate::evaluate) struct PropagatedTraits<'a> {
    view: &'a View,
    reachability: &'a Reachability,
    /// The first node stands for the exposed resource itself.
    nodes: Vec<RouteTrieNode>,
    computed: FxHashMap<(ResourceIndex, NodeIndex), TraitSet>,
}

impl<'a> PropagatedTraits<'a> {
    pub(in crate::evaluate) fn new(
        view: &'a View,
        catalog: &Catalog,
        reachability: &'a Reachability,
        resource_type: ResourceType,
    ) -> Self {
        let mut nodes = vec![RouteTrieNode::default()];
        for route in catalog.routes(resource_type) {
            insert_route(&mut nodes, route);
        }
        Self {
            view,
            reachability,
            nodes,
            computed: FxHashMap::default(),
        }
    }

    /// The traits that propagate to a resource.
    pub(in crate::evaluate) fn at(&mut self, resource: ResourceIndex) -> TraitSet {
        self.beyond(resource, 0)
    }

    /// The traits that are found along the continuations of a node.
    fn beyond(&mut self, from: ResourceIndex, node: NodeIndex) -> TraitSet {
        let (view, reachability) = (self.view, self.reachability);
        let mut traits = TraitSet::default();
        for (kind, to) in view.edges(from) {
            let next = &self.nodes[node].next;
            let next = next.iter().find(|(wanted, _)| wanted == kind);
            if let Some((_, next)) = next.filter(|_| reachability.can_relay(*to)) {
                traits.extend(&self.traits_at_node(*to, *next));
            }
        }
        traits
    }

    /// The traits that end at this node, and those beyond it.
    fn traits_at_node(&mut self, at: ResourceIndex, node: NodeIndex) -> TraitSet {
        let RouteTrieNode { traits, next } = &self.nodes[node];
        let mut traits = self.view.traits(at).intersection(traits);
        if next.is_empty() {
            return traits;
        }
        if let Some(computed) = self.computed.get(&(at, node)) {
            return *computed;
        }
        traits.extend(&self.beyond(at, node));
        self.computed.insert((at, node), traits);
        traits
    }
}

fn insert_route(nodes: &mut Vec<RouteTrieNode>, route: &Route) {
    let mut at = 0;
    for kind in &route.steps {
        let existing = nodes[at].next.iter().find(|(next, _)| next == kind);
        at = match existing {
            Some((_, next)) => *next,
            None => {
                let next = nodes.len();
                nodes[at].next.push((*kind, next));
                nodes.push(RouteTrieNode::default());
                next
            }
        };
    }
    nodes[at].traits.extend(&route.traits);
}
