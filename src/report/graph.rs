//! An attack path as a tree for people, and as Mermaid and Graphviz text.
//!
//! Labels are names that an attacker may have chosen: each format's own way of writing any character as plain text is
//! used for all but letters, digits and a few marks, so that no label can end itself, or be taken for markup.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::model::{AttackPath, PathEdge, PathNode};

/// Every node below the one that leads to it, those that nothing leads to first. A node that is there already is named
/// again and not followed again, so circles end.
pub(super) fn tree(path: &AttackPath) -> String {
    let mut outward: BTreeMap<&str, Vec<&PathEdge>> = BTreeMap::new();
    for edge in &path.edges {
        outward.entry(&edge.from).or_default().push(edge);
    }
    let mut tree = Tree {
        path,
        outward,
        seen: BTreeSet::new(),
        text: String::new(),
    };
    // Of a circle that nothing leads into, the first node is as good a beginning as any.
    let roots: Vec<&PathNode> = path.roots().chain(&path.nodes).collect();
    for root in roots {
        if tree.seen.insert(&root.id) {
            tree.line(0, None, root);
            tree.below(root, 1);
        }
    }
    if path.left_out > 0 {
        let _ = writeln!(tree.text, "  and {} more steps", path.left_out);
    }
    tree.text
}

struct Tree<'a> {
    path: &'a AttackPath,
    outward: BTreeMap<&'a str, Vec<&'a PathEdge>>,
    seen: BTreeSet<&'a str>,
    text: String,
}

impl<'a> Tree<'a> {
    fn below(&mut self, node: &'a PathNode, depth: usize) {
        for edge in self
            .outward
            .get(node.id.as_str())
            .cloned()
            .unwrap_or_default()
        {
            let Some(next) = self.path.node(&edge.to) else {
                continue;
            };
            self.line(depth, Some(&edge.by), next);
            if self.seen.insert(&next.id) {
                self.below(next, depth + 1);
            }
        }
    }

    // Writing to a String cannot fail, so the results of `write!` are let go.
    fn line(&mut self, depth: usize, by: Option<&str>, node: &PathNode) {
        let indent = "  ".repeat(depth + 1);
        let by = by.map_or_else(String::new, |by| format!("─ {by} → "));
        let _ = if node.is_entry() {
            writeln!(self.text, "{indent}{by}{}", node.label)
        } else {
            writeln!(self.text, "{indent}{by}{} ({})", node.label, node.node_type)
        };
    }
}

/// A Mermaid flowchart. Source: Mermaid's documentation, "Flowcharts", special characters and entity codes.
pub(super) fn mermaid(path: &AttackPath) -> String {
    let mut text = String::from("flowchart LR\n");
    for (place, node) in path.nodes.iter().enumerate() {
        let label = mermaid_text(&label(node, "<br/>"));
        // The line break is ours, and stays markup.
        let label = label.replace(&mermaid_text("<br/>"), "<br/>");
        let _ = if node.is_entry() {
            writeln!(text, "    n{place}([\"{label}\"])")
        } else {
            writeln!(text, "    n{place}[\"{label}\"]")
        };
    }
    for (from, to, by) in numbered(path) {
        let _ = writeln!(text, "    n{from} -->|\"{}\"| n{to}", mermaid_text(by));
    }
    text
}

/// A Graphviz graph. Source: Graphviz's documentation, "DOT Language", quoted strings; escString.
pub(super) fn dot(path: &AttackPath) -> String {
    let mut text = String::from(
        "digraph attack_path {\n    rankdir=LR;\n    node [shape=box, fontname=\"sans-serif\"];\n    edge [fontname=\"sans-serif\"];\n",
    );
    for (place, node) in path.nodes.iter().enumerate() {
        let shape = if node.is_entry() { ", shape=oval" } else { "" };
        let lines: Vec<String> = label(node, "\n").lines().map(dot_text).collect();
        let _ = writeln!(
            text,
            "    n{place} [label=\"{}\"{shape}];",
            lines.join("\\n")
        );
    }
    for (from, to, by) in numbered(path) {
        let _ = writeln!(text, "    n{from} -> n{to} [label=\"{}\"];", dot_text(by));
    }
    text.push_str("}\n");
    text
}

/// What it is called, and what it is.
fn label(node: &PathNode, line_break: &str) -> String {
    if node.is_entry() {
        node.label.clone()
    } else {
        format!("{}{line_break}{}", node.label, node.node_type)
    }
}

/// The edges, by the places of their nodes.
fn numbered(path: &AttackPath) -> impl Iterator<Item = (usize, usize, &str)> {
    let place = |id: &str| path.nodes.iter().position(|node| node.id == id);
    path.edges
        .iter()
        .filter_map(move |edge| Some((place(&edge.from)?, place(&edge.to)?, edge.by.as_str())))
}

fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || " -_.,:()+".contains(character)
}

/// Any character but plain ones as its entity code.
fn mermaid_text(text: &str) -> String {
    let mut written = String::new();
    for character in text.chars() {
        if is_plain(character) {
            written.push(character);
        } else {
            let _ = write!(written, "#{};", u32::from(character));
        }
    }
    written
}

/// Any character but plain ones as an HTML entity, which Graphviz reads in labels.
fn dot_text(text: &str) -> String {
    let mut written = String::new();
    for character in text.chars() {
        if is_plain(character) || character == '/' {
            written.push(character);
        } else {
            let _ = write!(written, "&#{};", u32::from(character));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use crate::model::{AttackPathBuilder, EntryPoint};

    use super::*;

    fn node(label: &str) -> PathNode {
        PathNode {
            id: label.into(),
            node_type: "AWS::S3::Bucket".into(),
            label: label.into(),
        }
    }

    fn circle() -> AttackPath {
        let mut builder = AttackPathBuilder::default();
        builder.add(&EntryPoint::Internet.into(), &node("a"), "TCP 22".into());
        builder.add(&node("a"), &node("b"), "one".into());
        builder.add(&node("b"), &node("a"), "two".into());
        builder.finish()
    }

    #[test]
    fn a_circle_ends() {
        insta::assert_snapshot!(tree(&circle()), @r"
        Internet
          ─ TCP 22 → a (AWS::S3::Bucket)
            ─ one → b (AWS::S3::Bucket)
              ─ two → a (AWS::S3::Bucket)
        ");
    }

    #[test]
    fn both_languages_say_the_same() {
        insta::assert_snapshot!(mermaid(&circle()));
        insta::assert_snapshot!(dot(&circle()));
    }

    #[test]
    fn no_label_ends_itself_or_is_markup() {
        let hostile = "x\"] ; end <b>&amp;</b> \\\" }\n| --> `#quot;` %%{init}";
        let mut builder = AttackPathBuilder::default();
        builder.add(&EntryPoint::Internet.into(), &node(hostile), hostile.into());
        let path = builder.finish();
        let mermaid = mermaid(&path);
        let dot = dot(&path);
        assert_eq!(mermaid.lines().count(), 4, "{mermaid}");
        assert_eq!(mermaid.matches('"').count(), 6, "{mermaid}");
        assert_eq!(dot.matches('"').count(), 4 + 2 * 3, "{dot}");
        for text in [&mermaid, &dot] {
            assert!(!text.contains("<b>") && !text.contains("\\\""), "{text}");
        }
    }
}
