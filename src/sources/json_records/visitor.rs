//! The records of one JSON value.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use crate::records::{has_known_format, is_list_key};

use super::error::MalformedLine;

/// A list of records, an object with such a list, or a single record.
pub(super) struct Records<'a, F> {
    pub(super) on_record: &'a mut F,
    /// Set to whether the value is a page of records that says that more pages follow.
    pub(super) has_next_page: &'a mut bool,
}

/// The members in which the AWS CLI and the services say that more pages follow.
const NEXT_PAGE: [&str; 3] = ["NextToken", "nextToken", "Marker"];

impl<'de, F: FnMut(Result<&str, MalformedLine>)> DeserializeSeed<'de> for Records<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Result<&str, MalformedLine>)> Visitor<'de> for Records<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "findings as the AWS CLI writes them: {\"Findings\": […]}, a list, or one record",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        *self.has_next_page = false;
        hand_over_elements(elements, self.on_record)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        // Values stay as they are: a duplicate key within one of them is for the parser of the record to reject.
        let mut record: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
        let mut has_list = false;
        let mut has_token = false;
        while let Some(key) = members.next_key::<String>()? {
            if record.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            if is_list_key(&key) {
                let list = List {
                    on_record: &mut *self.on_record,
                    // An ASFF finding has `Resources`, too.
                    may_be_part: key == "Resources",
                };
                match members.next_value_seed(list)? {
                    ListContent::Records => has_list = true,
                    ListContent::Part(values) => {
                        let values = to_raw_value(&values).map_err(A::Error::custom)?;
                        record.insert(key, values);
                    }
                }
            } else if NEXT_PAGE.contains(&key.as_str()) {
                let token = members.next_value::<Box<RawValue>>()?;
                has_token |= !matches!(token.get(), "null" | "\"\"");
                if !has_list {
                    record.insert(key, token);
                }
            } else if has_list {
                members.next_value::<IgnoredAny>()?;
            } else {
                record.insert(key, members.next_value()?);
            }
        }
        let is_page = has_list || is_empty_list(&record);
        *self.has_next_page = is_page && has_token;
        if !is_page {
            let record = serde_json::to_string(&record).map_err(A::Error::custom)?;
            (self.on_record)(Ok(&record));
        }
        Ok(())
    }
}

fn hand_over_elements<'de, A: SeqAccess<'de>>(
    mut elements: A,
    on_record: &mut impl FnMut(Result<&str, MalformedLine>),
) -> Result<(), A::Error> {
    while let Some(record) = elements.next_element::<Box<RawValue>>()? {
        on_record(Ok(record.get()));
    }
    Ok(())
}

/// Whether an object is the AWS CLI's output without any records. A finding without resources is not.
fn is_empty_list(members: &BTreeMap<String, Box<RawValue>>) -> bool {
    !members.contains_key("ProductArn")
        && members
            .iter()
            .any(|(key, list)| is_list_key(key) && list.get() == "[]")
}

/// What a list contains.
enum ListContent {
    /// Records, which have been handed over.
    Records,
    /// Values that are a part of the record that the list is in.
    Part(Vec<Box<RawValue>>),
}

/// A list of records, or of resources within a finding.
struct List<'a, F> {
    on_record: &'a mut F,
    may_be_part: bool,
}

/// The first element of a list. A resource within a finding has a `Type`, but does not have a known format.
#[derive(serde::Deserialize)]
struct FirstElement {
    #[serde(rename = "Type")]
    resource_type: Option<IgnoredAny>,
}

impl FirstElement {
    fn is_part_of_a_finding(json: &str) -> bool {
        serde_json::from_str::<Self>(json).is_ok_and(|first| first.resource_type.is_some())
            && !has_known_format(json)
    }
}

impl<'de, F: FnMut(Result<&str, MalformedLine>)> DeserializeSeed<'de> for List<'_, F> {
    type Value = ListContent;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ListContent, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Result<&str, MalformedLine>)> Visitor<'de> for List<'_, F> {
    type Value = ListContent;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<ListContent, E> {
        Ok(ListContent::Part(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<ListContent, A::Error> {
        let Some(first) = elements.next_element::<Box<RawValue>>()? else {
            return Ok(ListContent::Part(Vec::new()));
        };
        if self.may_be_part && FirstElement::is_part_of_a_finding(first.get()) {
            let mut values = vec![first];
            while let Some(value) = elements.next_element()? {
                values.push(value);
            }
            return Ok(ListContent::Part(values));
        }
        (self.on_record)(Ok(first.get()));
        hand_over_elements(elements, self.on_record)?;
        Ok(ListContent::Records)
    }
}
