//! The JSON Schema of a catalog file, made from the types that read it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};

use crate::model::ResourceType;

use super::raw::RawFile;

/// The schema that stands in `config/catalog.schema.json`, with a line break at the end.
///
/// # Errors
/// Never in practice: a schema is plain JSON.
pub fn schema() -> Result<String, serde_json::Error> {
    let mut schema = schema_for!(RawFile);
    schema.insert("title".to_owned(), "exposured catalog file".into());
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}

/// An entry, or the mark that switches the entry with its id off.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes what is read, and is never made")]
pub(super) enum Entry<T> {
    Off(Disabled),
    On(T),
}

/// Switches the entry with this id off.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes what is read, and is never made")]
pub(super) struct Disabled {
    id: Name,
    enabled: False,
}

/// The id of an entry.
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
