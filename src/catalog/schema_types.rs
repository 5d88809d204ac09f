//! Types that only describe parts of a catalog file in its JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::model::ResourceType;

/// An entry, or the mark that disables the entry with its ID.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(
    dead_code,
    reason = "describes what is parsed, and is never constructed"
)]
pub(super) enum Entry<T> {
    Off(Disabled),
    On(T),
}

/// Disables the entry with this ID.
#[derive(JsonSchema)]
#[allow(
    dead_code,
    reason = "describes what is parsed, and is never constructed"
)]
pub(super) struct Disabled {
    id: Name,
    enabled: False,
}

/// The ID of an entry.
pub(super) struct Name;

/// `false`.
pub(super) struct False;

/// The name of a resource type.
pub(super) struct TypeName;

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?$" })
    }
}

impl JsonSchema for False {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "False".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": false })
    }
}

impl JsonSchema for TypeName {
    fn schema_name() -> Cow<'static, str> {
        "ResourceType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = ResourceType::ALL
            .iter()
            .map(|resource_type| resource_type.cloudformation())
            .collect();
        json_schema!({ "type": "string", "enum": names })
    }
}
