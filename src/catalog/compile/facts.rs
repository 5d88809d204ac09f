//! Traits and mitigations: what is known of a resource.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::SourceFile;
use crate::model::{
    Factor, Level, RelationKind, Remediation, ResourceType, TraitId, TraitIndex, TraitSet,
};

use super::super::derive::Conditions;
use super::super::raw::{RawFactors, RawMitigation, RawSignal, RawTrait};
use super::super::{Derivation, FactorLevel, MitigationDefinition, TraitDefinition};
use super::entries::RawEntry;
use super::signals::Owner;
use super::{Compiler, Part};

/// All traits and mitigations, each sorted by id, and what they derive from.
pub(super) struct Facts {
    pub traits: Vec<TraitDefinition>,
    pub mitigations: Vec<MitigationDefinition>,
    pub conditions: Conditions,
}

/// What traits and mitigations have in common.
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
    /// `with_mitigations`: without, they are checked and then as if they were not there, so nothing asks for them.
    pub(super) fn facts(&mut self, parts: &[Part], with_mitigations: bool) -> Facts {
        let trait_entries = self.entries::<TraitId, RawTrait>(parts, |part| &part.raw.traits);
        let mitigation_entries =
            self.entries::<TraitId, RawMitigation>(parts, |part| &part.raw.mitigations);
        self.number(&trait_entries, &mitigation_entries);
        let mut conditions = Conditions::default();
        let traits = trait_entries
            .iter()
            .map(|(id, (part, entry))| self.trait_definition(part, entry, id, &mut conditions))
            .collect();
        // What excludes a fact makes it true or false, so it counts even where mitigations do not.
        let excluding: BTreeSet<&str> = unless_names(&trait_entries, &mitigation_entries);
        let mut with_theirs = Conditions::default();
        let mitigations = mitigation_entries
            .iter()
            .map(|(id, (part, entry))| {
                let into = if excluding.contains(id.as_str()) {
                    &mut conditions
                } else {
                    &mut with_theirs
                };
                self.mitigation(part, entry, id, into)
            })
            .collect();
        Facts {
            traits,
            mitigations,
            conditions: if with_mitigations {
                conditions.merge(with_theirs)
            } else {
                conditions
            },
        }
    }

    /// Gives every fact its index: the traits first, each kind in the order of ids.
    fn number(
        &mut self,
        traits: &BTreeMap<TraitId, (&Part, &RawTrait)>,
        mitigations: &BTreeMap<TraitId, (&Part, &RawMitigation)>,
    ) {
        let traits = traits
            .iter()
            .map(|(id, (part, entry))| (id, *part, entry.id()));
        let mitigations = mitigations
            .iter()
            .map(|(id, (part, entry))| (id, *part, entry.id()));
        for (place, (id, part, name)) in traits.chain(mitigations).enumerate() {
            let Some(index) = TraitIndex::new(place) else {
                let limit = TraitIndex::LIMIT;
                let message = format!("a catalog holds {limit} traits and mitigations at most");
                self.complain(&part.file, name.span(), message);
                return;
            };
            if *self.by_id.entry(id.clone()).or_insert(index) != index {
                let message = format!("{id} is the id of a trait already");
                self.complain(&part.file, name.span(), message);
            }
        }
    }

    fn trait_definition(
        &mut self,
        part: &Part,
        entry: &RawTrait,
        id: &TraitId,
        conditions: &mut Conditions,
    ) -> TraitDefinition {
        let file = &part.file;
        for technique in &entry.techniques {
            if !is_technique(technique.get_ref()) {
                let message = "expected a MITRE ATT&CK technique such as \"T1552.005\"";
                self.complain(file, technique.span(), message);
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
            Owner::ContextualTrait
        } else {
            Owner::Trait
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
                .map(|one| one.get_ref().clone())
                .collect(),
            remediation: Remediation {
                text: entry.remediation.text.clone(),
                url: entry.remediation.url.clone(),
            },
            source: entry.source.clone(),
            location: part.location(&entry.id.span()),
        }
    }

    fn mitigation(
        &mut self,
        part: &Part,
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
            derivation: self.derivation(&part.file, &derivation, Owner::Mitigation, id, conditions),
            source: entry.source.clone(),
            location: part.location(&entry.id.span()),
        }
    }

    fn derivation(
        &mut self,
        file: &Arc<SourceFile>,
        raw: &RawDerivation<'_>,
        owner: Owner,
        id: &TraitId,
        conditions: &mut Conditions,
    ) -> Derivation {
        let resource_types = raw.resource_types.get_ref();
        if resource_types.is_empty() {
            let message = "what no type of resource can carry does nothing";
            self.complain(file, raw.resource_types.span(), message);
        }
        if raw.via.is_empty()
            && !raw.found_on.is_empty()
            && let Some(unreached) = resource_types
                .iter()
                .find(|one| !raw.found_on.contains(one))
        {
            let message = format!(
                "{unreached} never has it: it is found on other types, and no `via` leads there"
            );
            self.complain(file, raw.resource_types.span(), message);
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
                self.unknown(
                    file,
                    &name,
                    "relation",
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
        let numbers = [
            (Factor::Awareness, &raw.awareness),
            (Factor::EaseOfDiscovery, &raw.ease_of_discovery),
            (Factor::EaseOfExploit, &raw.ease_of_exploit),
        ];
        for (factor, number) in numbers {
            let Some(number) = number else { continue };
            match Level::new(*number.get_ref()) {
                Some(level) => drop(factors.insert(factor, FactorLevel::Fixed(level))),
                None => self.complain(file, number.span(), "a level goes from 0 to 3"),
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

    /// The controls that are read for relations alone.
    pub(super) fn relations(&mut self, parts: &[Part], into: &mut Conditions) {
        for Part { file, raw, .. } in parts {
            for entry in &raw.relations {
                let control = entry.control.get_ref();
                into.controls.insert(control.clone());
                if !into.relation_controls.insert(control.clone()) {
                    let message = format!("the control {control} stands here twice");
                    self.complain(file, entry.control.span(), message);
                }
                if entry.provides.get_ref().is_empty() {
                    let message = "`provides` is empty, so the control is never read";
                    self.complain(file, entry.provides.span(), message);
                }
                for relation in entry.provides.get_ref() {
                    self.route(file, relation);
                }
            }
        }
    }

    /// The traits and mitigations of these names.
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

    /// The trait or mitigation of this name, if there is one.
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
        if known.is_none() && !self.is_off(name.get_ref()) {
            let names: Vec<TraitId> = self.by_id.keys().cloned().collect();
            self.unknown(file, name, "trait", names.iter().map(TraitId::as_str));
        }
        known
    }

    /// Whether a trait or mitigation of this name is switched off: it is known, and never there.
    pub(super) fn is_off(&self, name: &str) -> bool {
        self.is_switched_off(RawTrait::KIND, name)
            || self.is_switched_off(RawMitigation::KIND, name)
    }
}

/// The names of the facts that exclude others.
fn unless_names<'a>(
    traits: &BTreeMap<TraitId, (&'a Part, &'a RawTrait)>,
    mitigations: &BTreeMap<TraitId, (&'a Part, &'a RawMitigation)>,
) -> BTreeSet<&'a str> {
    let of_traits = traits.values().flat_map(|(_, entry)| &entry.unless);
    let of_mitigations = mitigations.values().flat_map(|(_, entry)| &entry.unless);
    of_traits
        .chain(of_mitigations)
        .map(|name| name.get_ref().as_str())
        .collect()
}

/// `T1552` or `T1552.005`.
fn is_technique(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('T') else {
        return false;
    };
    let (technique, sub_technique) = digits.split_once('.').unwrap_or((digits, "000"));
    let numeric =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    numeric(technique, 4) && numeric(sub_technique, 3)
}
