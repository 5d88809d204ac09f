//! Which collection targets an exposure depends on: without one of them, it could look less or more severe than it is.

use std::collections::BTreeSet;

use crate::graph::ResourceIndex;
use crate::model::{CollectionTarget, LevelChange, TraitSet};

use super::propagate::provenance::Hop;
use super::resource_facts::ResourceFacts;

/// The collection targets that an exposure depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Dependencies<'a> {
    /// Those that show what makes it severe. Without them, it could look less severe, or gone.
    pub raised_by: BTreeSet<&'a CollectionTarget>,
    /// Those that show what makes it less severe. Without them, it could look more severe.
    pub lowered_by: BTreeSet<&'a CollectionTarget>,
}

/// Collects the targets of the contributing traits, the mitigations, the relations along which either propagated, and the
/// tags that the user's decisions refer to.
pub(super) fn dependencies<'a>(
    facts: &ResourceFacts<'a>,
    contributing: &TraitSet,
) -> Dependencies<'a> {
    let mitigations = facts.catalog.only_mitigations(&facts.provenance.traits);
    let mut dependencies = Dependencies {
        raised_by: targets_of_traits(facts, contributing),
        lowered_by: targets_of_traits(facts, &mitigations),
    };
    for (from, hop) in edges_of_partial_facts(facts) {
        let targets = &mut dependencies.raised_by;
        facts
            .view
            .add_targets_of_edge(from, hop.kind, hop.to, targets);
    }
    let disputed = contradicting_targets(facts, contributing);
    dependencies.raised_by.extend(&disputed);
    dependencies.lowered_by.extend(&disputed);
    if let Some(tag) = &facts.criticality {
        let tag_pair = (tag.key.clone(), tag.value.clone());
        let targets: Vec<_> = facts
            .view
            .targets_with_tag(facts.index(), &tag_pair)
            .collect();
        match tag.change {
            LevelChange::Raised => dependencies.raised_by.extend(targets),
            LevelChange::Lowered => dependencies.lowered_by.extend(targets),
        }
    }
    for tag in &facts.muting_tags {
        let targets: Vec<_> = facts.view.targets_with_tag(facts.index(), tag).collect();
        dependencies.lowered_by.extend(targets);
    }
    dependencies
}

/// The targets that show the traits, wherever they were found, and the relations along which they propagated.
fn targets_of_traits<'a>(
    facts: &ResourceFacts<'a>,
    traits: &TraitSet,
) -> BTreeSet<&'a CollectionTarget> {
    let view = facts.view;
    let mut targets = BTreeSet::new();
    let mut edges: BTreeSet<(ResourceIndex, Hop)> = BTreeSet::new();
    for trait_index in traits.iter() {
        for origin in facts.provenance.origins(trait_index) {
            targets.extend(view.targets_with_trait(origin, trait_index));
        }
        for chain in facts.provenance.chains(trait_index) {
            let mut from = facts.index();
            for hop in chain {
                edges.insert((from, *hop));
                from = hop.to;
            }
        }
    }
    for (from, hop) in edges {
        view.add_targets_of_edge(from, hop.kind, hop.to, &mut targets);
    }
    targets
}

/// The relations to resources that keep a fact from counting, because not all of them show it. Without one of these
/// relations, the rest could all show it.
fn edges_of_partial_facts(facts: &ResourceFacts<'_>) -> BTreeSet<(ResourceIndex, Hop)> {
    let mut edges = BTreeSet::new();
    for index in facts.provenance.partial.iter() {
        for route in &facts.catalog.derivation(index).via {
            let mut sources = BTreeSet::from([facts.index()]);
            for kind in route {
                let mut reached = BTreeSet::new();
                for from in sources {
                    for to in facts.view.related(from, *kind) {
                        edges.insert((from, Hop { kind: *kind, to }));
                        reached.insert(to);
                    }
                }
                sources = reached;
            }
        }
    }
    edges
}

/// The targets that contradict each other about the resource, or about a resource that a contributing trait was found on.
fn contradicting_targets<'a>(
    facts: &ResourceFacts<'a>,
    contributing: &TraitSet,
) -> BTreeSet<&'a CollectionTarget> {
    let origins = contributing
        .iter()
        .flat_map(|trait_index| facts.provenance.origins(trait_index));
    let resources: BTreeSet<ResourceIndex> =
        std::iter::once(facts.index()).chain(origins).collect();
    resources
        .into_iter()
        .flat_map(|resource| facts.view.contradicting_targets(facts.catalog, resource))
        .collect()
}
