//! Fields that several formats have in common.

use std::borrow::Cow;
use std::error::Error;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::model::{clean, is_clean_identifier};

use super::error::RecordError;

/// Parses a record as JSON of its format.
pub(super) fn from_json<'a, T: Deserialize<'a>>(
    record: &'static str,
    json: &'a str,
) -> Result<T, RecordError> {
    serde_json::from_str(json).map_err(|source| RecordError::Json { record, source })
}

/// The record itself, if it is in a string of JSON, as in the rows of an AWS Config query.
pub(super) fn unquoted(json: &str) -> Result<Cow<'_, str>, RecordError> {
    if json.trim_start().starts_with("\"{") {
        return from_json("a record in a string", json).map(Cow::Owned);
    }
    Ok(Cow::Borrowed(json))
}

/// A list. Many tools that write records in AWS's formats write `null` for a list without elements.
pub(super) fn null_as_empty<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Parses the text of a field.
pub(super) fn parse<T>(field: &'static str, text: &str) -> Result<T, RecordError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text.parse()
        .map_err(|error: T::Err| RecordError::field(field, error))
}

/// Checks an ID. It is compared and sent back to AWS, so it is never changed.
pub(super) fn identifier<'a>(field: &'static str, id: &'a str) -> Result<&'a str, RecordError> {
    if is_clean_identifier(id) {
        return Ok(id);
    }
    Err(RecordError::field(
        field,
        "empty, longer than any ID, or with control characters",
    ))
}

/// The tags in `{"key": "value"}`, cleaned and sorted.
pub(super) fn tags_from_map(tags: &Map<String, Value>) -> Vec<(String, String)> {
    tags_from_pairs(
        tags.iter()
            .map(|(key, value)| (key.as_str(), value.as_str())),
    )
}

/// Tags, cleaned and sorted. A tag without a key is dropped.
pub(super) fn tags_from_pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = pairs
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (clean(key), clean(value.unwrap_or_default())))
        .collect();
    tags.sort();
    tags
}
