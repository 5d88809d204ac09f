//! Which rules match a set of traits, in which order, and what they amount to.

use crate::catalogue::{Catalogue, ExposureRule};
use crate::model::{Severity, TraitSet};
use crate::store::View;

use super::carried::Carried;
use super::score::Score;

/// Grades sets of traits of one resource: those that it has, and those that it might have.
#[derive(Clone, Copy)]
pub(super) struct Grading<'a> {
    pub view: &'a View,
    pub catalogue: &'a Catalogue,
    pub carried: &'a Carried,
}

impl Grading<'_> {
    /// The rules that match: the most severe first, then the most specific, then by id.
    pub fn ranked<'r>(&self, rules: &'r [ExposureRule]) -> Vec<&'r ExposureRule> {
        let mut ranked: Vec<(Severity, &ExposureRule)> = rules
            .iter()
            .filter_map(|rule| {
                let score = self.score(std::slice::from_ref(rule), &self.carried.traits)?;
                Some((score.severity, rule))
            })
            .collect();
        ranked.sort_by(|(one_severity, one), (other_severity, other)| {
            other_severity
                .cmp(one_severity)
                .then_with(|| other.specificity().cmp(&one.specificity()))
                .then_with(|| one.id.cmp(&other.id))
        });
        ranked.into_iter().map(|(_, rule)| rule).collect()
    }

    /// The score of those of the rules that match the traits; `None` if none does.
    ///
    /// In the matrix an unknown impact may weigh more than a low one: AWS takes the likelihood alone then. So that
    /// knowing more never lowers the severity, what is exposed without the traits that tell the impact is scored too,
    /// and the greater counts.
    pub fn score(&self, rules: &[ExposureRule], traits: &TraitSet) -> Option<Score> {
        let without_impact = traits.difference(&self.catalogue.impact_traits());
        let with = self.score_of(rules, traits);
        let without = self.score_of(rules, &without_impact);
        match (with, without) {
            (Some(with), Some(without)) if without.severity > with.severity => Some(without),
            (with, _) => with,
        }
    }

    fn score_of(&self, rules: &[ExposureRule], traits: &TraitSet) -> Option<Score> {
        let matched: Vec<&ExposureRule> =
            rules.iter().filter(|rule| rule.matches(traits)).collect();
        let needed = contributing(&matched, traits);
        (!matched.is_empty()).then(|| Score::of(self.view, self.catalogue, self.carried, &needed))
    }
}

/// The traits that the matching rules need.
pub(super) fn contributing<'a>(
    matched: impl IntoIterator<Item = &'a &'a ExposureRule>,
    traits: &TraitSet,
) -> TraitSet {
    let mut contributing = TraitSet::default();
    for rule in matched {
        contributing.extend(&rule.contributing(traits));
    }
    contributing
}
