//! The severities of what is exposed, each combination graded once: a severity hangs on the traits, on how likely the
//! vulnerabilities among them are to be exploited, and on what the user says of the resource. Of these few differ.

use rustc_hash::FxHashMap;

use crate::catalog::{Catalog, FactorLevel};
use crate::graph::{ResourceIndex, View};
use crate::model::{Epss, Level, LevelChange, Severity, TraitIndex, TraitSet};

use super::carried::Travel;
use super::grading::Grading;
use super::score::highest_epss;

/// All that a severity hangs on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Circumstances {
    traits: TraitSet,
    /// The levels of those traits that EPSS scores, in the catalog's order.
    levels: Vec<Level>,
    criticality: Option<LevelChange>,
}

/// The severities of one type's resources.
#[derive(Debug)]
pub(super) struct Severities<'a> {
    view: &'a View,
    catalog: &'a Catalog,
    /// The traits that EPSS scores.
    scored: TraitSet,
    known: FxHashMap<Circumstances, Option<Severity>>,
}

impl<'a> Severities<'a> {
    pub(super) fn new(view: &'a View, catalog: &'a Catalog) -> Self {
        let is_scored = |definition: &crate::catalog::TraitDefinition| {
            definition
                .factors
                .values()
                .any(|raise| matches!(raise, FactorLevel::FromEpss))
        };
        Self {
            view,
            catalog,
            scored: catalog
                .traits()
                .iter()
                .filter(|definition| is_scored(definition))
                .filter_map(|definition| catalog.index_of(&definition.id))
                .collect(),
            known: FxHashMap::default(),
        }
    }

    /// What the severity of a resource that carries these traits hangs on. Where such as EPSS scores traveled to it,
    /// it is asked from where.
    pub(super) fn circumstances(
        &self,
        travel: &mut Travel<'_>,
        index: ResourceIndex,
        traits: TraitSet,
        traveled: &TraitSet,
        criticality: Option<LevelChange>,
    ) -> Circumstances {
        let scored = traits.intersection(&self.scored);
        let level = |score: Option<Epss>| {
            score.map_or(Level::default(), |score| {
                self.catalog.severity().level_of(score)
            })
        };
        let levels = if traveled.intersects(&scored) {
            let carried = travel.carried(index);
            let origins = |one| carried.origins(one);
            scored
                .iter()
                .map(|one| level(highest_epss(self.view, origins(one), one)))
                .collect()
        } else {
            let own = |one: TraitIndex| self.view.highest_epss(index, one);
            scored.iter().map(|one| level(own(one))).collect()
        };
        Circumstances {
            traits,
            levels,
            criticality,
        }
    }

    /// The severity in these circumstances; `grading` is asked where they are new.
    pub(super) fn of<'g>(
        &mut self,
        circumstances: Circumstances,
        grading: impl FnOnce() -> Grading<'g>,
    ) -> Option<Severity> {
        *self.known.entry(circumstances).or_insert_with(|| {
            let grading = grading();
            let score = grading.score(&grading.carried.traits);
            score.map(|score| score.severity)
        })
    }
}
