//! The severities of what is exposed, each combination graded once: a severity hangs on the traits, on how likely the
//! vulnerabilities among them are to be exploited, and on what the user says of the resource. Of these few differ.

use rustc_hash::FxHashMap;

use crate::catalogue::{Catalogue, Raise};
use crate::model::{Epss, Level, Severity, Step, TraitIndex, TraitSet};
use crate::store::{ResourceIndex, View};

use super::carried::Travel;
use super::grading::Grading;
use super::score::highest_epss;

/// All that a severity hangs on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Circumstances {
    traits: TraitSet,
    /// The levels of those traits that EPSS scores, in the catalogue's order.
    levels: Vec<Level>,
    criticality: Option<Step>,
}

/// The severities of one type's resources.
#[derive(Debug)]
pub(super) struct Severities<'a> {
    view: &'a View,
    catalogue: &'a Catalogue,
    /// The traits that EPSS scores.
    scored: TraitSet,
    known: FxHashMap<Circumstances, Option<Severity>>,
}

impl<'a> Severities<'a> {
    pub fn new(view: &'a View, catalogue: &'a Catalogue) -> Self {
        let is_scored = |definition: &crate::catalogue::TraitDefinition| {
            definition
                .factors
                .values()
                .any(|raise| matches!(raise, Raise::ByEpss))
        };
        Self {
            view,
            catalogue,
            scored: catalogue
                .traits()
                .iter()
                .filter(|definition| is_scored(definition))
                .filter_map(|definition| catalogue.index_of(&definition.id))
                .collect(),
            known: FxHashMap::default(),
        }
    }

    /// What the severity of a resource that carries these traits hangs on. Where such as EPSS scores travelled to it,
    /// it is asked from where.
    pub fn circumstances(
        &self,
        travel: &mut Travel<'_>,
        index: ResourceIndex,
        traits: TraitSet,
        travelled: &TraitSet,
        criticality: Option<Step>,
    ) -> Circumstances {
        let scored = traits.intersection(&self.scored);
        let level = |score: Option<Epss>| {
            score.map_or(Level::default(), |score| {
                self.catalogue.severity().level_of(score)
            })
        };
        let levels = if travelled.intersects(&scored) {
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
    pub fn of<'g>(
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
