//! The records of JSON values: a list of records, an object with such a list, or a single record.

use std::collections::BTreeSet;
use std::io::Read;

use serde::de::IgnoredAny;

use crate::model::clean;
use crate::records::{has_known_format, is_list_key};

use super::Output;
use super::error::{JsonRecordsError, UnreadableRecord};
use super::position::Position;
use super::window::Window;

/// The members in which the AWS CLI and the services say that more pages follow.
const NEXT_PAGE: [&str; 3] = ["NextToken", "nextToken", "Marker"];

const FORMS: &str =
    "findings as the AWS CLI writes them: {\"Findings\": […]}, a list, or one record";

/// Reads one JSON value after the other, up to the end of the content. A value may have many lines.
///
/// # Errors
/// The content cannot be read to its end.
pub(super) fn read_values<F>(
    window: &mut Window<impl Read>,
    output: &mut Output<'_, F>,
) -> Result<(), JsonRecordsError>
where
    F: FnMut(Result<&str, UnreadableRecord>),
{
    let mut reader = DocumentReader { window, output };
    loop {
        reader.read_document()?;
        if reader.window.next_byte().is_none() {
            return reader.window.end();
        }
    }
}

struct DocumentReader<'a, 'o, R, F> {
    window: &'a mut Window<R>,
    output: &'a mut Output<'o, F>,
}

impl<R: Read, F: FnMut(Result<&str, UnreadableRecord>)> DocumentReader<'_, '_, R, F> {
    fn read_document(&mut self) -> Result<(), JsonRecordsError> {
        match self.window.next_byte() {
            Some(b'[') => {
                self.window.consume_byte();
                *self.output.has_next_page = false;
                self.read_elements(0)
            }
            Some(b'{') => self.read_object(),
            _ => Err(self.window.expected(FORMS)),
        }
    }

    /// Hands over the elements of a list, up to the bracket that closes it. `count` is how many of them were read before.
    fn read_elements(&mut self, mut count: u64) -> Result<(), JsonRecordsError> {
        while self.next_element(count)? {
            self.read_record()?;
            count += 1;
        }
        Ok(())
    }

    /// Moves to the next element of a list, if there is one.
    fn next_element(&mut self, count: u64) -> Result<bool, JsonRecordsError> {
        match self.window.next_byte() {
            Some(b']') if count == 0 => {}
            Some(_) if count == 0 => return Ok(true),
            Some(b',') => {
                self.window.consume_byte();
                return match self.window.next_byte() {
                    Some(_) => Ok(true),
                    None => Err(self.window.expected("a value")),
                };
            }
            Some(b']') => {}
            _ => return Err(self.window.expected("`,` or `]`")),
        }
        self.window.consume_byte();
        Ok(false)
    }

    fn read_record(&mut self) -> Result<(), JsonRecordsError> {
        let on_record = &mut *self.output.on_record;
        if let Err(too_large) = self.window.value(|json| on_record(Ok(json)))? {
            on_record(Err(too_large));
        }
        self.window.records += 1;
        Ok(())
    }

    fn read_object(&mut self) -> Result<(), JsonRecordsError> {
        let start = self.window.position();
        self.window.consume_byte();
        let mut object = Object::default();
        let mut count = 0_u64;
        loop {
            match self.window.next_byte() {
                Some(b'}') => break,
                Some(b',') if count > 0 => self.window.consume_byte(),
                Some(_) if count == 0 => {}
                _ => return Err(self.window.expected("`,` or `}`")),
            }
            self.read_member(&mut object)?;
            count += 1;
        }
        self.window.consume_byte();
        let is_page = object.has_list || object.is_empty_page();
        *self.output.has_next_page = is_page && object.has_token;
        if !is_page {
            self.hand_over(start, &object);
        }
        Ok(())
    }

    fn hand_over(&mut self, start: Position, object: &Object) {
        if object.size > self.window.max_record() {
            let size = self.window.position().offset - start.offset;
            let too_large = self.window.too_large(start, size);
            (self.output.on_record)(Err(too_large));
        } else {
            (self.output.on_record)(Ok(&format!("{{{}}}", object.members)));
        }
        self.window.records += 1;
    }

    fn read_member(&mut self, object: &mut Object) -> Result<(), JsonRecordsError> {
        let key = self.read_key()?;
        match self.window.next_byte() {
            Some(b':') => self.window.consume_byte(),
            _ => return Err(self.window.expected("`:`")),
        }
        let position = self.window.position();
        let Some(first) = self.window.next_byte() else {
            return Err(self.window.expected("a value"));
        };
        let max_record = self.window.max_record();
        let key = match key {
            Ok(key) if is_list_key(&key) => return self.read_list(object, &key, first),
            Ok(key) => key,
            Err(size) => {
                object.add_size(size, max_record);
                String::new()
            }
        };
        if object.keys.contains(&key) {
            let problem = format!("duplicate field `{}`", clean(&key));
            return Err(self.window.syntax(problem, position));
        }
        let is_token = NEXT_PAGE.contains(&key.as_str());
        let has_list = object.has_list;
        let value = self.window.value(|json| {
            object.has_token |= is_token && !matches!(json, "null" | "\"\"");
            if !has_list {
                object.insert(&key, json, max_record);
            }
        })?;
        if let Err(UnreadableRecord::TooLarge { size, .. }) = value {
            object.add_size(size, max_record);
        }
        Ok(())
    }

    /// Reads a key: its text, or how many bytes it has if they are too many.
    fn read_key(&mut self) -> Result<Result<String, u64>, JsonRecordsError> {
        let position = match self.window.next_byte() {
            Some(b'"') => self.window.position(),
            _ => return Err(self.window.expected("a key in quotes")),
        };
        let key = self
            .window
            .value(|json| serde_json::from_str::<String>(json))?;
        match key {
            Ok(Ok(key)) => Ok(Ok(key)),
            Ok(Err(_)) => {
                let problem = "invalid key".to_owned();
                Err(self.window.syntax(problem, position))
            }
            Err(UnreadableRecord::TooLarge { size, .. }) => Ok(Err(size)),
            Err(UnreadableRecord::Line { .. }) => Ok(Err(0)),
        }
    }

    /// Reads the value of a key under which records are listed.
    fn read_list(
        &mut self,
        object: &mut Object,
        key: &str,
        first: u8,
    ) -> Result<(), JsonRecordsError> {
        let max_record = self.window.max_record();
        if first == b'n' {
            // Another name than `null` is malformed.
            self.window.value(|_| ())?.ok();
            object.insert_empty(key, max_record);
            return Ok(());
        }
        if first != b'[' {
            return Err(self.window.expected("a list"));
        }
        self.window.consume_byte();
        if !self.next_element(0)? {
            object.insert_empty(key, max_record);
            return Ok(());
        }
        // An ASFF finding has `Resources`, too.
        if key == "Resources" {
            return self.read_resources(object, key);
        }
        object.has_list = true;
        self.read_elements(0)
    }

    /// Reads a list that may be a part of the record that it is in. Its first element shows which.
    fn read_resources(&mut self, object: &mut Object, key: &str) -> Result<(), JsonRecordsError> {
        let first = self.window.value(str::to_owned)?;
        match first {
            Ok(first) if FirstElement::is_part_of_a_finding(&first) => {
                return self.read_part(object, key, first);
            }
            Ok(first) => (self.output.on_record)(Ok(&first)),
            Err(too_large) => (self.output.on_record)(Err(too_large)),
        }
        self.window.records += 1;
        object.has_list = true;
        self.read_elements(1)
    }

    /// Reads a list that is a part of the record that it is in.
    fn read_part(
        &mut self,
        object: &mut Object,
        key: &str,
        first: String,
    ) -> Result<(), JsonRecordsError> {
        let max_record = self.window.max_record();
        let mut list = format!("[{first}");
        let mut size = list.len() as u64;
        let mut count = 1;
        while self.next_element(count)? {
            let value = self.window.value(|json| {
                size += json.len() as u64 + 1;
                if size <= max_record {
                    list.push(',');
                    list.push_str(json);
                }
            })?;
            if let Err(UnreadableRecord::TooLarge { size: bytes, .. }) = value {
                size += bytes;
            }
            count += 1;
        }
        if size > max_record {
            object.add_size(size, max_record);
        } else if !object.has_list {
            list.push(']');
            object.insert(key, &list, max_record);
        }
        Ok(())
    }
}

/// What is known of an object while it is read.
#[derive(Default)]
struct Object {
    /// The members that are part of the record, if the object is one, as JSON. Values stay as they are: a duplicate key
    /// within one of them is for the parser of the record to reject.
    members: String,
    keys: BTreeSet<String>,
    /// How many bytes the members have, including those that are too large to be kept.
    size: u64,
    /// Whether records were listed.
    has_list: bool,
    has_empty_list: bool,
    has_token: bool,
}

impl Object {
    fn insert(&mut self, key: &str, json: &str, max_record: u64) {
        let quoted = serde_json::Value::from(key).to_string();
        self.add_size((quoted.len() + json.len() + 2) as u64, max_record);
        if self.size > max_record {
            return;
        }
        if !self.members.is_empty() {
            self.members.push(',');
        }
        self.members.extend([quoted.as_str(), ":", json]);
        self.keys.insert(key.to_owned());
    }

    fn insert_empty(&mut self, key: &str, max_record: u64) {
        self.has_empty_list = true;
        self.insert(key, "[]", max_record);
    }

    /// Counts bytes. The members of a record that is too large are dropped.
    fn add_size(&mut self, bytes: u64, max_record: u64) {
        self.size = self.size.saturating_add(bytes);
        if self.size > max_record {
            self.members = String::new();
            self.keys.retain(|key| key == "ProductArn");
        }
    }

    /// Whether this is the AWS CLI's output without any records. A finding without resources is not.
    fn is_empty_page(&self) -> bool {
        self.has_empty_list && !self.keys.contains("ProductArn")
    }
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
