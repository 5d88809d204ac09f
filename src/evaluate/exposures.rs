//! The exposures of an evaluation, each described in full on demand.

use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::graph::View;
use crate::model::{ActiveTriage, Exposure};

use super::describe::describe;
use super::evaluation::{Evaluation, GradedResource};
use super::grading::apply_triage;
use super::propagate::provenance::provenance;
use super::summary::{ExposureSummary, Summarizer};

/// How many exposures are described at a time, on all cores, and are in memory together.
const BATCH: usize = 256;

/// The exposures of an evaluation, most severe first, then by resource.
///
/// The full description of an exposure is computed on demand and dropped afterwards. All of them together would need
/// more memory than everything that they derive from.
#[derive(Clone, Debug)]
pub struct Exposures<'a> {
    /// The graph that was evaluated.
    pub view: &'a View,
    /// The rules.
    pub catalog: &'a Catalog,
    /// The mutes and criticality tags that were applied.
    pub triage: ActiveTriage<'a>,
    /// The result.
    pub evaluation: &'a Evaluation,
}

impl Exposures<'_> {
    /// The number of exposures.
    pub fn len(&self) -> usize {
        self.graded().len()
    }

    /// Whether there are no exposures.
    pub fn is_empty(&self) -> bool {
        self.graded().is_empty()
    }

    /// The exposed resources, in the same order.
    pub fn graded(&self) -> &[GradedResource] {
        &self.evaluation.graded
    }

    /// Describes one exposure in full.
    ///
    /// Returns `None` if the resource is not exposed, which does not happen for a resource that this evaluation graded.
    pub fn describe(&self, graded: &GradedResource) -> Option<Exposure> {
        let provenance = provenance(self.view, self.catalog, graded.resource);
        describe(&apply_triage(self.view, self.catalog, &self.triage, provenance).grader)
    }

    /// Summarizes all exposures, on all cores, which is much cheaper than describing them.
    pub fn summaries(&self) -> Vec<ExposureSummary> {
        // A chunk shares what was computed for it, so there are few of them.
        let chunks = 2 * rayon::current_num_threads();
        self.graded()
            .par_chunks(self.len().div_ceil(chunks).max(BATCH))
            .flat_map_iter(|chunk| {
                let mut summarizer = Summarizer::new(self.view, self.catalog, &self.triage);
                let summaries = chunk
                    .iter()
                    .filter_map(|graded| summarizer.summarize(*graded));
                summaries.collect::<Vec<ExposureSummary>>()
            })
            .collect()
    }

    /// Describes all exposures, a batch at a time.
    pub fn iter(&self) -> impl Iterator<Item = Exposure> {
        self.map(|_, exposure| exposure)
    }

    /// Describes all exposures and maps each one, a batch at a time and on all cores.
    pub fn map<T: Send>(
        &self,
        function: impl Fn(&GradedResource, Exposure) -> T + Sync,
    ) -> impl Iterator<Item = T> {
        self.graded().chunks(BATCH).flat_map(move |batch| {
            batch
                .par_iter()
                .filter_map(|graded| {
                    let exposure = self.describe(graded)?;
                    Some(function(graded, exposure))
                })
                .collect::<Vec<T>>()
        })
    }
}
