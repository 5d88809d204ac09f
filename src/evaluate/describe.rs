//! An exposure in full: every trait with the findings behind it, the attack path, what stands in the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::graph::{ResourceIndex, View};
use crate::model::{
    CollectionTarget, Evidence, Exposure, ExposureId, ExposureMitigation, ExposureTrait, Product,
    RouteHop, SignalReference, TraitIndex, TraitSet,
};

use super::attack_path;
use super::carried::{Carried, Chain};
use super::grading::{Grading, contributing};

/// The exposure of one resource: all rules that match, as one finding.
pub(super) fn expose(grading: &Grading<'_>) -> Option<Exposure> {
    let Grading { view, carried, .. } = grading;
    let index = grading.index;
    let ranked = grading.ranked();
    let decisive = *ranked.first()?;
    let contributing = contributing(&ranked, &carried.traits);
    let score = grading.score(&carried.traits)?;
    let resource = view.resource(index);
    Some(Exposure {
        id: ExposureId::of(&resource),
        title: decisive.title.clone(),
        description: decisive.description.clone(),
        severity: score.severity,
        likelihood: score.likelihood,
        impact: score.impact,
        tags: view.tags(index),
        rule: decisive.id.clone(),
        matched_rules: ranked.iter().map(|rule| rule.id.clone()).collect(),
        types: decisive.types.clone(),
        factors: score.factors,
        traits: exposure_traits(grading, &contributing),
        mitigations: mitigations(grading),
        attack_path: attack_path::attack_path(grading, &contributing),
        seen_by: seen_by(view, carried, &contributing),
        resource,
    })
}

/// All traits of the resource, contributing ones first, then by type and id.
pub(super) fn exposure_traits(
    grading: &Grading<'_>,
    contributing: &TraitSet,
) -> Vec<ExposureTrait> {
    let Grading {
        view,
        catalog,
        carried,
        ..
    } = grading;
    let resource_type = view.resource_type(grading.index);
    let mut traits: Vec<ExposureTrait> = catalog
        .only_traits(&carried.traits)
        .iter()
        .map(|trait_index| {
            let definition = catalog.definition(trait_index);
            ExposureTrait {
                id: definition.id.clone(),
                title: definition.title_on(resource_type).to_owned(),
                trait_type: definition.trait_type,
                contributing: contributing.contains(trait_index),
                signals: signals(view, carried, trait_index),
                remediation: definition.remediation.clone(),
            }
        })
        .collect();
    traits.sort_by(|one, other| {
        (!one.contributing, one.trait_type, &one.id).cmp(&(
            !other.contributing,
            other.trait_type,
            &other.id,
        ))
    });
    traits
}

/// What is known to stand in the way, in the order of ids.
pub(super) fn mitigations(grading: &Grading<'_>) -> Vec<ExposureMitigation> {
    let catalog = grading.catalog;
    catalog
        .only_mitigations(&grading.carried.traits)
        .iter()
        .filter_map(|index| {
            let definition = catalog.mitigation(index)?;
            Some(ExposureMitigation {
                id: definition.id.clone(),
                title: definition.title.clone(),
                signals: signals(grading.view, &grading.carried, index),
            })
        })
        .collect()
}

/// The findings behind a trait, from wherever it was carried here, the weightiest first.
fn signals(view: &View, carried: &Carried, trait_index: TraitIndex) -> Vec<SignalReference> {
    let mut by_finding: BTreeMap<_, SignalReference> = BTreeMap::new();
    for origin in carried.origins(trait_index) {
        let resource = Arc::new(view.resource(origin));
        let traveled = traveled(view, carried, trait_index, origin);
        for observed in view.findings_with_trait(origin, trait_index) {
            by_finding
                .entry((observed.finding.clone(), origin))
                .or_insert_with(|| SignalReference {
                    finding: observed.finding,
                    product: observed.product,
                    resource: Arc::clone(&resource),
                    evidence: Arc::clone(observed.evidence),
                    traveled: traveled.clone(),
                });
        }
    }
    let mut signals: Vec<SignalReference> = by_finding.into_values().collect();
    signals.sort_by(|one, other| {
        weight(other)
            .cmp(&weight(one))
            .then_with(|| one.finding.cmp(&other.finding))
    });
    signals
}

/// The way from the exposed resource to the one on which the trait was found; the first where several lead there.
fn traveled(
    view: &View,
    carried: &Carried,
    trait_index: TraitIndex,
    origin: ResourceIndex,
) -> Vec<RouteHop> {
    let leads_there = |chain: &&Chain| chain.last().is_some_and(|hop| hop.to == origin);
    carried
        .chains(trait_index)
        .find(leads_there)
        .into_iter()
        .flatten()
        .map(|hop| RouteHop {
            relation: hop.kind,
            to: view.resource(hop.to),
        })
        .collect()
}

fn seen_by(view: &View, carried: &Carried, contributing: &TraitSet) -> Vec<CollectionTarget> {
    let targets: BTreeSet<&CollectionTarget> = contributing
        .iter()
        .flat_map(|trait_index| {
            carried
                .origins(trait_index)
                .into_iter()
                .map(move |origin| (origin, trait_index))
        })
        .flat_map(|(origin, trait_index)| view.targets_with_trait(origin, trait_index))
        .collect();
    targets.into_iter().cloned().collect()
}

/// Of vulnerabilities those that are exploited count most; of the rest nothing is told apart.
fn weight(signal: &SignalReference) -> (bool, bool, u32, bool) {
    match &*signal.evidence {
        Evidence::PackageVulnerability(vulnerability) => (
            vulnerability.known_exploited,
            vulnerability.exploit_available == Some(true),
            vulnerability
                .epss
                .map_or(0, |score| score.parts_of_100_000()),
            signal.product == Product::Inspector,
        ),
        _ => (false, false, 0, false),
    }
}
