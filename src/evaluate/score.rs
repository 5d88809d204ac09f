//! The arithmetic of severity: levels of factors, likelihood, impact, the cell of the matrix.

use std::collections::BTreeMap;

use crate::catalogue::{Catalogue, Raise};
use crate::model::{
    Epss, Evidence, Factor, FactorScore, Impact, Level, Likelihood, Severity, TraitId, TraitIndex,
    TraitSet,
};
use crate::store::View;

use super::carried::Carried;

/// How severe a set of contributing traits is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The five factors.
    pub factors: Vec<FactorScore>,
    /// What the first four make.
    pub likelihood: Likelihood,
    /// What is lost, if anything known says.
    pub impact: Option<Impact>,
    /// The grade.
    pub severity: Severity,
}

impl Score {
    /// Scores the contributing traits. Each factor has the highest level that any of them gives, so a further trait
    /// never lowers the result.
    pub(super) fn of(
        view: &View,
        catalogue: &Catalogue,
        carried: &Carried,
        contributing: &TraitSet,
    ) -> Self {
        let mut levels: BTreeMap<Factor, Level> = BTreeMap::new();
        let mut because: BTreeMap<Factor, Vec<TraitId>> = BTreeMap::new();
        for trait_index in contributing.iter() {
            let definition = catalogue.definition(trait_index);
            for (factor, raise) in &definition.factors {
                let level = match raise {
                    Raise::To(level) => *level,
                    Raise::ByEpss => highest_epss(view, carried, trait_index)
                        .map(|score| catalogue.severity().level_of(score))
                        .unwrap_or_default(),
                };
                let highest = levels.entry(*factor).or_default();
                if level > *highest {
                    *highest = level;
                    because.remove(factor);
                }
                if level == *highest && level > Level::default() {
                    because
                        .entry(*factor)
                        .or_default()
                        .push(definition.id.clone());
                }
            }
        }
        let model = catalogue.severity();
        let likelihood = model.likelihood(&levels);
        let impact = levels
            .get(&Factor::Impact)
            .copied()
            .and_then(Impact::of_level);
        let factors = Factor::ALL
            .into_iter()
            .map(|factor| FactorScore {
                factor,
                level: levels.get(&factor).copied().unwrap_or_default(),
                because: because.remove(&factor).unwrap_or_default(),
            })
            .collect();
        Self {
            factors,
            likelihood,
            impact,
            severity: model.severity(likelihood, impact),
        }
    }
}

fn highest_epss(view: &View, carried: &Carried, trait_index: TraitIndex) -> Option<Epss> {
    carried
        .origins(trait_index)
        .into_iter()
        .flat_map(|origin| view.evidence(origin, trait_index))
        .filter_map(|evidence| match evidence {
            Evidence::PackageVulnerability(vulnerability) => vulnerability.epss,
            _ => None,
        })
        .max()
}
