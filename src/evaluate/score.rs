//! The severity arithmetic: factor levels and their adjustments, likelihood, impact, and the severity matrix.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::catalog::{Catalog, ExposureRule, FactorLevel};
use crate::model::{
    Adjustment, Factor, FactorScore, Impact, Level, LevelChange, Likelihood, Severity, TraitId,
    TraitIndex, TraitSet,
};

use super::resource_facts::{CriticalityTag, ResourceFacts};

/// How severe the matching rules make a resource, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The five factors.
    pub factors: Vec<FactorScore>,
    /// The likelihood, computed from the first four factors.
    pub likelihood: Likelihood,
    /// The impact, or `None` if no contributing trait determines it.
    pub impact: Option<Impact>,
    /// The severity.
    pub severity: Severity,
}

impl Score {
    /// Scores a resource by the rules that match.
    ///
    /// Each factor has the highest level that any of the rules gives it, so an additional trait never lowers the result.
    /// A mitigation only lowers what the rules that name it give.
    pub(super) fn compute(
        facts: &ResourceFacts<'_>,
        matching: &[&ExposureRule],
        traits: &TraitSet,
    ) -> Self {
        let mut contributions = Contributions::default();
        for rule in matching {
            let of_rule = rule_contributions(facts, rule, traits);
            of_rule
                .iter()
                .for_each(|(factor, contribution)| contributions.join(factor, contribution));
        }
        let mut factors: Vec<FactorScore> = Factor::ALL
            .iter()
            .map(|&factor| {
                let contribution = contributions.get(factor).unwrap_or_default();
                factor_score(facts, factor, &contribution)
            })
            .collect();
        if let Some(tag) = &facts.criticality {
            factors
                .iter_mut()
                .filter(|score| score.factor == Factor::Impact)
                .for_each(|score| apply_criticality(score, tag));
        }
        Self::from_factors(facts, factors)
    }

    fn from_factors(facts: &ResourceFacts<'_>, factors: Vec<FactorScore>) -> Self {
        let levels: BTreeMap<Factor, Level> = factors
            .iter()
            .map(|score| (score.factor, score.level))
            .collect();
        let model = facts.catalog.severity();
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

/// The level that rules give one factor, and the traits that cause it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Contribution {
    level: Level,
    because: TraitSet,
    lowered_by: TraitSet,
}

impl Contribution {
    /// Combines two contributions: the higher level wins, then the one that no mitigation lowered. Equal ones are merged
    /// with the reasons of both.
    fn join(&mut self, other: &Self) {
        let rank = |contribution: &Self| (contribution.level, contribution.lowered_by.is_empty());
        match rank(other).cmp(&rank(self)) {
            Ordering::Greater => *self = *other,
            Ordering::Equal => {
                self.because.extend(&other.because);
                self.lowered_by.extend(&other.lowered_by);
            }
            Ordering::Less => {}
        }
    }

    /// Lowers the level by one step, but not below `minimum`.
    fn lower(&mut self, mitigations: TraitSet, minimum: Level) {
        let lowered = self.level.lowered().max(minimum);
        if lowered < self.level {
            self.level = lowered;
            self.lowered_by = mitigations;
        }
    }
}

/// What rules contribute to each factor, in the order of the factors.
#[derive(Clone, Debug, Default)]
struct Contributions([Option<Contribution>; Factor::ALL.len()]);

impl Contributions {
    fn get(&self, factor: Factor) -> Option<Contribution> {
        self.iter()
            .find(|(of, _)| *of == factor)
            .map(|(_, contribution)| *contribution)
    }

    fn iter(&self) -> impl Iterator<Item = (Factor, &Contribution)> {
        let slots = Factor::ALL.iter().zip(&self.0);
        slots.filter_map(|(factor, slot)| Some((*factor, slot.as_ref()?)))
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = (Factor, &mut Contribution)> {
        let slots = Factor::ALL.iter().zip(&mut self.0);
        slots.filter_map(|(factor, slot)| Some((*factor, slot.as_mut()?)))
    }

    /// Adds a contribution. It is not joined with a default one: a contribution that was lowered to level 0 keeps its
    /// mitigations.
    fn join(&mut self, factor: Factor, contribution: &Contribution) {
        let slots = Factor::ALL.iter().zip(&mut self.0);
        for (_, slot) in slots.filter(|(of, _)| **of == factor) {
            match slot {
                Some(existing) => existing.join(contribution),
                None => *slot = Some(*contribution),
            }
        }
    }
}

/// The contributions of one rule, lowered by the mitigations that it names.
fn rule_contributions(
    facts: &ResourceFacts<'_>,
    rule: &ExposureRule,
    traits: &TraitSet,
) -> Contributions {
    let mut contributions = trait_contributions(facts, &rule.contributing(traits));
    for (factor, contribution) in contributions.iter_mut() {
        let mitigations: TraitSet = rule
            .mitigated_by
            .iter()
            .filter(|mitigated| mitigated.lowers == factor && traits.contains(mitigated.mitigation))
            .map(|mitigated| mitigated.mitigation)
            .collect();
        if !mitigations.is_empty() {
            // A known impact stays known: level 0 would mean unknown.
            let minimum = match factor {
                Factor::Impact => Level::default().raised(),
                _ => Level::default(),
            };
            contribution.lower(mitigations, minimum);
        }
    }
    let lowers_impact = impact_mitigations(rule, traits);
    if !lowers_impact.is_empty() && contributions.get(Factor::Impact).is_none() {
        // An unknown impact is graded like a medium one and is lowered from there.
        let lowered = Contribution {
            level: Level::default().raised(),
            because: TraitSet::default(),
            lowered_by: lowers_impact,
        };
        contributions.join(Factor::Impact, &lowered);
    }
    contributions
}

/// Returns whether mitigations lower an impact that no trait of the rule determines.
pub(super) fn lowers_unknown_impact(
    catalog: &Catalog,
    rule: &ExposureRule,
    traits: &TraitSet,
) -> bool {
    !impact_mitigations(rule, traits).is_empty()
        && !rule
            .contributing(traits)
            .intersects(&catalog.impact_traits())
}

fn impact_mitigations(rule: &ExposureRule, traits: &TraitSet) -> TraitSet {
    rule.mitigated_by
        .iter()
        .filter(|mitigated| {
            mitigated.lowers == Factor::Impact && traits.contains(mitigated.mitigation)
        })
        .map(|mitigated| mitigated.mitigation)
        .collect()
}

/// The highest level that any of the traits gives each factor.
fn trait_contributions(facts: &ResourceFacts<'_>, traits: &TraitSet) -> Contributions {
    let mut contributions = Contributions::default();
    for index in traits.iter() {
        for (factor, level) in &facts.catalog.definition(index).factors {
            let level = match level {
                FactorLevel::Fixed(level) => *level,
                FactorLevel::FromEpss => facts
                    .highest_epss(index)
                    .map(|score| facts.catalog.severity().level_of(score))
                    .unwrap_or_default(),
            };
            if level > Level::default() {
                let contribution = Contribution {
                    level,
                    because: [index].into_iter().collect(),
                    lowered_by: TraitSet::default(),
                };
                contributions.join(*factor, &contribution);
            }
        }
    }
    contributions
}

fn factor_score(
    facts: &ResourceFacts<'_>,
    factor: Factor,
    contribution: &Contribution,
) -> FactorScore {
    let id = |index: TraitIndex| facts.catalog.id(index).clone();
    FactorScore {
        factor,
        level: contribution.level,
        traits: contribution
            .because
            .iter()
            .map(id)
            .collect::<Vec<TraitId>>(),
        adjustments: contribution
            .lowered_by
            .iter()
            .map(|index| Adjustment::Mitigation { id: id(index) })
            .collect(),
    }
}

/// Moves the impact by one step. An unknown impact is graded like a medium one and is moved from there.
fn apply_criticality(impact: &mut FactorScore, tag: &CriticalityTag) {
    let lowest = Level::default().raised();
    let before = if impact.level == Level::default() {
        lowest.raised()
    } else {
        impact.level
    };
    let after = match tag.change {
        LevelChange::Raised => before.raised(),
        LevelChange::Lowered => before.lowered().max(lowest),
    };
    if after != before {
        impact.level = after;
        impact.adjustments.push(Adjustment::Criticality {
            tag: tag.key.clone(),
            value: tag.value.clone(),
            change: tag.change,
        });
    }
}
