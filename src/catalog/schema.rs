//! The JSON Schema of a catalog file, generated from the types that read it.

use schemars::schema_for;

use super::raw::RawFile;

/// Returns the schema that is published as `config/catalog.schema.json`, with a final newline.
///
/// # Errors
/// Never in practice, because a schema is plain JSON.
pub fn schema() -> Result<String, serde_json::Error> {
    let mut schema = schema_for!(RawFile);
    schema.insert("title".to_owned(), "exposured catalog file".into());
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}
