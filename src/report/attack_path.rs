//! An attack path as a tree.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AttackPath, PathEdge, PathNode};

use super::layout::Layout;

/// Draws each node below the one that leads to it, starting with those that nothing leads to. A node that was drawn
/// before is named again but not followed again, so that cycles end.
pub(super) fn tree(layout: &Layout, path: &AttackPath) -> String {
    let mut outward: BTreeMap<&str, Vec<&PathEdge>> = BTreeMap::new();
    for edge in &path.edges {
        outward.entry(&edge.from).or_default().push(edge);
    }
    let mut tree = Tree {
        layout,
        path,
        outward,
        seen: BTreeSet::new(),
        text: String::new(),
    };
    // A cycle that nothing leads into starts at its first node.
    let roots: Vec<&PathNode> = path.roots().chain(&path.nodes).collect();
    for root in roots {
        if tree.seen.insert(&root.id) {
            tree.draw(1, None, root);
            tree.draw_below(root, 2);
        }
    }
    if path.left_out > 0 {
        let text = format!("and {} more steps", path.left_out);
        tree.text += &layout.indent(&text, 2);
    }
    tree.text
}

struct Tree<'a> {
    layout: &'a Layout,
    path: &'a AttackPath,
    outward: BTreeMap<&'a str, Vec<&'a PathEdge>>,
    seen: BTreeSet<&'a str>,
    text: String,
}

impl<'a> Tree<'a> {
    fn draw_below(&mut self, node: &'a PathNode, depth: usize) {
        let edges = self.outward.get(node.id.as_str()).cloned();
        for edge in edges.unwrap_or_default() {
            let Some(next) = self.path.node(&edge.to) else {
                continue;
            };
            self.draw(depth, Some(&edge.by), next);
            if self.seen.insert(&next.id) {
                self.draw_below(next, depth + 1);
            }
        }
    }

    fn draw(&mut self, depth: usize, by: Option<&str>, node: &PathNode) {
        let (line, arrow) = if self.layout.is_ascii {
            ("-", "->")
        } else {
            ("─", "→")
        };
        let by = by.map_or_else(String::new, |by| format!("{line} {by} {arrow} "));
        let label = if node.is_entry() {
            node.label.clone()
        } else {
            format!("{} ({})", node.label, node.node_type)
        };
        let indent = "  ".repeat(depth);
        let rest = format!("{indent}    ");
        self.text += &self.layout.wrap(&format!("{by}{label}"), &indent, &rest);
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{AttackPathBuilder, EntryPoint};
    use crate::report::layout::tests::PLAIN;

    use super::*;

    fn node(label: &str) -> PathNode {
        PathNode {
            id: label.into(),
            node_type: "AWS::S3::Bucket".into(),
            label: label.into(),
        }
    }

    #[test]
    fn a_cycle_ends() {
        let mut builder = AttackPathBuilder::default();
        builder.add(&EntryPoint::Internet.into(), &node("a"), "TCP 22");
        builder.add(&node("a"), &node("b"), "one");
        builder.add(&node("b"), &node("a"), "two");
        insta::assert_snapshot!(tree(&PLAIN, &builder.finish()), @r"
        Internet
          ─ TCP 22 → a (AWS::S3::Bucket)
            ─ one → b (AWS::S3::Bucket)
              ─ two → a (AWS::S3::Bucket)
        ");
    }
}
