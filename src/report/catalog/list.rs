//! The list of all entries, and how many there are.

use std::fmt;

use serde::Serialize;

use crate::catalog::{Catalog, Derivation, DisabledEntry};
use crate::model::ResourceType;

use super::table;

/// One line of the list.
#[derive(Serialize)]
pub(crate) struct ListedEntry<'a> {
    kind: &'static str,
    id: &'a str,
    title: &'a str,
    resource_types: Vec<ResourceType>,
    is_own: bool,
}

impl ListedEntry<'_> {
    pub(crate) fn id(&self) -> &str {
        self.id
    }
}

pub(crate) fn list(catalog: &Catalog, resource_type: Option<ResourceType>) -> Vec<ListedEntry<'_>> {
    let types = |derivation: &Derivation| derivation.resource_types.iter().copied().collect();
    let traits = catalog.traits().iter().map(|one| ListedEntry {
        kind: "trait",
        id: one.id.as_str(),
        title: &one.title,
        resource_types: types(&one.derivation),
        is_own: one.location.is_custom,
    });
    let mitigations = catalog.mitigations().iter().map(|one| ListedEntry {
        kind: "mitigation",
        id: one.id.as_str(),
        title: &one.title,
        resource_types: types(&one.derivation),
        is_own: one.location.is_custom,
    });
    let exposures = catalog.all_rules().map(|rule| ListedEntry {
        kind: "exposure",
        id: rule.id.as_str(),
        title: &rule.title,
        resource_types: vec![rule.resource_type],
        is_own: rule.location.is_custom,
    });
    traits
        .chain(mitigations)
        .chain(exposures)
        .filter(|one| resource_type.is_none_or(|wanted| one.resource_types.contains(&wanted)))
        .collect()
}

pub(crate) fn list_table(listed: &[ListedEntry<'_>]) -> String {
    let mut table = table(&["KIND", "ID", "RESOURCE TYPES", "TITLE"]);
    for one in listed {
        let types: Vec<&str> = one
            .resource_types
            .iter()
            .map(|one| one.cloudformation())
            .collect();
        table.add_row([one.kind, one.id, &types.join("\n"), one.title]);
    }
    format!("{}\n\n{} entries\n", table.trim_fmt(), listed.len())
}

/// The number of entries of each kind.
#[derive(Serialize)]
pub(crate) struct Counts<'a> {
    traits: usize,
    mitigations: usize,
    exposures: usize,
    tests: usize,
    switched_off: Vec<&'a str>,
    version: &'a str,
}

pub(crate) fn counts(catalog: &Catalog) -> Counts<'_> {
    let switched_off = catalog.disabled_entries().iter();
    Counts {
        traits: catalog.traits().len(),
        mitigations: catalog.mitigations().len(),
        exposures: catalog.all_rules().count(),
        tests: catalog.cases().len(),
        switched_off: switched_off
            .map(|off: &DisabledEntry| off.id.as_str())
            .collect(),
        version: catalog.version(),
    }
}

impl fmt::Display for Counts<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} traits, {} mitigations, {} exposures, {} tests, {} switched off, version {}",
            self.traits,
            self.mitigations,
            self.exposures,
            self.tests,
            self.switched_off.len(),
            self.version
        )
    }
}
