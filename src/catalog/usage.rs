//! Which findings a catalog uses, and what it does not use.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{ResourceType, TraitId, TraitSet};

use super::compiled::Catalog;
use super::definition::{SignalSource, TraitDefinition};

/// What a catalog uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usage<'a> {
    /// The signals, by source and text. Numbers in texts are ordered by their value.
    pub signals: Vec<UsedSignal<'a>>,
    /// The controls that are only read for their relations.
    pub relation_controls: Vec<&'a str>,
    /// The types that are only known as parts of routes.
    pub types_without_exposure: Vec<ResourceType>,
    /// The traits that are shown but that no rule uses.
    pub traits_in_no_exposure: Vec<&'a TraitId>,
}

/// A signal and what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsedSignal<'a> {
    /// The source of the signal.
    pub source: SignalSource,
    /// What the source reports, in words.
    pub signal: &'a str,
    /// The traits and mitigations that it shows.
    pub used_by: Vec<&'a TraitId>,
}

impl Catalog {
    /// Returns what the catalog uses.
    pub fn usage(&self) -> Usage<'_> {
        let exposed: BTreeSet<ResourceType> = self.types_with_rules().collect();
        let mut needed = TraitSet::default();
        self.all_rules()
            .for_each(|rule| needed.extend(&rule.needed()));
        let is_unused = |definition: &&TraitDefinition| {
            self.index_of(&definition.id)
                .is_some_and(|index| !needed.contains(index))
        };
        Usage {
            signals: self.used_signals(),
            relation_controls: self.relation_controls().collect(),
            types_without_exposure: ResourceType::ALL
                .iter()
                .copied()
                .filter(|resource_type| !exposed.contains(resource_type))
                .collect(),
            traits_in_no_exposure: self
                .traits()
                .iter()
                .filter(is_unused)
                .map(|definition| &definition.id)
                .collect(),
        }
    }

    fn used_signals(&self) -> Vec<UsedSignal<'_>> {
        let mut used: BTreeMap<(SignalSource, Vec<Chunk<'_>>), UsedSignal<'_>> = BTreeMap::new();
        let traits = self
            .traits()
            .iter()
            .map(|definition| (&definition.id, &definition.derivation));
        let mitigations = self
            .mitigations()
            .iter()
            .map(|definition| (&definition.id, &definition.derivation));
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
        used.into_values().collect()
    }
}

/// A part of a text. Texts are ordered by their parts, so that `EC2.8` comes before `EC2.13`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Chunk<'a> {
    Number(u64),
    Text(&'a str),
}

fn chunks(text: &str) -> Vec<Chunk<'_>> {
    text.as_bytes()
        .chunk_by(|left, right| left.is_ascii_digit() == right.is_ascii_digit())
        .scan(0, |start, part| {
            let range = *start..*start + part.len();
            *start = range.end;
            text.get(range)
        })
        .map(|part| part.parse().map_or(Chunk::Text(part), Chunk::Number))
        .collect()
}
