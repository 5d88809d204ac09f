//! Attack paths, which show how an attacker reaches a resource and what is reachable from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::TraitId;

/// Where an attack starts.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    schemars::JsonSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum EntryPoint {
    /// The internet.
    Internet,
    /// A private network: the VPC itself, a peered VPC, or a VPN.
    PrivateNetwork,
    /// An AWS account of another owner.
    OtherAccount,
}

impl EntryPoint {
    /// Returns the ID of its node.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the label of its node.
    pub fn label(self) -> &'static str {
        match self {
            Self::Internet => "Internet",
            Self::PrivateNetwork => "Private network",
            Self::OtherAccount => "Another AWS account",
        }
    }
}

/// A node of an attack path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathNode {
    /// An ARN, the ID of a component of a network path, or the name of an entry point.
    pub id: String,
    /// The CloudFormation type, or `Entry` for an entry point.
    pub node_type: String,
    /// What people call it. It may be text that an attacker chose, but it is cleaned.
    pub label: String,
}

impl PathNode {
    /// The type of the nodes that are entry points.
    pub const ENTRY: &str = "Entry";

    /// Returns whether the node is an entry point.
    pub fn is_entry(&self) -> bool {
        self.node_type == Self::ENTRY
    }
}

impl From<EntryPoint> for PathNode {
    fn from(entry: EntryPoint) -> Self {
        Self {
            id: entry.as_str().to_owned(),
            node_type: Self::ENTRY.to_owned(),
            label: entry.label().to_owned(),
        }
    }
}

/// An edge of an attack path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathEdge {
    /// The ID of the node where it starts.
    pub from: String,
    /// The ID of the node where it ends.
    pub to: String,
    /// The ports, relations, and traits that allow this step.
    pub by: String,
}

/// A directed graph in which each node occurs once, in the order of the path, with at most one edge from a node to
/// another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AttackPath {
    /// The nodes.
    pub nodes: Vec<PathNode>,
    /// The edges.
    pub edges: Vec<PathEdge>,
    /// The number of edges that were left out so that people can read the path.
    pub left_out: usize,
}

impl AttackPath {
    /// Returns the node with this ID.
    pub fn node(&self, id: &str) -> Option<&PathNode> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// Returns whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Returns the nodes that no edge leads to, in their order.
    pub fn roots(&self) -> impl Iterator<Item = &PathNode> {
        let reached: BTreeSet<&str> = self.edges.iter().map(|edge| edge.to.as_str()).collect();
        self.nodes
            .iter()
            .filter(move |node| !reached.contains(node.id.as_str()))
    }
}

/// Builds an [`AttackPath`] from its edges.
#[derive(Debug, Default)]
pub struct AttackPathBuilder {
    nodes: Vec<PathNode>,
    node_ids: BTreeSet<String>,
    /// In the order in which the edges were added.
    pairs: Vec<NodePair>,
    reasons: BTreeMap<NodePair, Reasons>,
    left_out: BTreeSet<NodePair>,
}

/// The IDs of the two nodes of an edge.
type NodePair = (String, String);

/// Why an attacker can follow an edge: ports, relations, or traits, each with the traits that are found at its end.
type Reasons = BTreeMap<String, BTreeSet<String>>;

impl AttackPathBuilder {
    /// The maximum number of edges.
    pub const MAX_EDGES: usize = 64;

    /// The maximum number of reasons that an edge shows, and of traits for each reason. Further ones are counted.
    pub const MAX_REASONS: usize = 6;

    /// Adds an edge, or a reason for an edge that exists already. An edge from a node to itself is ignored.
    pub fn add(&mut self, from: &PathNode, to: &PathNode, reason: &str) {
        if let Some(reasons) = self.reasons_of(from, to) {
            reasons.entry(reason.to_owned()).or_default();
        }
    }

    /// Adds the same, with a trait that is found at the end of the edge.
    pub fn add_with_trait(&mut self, from: &PathNode, to: &PathNode, reason: &str, id: &TraitId) {
        if let Some(reasons) = self.reasons_of(from, to) {
            let traits = reasons.entry(reason.to_owned()).or_default();
            traits.insert(id.to_string());
        }
    }

    /// Returns the reasons of an edge, which is added if necessary, or `None` if it cannot be added.
    fn reasons_of(&mut self, from: &PathNode, to: &PathNode) -> Option<&mut Reasons> {
        if from.id == to.id {
            return None;
        }
        let pair = (from.id.clone(), to.id.clone());
        if !self.reasons.contains_key(&pair) {
            if self.pairs.len() >= Self::MAX_EDGES {
                self.left_out.insert(pair);
                return None;
            }
            for node in [from, to] {
                if self.node_ids.insert(node.id.clone()) {
                    self.nodes.push(node.clone());
                }
            }
            self.pairs.push(pair.clone());
        }
        Some(self.reasons.entry(pair).or_default())
    }

    /// Returns the attack path.
    pub fn finish(self) -> AttackPath {
        let edges = self
            .pairs
            .into_iter()
            .map(|pair| {
                let by = self
                    .reasons
                    .get(&pair)
                    .map(join_reasons)
                    .unwrap_or_default();
                let (from, to) = pair;
                PathEdge { from, to, by }
            })
            .collect();
        AttackPath {
            nodes: self.nodes,
            edges,
            left_out: self.left_out.len(),
        }
    }
}

/// Returns `TCP 22, TCP 443` or `grants-policy (administrative-access-policy)`.
fn join_reasons(reasons: &Reasons) -> String {
    join(reasons.iter().map(|(reason, traits)| {
        if traits.is_empty() {
            reason.clone()
        } else {
            format!("{reason} ({})", join(traits.iter().cloned()))
        }
    }))
}

/// Returns the first items, and the number of further ones.
fn join(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(AttackPathBuilder::MAX_REASONS);
    let shown: Vec<String> = items.take(AttackPathBuilder::MAX_REASONS).collect();
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str) -> PathNode {
        PathNode {
            id: id.into(),
            node_type: "t".into(),
            label: id.into(),
        }
    }

    #[test]
    fn parallel_edges_become_one_edge_with_all_reasons() {
        let mut builder = AttackPathBuilder::default();
        for port in [443, 22] {
            builder.add(&node("a"), &node("b"), &format!("TCP {port}"));
        }
        builder.add(&node("b"), &node("b"), "itself");
        let path = builder.finish();
        assert_eq!(path.nodes.len(), 2);
        assert_eq!(path.edges.len(), 1);
        assert_eq!(path.edges[0].by, "TCP 22, TCP 443");
        assert_eq!(
            path.roots().map(|one| one.id.as_str()).collect::<Vec<_>>(),
            ["a"]
        );
    }

    #[test]
    fn an_edge_lists_each_relation_once_with_all_its_traits() {
        let mut builder = AttackPathBuilder::default();
        let (role, policy) = (node("role"), node("policy"));
        builder.add(&role, &policy, "grants-policy");
        for id in [
            "service-administrative-policy",
            "administrative-access-policy",
        ] {
            builder.add_with_trait(&role, &policy, "grants-policy", &id.parse().unwrap());
        }
        let path = builder.finish();
        assert_eq!(path.edges.len(), 1);
        assert_eq!(
            path.edges[0].by,
            "grants-policy (administrative-access-policy, service-administrative-policy)"
        );
    }

    #[test]
    fn edges_and_reasons_above_the_limits_are_counted() {
        let mut builder = AttackPathBuilder::default();
        for number in 0..100 {
            builder.add(&node("a"), &node(&format!("b{number}")), "x");
            builder.add(&node("a"), &node("b0"), &format!("reason {number:02}"));
        }
        let path = builder.finish();
        assert_eq!(path.edges.len(), AttackPathBuilder::MAX_EDGES);
        assert_eq!(path.left_out, 100 - AttackPathBuilder::MAX_EDGES);
        assert!(
            path.edges[0].by.ends_with("reason 05 and 95 more"),
            "{}",
            path.edges[0].by
        );
        assert_eq!(path.nodes.len(), AttackPathBuilder::MAX_EDGES + 1);
    }
}
