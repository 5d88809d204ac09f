//! Which rules match a resource, in which order, and what they add up to.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, ExposureRule};
use crate::graph::View;
use crate::model::{ActiveTriage, Mute, MutedItem, RuleId, Severity, TraitSet};

use super::propagate::provenance::TraitProvenance;
use super::resource_facts::{CriticalityTag, ResourceFacts};
use super::score::{Score, lowers_unknown_impact};

/// The rules that the user muted for a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct MutedRules {
    all: bool,
    ids: BTreeSet<RuleId>,
}

/// Grades sets of traits of one resource: those that it has, and those that it might have.
#[derive(Clone, Debug)]
pub(super) struct Grader<'a> {
    pub facts: ResourceFacts<'a>,
    pub rules: &'a [ExposureRule],
    pub muted_rules: MutedRules,
}

/// A resource after user triage, and what it would be without it.
pub(super) struct TriagedResource<'a> {
    pub grader: Grader<'a>,
    /// The mutes that removed something, each with its index among all mutes.
    pub mutes: Vec<(usize, &'a Mute)>,
    /// The resource without any mute. `None` if no mute removed anything.
    pub without_mutes: Option<Box<Grader<'a>>>,
}

/// Applies mutes and criticality tags to a resource.
pub(super) fn apply_triage<'a>(
    view: &'a View,
    catalog: &'a Catalog,
    triage: &ActiveTriage<'a>,
    provenance: TraitProvenance,
) -> TriagedResource<'a> {
    let index = provenance.resource;
    let mut grader = Grader {
        facts: ResourceFacts {
            view,
            catalog,
            provenance,
            criticality: None,
            muting_tags: Vec::new(),
        },
        rules: catalog.rules(view.resource_type(index)),
        muted_rules: MutedRules::default(),
    };
    if triage.is_empty() {
        return TriagedResource {
            grader,
            mutes: Vec::new(),
            without_mutes: None,
        };
    }
    let tags = view.tags(index);
    grader.facts.criticality = triage
        .criticality
        .and_then(|criticality| criticality.level_change(&tags))
        .map(|(change, (key, value))| CriticalityTag {
            change,
            key: key.clone(),
            value: value.clone(),
        });
    let resource = view.resource(index);
    let mutes: Vec<(usize, &Mute)> = triage
        .mutes
        .iter()
        .copied()
        .filter(|(_, mute)| mute.applies_to(&resource, &tags) && grader.is_affected_by(&mute.muted))
        .collect();
    let without_mutes = (!mutes.is_empty()).then(|| Box::new(grader.clone()));
    for (_, mute) in &mutes {
        grader.mute(&mute.muted);
        let tag = mute.tag.as_ref().and_then(|pattern| pattern.find(&tags));
        grader.facts.muting_tags.extend(tag.cloned());
    }
    TriagedResource {
        grader,
        mutes,
        without_mutes,
    }
}

impl Grader<'_> {
    /// The traits of the resource.
    pub(super) fn traits(&self) -> &TraitSet {
        &self.facts.provenance.traits
    }

    /// Whether the resource has what the mute would remove.
    fn is_affected_by(&self, muted: &MutedItem) -> bool {
        let traits = self.traits();
        match muted {
            MutedItem::Trait(id) => self
                .facts
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
                if let Some(index) = self.facts.catalog.index_of(id) {
                    let removed = [index].into_iter().collect();
                    let traits = self.traits().difference(&removed);
                    self.facts.provenance.traits = traits;
                }
            }
            MutedItem::Exposure(id) => drop(self.muted_rules.ids.insert(id.clone())),
            MutedItem::EveryExposure => self.muted_rules.all = true,
        }
    }

    /// Whether the rule is not muted.
    pub(super) fn is_active(&self, rule: &ExposureRule) -> bool {
        !self.muted_rules.all && !self.muted_rules.ids.contains(&rule.id)
    }

    /// Those of the rules that are active and match the traits.
    pub(super) fn matching<'r>(
        &self,
        rules: &'r [ExposureRule],
        traits: &TraitSet,
    ) -> Vec<&'r ExposureRule> {
        rules
            .iter()
            .filter(|rule| rule.matches(traits) && self.is_active(rule))
            .collect()
    }

    /// The matching rules: the most severe first, then the most specific, then by ID.
    pub(super) fn ranked(&self) -> Vec<&ExposureRule> {
        let mut ranked: Vec<(Severity, &ExposureRule)> = self
            .rules
            .iter()
            .filter_map(|rule| {
                let score = self.score_rules(std::slice::from_ref(rule), self.traits())?;
                Some((score.severity, rule))
            })
            .collect();
        ranked.sort_by(|(left_severity, left), (right_severity, right)| {
            right_severity
                .cmp(left_severity)
                .then_with(|| right.specificity().cmp(&left.specificity()))
                .then_with(|| left.id.cmp(&right.id))
        });
        ranked.into_iter().map(|(_, rule)| rule).collect()
    }

    /// How severe the resource would be with these traits. `None` if no rule matches.
    pub(super) fn score(&self, traits: &TraitSet) -> Option<Score> {
        self.score_rules(self.rules, traits)
    }

    /// The score of those of the rules that match. `None` if none does.
    ///
    /// The matrix can grade an unknown impact above a low one, because AWS then uses the likelihood alone. So that more
    /// knowledge never lowers the severity, the resource is also scored without the traits that determine the impact,
    /// and the higher severity counts.
    fn score_rules(&self, rules: &[ExposureRule], traits: &TraitSet) -> Option<Score> {
        let without_impact = traits.difference(&self.facts.catalog.impact_traits());
        let with = self.score_once(rules, traits);
        let without = self.score_once(rules, &without_impact);
        match (with, without) {
            (Some(with), Some(without)) if without.severity > with.severity => Some(without),
            (with, _) => with,
        }
    }

    /// The score of the rules that match, or of those whose unknown impact no mitigation lowers, if that is higher: what is
    /// known about the impact of one rule says nothing about that of another.
    fn score_once(&self, rules: &[ExposureRule], traits: &TraitSet) -> Option<Score> {
        let matching = self.matching(rules, traits);
        let is_lowered =
            |rule: &&ExposureRule| lowers_unknown_impact(self.facts.catalog, rule, traits);
        let (lowered, rest): (Vec<_>, Vec<_>) = matching.iter().partition(|rule| is_lowered(rule));
        let compute = |rules: &[&ExposureRule]| {
            (!rules.is_empty()).then(|| Score::compute(&self.facts, rules, traits))
        };
        let all = compute(&matching)?;
        let rest = compute(&rest).filter(|_| !lowered.is_empty());
        match rest {
            Some(rest) if rest.severity > all.severity => Some(rest),
            _ => Some(all),
        }
    }
}

/// Those of the traits that the rules need.
pub(super) fn contributing<'a>(
    rules: impl IntoIterator<Item = &'a ExposureRule>,
    traits: &TraitSet,
) -> TraitSet {
    let mut contributing = TraitSet::default();
    for rule in rules {
        contributing.extend(&rule.contributing(traits));
    }
    contributing
}
