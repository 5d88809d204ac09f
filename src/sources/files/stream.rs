//! The records of a JSON file, one at a time: the file may be larger than memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Cursor, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use crate::records;

use super::windows::{self, Rest};

/// A first line that is longer is not the first of JSON Lines, but all of a file without line breaks.
const LONGEST_LINE: u64 = 4 << 20;

/// So much of a file is held in memory at once.
const WINDOW: u64 = 8 << 20;

/// Calls `each` for every record: its JSON, or why there is none.
///
/// # Errors
/// The file cannot be read on: it is no JSON, or breaks off.
pub(super) fn records(
    mut content: Box<dyn BufRead>,
    mut each: impl FnMut(Result<&str, String>),
) -> Result<(), String> {
    let mut first_line = Vec::new();
    content
        .by_ref()
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut first_line)
        .map_err(|error| error.to_string())?;
    if first_line.starts_with(b"\xef\xbb\xbf") {
        first_line.drain(..3);
    }
    let line = first_line.trim_ascii();
    let is_whole_line = (first_line.len() as u64) < LONGEST_LINE;
    let is_json_lines = is_whole_line && line.starts_with(b"{") && line.ends_with(b"}");
    let has_more = !content
        .fill_buf()
        .map_err(|error| error.to_string())?
        .is_empty();
    if is_json_lines || is_whole_line && has_more && cannot_go_on(line) {
        return json_lines(line.to_vec(), content, &mut each);
    }
    whole(Cursor::new(first_line).chain(content), WINDOW, &mut each)
}

/// Whether no further line could make a value of this one: it is broken itself, or breaks off within a text.
fn cannot_go_on(line: &[u8]) -> bool {
    match serde_json::from_slice::<IgnoredAny>(line) {
        Ok(_) => false,
        Err(error) if error.is_eof() => error.to_string().contains("string"),
        Err(_) => !line.is_empty(),
    }
}

/// One value, which may be spread over many lines.
fn whole(
    mut content: impl Read,
    window: u64,
    each: &mut impl FnMut(Result<&str, String>),
) -> Result<(), String> {
    let mut start = Vec::new();
    let read = content.by_ref().take(window).read_to_end(&mut start);
    if (start.len() as u64) < window {
        let ended = value(&mut serde_json::Deserializer::from_slice(&start), each);
        // Where the file cannot be read on, that is the reason, and not that the JSON breaks off there.
        return read.map_err(|error| error.to_string()).and(ended);
    }
    match windows::records(start, content, each) {
        Rest::Json(rest) => value(&mut serde_json::Deserializer::from_reader(rest), each),
        Rest::Broken(why) => Err(why),
    }
}

fn value<'de>(
    json: &mut serde_json::Deserializer<impl serde_json::de::Read<'de>>,
    each: &mut impl FnMut(Result<&str, String>),
) -> Result<(), String> {
    Top { each }
        .deserialize(&mut *json)
        .map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())
}

/// One value a line; each may be a record, a list, or what the CLI writes. A line that is broken costs that line.
fn json_lines(
    first: Vec<u8>,
    mut content: Box<dyn BufRead>,
    each: &mut impl FnMut(Result<&str, String>),
) -> Result<(), String> {
    let mut line = first;
    let mut number = 1_u64;
    loop {
        let text = line.trim_ascii();
        if !text.is_empty() {
            let mut json = serde_json::Deserializer::from_slice(text);
            let read = Top { each: &mut *each }
                .deserialize(&mut json)
                .and_then(|()| json.end());
            if let Err(error) = read {
                each(Err(format!("line {number}: {error}")));
            }
        }
        line.clear();
        number += 1;
        if content
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("line {number}: {error}"))?
            == 0
        {
            return Ok(());
        }
    }
}

/// A list of records, an object with such a list, or a single record.
struct Top<'a, F> {
    each: &'a mut F,
}

impl<'de, F: FnMut(Result<&str, String>)> DeserializeSeed<'de> for Top<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Result<&str, String>)> Visitor<'de> for Top<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "findings as the AWS CLI writes them: {\"Findings\": […]}, a list, or one record",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(record) = elements.next_element::<Box<RawValue>>()? {
            (self.each)(Ok(record.get()));
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        // As they are written: what is twice in one of them is for the record's reader to refuse.
        let mut record: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
        let mut is_envelope = false;
        while let Some(key) = members.next_key::<String>()? {
            if record.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            if records::is_list_key(&key) {
                // An ASFF finding has `Resources` too, and those are part of it.
                let may_be_part = key == "Resources";
                match members.next_value_seed(Elements {
                    each: &mut *self.each,
                    may_be_part,
                })? {
                    Listed::Records => is_envelope = true,
                    Listed::Part(values) => {
                        let values = to_raw_value(&values).map_err(A::Error::custom)?;
                        record.insert(key, values);
                    }
                }
            } else if is_envelope {
                members.next_value::<IgnoredAny>()?;
            } else {
                record.insert(key, members.next_value()?);
            }
        }
        let is_empty_envelope = !record.contains_key("ProductArn")
            && record
                .iter()
                .any(|(key, list)| records::is_list_key(key) && list.get() == "[]");
        if !is_envelope && !is_empty_envelope {
            let record = serde_json::to_string(&record).map_err(A::Error::custom)?;
            (self.each)(Ok(&record));
        }
        Ok(())
    }
}

/// What a list turned out to be.
enum Listed {
    /// Records, which have been read.
    Records,
    /// A part of the record around it.
    Part(Vec<Box<RawValue>>),
}

/// Told by its first element: the resources within a finding have no `ResourceConfig`, and no finding has a `Type`
/// and an `Id` alone.
struct Elements<'a, F> {
    each: &'a mut F,
    may_be_part: bool,
}

#[derive(serde::Deserialize)]
struct FirstElement {
    #[serde(rename = "Type")]
    resource_type: Option<IgnoredAny>,
}

impl FirstElement {
    fn is_part_of_a_finding(json: &str) -> bool {
        serde_json::from_str::<Self>(json).is_ok_and(|first| first.resource_type.is_some())
            && !records::has_known_format(json)
    }
}

impl<'de, F: FnMut(Result<&str, String>)> DeserializeSeed<'de> for Elements<'_, F> {
    type Value = Listed;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Listed, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Result<&str, String>)> Visitor<'de> for Elements<'_, F> {
    type Value = Listed;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Listed, A::Error> {
        let Some(first) = elements.next_element::<Box<RawValue>>()? else {
            return Ok(Listed::Part(Vec::new()));
        };
        if self.may_be_part && FirstElement::is_part_of_a_finding(first.get()) {
            let mut values = vec![first];
            while let Some(value) = elements.next_element()? {
                values.push(value);
            }
            return Ok(Listed::Part(values));
        }
        (self.each)(Ok(first.get()));
        Top { each: self.each }
            .visit_seq(elements)
            .map(|()| Listed::Records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Result<(), String>) {
        let mut all = Vec::new();
        let content = Box::new(Cursor::new(text.to_owned().into_bytes()));
        let ended = records(content, |record| {
            all.push(record.map_or_else(|why| format!("! {why}"), str::to_owned))
        });
        (all, ended)
    }

    #[test]
    fn every_form_gives_the_same_records() {
        let expected = vec![r#"{"a":1}"#.to_owned(), r#"{"b":[2]}"#.to_owned()];
        for text in [
            r#"{"Findings":[{"a":1},{"b":[2]}]}"#,
            "{\"Findings\":[{\"a\":1},\n{\"b\":[2]}],\n\"NextToken\":\"x\"}",
            "{\n\"NextToken\":\"x\",\"Findings\":[{\"a\":1},\n{\"b\":[2]}]}",
            r#"{"findings":[{"a":1},{"b":[2]}]}"#,
            r#"{"Resources":[{"a":1},{"b":[2]}]}"#,
            r#"[{"a":1},{"b":[2]}]"#,
            "\u{feff}[{\"a\":1},{\"b\":[2]}]\n",
            "{\"a\":1}\n{\"b\":[2]}\n",
            "{\"a\":1}\r\n\r\n{\"b\":[2]}",
            "{\"Findings\":[{\"a\":1}]}\n{\"Findings\":[{\"b\":[2]}]}\n",
        ] {
            assert_eq!(read(text), (expected.clone(), Ok(())), "{text}");
        }
    }

    #[test]
    fn a_window_of_any_size_gives_the_same_records() {
        for text in [
            r#"{"Findings":[{"a":1},{"b":[2]}]}"#,
            " {\n \"Findings\" : [ {\"a\":\"ü]}\\\"\"} ,\n 12 , {\"b\":[2]} ] , \"NextToken\" : \"x\" } ",
            r#"{"findings":[{"a":1}],"Findings":[{"b":1}],"c":2}"#,
            r#"{"Resources":[{"a":1},{"b":[2]}]}"#,
            r#"{"Resources":[{"Id":"r","Type":"AwsS3Bucket"}],"Id":"f","ProductArn":"p"}"#,
            r#"{"NextToken":"t","Findings":[{"a":1}]}"#,
            r#"[1234567,{"b":[2]},"x"]"#,
            "[]",
            r#"{"Findings":[]}"#,
            // And those that are broken, up to there.
            r#"{"Findings":[{"a":1},{"b":"#,
            r#"{"Findings":[{"a":1} {"b":2}]}"#,
            r#"{"Findings":[{"a":1},]}"#,
            r#"{"Findings":[,{"a":1}]}"#,
            r#"{"Findings":[{"a":1}],}"#,
            r#"{"Findings":[{"a":1}]"#,
            r#"[{"a":1},{"b" 2}]"#,
            "[1]x",
        ] {
            let read = |window| {
                let mut all = Vec::new();
                let ended = whole(Cursor::new(text), window, &mut |record: Result<
                    &str,
                    String,
                >| {
                    all.push(record.map_or_else(|why| format!("! {why}"), str::to_owned));
                });
                (all, ended.is_ok())
            };
            let expected = read(1 << 20);
            for window in 1..text.len() as u64 + 1 {
                assert_eq!(read(window), expected, "{text} through {window}");
            }
        }
    }

    #[test]
    fn why_a_file_cannot_be_read_on_is_told() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("the disk is gone"))
            }
        }
        for window in [4, 1 << 20] {
            let mut count = 0;
            let content = Cursor::new("[1,2,").chain(Failing);
            let ended = whole(content, window, &mut |_: Result<&str, String>| count += 1);
            assert_eq!((count, ended), (2, Err("the disk is gone".to_owned())));
        }
        let broken = whole(Cursor::new("[1,2,}"), 4, &mut |_: Result<&str, String>| {});
        let why = broken.unwrap_err();
        assert!(why.starts_with("after 2 records: expected value"), "{why}");
    }

    #[test]
    fn a_broken_first_line_costs_that_line() {
        for first in ["{\"a\":\"x", "not json", "{\"a\" 1}"] {
            let (all, ended) = read(&format!("{first}\n{{\"b\":1}}\n{{\"c\":2}}\n"));
            assert_eq!(ended, Ok(()), "{first}");
            assert!(all[0].starts_with("! line 1: "), "{all:?}");
            assert_eq!(all[1..], ["{\"b\":1}", "{\"c\":2}"]);
        }
        // And one that goes on in the next line is no broken one.
        let (all, ended) = read("{\"Findings\":[\n{\"a\":1}\n]}");
        assert_eq!((all, ended), (vec!["{\"a\":1}".to_owned()], Ok(())));
    }

    #[test]
    fn an_odd_record_costs_no_other() {
        let (all, _) = read(r#"{"Findings":[{"Type":"x"},{"a":1},{"b":2}]}"#);
        assert_eq!(all, [r#"{"Type":"x"}"#, r#"{"a":1}"#, r#"{"b":2}"#]);
    }

    #[test]
    fn what_stands_twice_is_refused_wherever_it_stands() {
        let (all, ended) = read("{\n\"Id\":1,\n\"Id\":2}");
        assert!(all.is_empty());
        assert!(ended.unwrap_err().starts_with("duplicate field `Id`"));
        let (all, _) = read("{\"Id\":1,\"Id\":2}\n{\"a\":1}\n");
        assert!(all[0].contains("duplicate field `Id`"), "{all:?}");
        // Deeper down it is left for the reader, which refuses it.
        let (all, _) = read("{\"a\":{\"b\":1,\"b\":2}}\n");
        assert_eq!(all, ["{\"a\":{\"b\":1,\"b\":2}}"]);
    }

    #[test]
    fn a_finding_on_its_own_is_no_envelope_of_its_resources() {
        for finding in [
            r#"{"Id":"f","ProductArn":"p","Resources":[{"Id":"r","Type":"AwsS3Bucket"}]}"#,
            r#"{"Resources":[{"Id":"r","Type":"AwsS3Bucket"}],"Id":"f","ProductArn":"p"}"#,
        ] {
            let (all, ended) = read(finding);
            assert_eq!(ended, Ok(()));
            let [one] = &all[..] else { panic!("{all:?}") };
            let expected: serde_json::Value = serde_json::from_str(finding).unwrap();
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(one).unwrap(),
                expected
            );
        }
    }

    #[test]
    fn an_empty_list_is_no_record() {
        for text in [
            r#"{"Findings":[]}"#,
            r#"{"NextToken":"t","Resources":[]}"#,
            "[]",
        ] {
            assert_eq!(read(text), (vec![], Ok(())), "{text}");
        }
        assert_eq!(
            read(r#"{"ProductArn":"p","Resources":[]}"#).0.len(),
            1,
            "a finding without resources is one"
        );
    }

    #[test]
    fn a_broken_line_costs_that_line() {
        let (all, ended) = read("{\"a\":1}\n{\"b\":\n{\"c\":3}\n");
        assert_eq!(ended, Ok(()));
        assert_eq!(all.len(), 3);
        assert!(all[1].starts_with("! line 2: EOF"), "{all:?}");
    }

    #[test]
    fn what_stands_before_a_fault_is_read() {
        let (all, ended) = read("{\"Findings\":[\n{\"a\":1},\n{\"b\":2},\n{\"c\":");
        assert_eq!(all.len(), 2);
        assert!(ended.unwrap_err().contains("line 4"));
    }

    #[test]
    fn other_content_is_refused() {
        for text in ["", "hello", "<html>", "\"text\"", "7"] {
            assert!(read(text).1.is_err(), "{text}");
        }
    }
}
