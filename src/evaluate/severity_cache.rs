//! Severities of exposed resources, each combination of inputs graded once.
//!
//! A severity depends on the traits, on how likely the vulnerabilities among them are to be exploited, and on the
//! criticality of the resource. Few combinations occur.

use rustc_hash::FxHashMap;

use crate::catalog::{Catalog, FactorLevel, TraitDefinition};
use crate::graph::{ResourceIndex, View};
use crate::model::{Epss, Level, LevelChange, Severity, TraitIndex, TraitSet};

use super::grading::Grader;
use super::propagate::provenance::Propagator;
use super::resource_facts::highest_epss;

/// Everything that a severity depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SeverityInputs {
    traits: TraitSet,
    /// The levels of the traits that have an EPSS score, in the order of the catalog.
    epss_levels: Vec<Level>,
    criticality: Option<LevelChange>,
}

/// The severities of the resources of one type.
#[derive(Debug)]
pub(super) struct SeverityCache<'a> {
    view: &'a View,
    catalog: &'a Catalog,
    /// The traits whose factor level comes from EPSS scores.
    epss_traits: TraitSet,
    computed: FxHashMap<SeverityInputs, Option<Severity>>,
}

impl<'a> SeverityCache<'a> {
    pub(super) fn new(view: &'a View, catalog: &'a Catalog) -> Self {
        Self {
            view,
            catalog,
            epss_traits: epss_traits(catalog),
            computed: FxHashMap::default(),
        }
    }

    /// What the severity of a resource with these traits depends on.
    ///
    /// Where traits with EPSS scores propagated to it, the scores are those of the resources that they were found on.
    pub(super) fn inputs(
        &self,
        propagator: &mut Propagator<'_>,
        index: ResourceIndex,
        traits: TraitSet,
        propagated: &TraitSet,
        criticality: Option<LevelChange>,
    ) -> SeverityInputs {
        let scored = traits.intersection(&self.epss_traits);
        let level = |score: Option<Epss>| {
            score.map_or(Level::default(), |score| {
                self.catalog.severity().level_of(score)
            })
        };
        let epss_levels = if propagated.intersects(&scored) {
            let provenance = propagator.provenance(index);
            let highest =
                |trait_index| highest_epss(self.view, provenance.origins(trait_index), trait_index);
            scored
                .iter()
                .map(|trait_index| level(highest(trait_index)))
                .collect()
        } else {
            let highest = |trait_index: TraitIndex| self.view.highest_epss(index, trait_index);
            scored
                .iter()
                .map(|trait_index| level(highest(trait_index)))
                .collect()
        };
        SeverityInputs {
            traits,
            epss_levels,
            criticality,
        }
    }

    /// The severity for these inputs. `grader` is only called if they are new.
    pub(super) fn get_or_grade<'g>(
        &mut self,
        inputs: SeverityInputs,
        grader: impl FnOnce() -> Grader<'g>,
    ) -> Option<Severity> {
        *self.computed.entry(inputs).or_insert_with(|| {
            let grader = grader();
            grader.score(grader.traits()).map(|score| score.severity)
        })
    }
}

/// Returns the traits whose factor level comes from EPSS scores.
pub(super) fn epss_traits(catalog: &Catalog) -> TraitSet {
    catalog
        .traits()
        .iter()
        .filter(|definition| uses_epss(definition))
        .filter_map(|definition| catalog.index_of(&definition.id))
        .collect()
}

fn uses_epss(definition: &TraitDefinition) -> bool {
    definition
        .factors
        .values()
        .any(|level| matches!(level, FactorLevel::FromEpss))
}
