//! The JSON Schema of a catalog file, derived from the types that parse it.

use schemars::schema_for;

use super::raw::RawFile;

/// Returns the schema in `config/catalog.schema.json`, with a line break at the end.
///
/// # Errors
/// Never in practice: a schema is plain JSON.
pub fn schema() -> Result<String, serde_json::Error> {
    let mut schema = schema_for!(RawFile);
    schema.insert("title".to_owned(), "exposured catalog file".into());
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}
