//! Which findings are used by which entries, as text.

use std::fmt;
use std::fmt::Write;

use crate::catalog::{TraitNeed, Usage};

use super::table;

pub(crate) fn coverage_text(coverage: &Usage<'_>) -> String {
    let mut signals = table(&["SOURCE", "SIGNAL", "USED BY"]);
    for used in &coverage.signals {
        let by: Vec<&str> = used.used_by.iter().map(|id| id.as_str()).collect();
        signals.add_row([used.source.as_str(), used.signal, &by.join("\n")]);
    }
    let mut text = format!("{}\n", signals.trim_fmt());
    text += "\nTraits, the sources that can show each, and what it needs besides findings\n";
    text += &traits(coverage);
    section(
        &mut text,
        "Controls that are read only for the relationships in their findings",
        &coverage.relation_controls,
    );
    section(
        &mut text,
        "Traits that no exposure needs",
        &coverage.traits_in_no_exposure,
    );
    section(
        &mut text,
        "Resource types without an exposure rule, known only as parts of a path",
        &coverage.types_without_exposure,
    );
    text
}

fn traits(coverage: &Usage<'_>) -> String {
    let mut traits = table(&["TRAIT", "SHOWN BY", "NEEDS"]);
    for shown in &coverage.traits {
        let sources: Vec<&str> = shown.sources.iter().map(|one| one.as_str()).collect();
        let needs = shown.needs.map_or("", TraitNeed::as_str);
        traits.add_row([shown.id.as_str(), &sources.join("\n"), needs]);
    }
    format!("{}\n", traits.trim_fmt())
}

fn section<T: fmt::Display>(text: &mut String, title: &str, lines: &[T]) {
    if lines.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n{title}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}
