//! The attack path of an exposure: entry points, the components between them and the resource, and where it leads.
//!
//! The catalog defines by which traits an attacker gets in (`entry`) and along which relations the path continues
//! (`leads_to`). Findings report the components in between, as network paths, and traits add the relations along which
//! they propagated.

use crate::catalog::TraitDefinition;
use crate::graph::ResourceIndex;
use crate::model::{
    AttackPath, AttackPathBuilder, EntryPoint, Evidence, NetworkPath, PathNode, PortRange,
    RelationKind, Resource, ResourceMention, ResourceType, TraitIndex, TraitSet, clean, identify,
};

use super::propagate::provenance::{Chain, Hop};
use super::resource_facts::ResourceFacts;

/// Builds the attack path of the contributing traits.
pub(super) fn attack_path(facts: &ResourceFacts<'_>, contributing: &TraitSet) -> AttackPath {
    let mut assembler = PathAssembler {
        facts,
        subject: node_of(&facts.view.resource(facts.index())),
        path: AttackPathBuilder::default(),
    };
    // From the outside in, so that the nodes are in the order of the path.
    let entries = assembler.add_network_paths(contributing);
    for index in contributing.iter() {
        if let Some(entry) = assembler.definition(index).entry {
            assembler.add_way_in(index, entry, entries.contains(&entry));
        }
    }
    for index in contributing.iter() {
        assembler.add_way_on(index);
    }
    assembler.path.finish()
}

struct PathAssembler<'a> {
    facts: &'a ResourceFacts<'a>,
    /// The exposed resource.
    subject: PathNode,
    path: AttackPathBuilder,
}

/// A resource of a chain, and the relation that leads to it from the previous one.
type ChainNode = (PathNode, Option<RelationKind>);

impl<'a> PathAssembler<'a> {
    fn definition(&self, index: TraitIndex) -> &'a TraitDefinition {
        self.facts.catalog.definition(index)
    }

    fn node(&self, index: ResourceIndex) -> PathNode {
        node_of(&self.facts.view.resource(index))
    }

    /// Adds the network paths that findings report, and returns where they start.
    fn add_network_paths(&mut self, contributing: &TraitSet) -> Vec<EntryPoint> {
        let facts = self.facts;
        let mut entries = Vec::new();
        for trait_index in contributing.iter() {
            for evidence in facts.view.evidence(facts.index(), trait_index) {
                if let Evidence::NetworkReachability(path) = evidence {
                    self.add_network_path(path);
                    entries.push(path.entry());
                }
            }
        }
        entries
    }

    fn add_network_path(&mut self, path: &NetworkPath) {
        let resource = self.facts.view.resource(self.facts.index());
        let components = path
            .steps
            .iter()
            .map(|step| component(&resource, &step.component_type, &step.component_id));
        let ports = ports(path);
        let mut from = PathNode::from(path.entry());
        for to in components.chain([self.subject.clone()]) {
            self.path.add(&from, &to, &ports);
            from = to;
        }
    }

    /// Adds the way in by a trait: from the entry point to the resource that the trait was found on, and from there along
    /// the chain to the exposed resource. If network paths already show the way in detail, it is not added as a single
    /// step again.
    fn add_way_in(&mut self, index: TraitIndex, entry: EntryPoint, has_network_path: bool) {
        let id = self.definition(index).id.as_str();
        let provenance = &self.facts.provenance;
        if provenance.is_own(index) && !has_network_path {
            self.path.add(&entry.into(), &self.subject, id);
        }
        for chain in provenance.chains(index) {
            let mut inward = self.chain_nodes(chain).into_iter().rev();
            let Some((mut from, mut kind)) = inward.next() else {
                continue;
            };
            self.path.add(&entry.into(), &from, id);
            for (to, next_kind) in inward {
                self.path.add(&from, &to, kind_label(kind));
                (from, kind) = (to, next_kind);
            }
        }
    }

    /// Adds where a trait leads: the chain to the resource that it was found on, unless an attacker gets in there, and
    /// the relations that the catalog names.
    fn add_way_on(&mut self, index: TraitIndex) {
        let definition = self.definition(index);
        if definition.entry.is_none() {
            for chain in self.facts.provenance.chains(index) {
                self.add_chain_outward(chain, definition);
            }
        }
        for route in &definition.leads_to {
            self.follow(route);
        }
    }

    /// Adds a chain from the exposed resource outward. The last edge names the trait that is found at its end.
    fn add_chain_outward(&mut self, chain: &Chain, definition: &TraitDefinition) {
        let mut outward = self.chain_nodes(chain).into_iter().peekable();
        let Some((mut from, _)) = outward.next() else {
            return;
        };
        while let Some((to, kind)) = outward.next() {
            let label = kind_label(kind);
            if outward.peek().is_none() {
                self.path.add_with_trait(&from, &to, label, &definition.id);
            } else {
                self.path.add(&from, &to, label);
            }
            from = to;
        }
    }

    /// Adds the known part of a route, one resource for each step: the first one in the order of the graph.
    fn follow(&mut self, route: &[RelationKind]) {
        let mut at = self.facts.index();
        for kind in route {
            let Some(next) = self.facts.view.related(at, *kind).next() else {
                return;
            };
            let (from, to) = (self.node(at), self.node(next));
            self.path.add(&from, &to, kind.as_str());
            at = next;
        }
    }

    /// The exposed resource and the resources of a chain.
    fn chain_nodes(&self, chain: &Chain) -> Vec<ChainNode> {
        let hop = |hop: &Hop| (self.node(hop.to), Some(hop.kind));
        std::iter::once((self.subject.clone(), None))
            .chain(chain.iter().map(hop))
            .collect()
    }
}

fn kind_label(kind: Option<RelationKind>) -> &'static str {
    kind.map_or("", RelationKind::as_str)
}

fn node_of(resource: &Resource) -> PathNode {
    PathNode {
        id: resource.id.clone(),
        node_type: resource.resource_type.cloudformation().to_owned(),
        label: clean(&resource.name()),
    }
}

/// A component of a network path, with the same ID that the resource has everywhere else.
fn component(subject: &Resource, component_type: &str, id: &str) -> PathNode {
    match ResourceType::from_any_name(component_type) {
        Some(resource_type) => node_of(&identify(ResourceMention {
            resource_type,
            id,
            account: subject.account,
            region: &subject.region,
        })),
        // Two components of unknown types can have the same ID, so the type is part of the node's ID.
        None => PathNode {
            id: clean(&format!("{component_type} {id}")),
            node_type: clean(component_type),
            label: clean(id),
        },
    }
}

/// `TCP 22`, `TCP 0-65535`, `network path`.
fn ports(path: &NetworkPath) -> String {
    let protocol = path.protocol.as_deref().unwrap_or("port");
    match path.ports {
        Some(PortRange { begin, end }) if begin == end => format!("{protocol} {begin}"),
        Some(PortRange { begin, end }) => format!("{protocol} {begin}-{end}"),
        None => "network path".to_owned(),
    }
}
