//! An attack path as a Mermaid flowchart and as a Graphviz graph.
//!
//! An attacker can choose the names in labels. Each format's own notation for characters is used for everything except
//! letters, digits, and a few marks, so that no label can end early or be read as markup.

use std::fmt::Write;

use crate::model::{AttackPath, PathNode};

/// A Mermaid flowchart. Source: Mermaid documentation, "Flowcharts", special characters and entity codes.
// Writing to a String cannot fail, so the results of `write!` are ignored in this file.
pub(super) fn mermaid(path: &AttackPath) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, node) in path.nodes.iter().enumerate() {
        let label = mermaid_text(&label(node, "<br/>"));
        // This line break is meant as markup.
        let label = label.replace(&mermaid_text("<br/>"), "<br/>");
        let _ = if node.is_entry() {
            writeln!(text, "    n{index}([\"{label}\"])")
        } else {
            writeln!(text, "    n{index}[\"{label}\"]")
        };
    }
    for (from, to, by) in numbered(path) {
        let _ = writeln!(text, "    n{from} -->|\"{}\"| n{to}", mermaid_text(by));
    }
    text
}

/// A Graphviz graph. Source: Graphviz documentation, "DOT Language", quoted strings; escString.
pub(super) fn dot(path: &AttackPath) -> String {
    let mut text = String::from(
        "digraph attack_path {\n    rankdir=LR;\n    node [shape=box, fontname=\"sans-serif\"];\n    edge [fontname=\"sans-serif\"];\n",
    );
    for (index, node) in path.nodes.iter().enumerate() {
        let shape = if node.is_entry() { ", shape=oval" } else { "" };
        let lines: Vec<String> = label(node, "\n").lines().map(dot_text).collect();
        let _ = writeln!(
            text,
            "    n{index} [label=\"{}\"{shape}];",
            lines.join("\\n")
        );
    }
    for (from, to, by) in numbered(path) {
        let _ = writeln!(text, "    n{from} -> n{to} [label=\"{}\"];", dot_text(by));
    }
    text.push_str("}\n");
    text
}

/// The name and the type of a node.
fn label(node: &PathNode, line_break: &str) -> String {
    if node.is_entry() {
        node.label.clone()
    } else {
        format!("{}{line_break}{}", node.label, node.node_type)
    }
}

/// The edges with the indexes of their nodes.
fn numbered(path: &AttackPath) -> impl Iterator<Item = (usize, usize, &str)> {
    let index = |id: &str| path.nodes.iter().position(|node| node.id == id);
    path.edges
        .iter()
        .filter_map(move |edge| Some((index(&edge.from)?, index(&edge.to)?, edge.by.as_str())))
}

fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || " -_.,:()+".contains(character)
}

/// Writes every character that is not plain as its entity code.
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

/// Writes every character that is not plain as an HTML entity, which Graphviz accepts in labels.
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

    fn cycle() -> AttackPath {
        let mut builder = AttackPathBuilder::default();
        builder.add(&EntryPoint::Internet.into(), &node("a"), "TCP 22");
        builder.add(&node("a"), &node("b"), "one");
        builder.add(&node("b"), &node("a"), "two");
        builder.finish()
    }

    #[test]
    fn both_formats_have_the_same_edges() {
        insta::assert_snapshot!(mermaid(&cycle()));
        insta::assert_snapshot!(dot(&cycle()));
    }

    #[test]
    fn no_label_ends_early_or_is_read_as_markup() {
        let hostile = "x\"] ; end <b>&amp;</b> \\\" }\n| --> `#quot;` %%{init}";
        let mut builder = AttackPathBuilder::default();
        builder.add(&EntryPoint::Internet.into(), &node(hostile), hostile);
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
