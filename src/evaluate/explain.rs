//! Why this severity, why not this resource, which one trait is missing, which one fix helps most.

use serde::Serialize;

use crate::catalogue::{Catalogue, ExposureRule};
use crate::model::{
    Exposure, ExposureTrait, Remediation, Resource, RuleId, Severity, TraitId, TraitIndex, TraitSet,
};
use crate::store::{ResourceIndex, View};

use super::carried::{Carried, carried};
use super::grading::Grading;
use super::{expose, exposure_traits};

/// Everything that the evaluation knows of one resource.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The resource.
    pub resource: Resource,
    /// Its exposure, if it has one.
    pub exposure: Option<Exposure>,
    /// Its traits; contributing ones first.
    pub traits: Vec<ExposureTrait>,
    /// The rules that one absent trait keeps from matching, the most severe first.
    pub near_misses: Vec<NearMiss>,
    /// What ending each contributing trait does, what helps most first.
    pub fixes: Vec<Fix>,
    /// Whether there are rules for its type at all.
    pub has_rules: bool,
}

/// A rule that one absent trait keeps from matching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

/// What ending one contributing trait does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The trait.
    #[serde(rename = "trait")]
    pub trait_id: TraitId,
    /// What it does.
    #[serde(flatten)]
    pub effect: Effect,
    /// How.
    pub remediation: Remediation,
}

/// What becomes of an exposure. The words are those of Security Hub's `ListExposuresByRemediationV2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "effect", content = "severity", rename_all = "lowercase")]
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
#[must_use]
pub fn find(view: &View, catalogue: &Catalogue, text: &str) -> Vec<ResourceIndex> {
    let named = |index: &ResourceIndex, is_meant: &dyn Fn(&str) -> bool| {
        is_meant(&view.resource(*index).id)
    };
    let is_name = |id: &str| id.rsplit([':', '/']).next() == Some(text);
    let ways: [&dyn Fn(&str) -> bool; 3] = [&|id| id == text, &is_name, &|id| id.contains(text)];
    for is_meant in ways {
        let all: Vec<ResourceIndex> = view
            .indices()
            .filter(|index| named(index, is_meant))
            .collect();
        let exposable: Vec<ResourceIndex> = all
            .iter()
            .copied()
            .filter(|index| !catalogue.rules(view.resource_type(*index)).is_empty())
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
#[must_use]
pub fn explain(view: &View, catalogue: &Catalogue, index: ResourceIndex) -> Explanation {
    let resource_type = view.resource_type(index);
    let rules = catalogue.rules(resource_type);
    let carried = carried(view, catalogue, index);
    let exposure = expose(view, catalogue, index, rules, &carried);
    let traits = exposure.as_ref().map_or_else(
        || exposure_traits(view, catalogue, index, &carried, &TraitSet::default()),
        |exposure| exposure.traits.clone(),
    );
    let grading = Grading {
        view,
        catalogue,
        carried: &carried,
    };
    Explanation {
        resource: view.resource(index),
        near_misses: near_misses(&grading, rules, exposure.as_ref().map(|one| one.severity)),
        fixes: exposure
            .as_ref()
            .map_or_else(Vec::new, |exposure| fixes(&grading, rules, exposure)),
        exposure,
        traits,
        has_rules: !rules.is_empty(),
    }
}

/// Only what would make things worse is a miss: a further rule that changes nothing is none.
fn near_misses(
    grading: &Grading<'_>,
    rules: &[ExposureRule],
    now: Option<Severity>,
) -> Vec<NearMiss> {
    let mut misses: Vec<NearMiss> = rules
        .iter()
        .filter_map(|rule| near_miss(grading, rules, rule))
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

fn near_miss(
    grading: &Grading<'_>,
    rules: &[ExposureRule],
    rule: &ExposureRule,
) -> Option<NearMiss> {
    let Carried { traits, .. } = grading.carried;
    let missing = rule.missing(traits).filter(|missing| !missing.is_empty())?;
    // With any one of them the rule matches; the worst of them is told.
    let severity = missing
        .iter()
        .filter_map(|index| {
            let mut with = *traits;
            with.insert(index);
            grading.score(rules, &with).map(|score| score.severity)
        })
        .max()?;
    let named = |index: TraitIndex| {
        let definition = grading.catalogue.definition(index);
        (
            definition.id.clone(),
            definition.title_on(rule.resource_type).to_owned(),
        )
    };
    Some(NearMiss {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        severity,
        missing: missing.iter().map(named).collect(),
        present: rule
            .contributing(traits)
            .iter()
            .map(|index| named(index).0)
            .collect(),
    })
}

fn fixes(grading: &Grading<'_>, rules: &[ExposureRule], exposure: &Exposure) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = exposure
        .contributing()
        .filter_map(|one| {
            let mut gone = TraitSet::default();
            gone.insert(grading.catalogue.index_of(&one.id)?);
            let rest = grading.carried.traits.difference(&gone);
            let effect = match grading.score(rules, &rest).map(|score| score.severity) {
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
