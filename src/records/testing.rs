//! What the tests of this module share.

use crate::catalog::{Catalog, Layers, compile};
use crate::model::{Resource, ResourceMention, ResourceType, identify};

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
