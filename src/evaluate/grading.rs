//! Which rules match a resource's traits, in which order, and what they amount to.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, ExposureRule};
use crate::graph::{ResourceIndex, View};
use crate::model::{ActiveTriage, LevelChange, Mute, MutedItem, RuleId, Severity, TraitSet};

use super::carried::Carried;
use super::score::Score;

/// A tag that says how much hangs on a resource.
pub(super) type Criticality = (LevelChange, (String, String));

/// Which rules the user has taken away.
#[derive(Clone, Debug, Default)]
struct MutedRules {
    every: bool,
    some: BTreeSet<RuleId>,
}

/// Grades sets of traits of one resource: those that it has, and those that it might have.
#[derive(Clone, Debug)]
pub(super) struct Grading<'a> {
    pub view: &'a View,
    pub catalog: &'a Catalog,
    pub index: ResourceIndex,
    pub rules: &'a [ExposureRule],
    /// What the resource carries, without what is muted.
    pub carried: Carried,
    pub criticality: Option<Criticality>,
    muted_rules: MutedRules,
}

/// What the user has said of a resource, and what it would be without.
pub(super) struct Triaged<'a> {
    pub grading: Grading<'a>,
    /// The mutes that took something away, each with its place among all.
    pub mutes: Vec<(usize, &'a Mute)>,
    /// As if there were no mute; `None` if none took anything away.
    pub without_mutes: Option<Box<Grading<'a>>>,
}

/// Applies what the user says of a resource.
pub(super) fn triaged<'a>(
    view: &'a View,
    catalog: &'a Catalog,
    triage: &ActiveTriage<'a>,
    carried: Carried,
) -> Triaged<'a> {
    let index = carried.resource;
    let mut grading = Grading {
        view,
        catalog,
        index,
        rules: catalog.rules(view.resource_type(index)),
        carried,
        criticality: None,
        muted_rules: MutedRules::default(),
    };
    if triage.is_empty() {
        return Triaged {
            grading,
            mutes: Vec::new(),
            without_mutes: None,
        };
    }
    let tags = view.tags(index);
    grading.criticality = triage
        .criticality
        .and_then(|criticality| criticality.level_change(&tags))
        .map(|(step, tag)| (step, tag.clone()));
    let resource = view.resource(index);
    let about = triage.mutes.iter().copied();
    let mutes: Vec<(usize, &Mute)> = about
        .filter(|(_, mute)| mute.applies_to(&resource, &tags) && grading.is_touched_by(&mute.muted))
        .collect();
    let without_mutes = (!mutes.is_empty()).then(|| Box::new(grading.clone()));
    for (_, mute) in &mutes {
        grading.mute(&mute.muted);
    }
    Triaged {
        grading,
        mutes,
        without_mutes,
    }
}

impl Grading<'_> {
    /// Whether the mute would take something away that is there.
    fn is_touched_by(&self, muted: &MutedItem) -> bool {
        let traits = &self.carried.traits;
        match muted {
            MutedItem::Trait(id) => self
                .catalog
                .index_of(id)
                .is_some_and(|index| traits.contains(index)),
            MutedItem::Exposure(id) => self
                .rules
                .iter()
                .any(|rule| rule.id == *id && rule.matches(traits)),
            MutedItem::EveryExposure => self.rules.iter().any(|rule| rule.matches(traits)),
        }
    }

    fn mute(&mut self, muted: &MutedItem) {
        match muted {
            MutedItem::Trait(id) => {
                if let Some(index) = self.catalog.index_of(id) {
                    self.carried.traits = self
                        .carried
                        .traits
                        .difference(&[index].into_iter().collect());
                }
            }
            MutedItem::Exposure(id) => drop(self.muted_rules.some.insert(id.clone())),
            MutedItem::EveryExposure => self.muted_rules.every = true,
        }
    }

    /// Whether the user lets the rule count.
    pub(super) fn counts(&self, rule: &ExposureRule) -> bool {
        !self.muted_rules.every && !self.muted_rules.some.contains(&rule.id)
    }

    /// The rules that match: the most severe first, then the most specific, then by id.
    pub(super) fn ranked(&self) -> Vec<&ExposureRule> {
        let mut ranked: Vec<(Severity, &ExposureRule)> = self
            .rules
            .iter()
            .filter_map(|rule| {
                let score = self.score_by(std::slice::from_ref(rule), &self.carried.traits)?;
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

    /// How severe the resource would be with these traits; `None` if no rule matches them.
    pub(super) fn score(&self, traits: &TraitSet) -> Option<Score> {
        self.score_by(self.rules, traits)
    }

    /// The score of those of the rules that match the traits; `None` if none does.
    ///
    /// In the matrix an unknown impact may weigh more than a low one: AWS takes the likelihood alone then. So that
    /// knowing more never lowers the severity, what is exposed without the traits that tell the impact is scored too,
    /// and the greater counts.
    fn score_by(&self, rules: &[ExposureRule], traits: &TraitSet) -> Option<Score> {
        let without_impact = traits.difference(&self.catalog.impact_traits());
        let with = self.score_of(rules, traits);
        let without = self.score_of(rules, &without_impact);
        match (with, without) {
            (Some(with), Some(without)) if without.severity > with.severity => Some(without),
            (with, _) => with,
        }
    }

    fn score_of(&self, rules: &[ExposureRule], traits: &TraitSet) -> Option<Score> {
        let matched: Vec<&ExposureRule> = rules
            .iter()
            .filter(|rule| rule.matches(traits) && self.counts(rule))
            .collect();
        (!matched.is_empty()).then(|| Score::of(self, &matched, traits))
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
