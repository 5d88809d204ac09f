//! How an attacker gets there: the network path that a finding tells, then the chains of contributing traits.

use std::collections::BTreeSet;

use crate::catalogue::Catalogue;
use crate::model::{
    Evidence, NetworkPath, PathEdge, PathNode, ResourceMention, ResourceType, TraitSet, identify,
};
use crate::store::{ResourceIndex, View};

use super::carried::{Carried, Hop};

/// The edges from the outside in, then on to what the resource's identity reaches; each once.
pub(super) fn attack_path(
    view: &View,
    catalogue: &Catalogue,
    index: ResourceIndex,
    carried: &Carried,
    contributing: &TraitSet,
) -> Vec<PathEdge> {
    let mut edges = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |edge: PathEdge| {
        if seen.insert(edge.clone()) {
            edges.push(edge);
        }
    };
    for trait_index in contributing.iter() {
        for observed in view.observed(index, trait_index) {
            if let Evidence::NetworkReachability(path) = observed.evidence {
                network_edges(view, index, path)
                    .into_iter()
                    .for_each(&mut add);
            }
        }
    }
    // What the instance itself holds leads on, whether or not a chain does.
    for trait_index in contributing.iter() {
        let definition = catalogue.definition(trait_index);
        for chain in carried.chains(trait_index) {
            chain_edges(view, index, chain, definition.id.as_str())
                .into_iter()
                .for_each(&mut add);
        }
    }
    edges
}

fn network_edges(view: &View, index: ResourceIndex, path: &NetworkPath) -> Vec<PathEdge> {
    let resource = view.resource(index);
    let node = |component_type: &str, id: &str| match ResourceType::of_any_spelling(component_type)
    {
        Some(resource_type) => {
            let mention = ResourceMention {
                resource_type,
                id,
                account: resource.account,
                region: &resource.region,
            };
            PathNode {
                id: identify(mention).id,
                node_type: resource_type.cloudformation().to_owned(),
            }
        }
        None => PathNode {
            id: id.to_owned(),
            node_type: component_type.to_owned(),
        },
    };
    let mut nodes: Vec<PathNode> = path
        .steps
        .iter()
        .map(|step| node(&step.component_type, &step.component_id))
        .collect();
    let comes_from_internet = nodes.first().is_some_and(|first| {
        first.node_type == ResourceType::Ec2InternetGateway.cloudformation()
            || first.node_type == ResourceType::LoadBalancer.cloudformation()
            || first.node_type == ResourceType::ClassicLoadBalancer.cloudformation()
    });
    if comes_from_internet {
        nodes.insert(
            0,
            PathNode {
                id: "internet".into(),
                node_type: "Internet".into(),
            },
        );
    }
    if nodes.last().is_some_and(|last| last.id != resource.id) {
        nodes.push(PathNode {
            id: resource.id.clone(),
            node_type: resource.resource_type.cloudformation().into(),
        });
    }
    let by = ports(path);
    nodes
        .windows(2)
        .filter_map(|pair| {
            let [from, to] = pair else { return None };
            Some(PathEdge {
                from: from.clone(),
                to: to.clone(),
                by: by.clone(),
            })
        })
        .collect()
}

/// `TCP 22`, `TCP 0-65535`, `network path`.
fn ports(path: &NetworkPath) -> String {
    let protocol = path.protocol.as_deref().unwrap_or("port");
    match path.ports {
        Some(range) if range.begin == range.end => format!("{protocol} {}", range.begin),
        Some(range) => format!("{protocol} {}-{}", range.begin, range.end),
        None => "network path".to_owned(),
    }
}

fn chain_edges(view: &View, index: ResourceIndex, chain: &[Hop], trait_id: &str) -> Vec<PathEdge> {
    let node = |index| {
        let resource = view.resource(index);
        PathNode {
            id: resource.id,
            node_type: resource.resource_type.cloudformation().to_owned(),
        }
    };
    let mut from = index;
    let mut edges = Vec::new();
    for (place, hop) in chain.iter().enumerate() {
        let by = if place + 1 == chain.len() {
            format!("{} ({trait_id})", hop.kind.as_str())
        } else {
            hop.kind.as_str().to_owned()
        };
        edges.push(PathEdge {
            from: node(from),
            to: node(hop.to),
            by,
        });
        from = hop.to;
    }
    edges
}
