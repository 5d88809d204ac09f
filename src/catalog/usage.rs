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
    /// The traits, with the sources that can show them in a live cycle.
    pub traits: Vec<TraitSources<'a>>,
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

/// A trait, and where it can come from in a live cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraitSources<'a> {
    /// The trait.
    pub id: &'a TraitId,
    /// The sources, one of which is enough.
    pub sources: Vec<SignalSource>,
    /// What the trait needs besides the findings of the services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<TraitNeed>,
}

/// What a trait needs besides the findings of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TraitNeed {
    /// Details that no finding has.
    CollectResources,
    /// The documents of IAM policies, which findings have only in part.
    IamData,
}

impl TraitNeed {
    /// Returns the need in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CollectResources => "[collect] resources",
            Self::IamData => "IAM policy documents: [collect] resources",
        }
    }
}

/// The attributes that policy documents show. Source: `records/iam_facts.rs`.
const IAM_ATTRIBUTES: [&str; 4] = [
    "Grants",
    "GrantsNotKnown",
    "InlinePolicies",
    "AssumableBy.*",
];

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
            traits: self.trait_sources(),
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

    fn trait_sources(&self) -> Vec<TraitSources<'_>> {
        let sources_of = |definition: &TraitDefinition| {
            let signals = definition.derivation.signals.iter();
            let sources: BTreeSet<SignalSource> = signals.map(|signal| signal.source).collect();
            sources.into_iter().collect()
        };
        let traits = self.traits().iter();
        traits
            .map(|definition| TraitSources {
                id: &definition.id,
                sources: sources_of(definition),
                needs: self.need_of(definition),
            })
            .collect()
    }

    /// Returns what the trait needs, if no finding can show it.
    fn need_of(&self, definition: &TraitDefinition) -> Option<TraitNeed> {
        let derivation = &definition.derivation;
        let mut signals = derivation.signals.iter();
        if signals.any(|signal| signal.source != SignalSource::ResourceDetails) {
            return None;
        }
        let index = self.index_of(&definition.id)?;
        let found_on = if derivation.found_on.is_empty() {
            &derivation.resource_types
        } else {
            &derivation.found_on
        };
        let attributes: Vec<(ResourceType, &str)> = found_on
            .iter()
            .flat_map(|resource_type| {
                let conditions = self.attribute_conditions(*resource_type).iter();
                conditions
                    .filter(move |condition| condition.trait_index == index)
                    .map(|condition| (*resource_type, condition.path.as_str()))
            })
            .collect();
        let is_iam = |(_, path): &(ResourceType, &str)| IAM_ATTRIBUTES.contains(path);
        // Findings in ASFF have no details of a type that ASFF does not name.
        let has_no_details = |(one, _): &(ResourceType, &str)| one.asff() == "Other";
        if attributes.iter().all(is_iam) {
            Some(TraitNeed::IamData)
        } else if attributes.iter().all(has_no_details) {
            Some(TraitNeed::CollectResources)
        } else {
            None
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
