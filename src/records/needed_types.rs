//! The resource types whose configuration sources have to collect.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::model::{RelationKind, ResourceType};

use super::edges::kinds_from_details;

/// Returns the types whose configuration the catalog needs, sorted: types that can be exposed, types with attributes that
/// show a trait, and types whose configuration describes relations along which traits propagate.
pub fn needed_types(catalog: &Catalog) -> Vec<ResourceType> {
    let exposed: BTreeSet<ResourceType> = catalog.types_with_rules().collect();
    let kinds: BTreeSet<RelationKind> = exposed
        .iter()
        .flat_map(|resource_type| catalog.routes(*resource_type))
        .flat_map(|route| route.steps.iter().copied())
        .collect();
    ResourceType::ALL
        .iter()
        .copied()
        .filter(|resource_type| *resource_type != ResourceType::Account)
        .filter(|resource_type| {
            exposed.contains(resource_type)
                || !catalog.attribute_conditions(*resource_type).is_empty()
                || kinds_from_details(*resource_type).any(|kind| kinds.contains(&kind))
        })
        .collect()
}
