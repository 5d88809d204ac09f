//! How an attacker gets there and where it leads on: entries, then what hangs between, then what identities reach.
//!
//! What leads in and what leads on is the catalog's to say (`entry`, `leads_to`); which components lie between is told
//! by findings, as a network path or as the chain that a trait traveled.

use crate::catalog::TraitDefinition;
use crate::graph::ResourceIndex;
use crate::model::{
    AttackPath, AttackPathBuilder, EntryPoint, Evidence, NetworkPath, PathNode, PortRange,
    RelationKind, Resource, ResourceMention, ResourceType, TraitIndex, TraitSet, clean, identify,
};

use super::carried::{Chain, Hop};
use super::grading::Grading;

/// The graph of the contributing traits.
pub(super) fn attack_path(grading: &Grading<'_>, contributing: &TraitSet) -> AttackPath {
    let mut drawing = Drawing {
        grading,
        path: AttackPathBuilder::default(),
    };
    // From the outside in, so that the nodes come in the order of the path.
    let entries = drawing.network_paths(contributing);
    for index in contributing.iter() {
        if let Some(entry) = drawing.definition(index).entry {
            drawing.lead_in(index, entry, entries.contains(&entry));
        }
    }
    for index in contributing.iter() {
        drawing.lead_on(index);
    }
    drawing.path.finish()
}

struct Drawing<'a> {
    grading: &'a Grading<'a>,
    path: AttackPathBuilder,
}

impl<'a> Drawing<'a> {
    fn definition(&self, index: TraitIndex) -> &'a TraitDefinition {
        self.grading.catalog.definition(index)
    }

    fn node(&self, index: ResourceIndex) -> PathNode {
        node_of(&self.grading.view.resource(index))
    }

    /// The components that findings name, and the entries from which they lead here.
    fn network_paths(&mut self, contributing: &TraitSet) -> Vec<EntryPoint> {
        let Grading { view, index, .. } = *self.grading;
        let mut entries = Vec::new();
        for trait_index in contributing.iter() {
            for evidence in view.evidence(index, trait_index) {
                if let Evidence::NetworkReachability(path) = evidence {
                    entries.push(self.network_path(path));
                }
            }
        }
        entries
    }

    fn network_path(&mut self, path: &NetworkPath) -> EntryPoint {
        let subject = self.grading.view.resource(self.grading.index);
        let entry = path.entry();
        let steps = path
            .steps
            .iter()
            .map(|step| component(&subject, &step.component_type, &step.component_id));
        let nodes: Vec<PathNode> = std::iter::once(PathNode::from(entry))
            .chain(steps)
            .chain([node_of(&subject)])
            .collect();
        let by = ports(path);
        for pair in nodes.windows(2) {
            self.path.add(&pair[0], &pair[1], by.clone());
        }
        entry
    }

    /// From the entry to where the trait was found, and back along the chain to the exposed resource. What a network
    /// path shows in detail is not drawn again as one step.
    fn lead_in(&mut self, index: TraitIndex, entry: EntryPoint, is_drawn: bool) {
        let id = self.definition(index).id.as_str();
        let subject = self.node(self.grading.index);
        let carried = &self.grading.carried;
        if carried.is_own(index) && !is_drawn {
            self.path.add(&entry.into(), &subject, id.to_owned());
        }
        for chain in carried.chains(index) {
            let mut inward = self.nodes(chain);
            inward.reverse();
            let Some((origin, _)) = inward.first() else {
                continue;
            };
            self.path.add(&entry.into(), origin, id.to_owned());
            for pair in inward.windows(2) {
                let ((from, kind), (to, _)) = (&pair[0], &pair[1]);
                self.path.add(from, to, relation(*kind));
            }
        }
    }

    /// From the exposed resource to where a trait was found that nobody comes in by, and along what it leads to.
    fn lead_on(&mut self, index: TraitIndex) {
        let definition = self.definition(index);
        if definition.entry.is_none() {
            for chain in self.grading.carried.chains(index) {
                let outward = self.nodes(chain);
                for (place, pair) in outward.windows(2).enumerate() {
                    let ((from, _), (to, kind)) = (&pair[0], &pair[1]);
                    let is_last = place + 2 == outward.len();
                    let by = match (is_last, kind) {
                        (true, Some(kind)) => format!("{} ({})", kind.as_str(), definition.id),
                        _ => relation(*kind),
                    };
                    self.path.add(from, to, by);
                }
            }
        }
        for route in &definition.leads_to {
            self.follow(route);
        }
    }

    /// Draws what is known along a route, one resource a step: the first, as they are sorted.
    fn follow(&mut self, route: &[RelationKind]) {
        let mut at = self.grading.index;
        for kind in route {
            let Some(next) = self.grading.view.related(at, *kind).next() else {
                return;
            };
            let (from, to) = (self.node(at), self.node(next));
            self.path.add(&from, &to, relation(Some(*kind)));
            at = next;
        }
    }

    /// The exposed resource and those of a chain, each with how the one before leads to it.
    fn nodes(&self, chain: &Chain) -> Vec<(PathNode, Option<RelationKind>)> {
        let subject = (self.node(self.grading.index), None);
        let hop = |hop: &Hop| (self.node(hop.to), Some(hop.kind));
        std::iter::once(subject)
            .chain(chain.iter().map(hop))
            .collect()
    }
}

fn relation(kind: Option<RelationKind>) -> String {
    kind.map_or_else(String::new, |kind| kind.as_str().to_owned())
}

fn node_of(resource: &Resource) -> PathNode {
    PathNode {
        id: resource.id.clone(),
        node_type: resource.resource_type.cloudformation().to_owned(),
        label: clean(resource.name()),
    }
}

/// A component of a network path, by the name that the resource has everywhere else.
fn component(subject: &Resource, component_type: &str, id: &str) -> PathNode {
    match ResourceType::from_any_name(component_type) {
        Some(resource_type) => node_of(&identify(ResourceMention {
            resource_type,
            id,
            account: subject.account,
            region: &subject.region,
        })),
        // What is no resource that is known has no ARN to tell it from another of the same id.
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
