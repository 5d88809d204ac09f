//! How an attacker reaches a resource, and what is reached from there: a small directed graph.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Where an attacker comes from.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EntryPoint {
    /// Anywhere.
    Internet,
    /// A peered VPC, a VPN, the VPC itself.
    PrivateNetwork,
    /// An AWS account of somebody else.
    OtherAccount,
}

impl EntryPoint {
    /// The id of its node.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internet => "internet",
            Self::PrivateNetwork => "private-network",
            Self::OtherAccount => "other-account",
        }
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Internet => "Internet",
            Self::PrivateNetwork => "Private network",
            Self::OtherAccount => "Another AWS account",
        }
    }
}

/// A node of an attack path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PathNode {
    /// An ARN or a component's id; of an entry, its name.
    pub id: String,
    /// A CloudFormation type, or `Entry`.
    #[serde(rename = "type")]
    pub node_type: String,
    /// What people call it. May hold any text that an attacker chose, cleaned.
    pub label: String,
}

impl PathNode {
    /// The type of nodes that are no resource.
    pub const ENTRY: &str = "Entry";

    /// Whether it is where an attacker comes from.
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

/// A step of an attack path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PathEdge {
    /// The id of the node where it begins.
    pub from: String,
    /// The id of the node where it ends.
    pub to: String,
    /// By which ports, relations and traits.
    pub by: String,
}

/// The graph: each node once, in the order in which the path comes upon them; between two nodes one edge at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttackPath {
    /// The nodes.
    pub nodes: Vec<PathNode>,
    /// The edges.
    pub edges: Vec<PathEdge>,
    /// How many further edges there are: a path is there to be read.
    pub left_out: usize,
}

impl AttackPath {
    /// The node with this id.
    pub fn node(&self, id: &str) -> Option<&PathNode> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// The ids of the nodes that no edge leads to, in their order.
    pub fn roots(&self) -> impl Iterator<Item = &PathNode> {
        let reached: BTreeSet<&str> = self.edges.iter().map(|edge| edge.to.as_str()).collect();
        self.nodes
            .iter()
            .filter(move |node| !reached.contains(node.id.as_str()))
    }
}

/// Gathers edges into a graph.
#[derive(Debug, Default)]
pub struct AttackPathBuilder {
    nodes: Vec<PathNode>,
    known: BTreeSet<String>,
    /// In the order of their first adding.
    pairs: Vec<(String, String)>,
    labels: BTreeMap<(String, String), BTreeSet<String>>,
    left_out: BTreeSet<(String, String)>,
}

impl AttackPathBuilder {
    /// More edges than these nobody reads.
    pub const EDGES: usize = 64;

    /// More reasons than these for one edge are counted.
    pub const REASONS: usize = 6;

    /// Adds an edge, or a reason to one that is there. One that leads back to where it begins is none.
    pub fn add(&mut self, from: &PathNode, to: &PathNode, by: String) {
        if from.id == to.id {
            return;
        }
        let pair = (from.id.clone(), to.id.clone());
        if !self.labels.contains_key(&pair) {
            if self.pairs.len() >= Self::EDGES {
                self.left_out.insert(pair);
                return;
            }
            for node in [from, to] {
                if self.known.insert(node.id.clone()) {
                    self.nodes.push(node.clone());
                }
            }
            self.pairs.push(pair.clone());
        }
        self.labels.entry(pair).or_default().insert(by);
    }

    /// The graph.
    pub fn finish(self) -> AttackPath {
        let edges = self
            .pairs
            .into_iter()
            .map(|pair| {
                let by = self.labels.get(&pair).map(reasons).unwrap_or_default();
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

fn reasons(all: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = all
        .iter()
        .take(AttackPathBuilder::REASONS)
        .map(String::as_str)
        .collect();
    let more = all.len() - shown.len();
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
    fn parallel_edges_are_one_with_all_reasons() {
        let mut builder = AttackPathBuilder::default();
        for port in [443, 22] {
            builder.add(&node("a"), &node("b"), format!("TCP {port}"));
        }
        builder.add(&node("b"), &node("b"), "itself".into());
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
    fn what_nobody_would_read_is_counted() {
        let mut builder = AttackPathBuilder::default();
        for number in 0..100 {
            builder.add(&node("a"), &node(&format!("b{number}")), "x".into());
            builder.add(&node("a"), &node("b0"), format!("reason {number:02}"));
        }
        let path = builder.finish();
        assert_eq!(path.edges.len(), AttackPathBuilder::EDGES);
        assert_eq!(path.left_out, 100 - AttackPathBuilder::EDGES);
        assert!(
            path.edges[0].by.ends_with("reason 05 and 95 more"),
            "{}",
            path.edges[0].by
        );
        assert_eq!(path.nodes.len(), AttackPathBuilder::EDGES + 1);
    }
}
