//! Types that only exist to describe catalog files in the JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::model::ResourceType;

/// An entry, or a marker that disables the entry with its ID.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only the schema is used, never a value")]
pub(super) enum EntryOrDisabled<T> {
    Disabled(Disabled),
    Entry(T),
}

/// Disables the entry with this ID.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is used, never a value")]
pub(super) struct Disabled {
    id: EntryId,
    enabled: False,
}

/// The ID of an entry.
pub(super) struct EntryId;

/// `false`.
pub(super) struct False;

/// The name of a resource type.
pub(super) struct ResourceTypeName;

impl JsonSchema for EntryId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "EntryId".into()
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

impl JsonSchema for ResourceTypeName {
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
