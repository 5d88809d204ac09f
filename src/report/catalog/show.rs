//! Single entries in full.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write;

use serde::Serialize;

use crate::catalog::{
    Catalog, Derivation, ExposureRule, FactorLevel, MitigationDefinition, SignalDescription,
    TraitDefinition,
};
use crate::model::{
    Factor, Level, RelationKind, ResourceType, RuleId, TraitId, TraitIndex, TraitSet,
};

/// An entry in full.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Entry<'a> {
    Trait(TraitEntry<'a>),
    Mitigation(MitigationEntry<'a>),
    Exposure(ExposureEntry<'a>),
}

#[derive(Serialize)]
pub(crate) struct TraitEntry<'a> {
    id: &'a TraitId,
    title: &'a str,
    titles: &'a BTreeMap<ResourceType, String>,
    #[serde(rename = "type")]
    trait_type: &'static str,
    derivation: DerivationEntry<'a>,
    factors: BTreeMap<Factor, String>,
    techniques: &'a [String],
    remediation: RemediationEntry<'a>,
    source: &'a str,
    location: String,
    needed_by: Vec<&'a RuleId>,
}

#[derive(Serialize)]
struct RemediationEntry<'a> {
    text: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
pub(crate) struct MitigationEntry<'a> {
    id: &'a TraitId,
    title: &'a str,
    derivation: DerivationEntry<'a>,
    source: &'a str,
    location: String,
    lowers: Vec<String>,
    prevents: Vec<&'a RuleId>,
}

#[derive(Serialize)]
pub(crate) struct DerivationEntry<'a> {
    resource_types: &'a BTreeSet<ResourceType>,
    found_on: &'a BTreeSet<ResourceType>,
    via: Vec<String>,
    signals: &'a [SignalDescription],
}

#[derive(Serialize)]
pub(crate) struct ExposureEntry<'a> {
    id: &'a RuleId,
    title: &'a str,
    resource_type: ResourceType,
    all: Vec<&'a TraitId>,
    any: Vec<&'a TraitId>,
    none: Vec<&'a TraitId>,
    mitigated_by: Vec<String>,
    description: &'a str,
    asff_types: &'a [String],
    ocsf_types: &'a [String],
    source: &'a str,
    location: String,
}

/// Finds every entry with the ID. A trait and an exposure can have the same one.
pub(crate) fn entries<'a>(catalog: &'a Catalog, id: &str) -> Vec<Entry<'a>> {
    let traits = catalog
        .traits()
        .iter()
        .filter(|one| one.id.as_str() == id)
        .map(|one| Entry::Trait(trait_entry(catalog, one)));
    let mitigations = catalog
        .mitigations()
        .iter()
        .filter(|one| one.id.as_str() == id)
        .map(|one| Entry::Mitigation(mitigation_entry(catalog, one)));
    let exposures = catalog
        .all_rules()
        .filter(|rule| rule.id.as_str() == id)
        .map(|rule| Entry::Exposure(exposure_entry(catalog, rule)));
    traits.chain(mitigations).chain(exposures).collect()
}

fn trait_entry<'a>(catalog: &'a Catalog, one: &'a TraitDefinition) -> TraitEntry<'a> {
    let index = catalog.index_of(&one.id);
    let needs = |rule: &&ExposureRule| index.is_some_and(|index| rule.needed().contains(index));
    TraitEntry {
        id: &one.id,
        title: &one.title,
        titles: &one.titles,
        trait_type: one.trait_type.as_str(),
        derivation: derivation_entry(&one.derivation),
        factors: one
            .factors
            .iter()
            .map(|(factor, raise)| (*factor, raise_text(*factor, *raise)))
            .collect(),
        techniques: &one.techniques,
        remediation: RemediationEntry {
            text: &one.remediation.text,
            url: &one.remediation.url,
        },
        source: &one.source,
        location: one.location.to_string(),
        needed_by: catalog
            .all_rules()
            .filter(needs)
            .map(|rule| &rule.id)
            .collect(),
    }
}

fn raise_text(factor: Factor, raise: FactorLevel) -> String {
    match (factor, raise) {
        (_, FactorLevel::FromEpss) => "by EPSS".to_owned(),
        (Factor::Impact, FactorLevel::Fixed(level)) => crate::model::Impact::of_level(level)
            .map_or("unknown", crate::model::Impact::as_str)
            .to_owned(),
        (_, FactorLevel::Fixed(level)) => Level::value(level).to_string(),
    }
}

fn mitigation_entry<'a>(
    catalog: &'a Catalog,
    one: &'a MitigationDefinition,
) -> MitigationEntry<'a> {
    let index = catalog.index_of(&one.id);
    let lowers = catalog.all_rules().flat_map(|rule| {
        rule.mitigated_by
            .iter()
            .filter(|lowered| Some(lowered.mitigation) == index)
            .map(|lowered| format!("{} of {}", lowered.lowers.as_str(), rule.id))
    });
    MitigationEntry {
        id: &one.id,
        title: &one.title,
        derivation: derivation_entry(&one.derivation),
        source: &one.source,
        location: one.location.to_string(),
        lowers: lowers.collect(),
        prevents: catalog
            .all_rules()
            .filter(|rule| index.is_some_and(|index| rule.none.contains(index)))
            .map(|rule| &rule.id)
            .collect(),
    }
}

fn derivation_entry(derivation: &Derivation) -> DerivationEntry<'_> {
    let route = |steps: &Vec<RelationKind>| {
        let steps: Vec<&str> = steps.iter().map(|one| one.as_str()).collect();
        steps.join(" > ")
    };
    DerivationEntry {
        resource_types: &derivation.resource_types,
        found_on: &derivation.found_on,
        via: derivation.via.iter().map(route).collect(),
        signals: &derivation.signals,
    }
}

fn exposure_entry<'a>(catalog: &'a Catalog, rule: &'a ExposureRule) -> ExposureEntry<'a> {
    let ids = |set: &TraitSet| {
        let indices: Vec<TraitIndex> = set.iter().collect();
        indices.into_iter().map(|index| catalog.id(index)).collect()
    };
    ExposureEntry {
        id: &rule.id,
        title: &rule.title,
        resource_type: rule.resource_type,
        all: ids(&rule.all),
        any: ids(&rule.any),
        none: ids(&rule.none),
        mitigated_by: rule
            .mitigated_by
            .iter()
            .map(|one| {
                let id = catalog.id(one.mitigation);
                format!("{id} lowers the {}", one.lowers.as_str())
            })
            .collect(),
        description: &rule.description,
        asff_types: &rule.types.asff,
        ocsf_types: &rule.types.ocsf,
        source: &rule.source,
        location: rule.location.to_string(),
    }
}

/// Writes a label and its values, one per line, or nothing if there are no values.
fn field<T: fmt::Display>(text: &mut String, label: &str, values: impl IntoIterator<Item = T>) {
    for (index, value) in values.into_iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {label:<16}{value}");
    }
}

pub(crate) fn entries_text(entries: &[Entry<'_>]) -> String {
    let texts: Vec<String> = entries
        .iter()
        .map(|entry| match entry {
            Entry::Trait(one) => trait_text(one),
            Entry::Mitigation(one) => mitigation_text(one),
            Entry::Exposure(one) => exposure_text(one),
        })
        .collect();
    texts.join("\n")
}

fn trait_text(one: &TraitEntry<'_>) -> String {
    let mut text = format!("trait {}\n  {}\n\n", one.id, one.title);
    field(&mut text, "type", [one.trait_type]);
    derivation_text(&mut text, &one.derivation);
    let factors = one
        .factors
        .iter()
        .map(|(factor, level)| format!("{} {level}", factor.as_str()));
    field(&mut text, "factors", factors);
    field(&mut text, "ATT&CK", one.techniques);
    field(&mut text, "needed by", &one.needed_by);
    let remediation = [one.remediation.text, one.remediation.url];
    field(&mut text, "remediation", remediation);
    field(&mut text, "source", [one.source]);
    field(&mut text, "defined at", [&one.location]);
    let titles = one
        .titles
        .iter()
        .map(|(resource_type, title)| format!("{resource_type}: {title}"));
    field(&mut text, "other titles", titles);
    text
}

fn mitigation_text(one: &MitigationEntry<'_>) -> String {
    let mut text = format!("mitigation {}\n  {}\n\n", one.id, one.title);
    derivation_text(&mut text, &one.derivation);
    field(&mut text, "lowers", &one.lowers);
    field(&mut text, "prevents", &one.prevents);
    field(&mut text, "source", [one.source]);
    field(&mut text, "defined at", [&one.location]);
    text
}

fn derivation_text(text: &mut String, derivation: &DerivationEntry<'_>) {
    field(text, "applies to", derivation.resource_types);
    field(text, "found on", derivation.found_on);
    field(text, "via", &derivation.via);
    let signals = derivation
        .signals
        .iter()
        .map(|signal| format!("{}: {}", signal.source.as_str(), signal.text));
    field(text, "shown by", signals);
}

fn exposure_text(one: &ExposureEntry<'_>) -> String {
    let mut text = format!("exposure {}\n  {}\n\n", one.id, one.title);
    field(&mut text, "applies to", [one.resource_type]);
    field(&mut text, "all of", &one.all);
    field(&mut text, "one of", &one.any);
    field(&mut text, "none of", &one.none);
    field(&mut text, "mitigated by", &one.mitigated_by);
    field(&mut text, "description", [one.description]);
    field(&mut text, "ASFF types", one.asff_types);
    field(&mut text, "OCSF types", one.ocsf_types);
    field(&mut text, "source", [one.source]);
    field(&mut text, "defined at", [&one.location]);
    text
}
