//! The arithmetic of severity: levels of factors, what moves them, likelihood, impact, the cell of the matrix.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{ExposureRule, FactorLevel};
use crate::model::{
    Adjustment, Epss, Factor, FactorScore, Impact, Level, LevelChange, Likelihood, Severity,
    TraitId, TraitIndex, TraitSet,
};

use crate::graph::{ResourceIndex, View};

use super::grading::{Criticality, Grading};

/// How severe the rules that match make a resource, and why.
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

/// A level of one factor, and what gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reached {
    level: Level,
    because: BTreeSet<TraitIndex>,
    lowered_by: BTreeSet<TraitIndex>,
}

impl Reached {
    /// Takes over what is higher; of equal levels what nothing had to lower; of those that are alike, both reasons.
    fn join(&mut self, other: Self) {
        let rank = |one: &Self| (one.level, one.lowered_by.is_empty());
        match rank(&other).cmp(&rank(self)) {
            std::cmp::Ordering::Greater => *self = other,
            std::cmp::Ordering::Equal => {
                self.because.extend(other.because);
                self.lowered_by.extend(other.lowered_by);
            }
            std::cmp::Ordering::Less => {}
        }
    }

    /// One step down. What has a level keeps one where `least` says so.
    fn lower(&mut self, mitigations: BTreeSet<TraitIndex>, least: Level) {
        let lowered = self.level.lowered().max(least);
        if lowered < self.level {
            self.level = lowered;
            self.lowered_by = mitigations;
        }
    }
}

impl Score {
    /// Scores the rules that match. Each factor has the highest level that any of them gives, so a further trait never
    /// lowers the result; a mitigation lowers only what the rules that name it give.
    pub(super) fn of(grading: &Grading<'_>, matched: &[&ExposureRule], traits: &TraitSet) -> Self {
        let mut reached: BTreeMap<Factor, Reached> = BTreeMap::new();
        for rule in matched {
            for (factor, one) in of_rule(grading, rule, traits) {
                match reached.entry(factor) {
                    Entry::Vacant(empty) => drop(empty.insert(one)),
                    Entry::Occupied(mut other) => other.get_mut().join(one),
                }
            }
        }
        let mut factors: Vec<FactorScore> = Factor::ALL
            .iter()
            .map(|&factor| {
                let reached = reached.remove(&factor).unwrap_or_default();
                factor_score(grading, factor, &reached)
            })
            .collect();
        if let Some(criticality) = &grading.criticality {
            factors
                .iter_mut()
                .filter(|score| score.factor == Factor::Impact)
                .for_each(|score| weigh(score, criticality));
        }
        let levels: BTreeMap<Factor, Level> = factors
            .iter()
            .map(|score| (score.factor, score.level))
            .collect();
        let model = grading.catalog.severity();
        let likelihood = model.likelihood(&levels);
        let impact = levels
            .get(&Factor::Impact)
            .copied()
            .and_then(Impact::of_level);
        Self {
            factors,
            likelihood,
            impact,
            severity: model.severity(likelihood, impact),
        }
    }
}

/// What one rule gives each factor.
fn of_rule(
    grading: &Grading<'_>,
    rule: &ExposureRule,
    traits: &TraitSet,
) -> BTreeMap<Factor, Reached> {
    let mut reached: BTreeMap<Factor, Reached> = BTreeMap::new();
    for index in rule.contributing(traits).iter() {
        for (factor, raise) in &grading.catalog.definition(index).factors {
            let level = match raise {
                FactorLevel::Fixed(level) => *level,
                FactorLevel::FromEpss => {
                    highest_epss(grading.view, grading.carried.origins(index), index)
                        .map(|score| grading.catalog.severity().level_of(score))
                        .unwrap_or_default()
                }
            };
            if level > Level::default() {
                reached.entry(*factor).or_default().join(Reached {
                    level,
                    because: [index].into(),
                    lowered_by: BTreeSet::new(),
                });
            }
        }
    }
    for (factor, one) in &mut reached {
        let in_the_way: BTreeSet<TraitIndex> = rule
            .mitigated_by
            .iter()
            .filter(|one| one.lowers == *factor && traits.contains(one.mitigation))
            .map(|one| one.mitigation)
            .collect();
        if !in_the_way.is_empty() {
            // An impact that is known stays known.
            let least = match factor {
                Factor::Impact => Level::default().raised(),
                _ => Level::default(),
            };
            one.lower(in_the_way, least);
        }
    }
    reached
}

fn factor_score(grading: &Grading<'_>, factor: Factor, reached: &Reached) -> FactorScore {
    let id = |index: &TraitIndex| grading.catalog.id(*index).clone();
    FactorScore {
        factor,
        level: reached.level,
        because: reached.because.iter().map(id).collect::<Vec<TraitId>>(),
        adjusted: reached
            .lowered_by
            .iter()
            .map(|index| Adjustment::Mitigation { id: id(index) })
            .collect(),
    }
}

/// Moves the impact by one step. An impact that is not known is graded like a medium one, and is moved from there.
fn weigh(impact: &mut FactorScore, (step, (tag, value)): &Criticality) {
    let lowest = Level::default().raised();
    let before = if impact.level == Level::default() {
        lowest.raised()
    } else {
        impact.level
    };
    let after = match step {
        LevelChange::Raised => before.raised(),
        LevelChange::Lowered => before.lowered().max(lowest),
    };
    if after != before {
        impact.level = after;
        impact.adjusted.push(Adjustment::Criticality {
            tag: tag.clone(),
            value: value.clone(),
            step: *step,
        });
    }
}

/// The highest score among the vulnerabilities that show the trait, wherever they were found.
pub(super) fn highest_epss(
    view: &View,
    origins: impl IntoIterator<Item = ResourceIndex>,
    trait_index: TraitIndex,
) -> Option<Epss> {
    origins
        .into_iter()
        .filter_map(|origin| view.highest_epss(origin, trait_index))
        .max()
}
