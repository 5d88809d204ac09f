//! The catalogue, as tables, text and JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::catalogue::{
    Catalogue, Derivation, ExposureRule, MitigationDefinition, Raise, RuleTest, SignalInWords,
    SignalSource, SwitchedOff, TraitDefinition,
};
use crate::evaluate::TestResult;
use crate::model::{
    Factor, Level, RelationKind, Remediation, ResourceType, RuleId, Severity, TraitId, TraitIndex,
    TraitSet, TraitType,
};

use super::table::{WIDTH, is_terminal};

/// An entry as a line.
#[derive(Serialize)]
pub(in crate::cli) struct Listed<'a> {
    kind: &'static str,
    id: &'a str,
    title: &'a str,
    resource_types: Vec<ResourceType>,
    is_own: bool,
}

impl Listed<'_> {
    pub(in crate::cli) fn id(&self) -> &str {
        self.id
    }
}

pub(in crate::cli) fn list(
    catalogue: &Catalogue,
    resource_type: Option<ResourceType>,
) -> Vec<Listed<'_>> {
    let types = |derivation: &Derivation| derivation.resource_types.iter().copied().collect();
    let traits = catalogue.traits().iter().map(|one| Listed {
        kind: "trait",
        id: one.id.as_str(),
        title: &one.title,
        resource_types: types(&one.derivation),
        is_own: one.place.is_own,
    });
    let mitigations = catalogue.mitigations().iter().map(|one| Listed {
        kind: "mitigation",
        id: one.id.as_str(),
        title: &one.title,
        resource_types: types(&one.derivation),
        is_own: one.place.is_own,
    });
    let exposures = rules(catalogue).map(|rule| Listed {
        kind: "exposure",
        id: rule.id.as_str(),
        title: &rule.title,
        resource_types: vec![rule.resource_type],
        is_own: rule.place.is_own,
    });
    traits
        .chain(mitigations)
        .chain(exposures)
        .filter(|one| resource_type.is_none_or(|wanted| one.resource_types.contains(&wanted)))
        .collect()
}

pub(in crate::cli) fn list_table(listed: &[Listed<'_>]) -> String {
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

fn rules(catalogue: &Catalogue) -> impl Iterator<Item = &ExposureRule> {
    catalogue
        .exposed_types()
        .flat_map(|resource_type| catalogue.rules(resource_type))
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.to_vec());
    if !is_terminal() {
        table.set_width(WIDTH);
    }
    table
}

/// An entry, whole.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(in crate::cli) enum Entry<'a> {
    Trait(TraitEntry<'a>),
    Mitigation(MitigationEntry<'a>),
    Exposure(ExposureEntry<'a>),
}

#[derive(Serialize)]
pub(in crate::cli) struct TraitEntry<'a> {
    id: &'a TraitId,
    title: &'a str,
    titles: &'a BTreeMap<ResourceType, String>,
    #[serde(rename = "type")]
    trait_type: TraitType,
    derivation: DerivationEntry<'a>,
    factors: BTreeMap<Factor, String>,
    techniques: &'a [String],
    remediation: &'a Remediation,
    source: &'a str,
    place: String,
    needed_by: Vec<&'a RuleId>,
}

#[derive(Serialize)]
pub(in crate::cli) struct MitigationEntry<'a> {
    id: &'a TraitId,
    title: &'a str,
    derivation: DerivationEntry<'a>,
    source: &'a str,
    place: String,
    lowers: Vec<String>,
    prevents: Vec<&'a RuleId>,
}

#[derive(Serialize)]
pub(in crate::cli) struct DerivationEntry<'a> {
    resource_types: &'a BTreeSet<ResourceType>,
    found_on: &'a BTreeSet<ResourceType>,
    via: Vec<String>,
    signals: &'a [SignalInWords],
}

#[derive(Serialize)]
pub(in crate::cli) struct ExposureEntry<'a> {
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
    place: String,
}

/// Every entry with the id: a trait and an exposure may have the same.
pub(in crate::cli) fn entries<'a>(catalogue: &'a Catalogue, id: &str) -> Vec<Entry<'a>> {
    let traits = catalogue
        .traits()
        .iter()
        .filter(|one| one.id.as_str() == id)
        .map(|one| Entry::Trait(trait_entry(catalogue, one)));
    let mitigations = catalogue
        .mitigations()
        .iter()
        .filter(|one| one.id.as_str() == id)
        .map(|one| Entry::Mitigation(mitigation_entry(catalogue, one)));
    let exposures = rules(catalogue)
        .filter(|rule| rule.id.as_str() == id)
        .map(|rule| Entry::Exposure(exposure_entry(catalogue, rule)));
    traits.chain(mitigations).chain(exposures).collect()
}

fn trait_entry<'a>(catalogue: &'a Catalogue, one: &'a TraitDefinition) -> TraitEntry<'a> {
    let index = catalogue.index_of(&one.id);
    let needs = |rule: &&ExposureRule| index.is_some_and(|index| rule.needed().contains(index));
    TraitEntry {
        id: &one.id,
        title: &one.title,
        titles: &one.titles,
        trait_type: one.trait_type,
        derivation: derivation_entry(&one.derivation),
        factors: one
            .factors
            .iter()
            .map(|(factor, raise)| (*factor, raise_text(*factor, *raise)))
            .collect(),
        techniques: &one.techniques,
        remediation: &one.remediation,
        source: &one.source,
        place: one.place.to_string(),
        needed_by: rules(catalogue)
            .filter(needs)
            .map(|rule| &rule.id)
            .collect(),
    }
}

fn raise_text(factor: Factor, raise: Raise) -> String {
    match (factor, raise) {
        (_, Raise::ByEpss) => "by EPSS".to_owned(),
        (Factor::Impact, Raise::To(level)) => crate::model::Impact::of_level(level)
            .map_or("unknown", crate::model::Impact::as_str)
            .to_owned(),
        (_, Raise::To(level)) => Level::value(level).to_string(),
    }
}

fn mitigation_entry<'a>(
    catalogue: &'a Catalogue,
    one: &'a MitigationDefinition,
) -> MitigationEntry<'a> {
    let index = catalogue.index_of(&one.id);
    let lowers = rules(catalogue).flat_map(|rule| {
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
        place: one.place.to_string(),
        lowers: lowers.collect(),
        prevents: rules(catalogue)
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

fn exposure_entry<'a>(catalogue: &'a Catalogue, rule: &'a ExposureRule) -> ExposureEntry<'a> {
    let ids = |set: &TraitSet| {
        let indices: Vec<TraitIndex> = set.iter().collect();
        indices
            .into_iter()
            .map(|index| catalogue.id(index))
            .collect()
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
                let id = catalogue.id(one.mitigation);
                format!("{id} lowers the {}", one.lowers.as_str())
            })
            .collect(),
        description: &rule.description,
        asff_types: &rule.types.asff,
        ocsf_types: &rule.types.ocsf,
        source: &rule.source,
        place: rule.place.to_string(),
    }
}

/// A label and its values, one a line; nothing where there is no value.
fn field<T: fmt::Display>(text: &mut String, label: &str, values: impl IntoIterator<Item = T>) {
    for (place, value) in values.into_iter().enumerate() {
        let label = if place == 0 { label } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {label:<16}{value}");
    }
}

pub(in crate::cli) fn entries_text(entries: &[Entry<'_>]) -> String {
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
    field(&mut text, "type", [one.trait_type.as_str()]);
    derivation_text(&mut text, &one.derivation);
    let factors = one
        .factors
        .iter()
        .map(|(factor, level)| format!("{} {level}", factor.as_str()));
    field(&mut text, "factors", factors);
    field(&mut text, "ATT&CK", one.techniques);
    field(&mut text, "needed by", &one.needed_by);
    let remediation = [one.remediation.text.as_str(), one.remediation.url.as_str()];
    field(&mut text, "remediation", remediation);
    field(&mut text, "source", [one.source]);
    field(&mut text, "stands at", [&one.place]);
    let titles = one
        .titles
        .iter()
        .map(|(resource_type, title)| format!("{resource_type}: {title}"));
    field(&mut text, "also called", titles);
    text
}

fn mitigation_text(one: &MitigationEntry<'_>) -> String {
    let mut text = format!("mitigation {}\n  {}\n\n", one.id, one.title);
    derivation_text(&mut text, &one.derivation);
    field(&mut text, "lowers", &one.lowers);
    field(&mut text, "prevents", &one.prevents);
    field(&mut text, "source", [one.source]);
    field(&mut text, "stands at", [&one.place]);
    text
}

fn derivation_text(text: &mut String, derivation: &DerivationEntry<'_>) {
    field(text, "carried by", derivation.resource_types);
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
    field(&mut text, "of", [one.resource_type]);
    field(&mut text, "all of", &one.all);
    field(&mut text, "one of", &one.any);
    field(&mut text, "none of", &one.none);
    field(&mut text, "mitigated by", &one.mitigated_by);
    field(&mut text, "means", [one.description]);
    field(&mut text, "ASFF types", one.asff_types);
    field(&mut text, "OCSF types", one.ocsf_types);
    field(&mut text, "source", [one.source]);
    field(&mut text, "stands at", [&one.place]);
    text
}

/// How large a catalogue is.
#[derive(Serialize)]
pub(in crate::cli) struct Counts<'a> {
    traits: usize,
    mitigations: usize,
    exposures: usize,
    tests: usize,
    switched_off: Vec<&'a str>,
    version: &'a str,
}

pub(in crate::cli) fn counts(catalogue: &Catalogue) -> Counts<'_> {
    let switched_off = catalogue.switched_off().iter();
    Counts {
        traits: catalogue.traits().len(),
        mitigations: catalogue.mitigations().len(),
        exposures: rules(catalogue).count(),
        tests: catalogue.tests().len(),
        switched_off: switched_off
            .map(|off: &SwitchedOff| off.id.as_str())
            .collect(),
        version: catalogue.version(),
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

/// What is used by what.
#[derive(Serialize)]
pub(in crate::cli) struct CatalogueCoverage<'a> {
    signals: Vec<UsedSignal<'a>>,
    /// Read for what they tell of other resources.
    relation_controls: Vec<&'a str>,
    types_without_exposure: Vec<ResourceType>,
    /// Shown, and never a reason for an exposure.
    traits_in_no_exposure: Vec<&'a TraitId>,
}

#[derive(Serialize)]
struct UsedSignal<'a> {
    source: SignalSource,
    signal: &'a str,
    used_by: Vec<&'a TraitId>,
}

pub(in crate::cli) fn coverage(catalogue: &Catalogue) -> CatalogueCoverage<'_> {
    let mut used: BTreeMap<(SignalSource, Vec<Chunk<'_>>), UsedSignal<'_>> = BTreeMap::new();
    let traits = catalogue
        .traits()
        .iter()
        .map(|one| (&one.id, &one.derivation));
    let mitigations = catalogue
        .mitigations()
        .iter()
        .map(|one| (&one.id, &one.derivation));
    for (id, derivation) in traits.chain(mitigations) {
        for signal in &derivation.signals {
            used.entry((signal.source, chunks(&signal.text)))
                .or_insert_with(|| UsedSignal {
                    source: signal.source,
                    signal: &signal.text,
                    used_by: Vec::new(),
                })
                .used_by
                .push(id);
        }
    }
    let exposed: BTreeSet<ResourceType> = catalogue.exposed_types().collect();
    let mut needed = TraitSet::default();
    rules(catalogue).for_each(|rule| needed.extend(&rule.needed()));
    let is_idle = |one: &&TraitDefinition| {
        catalogue
            .index_of(&one.id)
            .is_some_and(|index| !needed.contains(index))
    };
    CatalogueCoverage {
        signals: used.into_values().collect(),
        relation_controls: catalogue.relation_controls().collect(),
        types_without_exposure: ResourceType::ALL
            .iter()
            .copied()
            .filter(|one| !exposed.contains(one))
            .collect(),
        traits_in_no_exposure: catalogue
            .traits()
            .iter()
            .filter(is_idle)
            .map(|one| &one.id)
            .collect(),
    }
}

/// A part of a text, so that `EC2.8` comes before `EC2.13`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Chunk<'a> {
    Number(u64),
    Text(&'a str),
}

fn chunks(text: &str) -> Vec<Chunk<'_>> {
    text.as_bytes()
        .chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit())
        .scan(0, |start, part| {
            let range = *start..*start + part.len();
            *start = range.end;
            text.get(range)
        })
        .map(|part| part.parse().map_or(Chunk::Text(part), Chunk::Number))
        .collect()
}

pub(in crate::cli) fn coverage_text(coverage: &CatalogueCoverage<'_>) -> String {
    let mut signals = table(&["SOURCE", "SIGNAL", "USED BY"]);
    for used in &coverage.signals {
        let by: Vec<&str> = used.used_by.iter().map(|id| id.as_str()).collect();
        signals.add_row([used.source.as_str(), used.signal, &by.join("\n")]);
    }
    let mut text = format!("{}\n", signals.trim_fmt());
    section(
        &mut text,
        "Controls that are read for the relations they tell",
        &coverage.relation_controls,
    );
    section(
        &mut text,
        "Traits that no exposure needs",
        &coverage.traits_in_no_exposure,
    );
    section(
        &mut text,
        "Resource types without an exposure: known only as what lies on the way",
        &coverage.types_without_exposure,
    );
    text
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

/// Failures with what was expected and what came, then the counts.
pub(in crate::cli) fn test_results(results: &[(&RuleTest, TestResult)]) -> String {
    let mut text = String::new();
    let count = |wanted: fn(&TestResult) -> bool| {
        results.iter().filter(|(_, result)| wanted(result)).count()
    };
    for (test, result) in results {
        if let TestResult::Failed(got) = result {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{}: {:?}\n  expected {}\n  got      {}",
                test.place,
                test.name,
                outcome(test.expected.as_ref()),
                outcome(got.as_ref())
            );
        }
    }
    let _ = writeln!(
        text,
        "{} passed, {} failed, {} skipped because mitigations are off",
        count(|result| *result == TestResult::Passed),
        count(|result| matches!(result, TestResult::Failed(_))),
        count(|result| *result == TestResult::Skipped),
    );
    text
}

fn outcome(outcome: Option<&(RuleId, Severity)>) -> String {
    outcome.map_or("no exposure".to_owned(), |(rule, severity)| {
        format!("{} by {rule}", severity.as_str())
    })
}

/// One case, for programs.
#[derive(Serialize)]
pub(in crate::cli) struct TestJson<'a> {
    name: &'a str,
    place: String,
    result: &'static str,
    expected: String,
    got: Option<String>,
}

pub(in crate::cli) fn test_results_json<'a>(
    results: &'a [(&'a RuleTest, TestResult)],
) -> Vec<TestJson<'a>> {
    results
        .iter()
        .map(|(test, result)| TestJson {
            name: &test.name,
            place: test.place.to_string(),
            result: match result {
                TestResult::Passed => "passed",
                TestResult::Failed(_) => "failed",
                TestResult::Skipped => "skipped",
            },
            expected: outcome(test.expected.as_ref()),
            got: match result {
                TestResult::Failed(got) => Some(outcome(got.as_ref())),
                _ => None,
            },
        })
        .collect()
}
