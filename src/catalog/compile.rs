//! Checks catalog files, reports every problem, and compiles the catalog.

mod entries;
mod facts;
mod lint;
mod rules;
mod severity;
mod signal_descriptions;
mod signals;
mod test_cases;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::diagnostics::{self, Problem, Problems, SourceFile};
use crate::model::{Factor, RelationKind, ResourceType, TraitId, TraitIndex, TraitSet};

use super::builtin::builtin_files;
use super::compiled::Catalog;
use super::definition::{
    Derivation, DisabledEntry, EntryKind, EntryLocation, ExposureRule, Route, TraitDefinition,
};
use super::raw::{RawFile, RawSeverity};

use entries::{DisabledEntrySpan, take_disabled_entries};
use facts::Facts;
use rules::CompiledRule;

/// The files of a catalog. An entry of a later layer replaces the entry with the same ID in an earlier one.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The files that are part of the binary.
    pub builtin: Vec<Arc<SourceFile>>,
    /// The files of the user.
    pub custom: Vec<Arc<SourceFile>>,
    /// The `[severity]` table of the configuration, which is the last layer.
    pub severity: Option<SeverityOverride>,
}

/// The `[severity]` table of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct SeverityOverride {
    /// The configuration file.
    pub file: Arc<SourceFile>,
    /// The table.
    pub severity: Spanned<RawSeverity>,
}

impl Layers {
    /// Returns only the built-in catalog.
    pub fn builtin() -> Self {
        Self {
            builtin: builtin_files(),
            ..Self::default()
        }
    }

    /// The catalog files, and whether each is a custom one.
    fn files(&self) -> impl Iterator<Item = (bool, &Arc<SourceFile>)> {
        let builtin = self.builtin.iter().map(|file| (false, file));
        builtin.chain(self.custom.iter().map(|file| (true, file)))
    }

    fn version(&self) -> String {
        let mut hasher = Sha256::new();
        let configuration = self.severity.iter().map(|severity| &severity.file);
        for file in self.files().map(|(_, file)| file).chain(configuration) {
            hasher.update(file.name.as_bytes());
            hasher.update([0]);
            hasher.update(file.text.as_bytes());
            hasher.update([0]);
        }
        hasher
            .finalize()
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Checks and compiles the files of a catalog.
///
/// # Errors
/// Every problem in every file.
pub fn compile(layers: &Layers) -> Result<Catalog, Problems> {
    let mut compiler = Compiler::default();
    let files = compiler.read(layers);
    let severity = compiler.severity(&files, layers.severity.as_ref());
    let has_mitigations = severity.as_ref().is_none_or(|model| model.mitigations);
    let mut facts = compiler.facts(&files, has_mitigations);
    compiler.relations(&files, &mut facts.conditions);
    let rules = compiler.rules(&files, &facts.traits);
    // Problems between entries can be consequences of problems in an entry.
    if compiler.problems.is_empty() {
        compiler.lint(&rules);
    }
    let rules_by_type = by_type(rules);
    let cases = compiler.cases(&files, &rules_by_type, &applicable(facts.derivations()));
    let Some(severity) = severity else {
        return Err(compiler.problems);
    };
    // Without mitigations, no resource has one, so no factor is lowered.
    let facts_in_use = if has_mitigations {
        facts.traits.len() + facts.mitigations.len()
    } else {
        facts.traits.len()
    };
    compiler.problems.into_result(Catalog {
        routes_by_type: routes(facts.derivations().take(facts_in_use)),
        applicable_by_type: applicable(facts.derivations().take(facts_in_use)),
        impact_traits: impact_traits(&facts.traits),
        all_traits: (0..facts.traits.len())
            .filter_map(TraitIndex::new)
            .collect(),
        exclusions: exclusions(&facts),
        universal_facts: universal_facts(&facts),
        traits: facts.traits,
        mitigations: facts.mitigations,
        rules_by_type,
        severity,
        conditions: facts.conditions,
        by_id: compiler.by_id,
        cases,
        disabled_entries: disabled_entries(compiler.disabled),
        version: layers.version(),
    })
}

fn by_type(rules: Vec<CompiledRule>) -> BTreeMap<ResourceType, Vec<ExposureRule>> {
    let mut by_type: BTreeMap<ResourceType, Vec<_>> = BTreeMap::new();
    for compiled in rules {
        by_type
            .entry(compiled.rule.resource_type)
            .or_default()
            .push(compiled.rule);
    }
    by_type
}

/// The traits and mitigations that each type can have.
fn applicable<'a>(
    derivations: impl Iterator<Item = &'a Derivation>,
) -> BTreeMap<ResourceType, TraitSet> {
    let mut by_type: BTreeMap<ResourceType, TraitSet> = BTreeMap::new();
    for (index, derivation) in indexed(derivations) {
        for resource_type in &derivation.resource_types {
            by_type.entry(*resource_type).or_default().insert(index);
        }
    }
    by_type
}

fn routes<'a>(
    derivations: impl Iterator<Item = &'a Derivation>,
) -> BTreeMap<ResourceType, Vec<Route>> {
    let mut by_type: BTreeMap<ResourceType, BTreeMap<Vec<RelationKind>, TraitSet>> =
        BTreeMap::new();
    for (index, derivation) in indexed(derivations) {
        for resource_type in &derivation.resource_types {
            for steps in &derivation.via {
                by_type
                    .entry(*resource_type)
                    .or_default()
                    .entry(steps.clone())
                    .or_default()
                    .insert(index);
            }
        }
    }
    let route = |(steps, traits)| Route { steps, traits };
    by_type
        .into_iter()
        .map(|(resource_type, routes)| (resource_type, routes.into_iter().map(route).collect()))
        .collect()
}

fn impact_traits(traits: &[TraitDefinition]) -> TraitSet {
    traits
        .iter()
        .enumerate()
        .filter(|(_, definition)| definition.factors.contains_key(&Factor::Impact))
        .filter_map(|(index, _)| TraitIndex::new(index))
        .collect()
}

fn exclusions(facts: &Facts) -> Vec<(TraitIndex, TraitSet)> {
    indexed(facts.derivations())
        .filter(|(_, derivation)| !derivation.unless.is_empty())
        .map(|(index, derivation)| (index, derivation.unless))
        .collect()
}

fn universal_facts(facts: &Facts) -> TraitSet {
    indexed(facts.derivations())
        .filter(|(_, derivation)| derivation.requires_all)
        .map(|(index, _)| index)
        .collect()
}

fn disabled_entries(disabled: Vec<DisabledEntrySpan>) -> Vec<DisabledEntry> {
    disabled
        .into_iter()
        .map(|disabled| disabled.entry)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn indexed<'a>(
    derivations: impl Iterator<Item = &'a Derivation>,
) -> impl Iterator<Item = (TraitIndex, &'a Derivation)> {
    derivations
        .enumerate()
        .filter_map(|(index, derivation)| Some((TraitIndex::new(index)?, derivation)))
}

/// A parsed catalog file.
struct ParsedFile {
    file: Arc<SourceFile>,
    is_custom: bool,
    raw: RawFile,
}

impl ParsedFile {
    fn location(&self, span: &Range<usize>) -> EntryLocation {
        EntryLocation {
            file: self.file.name.clone(),
            line: self.file.position(span.start).0,
            is_custom: self.is_custom,
        }
    }
}

/// The state of a compilation.
#[derive(Default)]
struct Compiler {
    problems: Problems,
    /// The indexes of traits and mitigations.
    by_id: HashMap<TraitId, TraitIndex>,
    disabled: Vec<DisabledEntrySpan>,
}

impl Compiler {
    fn push_problem(
        &mut self,
        file: &Arc<SourceFile>,
        span: Range<usize>,
        message: impl Into<String>,
    ) {
        self.problems.push(Problem::new(file, span, message));
    }

    fn read(&mut self, layers: &Layers) -> Vec<ParsedFile> {
        let mut files = Vec::new();
        for (is_custom, file) in layers.files() {
            let raw = diagnostics::read_prepared(file, &mut self.problems, |table| {
                take_disabled_entries(file, table, &mut self.disabled);
            });
            if let Some(raw) = raw {
                files.push(ParsedFile {
                    file: Arc::clone(file),
                    is_custom,
                    raw,
                });
            }
        }
        files
    }

    fn is_disabled(&self, kind: EntryKind, id: &str) -> bool {
        self.disabled
            .iter()
            .any(|disabled| disabled.entry.kind == kind && disabled.entry.id == id)
    }

    /// Reports a name that does not exist, and suggests a similar one.
    fn push_unknown<'a>(
        &mut self,
        file: &Arc<SourceFile>,
        name: &Spanned<String>,
        kind: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let name_text = name.get_ref();
        let message = format!("unknown {kind} `{name_text}`");
        let problem = Problem::new(file, name.span(), message).suggest(name_text, known);
        self.problems.push(problem);
    }
}
