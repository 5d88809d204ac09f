//! Why this severity, why not this resource, which one trait is missing, which one fix helps most.

use crate::catalog::{Catalog, ExposureRule};
use crate::graph::{ResourceIndex, View};
use crate::model::{
    ActiveTriage, Exposure, ExposureMitigation, ExposureTrait, Mute, Remediation, Resource, RuleId,
    Severity, TraitId, TraitIndex, TraitSet,
};

use super::carried::carried;
use super::describe::{expose, exposure_traits, mitigations};
use super::grading::{Grading, triaged};

/// Everything that the evaluation knows of one resource.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The resource.
    pub resource: Resource,
    /// Its exposure, if it has one.
    pub exposure: Option<Exposure>,
    /// Its traits; contributing ones first.
    pub traits: Vec<ExposureTrait>,
    /// What is known to stand in an attacker's way.
    pub mitigations: Vec<ExposureMitigation>,
    /// The mutes that took something away from it.
    pub muted: Vec<Mute>,
    /// The rules that only a mitigation keeps from matching, the most severe first.
    pub prevented: Vec<PreventedRule>,
    /// The rules that one absent trait keeps from matching, the most severe first.
    pub near_misses: Vec<NearMiss>,
    /// What ending each contributing trait does, what helps most first.
    pub fixes: Vec<Fix>,
    /// Whether there are rules for its type at all.
    pub has_rules: bool,
}

/// A rule that one absent trait keeps from matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The rule.
    pub rule: RuleId,
    /// What would be published.
    pub title: String,
    /// How severe the resource would be.
    pub severity: Severity,
    /// The traits of which one is missing, by id and title.
    pub missing: Vec<(TraitId, String)>,
    /// The traits that the rule needs and that are there.
    pub present: Vec<TraitId>,
}

/// A rule that something in the attacker's way keeps from matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreventedRule {
    /// The rule.
    pub rule: RuleId,
    /// What would be published.
    pub title: String,
    /// How severe the resource would be.
    pub severity: Severity,
    /// What stands in the way, by id and title.
    pub by: Vec<(TraitId, String)>,
}

/// What ending one contributing trait does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The trait.
    pub trait_id: TraitId,
    /// What it does.
    pub effect: Effect,
    /// How.
    pub remediation: Remediation,
}

/// What becomes of an exposure. The words are those of Security Hub's `ListExposuresByRemediationV2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// There is none any more.
    Resolves,
    /// It becomes less severe.
    Reduces(Severity),
    /// It stays as severe as it is.
    Unchanged,
}

/// The resources that a text may mean: one with this very id; else those whose name it is; else those whose id it is a
/// part of. Resources that can be exposed come before others.
pub fn find(view: &View, catalog: &Catalog, text: &str) -> Vec<ResourceIndex> {
    let ways: [&dyn Fn(&Resource) -> bool; 3] =
        [&|one| one.id == text, &|one| one.name() == text, &|one| {
            one.id.contains(text)
        }];
    for is_meant in ways {
        let all: Vec<ResourceIndex> = view
            .indices()
            .filter(|index| is_meant(&view.resource(*index)))
            .collect();
        let exposable: Vec<ResourceIndex> = all
            .iter()
            .copied()
            .filter(|index| !catalog.rules(view.resource_type(*index)).is_empty())
            .collect();
        match (exposable.is_empty(), all.is_empty()) {
            (false, _) => return exposable,
            (true, false) => return all,
            (true, true) => {}
        }
    }
    Vec::new()
}

/// Explains one resource, from the same evaluation that publishes it.
pub fn explain(
    view: &View,
    catalog: &Catalog,
    triage: &ActiveTriage<'_>,
    index: ResourceIndex,
) -> Explanation {
    let triaged = triaged(view, catalog, triage, carried(view, catalog, index));
    let grading = &triaged.grading;
    let exposure = expose(grading);
    let traits = exposure.as_ref().map_or_else(
        || exposure_traits(grading, &TraitSet::default()),
        |exposure| exposure.traits.clone(),
    );
    let severity = exposure.as_ref().map(|one| one.severity);
    Explanation {
        resource: view.resource(index),
        near_misses: near_misses(grading, severity),
        prevented: prevented(grading, severity),
        fixes: exposure
            .as_ref()
            .map_or_else(Vec::new, |exposure| fixes(grading, exposure)),
        exposure,
        traits,
        mitigations: mitigations(grading),
        muted: triaged
            .mutes
            .iter()
            .map(|(_, mute)| (*mute).clone())
            .collect(),
        has_rules: !grading.rules.is_empty(),
    }
}

/// Only what would make things worse is a miss: a further rule that changes nothing is none.
fn near_misses(grading: &Grading<'_>, now: Option<Severity>) -> Vec<NearMiss> {
    let mut misses: Vec<NearMiss> = grading
        .rules
        .iter()
        .filter(|rule| grading.counts(rule))
        .filter_map(|rule| near_miss(grading, rule))
        .filter(|miss| now.is_none_or(|now| miss.severity > now))
        .collect();
    // What most of is there already is the nearest.
    misses.sort_by(|one, other| {
        (other.present.len(), other.severity)
            .cmp(&(one.present.len(), one.severity))
            .then_with(|| one.rule.cmp(&other.rule))
    });
    misses
}

fn near_miss(grading: &Grading<'_>, rule: &ExposureRule) -> Option<NearMiss> {
    let traits = &grading.carried.traits;
    let missing = rule.missing(traits).filter(|missing| !missing.is_empty())?;
    // With any one of them the rule matches; the worst of them is told.
    let severity = missing
        .iter()
        .filter_map(|index| {
            let mut with = *traits;
            with.insert(index);
            grading.score(&with).map(|score| score.severity)
        })
        .max()?;
    Some(NearMiss {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        severity,
        missing: named(grading, rule, &missing),
        present: rule
            .contributing(traits)
            .iter()
            .map(|index| grading.catalog.id(index).clone())
            .collect(),
    })
}

fn prevented(grading: &Grading<'_>, now: Option<Severity>) -> Vec<PreventedRule> {
    let traits = &grading.carried.traits;
    let mut prevented: Vec<PreventedRule> = grading
        .rules
        .iter()
        .filter(|rule| grading.counts(rule))
        .filter_map(|rule| {
            let by = rule.prevented_by(traits);
            let severity = grading.score(&traits.difference(&by))?.severity;
            (!by.is_empty()).then(|| PreventedRule {
                rule: rule.id.clone(),
                title: rule.title.clone(),
                severity,
                by: named(grading, rule, &by),
            })
        })
        .filter(|one| now.is_none_or(|now| one.severity > now))
        .collect();
    prevented.sort_by(|one, other| (other.severity, &one.rule).cmp(&(one.severity, &other.rule)));
    prevented
}

fn named(grading: &Grading<'_>, rule: &ExposureRule, set: &TraitSet) -> Vec<(TraitId, String)> {
    let named = |index: TraitIndex| {
        let title = grading.catalog.title_on(index, rule.resource_type);
        (grading.catalog.id(index).clone(), title.to_owned())
    };
    set.iter().map(named).collect()
}

fn fixes(grading: &Grading<'_>, exposure: &Exposure) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = exposure
        .contributing()
        .filter_map(|one| {
            let mut gone = TraitSet::default();
            gone.insert(grading.catalog.index_of(&one.id)?);
            let rest = grading.carried.traits.difference(&gone);
            let effect = match grading.score(&rest).map(|score| score.severity) {
                None => Effect::Resolves,
                Some(severity) if severity < exposure.severity => Effect::Reduces(severity),
                Some(_) => Effect::Unchanged,
            };
            Some(Fix {
                trait_id: one.id.clone(),
                effect,
                remediation: one.remediation.clone(),
            })
        })
        .collect();
    fixes.sort_by(|one, other| (one.effect, &one.trait_id).cmp(&(other.effect, &other.trait_id)));
    fixes
}
