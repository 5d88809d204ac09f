//! Raw → compiled, gathering every problem.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes come from enumerating the same list"
)]

mod entries;
mod facts;
mod lint;
mod rules;
mod severity;
mod signals;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::diagnostics::{self, Problem, Problems, SourceFile, nearest};
use crate::model::{Factor, RelationKind, ResourceType, TraitId, TraitIndex, TraitSet};

use super::raw::{RawFile, RawSeverity};
use super::{Catalog, Derivation, DisabledEntry, EntryLocation, Route};

use entries::{Off, switch_off};

/// The files of a catalog. An entry of a later layer replaces the entry with the same ID in an earlier one.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Ours.
    pub builtin: Vec<Arc<SourceFile>>,
    /// The user's own.
    pub own: Vec<Arc<SourceFile>>,
    /// The `[severity]` table of the configuration, which is the last layer.
    pub severity: Option<SeverityOverride>,
}

/// The `[severity]` of a file that is no catalog file.
#[derive(Clone, Debug, PartialEq)]
pub struct SeverityOverride {
    /// The file.
    pub file: Arc<SourceFile>,
    /// What it says.
    pub severity: Spanned<RawSeverity>,
}

impl Layers {
    /// The built-in catalog alone.
    pub fn builtin() -> Self {
        Self {
            builtin: super::builtin_files(),
            ..Self::default()
        }
    }

    fn files(&self) -> impl Iterator<Item = (bool, &Arc<SourceFile>)> {
        let builtin = self.builtin.iter().map(|file| (false, file));
        builtin.chain(self.own.iter().map(|file| (true, file)))
    }

    fn version(&self) -> String {
        let mut hasher = Sha256::new();
        let configuration = self.severity.iter().map(|one| &one.file);
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

/// Reads and checks all files.
///
/// # Errors
/// Every problem in every file.
pub fn compile(layers: &Layers) -> Result<Catalog, Problems> {
    let mut compiler = Compiler::default();
    let parts = compiler.read(layers);
    let severity = compiler.severity(&parts, layers.severity.as_ref());
    let has_mitigations = severity.as_ref().is_none_or(|model| model.mitigations);
    let facts = compiler.facts(&parts, has_mitigations);
    let mut conditions = facts.conditions;
    compiler.relations(&parts, &mut conditions);
    let rules = compiler.rules(&parts, &facts.traits);
    // Of entries that are wrong by themselves nothing can be said together.
    if compiler.problems.is_empty() {
        compiler.lint(&rules);
    }
    let rules_by_type = by_type(rules);
    let derivations = || {
        let traits = facts.traits.iter().map(|one| &one.derivation);
        traits.chain(facts.mitigations.iter().map(|one| &one.derivation))
    };
    let tests = compiler.tests(&parts, &rules_by_type, &carried(derivations()));
    // Without mitigations nothing carries them, so nothing is lowered.
    let in_use = if has_mitigations {
        facts.traits.len() + facts.mitigations.len()
    } else {
        facts.traits.len()
    };
    let routes_by_type = routes(derivations().take(in_use));
    let applicable_by_type = carried(derivations().take(in_use));
    let exclusions = indexed(derivations())
        .filter(|(_, derivation)| !derivation.unless.is_empty())
        .map(|(index, derivation)| (index, derivation.unless))
        .collect();
    let universal_facts = indexed(derivations())
        .filter(|(_, derivation)| derivation.requires_all)
        .map(|(index, _)| index)
        .collect();
    let Compiler {
        problems,
        by_id,
        switched_off,
        ..
    } = compiler;
    let Some(severity) = severity else {
        return Err(problems);
    };
    problems.into_result(Catalog {
        routes_by_type,
        applicable_by_type,
        impact_traits: (0..facts.traits.len())
            .filter(|place| facts.traits[*place].factors.contains_key(&Factor::Impact))
            .filter_map(TraitIndex::new)
            .collect(),
        all_traits: (0..facts.traits.len())
            .filter_map(TraitIndex::new)
            .collect(),
        exclusions,
        universal_facts,
        traits: facts.traits,
        mitigations: facts.mitigations,
        rules_by_type,
        severity,
        conditions,
        by_id,
        cases: tests,
        disabled_entries: switched_off
            .into_iter()
            .map(|off| DisabledEntry {
                kind: off.kind,
                id: off.id,
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        version: layers.version(),
    })
}

fn by_type(rules: Vec<rules::Compiled>) -> BTreeMap<ResourceType, Vec<super::ExposureRule>> {
    let mut by_type: BTreeMap<ResourceType, Vec<_>> = BTreeMap::new();
    for compiled in rules {
        by_type
            .entry(compiled.rule.resource_type)
            .or_default()
            .push(compiled.rule);
    }
    by_type
}

fn carried<'a>(
    derivations: impl Iterator<Item = &'a Derivation>,
) -> BTreeMap<ResourceType, TraitSet> {
    let mut carried: BTreeMap<ResourceType, TraitSet> = BTreeMap::new();
    for (index, derivation) in indexed(derivations) {
        for resource_type in &derivation.resource_types {
            carried.entry(*resource_type).or_default().insert(index);
        }
    }
    carried
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

fn indexed<'a>(
    derivations: impl Iterator<Item = &'a Derivation>,
) -> impl Iterator<Item = (TraitIndex, &'a Derivation)> {
    derivations
        .enumerate()
        .filter_map(|(place, derivation)| Some((TraitIndex::new(place)?, derivation)))
}

/// One file as read, and whether it is one of the user's own.
struct Part {
    file: Arc<SourceFile>,
    is_custom: bool,
    raw: RawFile,
}

impl Part {
    fn location(&self, span: &Range<usize>) -> EntryLocation {
        EntryLocation {
            file: self.file.name.clone(),
            line: self.file.position(span.start).0,
            is_custom: self.is_custom,
        }
    }
}

#[derive(Default)]
struct Compiler {
    problems: Problems,
    /// Traits and mitigations.
    by_id: HashMap<TraitId, TraitIndex>,
    switched_off: Vec<Off>,
}

impl Compiler {
    fn complain(&mut self, file: &Arc<SourceFile>, span: Range<usize>, message: impl Into<String>) {
        self.problems.push(Problem::new(file, span, message));
    }

    fn read(&mut self, layers: &Layers) -> Vec<Part> {
        let mut parts = Vec::new();
        for (is_custom, file) in layers.files() {
            let raw = diagnostics::read_prepared(file, &mut self.problems, |table| {
                switch_off(file, table, &mut self.switched_off);
            });
            if let Some(raw) = raw {
                parts.push(Part {
                    file: Arc::clone(file),
                    is_custom,
                    raw,
                });
            }
        }
        parts
    }

    fn is_switched_off(&self, kind: &'static str, id: &str) -> bool {
        self.switched_off
            .iter()
            .any(|off| off.kind == kind && off.id == id)
    }

    /// Complains that there is nothing of this name, and names what is near.
    fn unknown<'a>(
        &mut self,
        file: &Arc<SourceFile>,
        name: &Spanned<String>,
        kind: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let message = format!("there is no {kind} {:?}", name.get_ref());
        let mut problem = Problem::new(file, name.span(), message);
        if let Some(near) = nearest(name.get_ref(), known) {
            problem = problem.help(format!("did you mean {near:?}?"));
        }
        self.problems.push(problem);
    }
}
