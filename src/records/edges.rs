//! The edges between resources that a record shows.

mod container_image;
mod derived;
mod direction;
mod network_path;
mod references;
mod relationships;

use serde_json::Value;

use crate::model::{Region, RelationKind, Resource, ResourceType};

use super::parsed::{EmptyList, ParsedEdge};

pub(super) use container_image::image_from_reference;
pub(super) use network_path::network_path_edges;
pub(super) use relationships::{Relationship, relationship_edges};

/// The edges that follow from a resource, its tags, and its details. `region` is that of the record.
pub(super) fn resource_edges(
    resource: &Resource,
    tags: &[(String, String)],
    details: &Value,
    region: &Region,
) -> Vec<ParsedEdge> {
    let mut edges = references::reference_edges(resource, details, region);
    edges.extend(container_image::image_edges(resource, details));
    edges.extend(derived::derived_edges(resource, tags, details));
    edges
}

/// The kinds of edges that the details of a resource list, and of which it has none.
pub(super) fn empty_lists(resource: &Resource, details: &Value) -> Vec<EmptyList> {
    let mut lists = references::empty_lists(resource, details);
    lists.extend(derived::empty_admissions(resource, details));
    lists
}

/// Returns whether the whole configuration of a resource lists all edges of a kind that lead from it.
pub fn whole_configuration_lists(resource_type: ResourceType, kind: RelationKind) -> bool {
    references::lists(resource_type, kind) || relationships::lists(resource_type, kind)
}

/// The kinds of the edges that follow from the details of resources of a type.
pub(super) fn kinds_from_details(
    resource_type: ResourceType,
) -> impl Iterator<Item = RelationKind> {
    references::kinds(resource_type).chain(derived::kinds(resource_type))
}
