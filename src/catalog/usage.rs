//! What of the services' findings a catalog uses, and what it leaves out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{ResourceType, TraitId, TraitSet};

use super::{Catalog, SignalSource, TraitDefinition};

/// What is used by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usage<'a> {
    /// By source, then in the order of their texts; numbers in these in their own.
    pub signals: Vec<UsedSignal<'a>>,
    /// Controls that are read for what they tell of other resources.
    pub relation_controls: Vec<&'a str>,
    /// Types that are known only as what lies on the way.
    pub types_without_exposure: Vec<ResourceType>,
    /// Shown, and never a reason for an exposure.
    pub traits_in_no_exposure: Vec<&'a TraitId>,
}

/// A signal, and what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsedSignal<'a> {
    /// Who says it.
    pub source: SignalSource,
    /// What, in words.
    pub signal: &'a str,
    /// The traits and mitigations that it shows.
    pub used_by: Vec<&'a TraitId>,
}

impl Catalog {
    /// What of the services' findings is used by what.
    pub fn usage(&self) -> Usage<'_> {
        let exposed: BTreeSet<ResourceType> = self.types_with_rules().collect();
        let mut needed = TraitSet::default();
        self.all_rules()
            .for_each(|rule| needed.extend(&rule.needed()));
        let is_idle = |one: &&TraitDefinition| {
            self.index_of(&one.id)
                .is_some_and(|index| !needed.contains(index))
        };
        Usage {
            signals: self.used_signals(),
            relation_controls: self.relation_controls().collect(),
            types_without_exposure: ResourceType::ALL
                .iter()
                .copied()
                .filter(|one| !exposed.contains(one))
                .collect(),
            traits_in_no_exposure: self
                .traits()
                .iter()
                .filter(is_idle)
                .map(|one| &one.id)
                .collect(),
        }
    }

    fn used_signals(&self) -> Vec<UsedSignal<'_>> {
        let mut used: BTreeMap<(SignalSource, Vec<Chunk<'_>>), UsedSignal<'_>> = BTreeMap::new();
        let traits = self.traits().iter().map(|one| (&one.id, &one.derivation));
        let mitigations = self
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
        used.into_values().collect()
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
