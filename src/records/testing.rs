//! What the tests of this module share.

use crate::catalog::{Catalog, Layers, compile};
use crate::model::{Resource, ResourceMention, ResourceType, identify};

use super::parsed::ParsedEdge;

/// The built-in catalog.
pub(super) fn catalog() -> Catalog {
    compile(&Layers::builtin()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A resource of account 111122223333 in us-east-1.
pub(super) fn resource(resource_type: ResourceType, id: &str) -> Resource {
    identify(ResourceMention {
        resource_type,
        id,
        account: "111122223333".parse().unwrap(),
        region: &"us-east-1".parse().unwrap(),
    })
}

/// Edges, with the last part of each ID.
pub(super) fn edge_names(edges: &[ParsedEdge]) -> Vec<String> {
    fn last_part(resource: &Resource) -> &str {
        resource.id.rsplit(':').next().unwrap_or_default()
    }
    let name = |edge: &ParsedEdge| {
        let (from, to) = (last_part(&edge.from), last_part(&edge.to));
        format!("{from} {} {to}", edge.kind.as_str())
    };
    edges.iter().map(name).collect()
}
