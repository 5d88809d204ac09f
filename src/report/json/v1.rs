//! Version 1 of the JSON output: its own types, so that the rest of the code can change without breaking scripts.
//!
//! Fields may be added within a version. A field is removed, or changes its type or meaning, only with a new
//! [`SCHEMA_VERSION`].

mod access;
mod coverage;
mod cycle;
mod evidence;
mod explanation;
mod exposure;
mod fixes;
mod plan;
mod resource;
mod vocabulary;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

pub(crate) use access::AccessJson;
pub(crate) use coverage::UnreadSourceJson;
pub(crate) use cycle::CycleJson;
pub(crate) use explanation::ExplanationJson;
pub(crate) use fixes::FixesJson;

/// The version of the format, which every document states.
const SCHEMA_VERSION: u32 = 1;

/// A document: what was asked for, after the versions that a reader checks first.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Document<T> {
    /// The version of this format. A reader that knows version 1 can ignore fields that it does not know.
    #[schemars(extend("const" = SCHEMA_VERSION))]
    schema_version: u32,
    /// The version of exposured that wrote the document.
    tool_version: &'static str,
    #[serde(flatten)]
    body: T,
}

impl<T> Document<T> {
    pub(crate) fn new(body: T) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool_version: env!("CARGO_PKG_VERSION"),
            body,
        }
    }
}

/// Every document that `--format json` of `once`, `explain`, `fixes`, and `iam` prints.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    clippy::large_enum_variant,
    reason = "describes the output, and is never created"
)]
enum Output<'a> {
    /// `once --format json`
    Once(Document<CycleJson<'a>>),
    /// `explain --format json`
    Explain(Document<ExplanationJson<'a>>),
    /// `fixes --format json`
    Fixes(Document<FixesJson<'a>>),
    /// `iam can --format json`
    Access(Document<AccessJson<'a>>),
}

/// Returns the JSON Schema that is published as `schemas/output.v1.schema.json`, with a line break at the end.
///
/// # Errors
/// Never in practice: a schema is plain JSON.
pub(crate) fn schema() -> Result<String, serde_json::Error> {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Output<'_>>();
    schema.insert(
        "title".to_owned(),
        "exposured JSON output, version 1".into(),
    );
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}
