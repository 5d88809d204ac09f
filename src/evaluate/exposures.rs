//! The exposures of an evaluation, each told in full when it is asked for.

use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::graph::View;
use crate::model::{ActiveTriage, Exposure};

use super::carried::carried;
use super::describe::expose;
use super::grading::triaged;
use super::{Evaluation, GradedResource};

/// So many are told at once, on all cores, and are in memory together.
const AT_ONCE: usize = 256;

/// The exposures of an evaluation, most severe first, then by resource. What is behind each is worked out when it is
/// asked for, and gone afterwards: in full they weigh more than all that they were derived from.
#[derive(Clone, Debug)]
pub struct Exposures<'a> {
    /// What was evaluated.
    pub view: &'a View,
    /// By which rules.
    pub catalog: &'a Catalog,
    /// By which of the user's words.
    pub triage: ActiveTriage<'a>,
    /// What came of it.
    pub evaluation: &'a Evaluation,
}

impl Exposures<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.graded().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.graded().is_empty()
    }

    /// What is exposed, in the same order.
    pub fn graded(&self) -> &[GradedResource] {
        &self.evaluation.graded
    }

    /// One of them in full.
    ///
    /// `None` if there is none, which is not so of what the same evaluation has graded.
    pub fn describe(&self, graded: &GradedResource) -> Option<Exposure> {
        let carried = carried(self.view, self.catalog, graded.resource);
        expose(&triaged(self.view, self.catalog, &self.triage, carried).grading)
    }

    /// All of them in full, some at a time.
    pub fn iter(&self) -> impl Iterator<Item = Exposure> {
        self.map(|_, exposure| exposure)
    }

    /// What is made of each of them, some at a time and on all cores.
    pub fn map<T: Send>(
        &self,
        made_of: impl Fn(&GradedResource, Exposure) -> T + Sync,
    ) -> impl Iterator<Item = T> {
        self.graded().chunks(AT_ONCE).flat_map(move |some| {
            some.par_iter()
                .filter_map(|graded| self.describe(graded).map(|one| made_of(graded, one)))
                .collect::<Vec<T>>()
        })
    }
}
