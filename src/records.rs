//! Parsing single records. A record is parsed by the same code whatever carries it: a response, a file, an object in S3.
//!
//! A parser takes the JSON of one record and returns a [`ParsedRecord`] that already has everything the graph needs:
//! resources with their attributes, edges, and IAM facts, and what the finding reports. For a record that is not evidence,
//! it returns why, and for a malformed one a [`RecordError`]. It does no I/O, and no detail of a resource leaves it unless
//! the catalog asks for it.
//!
//! A record is evidence only about resources of its own account: [`ParsedRecord`] says nothing about others.
//!
//! # Adding a format
//!
//! 1. Write one file with `pub fn parse(json: &str, catalog: &Catalog) -> ParseResult`: deserialize the record with
//!    `fields::from_json`, make a `Subject` of each resource, and turn it into a [`ParsedResource`] with
//!    `Subject::into_parsed`, which derives the rest. End with `ParsedRecord::within_account`.
//! 2. Add one line to the table in `format.rs`: the keys that only this format has, and where its lists and IDs are.
//!
//! Files then recognize the format. A source that knows the format of its records passes the parser directly.

pub mod access_analyzer;
pub mod asff;
mod attributes;
pub mod authorization_details;
pub mod config_item;
mod configuration;
mod edges;
mod error;
mod event;
mod field_aliases;
mod fields;
mod finding_values;
mod format;
mod iam_facts;
mod id_resolution;
pub mod inspector;
pub mod inventory;
mod json_path;
pub mod macie;
mod needed_types;
pub mod ocsf;
mod parsed;
mod product;
mod subject;
#[cfg(test)]
mod testing;
mod timestamp;
mod unread;

pub use edges::whole_configuration_lists;
pub use error::RecordError;
pub use event::records_in;
pub use format::{RecordParser, has_known_format, is_list_key, parse_any, record_id};
pub use needed_types::needed_types;
pub use parsed::{
    EdgeEnd, EmptyList, ParseResult, ParsedAttribute, ParsedEdge, ParsedRecord, ParsedResource,
};
