//! Compiles traits and mitigations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::SourceFile;
use crate::model::{
    Factor, Level, RelationKind, Remediation, ResourceType, TraitId, TraitIndex, TraitSet,
};

use super::super::conditions::Conditions;
use super::super::definition::{
    Derivation, EntryKind, FactorLevel, MitigationDefinition, TraitDefinition,
};
use super::super::raw::{RawFactors, RawMitigation, RawSignal, RawTrait};
use super::entries::RawEntry;
use super::signals::SignalOwner;
use super::{Compiler, ParsedFile};

/// The compiled traits and mitigations, sorted by ID, and the conditions that show them.
pub(super) struct Facts {
    pub traits: Vec<TraitDefinition>,
    pub mitigations: Vec<MitigationDefinition>,
    pub conditions: Conditions,
}

impl Facts {
    /// Returns the derivations in the order of the indexes: those of traits, then those of mitigations.
    pub(super) fn derivations(&self) -> impl Iterator<Item = &Derivation> {
        let traits = self.traits.iter().map(|definition| &definition.derivation);
        traits.chain(
            self.mitigations
                .iter()
                .map(|definition| &definition.derivation),
        )
    }
}

/// The keys that traits and mitigations have in common.
struct RawDerivation<'a> {
    resource_types: &'a Spanned<Vec<ResourceType>>,
    found_on: &'a [ResourceType],
    via: &'a [Spanned<String>],
    signals: &'a Spanned<Vec<Spanned<RawSignal>>>,
    except: &'a [Spanned<String>],
    unless: &'a [Spanned<String>],
    requires_all: bool,
}

impl Compiler {
    /// Compiles all traits and mitigations. If mitigations are turned off, they are checked, but the findings that only
    /// they need are not queried.
    pub(super) fn facts(&mut self, files: &[ParsedFile], has_mitigations: bool) -> Facts {
        let trait_entries = self.entries::<TraitId, RawTrait>(files, |parsed| &parsed.raw.traits);
        let mitigation_entries =
            self.entries::<TraitId, RawMitigation>(files, |parsed| &parsed.raw.mitigations);
        self.assign_indexes(&trait_entries, &mitigation_entries);
        let mut conditions = Conditions::default();
        let traits = trait_entries
            .iter()
            .map(|(id, (parsed, entry))| self.trait_definition(parsed, entry, id, &mut conditions))
            .collect();
        // A mitigation that excludes a trait decides whether the trait applies, so it is needed even if mitigations are
        // turned off.
        let excluding: BTreeSet<&str> = unless_names(&trait_entries, &mitigation_entries);
        let mut mitigation_conditions = Conditions::default();
        let mitigations = mitigation_entries
            .iter()
            .map(|(id, (parsed, entry))| {
                let into = if excluding.contains(id.as_str()) {
                    &mut conditions
                } else {
                    &mut mitigation_conditions
                };
                self.mitigation(parsed, entry, id, into)
            })
            .collect();
        Facts {
            traits,
            mitigations,
            conditions: if has_mitigations {
                conditions.merge(mitigation_conditions)
            } else {
                conditions
            },
        }
    }

    /// Assigns the indexes: traits come before mitigations, and both are in the order of their IDs.
    fn assign_indexes(
        &mut self,
        traits: &BTreeMap<TraitId, (&ParsedFile, &RawTrait)>,
        mitigations: &BTreeMap<TraitId, (&ParsedFile, &RawMitigation)>,
    ) {
        let traits = traits
            .iter()
            .map(|(id, (parsed, entry))| (id, *parsed, entry.id()));
        let mitigations = mitigations
            .iter()
            .map(|(id, (parsed, entry))| (id, *parsed, entry.id()));
        for (position, (id, parsed, name)) in traits.chain(mitigations).enumerate() {
            let Some(index) = TraitIndex::new(position) else {
                let limit = TraitIndex::LIMIT;
                let message = format!("a catalog can have at most {limit} traits and mitigations");
                self.push_problem(&parsed.file, name.span(), message);
                return;
            };
            if *self.by_id.entry(id.clone()).or_insert(index) != index {
                let message = format!("`{id}` is already the ID of a trait");
                self.push_problem(&parsed.file, name.span(), message);
            }
        }
    }

    fn trait_definition(
        &mut self,
        parsed: &ParsedFile,
        entry: &RawTrait,
        id: &TraitId,
        conditions: &mut Conditions,
    ) -> TraitDefinition {
        let file = &parsed.file;
        for technique in &entry.techniques {
            if !is_technique(technique.get_ref()) {
                let message = "expected a MITRE ATT&CK technique such as `T1552.005`";
                self.push_problem(file, technique.span(), message);
            }
        }
        let derivation = RawDerivation {
            resource_types: &entry.resource_types,
            found_on: &entry.found_on,
            via: &entry.via,
            signals: &entry.signals,
            except: &entry.except,
            unless: &entry.unless,
            requires_all: false,
        };
        let factors = self.factors(file, &entry.factors);
        let owner = if factors.is_empty() {
            SignalOwner::ContextualTrait
        } else {
            SignalOwner::Trait
        };
        TraitDefinition {
            id: id.clone(),
            title: entry.title.clone(),
            titles: entry.titles.clone(),
            trait_type: entry.trait_type,
            derivation: self.derivation(file, &derivation, owner, id, conditions),
            entry: entry.entry,
            leads_to: entry
                .leads_to
                .iter()
                .filter_map(|route| self.route(file, route))
                .collect(),
            factors,
            techniques: entry
                .techniques
                .iter()
                .map(|technique| technique.get_ref().clone())
                .collect(),
            remediation: Remediation {
                text: entry.remediation.text.clone(),
                url: entry.remediation.url.clone(),
            },
            source: entry.source.clone(),
            location: parsed.location(&entry.id.span()),
        }
    }

    fn mitigation(
        &mut self,
        parsed: &ParsedFile,
        entry: &RawMitigation,
        id: &TraitId,
        conditions: &mut Conditions,
    ) -> MitigationDefinition {
        let derivation = RawDerivation {
            resource_types: &entry.resource_types,
            found_on: &entry.found_on,
            via: &entry.via,
            signals: &entry.signals,
            except: &[],
            unless: &entry.unless,
            requires_all: entry.requires_all,
        };
        MitigationDefinition {
            id: id.clone(),
            title: entry.title.clone(),
            derivation: self.derivation(
                &parsed.file,
                &derivation,
                SignalOwner::Mitigation,
                id,
                conditions,
            ),
            source: entry.source.clone(),
            location: parsed.location(&entry.id.span()),
        }
    }

    fn derivation(
        &mut self,
        file: &Arc<SourceFile>,
        raw: &RawDerivation<'_>,
        owner: SignalOwner,
        id: &TraitId,
        conditions: &mut Conditions,
    ) -> Derivation {
        let resource_types = raw.resource_types.get_ref();
        if resource_types.is_empty() {
            let message = "`resource_types` is empty, so the entry applies to no resource";
            self.push_problem(file, raw.resource_types.span(), message);
        }
        if raw.via.is_empty()
            && !raw.found_on.is_empty()
            && let Some(unreachable) = resource_types
                .iter()
                .find(|resource_type| !raw.found_on.contains(resource_type))
        {
            let message = format!(
                "the entry can never apply to {unreachable}: `found_on` lists other types, and `via` has no route to them"
            );
            self.push_problem(file, raw.resource_types.span(), message);
        }
        let found_on = if raw.found_on.is_empty() {
            resource_types
        } else {
            raw.found_on
        };
        let signals = match self.by_id.get(id).copied() {
            Some(index) => self.signals(file, raw.signals, found_on, (owner, index), conditions),
            None => Vec::new(),
        };
        Derivation {
            resource_types: resource_types.iter().copied().collect(),
            found_on: raw.found_on.iter().copied().collect(),
            except: self.trait_set(file, raw.except),
            unless: self.trait_set(file, raw.unless),
            requires_all: raw.requires_all,
            via: raw
                .via
                .iter()
                .filter_map(|route| self.route(file, route))
                .collect(),
            signals,
        }
    }

    pub(super) fn route(
        &mut self,
        file: &Arc<SourceFile>,
        route: &Spanned<String>,
    ) -> Option<Vec<RelationKind>> {
        let mut kinds = Vec::new();
        for name in route.get_ref().split('>').map(str::trim) {
            let Ok(kind) = name.parse() else {
                let name = Spanned::new(route.span(), name.to_owned());
                self.push_unknown(
                    file,
                    &name,
                    "relation kind",
                    RelationKind::ALL.iter().map(|kind| kind.as_str()),
                );
                return None;
            };
            kinds.push(kind);
        }
        Some(kinds)
    }

    fn factors(
        &mut self,
        file: &Arc<SourceFile>,
        raw: &RawFactors,
    ) -> BTreeMap<Factor, FactorLevel> {
        let mut factors = BTreeMap::new();
        let levels = [
            (Factor::Awareness, &raw.awareness),
            (Factor::EaseOfDiscovery, &raw.ease_of_discovery),
            (Factor::EaseOfExploit, &raw.ease_of_exploit),
        ];
        for (factor, level) in levels {
            let Some(level) = level else { continue };
            match Level::new(*level.get_ref()) {
                Some(level) => drop(factors.insert(factor, FactorLevel::Fixed(level))),
                None => self.push_problem(file, level.span(), "expected a level from 0 to 3"),
            }
        }
        if raw.likelihood_of_exploit.is_some() {
            factors.insert(Factor::LikelihoodOfExploit, FactorLevel::FromEpss);
        }
        if let Some(level) = raw.impact.and_then(|impact| Level::new(impact as u8 + 1)) {
            factors.insert(Factor::Impact, FactorLevel::Fixed(level));
        }
        factors
    }

    /// Adds the controls that are only read for their relations.
    pub(super) fn relations(&mut self, files: &[ParsedFile], into: &mut Conditions) {
        for ParsedFile { file, raw, .. } in files {
            for entry in &raw.relations {
                let control = entry.control.get_ref();
                into.controls.insert(control.clone());
                if !into.relation_controls.insert(control.clone()) {
                    let message = format!("control `{control}` is listed twice");
                    self.push_problem(file, entry.control.span(), message);
                }
                if entry.provides.get_ref().is_empty() {
                    let message = "`provides` is empty, so the control is never read";
                    self.push_problem(file, entry.provides.span(), message);
                }
                for relation in entry.provides.get_ref() {
                    self.route(file, relation);
                }
            }
        }
    }

    /// Returns the traits and mitigations with these IDs.
    pub(super) fn trait_set(
        &mut self,
        file: &Arc<SourceFile>,
        names: &[Spanned<String>],
    ) -> TraitSet {
        names
            .iter()
            .filter_map(|name| self.fact(file, name))
            .collect()
    }

    /// Returns the trait or mitigation with this ID, and reports an unknown ID.
    pub(super) fn fact(
        &mut self,
        file: &Arc<SourceFile>,
        name: &Spanned<String>,
    ) -> Option<TraitIndex> {
        let known = name
            .get_ref()
            .parse::<TraitId>()
            .ok()
            .and_then(|id| self.by_id.get(&id).copied());
        if known.is_none() && !self.is_disabled_fact(name.get_ref()) {
            let names: Vec<TraitId> = self.by_id.keys().cloned().collect();
            self.push_unknown(
                file,
                name,
                "trait or mitigation",
                names.iter().map(TraitId::as_str),
            );
        }
        known
    }

    /// Returns whether a trait or mitigation is disabled: its ID is valid, but no resource has it.
    pub(super) fn is_disabled_fact(&self, id: &str) -> bool {
        self.is_disabled(EntryKind::Trait, id) || self.is_disabled(EntryKind::Mitigation, id)
    }
}

/// The IDs of the mitigations that exclude traits or other mitigations.
fn unless_names<'a>(
    traits: &BTreeMap<TraitId, (&'a ParsedFile, &'a RawTrait)>,
    mitigations: &BTreeMap<TraitId, (&'a ParsedFile, &'a RawMitigation)>,
) -> BTreeSet<&'a str> {
    let trait_names = traits.values().flat_map(|(_, entry)| &entry.unless);
    let mitigation_names = mitigations.values().flat_map(|(_, entry)| &entry.unless);
    trait_names
        .chain(mitigation_names)
        .map(|name| name.get_ref().as_str())
        .collect()
}

/// Whether a text is the ID of a technique or sub-technique, such as `T1552` or `T1552.005`.
fn is_technique(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('T') else {
        return false;
    };
    let (technique, sub_technique) = digits.split_once('.').unwrap_or((digits, "000"));
    let numeric =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    numeric(technique, 4) && numeric(sub_technique, 3)
}
