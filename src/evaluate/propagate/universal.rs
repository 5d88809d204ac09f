//! Facts that hold only if every resource at the end of their relations shows them.

use crate::catalog::{Catalog, Derivation};
use crate::graph::{ResourceIndex, View};
use crate::model::{RelationKind, TraitIndex, TraitSet};

/// Returns those of the facts of a resource that would have to be shown by every resource at the end of their relations, but
/// are not. One limited policy says nothing about a role that has another policy, too.
pub(in crate::evaluate) fn partial_facts(
    view: &View,
    catalog: &Catalog,
    resource: ResourceIndex,
    facts: &TraitSet,
) -> TraitSet {
    let universal = facts.intersection(catalog.universal_facts());
    universal
        .iter()
        .filter(|index| {
            let derivation = catalog.derivation(*index);
            let is_shown_along = |route: &Vec<RelationKind>| {
                is_shown_by_all(view, resource, route, (*index, derivation))
            };
            !derivation.via.iter().all(is_shown_along)
        })
        .collect()
}

fn is_shown_by_all(
    view: &View,
    from: ResourceIndex,
    route: &[RelationKind],
    fact: (TraitIndex, &Derivation),
) -> bool {
    let (index, derivation) = fact;
    match route.split_first() {
        None => {
            !derivation.found_on.contains(&view.resource_type(from))
                || view.traits(from).contains(index)
        }
        Some((kind, rest)) => view
            .related(from, *kind)
            .all(|to| is_shown_by_all(view, to, rest, fact)),
    }
}
