use std::io::{BufReader, Cursor, Read};

use super::*;

mod split_reads;

/// The records of a text, in which an error starts with `!`, and the error that ended it.
fn read_limited(text: &str, max_record: u64) -> (Vec<String>, Result<(), String>) {
    let mut records = Vec::new();
    let content = Cursor::new(text.to_owned().into_bytes());
    let content = Box::new(BufReader::with_capacity(16, content));
    let sizes = Sizes {
        max_record,
        ..SIZES
    };
    let result = read_with(sizes, content, |record| {
        records.push(record.map_or_else(|error| format!("! {error}"), str::to_owned));
    });
    (records, result.map_err(|error| error.to_string()))
}

fn read(text: &str) -> (Vec<String>, Result<(), String>) {
    read_limited(text, SIZES.max_record)
}

#[test]
fn every_form_of_file_gives_the_same_records() {
    let expected = vec![r#"{"a":1}"#.to_owned(), r#"{"b":[2]}"#.to_owned()];
    for text in [
        r#"{"Findings":[{"a":1},{"b":[2]}]}"#,
        "{\"Findings\":[{\"a\":1},\n{\"b\":[2]}],\n\"NextToken\":null}",
        "{\n\"NextToken\":\"\",\"Findings\":[{\"a\":1},\n{\"b\":[2]}]}",
        r#"{"findings":[{"a":1},{"b":[2]}]}"#,
        r#"{"Resources":[{"a":1},{"b":[2]}]}"#,
        r#"[{"a":1},{"b":[2]}]"#,
        "\u{feff}[{\"a\":1},{\"b\":[2]}]\n",
        "{\"a\":1}\n{\"b\":[2]}\n",
        "{\"a\":1}\r\n\r\n{\"b\":[2]}",
        "{\"Findings\":[{\"a\":1}]}\n{\"Findings\":[{\"b\":[2]}]}\n",
        "{\"Findings\":[{\"a\":1}]}{\"Findings\":[{\"b\":[2]}]}",
        "{\n\"Findings\":[{\"a\":1}]\n}\n{\n\"Findings\":[{\"b\":[2]}]\n}\n",
        "{\n\"findings\":[{\"a\":1}],\n\"nextToken\":\"x\"\n}\n{\n\"findings\":[{\"b\":[2]}]\n}\n",
        "{\n\"a\":1\n}\n{\n\"b\":[2]\n}",
        "[{\"a\":1}]\n[{\"b\":[2]}]\n",
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
        "{\"findings\":[{\"a\":1}],\"nextToken\":\"t\"}\n{\"findings\":[{\"b\":1}]} [{\"c\":1}]",
        "[]",
        r#"{"Findings":[]}"#,
        // Malformed files are read up to the error.
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
            let mut records = Vec::new();
            let mut on_record = |record: Result<&str, MalformedLine>| {
                records.push(record.map_or_else(|error| format!("! {error}"), str::to_owned));
            };
            let mut has_next_page = false;
            let mut output = Output {
                on_record: &mut on_record,
                has_next_page: &mut has_next_page,
            };
            let result = read_values(Cursor::new(text), window, &mut output);
            (records, result.is_ok(), has_next_page)
        };
        let expected = read(1 << 20);
        for window in 1..text.len() as u64 + 1 {
            assert_eq!(read(window), expected, "{text} through {window}");
        }
    }
}

#[test]
fn an_error_while_reading_is_reported_after_the_records_before_it() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    for window in [4, 1 << 20] {
        let mut count = 0;
        let content = Cursor::new("[1,2,").chain(Failing);
        let mut output = Output {
            on_record: &mut |_: Result<&str, MalformedLine>| count += 1,
            has_next_page: &mut false,
        };
        let result = read_values(content, window, &mut output);
        let message = result.unwrap_err().to_string();
        assert_eq!((count, message.as_str()), (2, "the disk is gone"));
    }
    let mut output = Output {
        on_record: &mut |_: Result<&str, MalformedLine>| {},
        has_next_page: &mut false,
    };
    let malformed = read_values(Cursor::new("[1,2,}"), 4, &mut output);
    let message = malformed.unwrap_err().to_string();
    assert!(
        message.starts_with("after 2 records: expected value"),
        "{message}"
    );
}

#[test]
fn a_record_that_is_too_large_ends_the_file() {
    let long = "x".repeat(200);
    for text in [
        format!("[1,\"{long}\",2]"),
        format!("{{\"Findings\":[1,\"{long}\",2]}}"),
        format!("{{\"a\":1}}\n{{\"b\":\"{long}\"}}\n{{\"c\":3}}\n"),
        format!("[1,{}2]", " ".repeat(200)),
    ] {
        let (records, result) = read_limited(&text, 100);
        assert!(records.len() <= 1, "{text}: {records:?}");
        let message = result.unwrap_err();
        assert!(message.contains("a record is too large"), "{message}");
        assert!(read_limited(&text, 1_000).1.is_ok(), "{text}");
    }
    // The limit is one of each record, not of the file.
    let many = format!("{{\"a\":\"{}\"}}\n", "x".repeat(20)).repeat(100);
    assert_eq!(read_limited(&many, 100).1, Ok(()));
}

#[test]
fn a_malformed_first_line_costs_that_line() {
    for first in ["{\"a\":\"x", "not json", "{\"a\" 1}"] {
        let (records, result) = read(&format!("{first}\n{{\"b\":1}}\n{{\"c\":2}}\n"));
        assert_eq!(result, Ok(()), "{first}");
        assert!(records[0].starts_with("! line 1: "), "{records:?}");
        assert_eq!(records[1..], ["{\"b\":1}", "{\"c\":2}"]);
    }
    // A line that continues on the next one is not malformed.
    let (records, result) = read("{\"Findings\":[\n{\"a\":1}\n]}");
    assert_eq!((records, result), (vec!["{\"a\":1}".to_owned()], Ok(())));
}

#[test]
fn an_unusual_record_costs_no_other() {
    let (records, _) = read(r#"{"Findings":[{"Type":"x"},{"a":1},{"b":2}]}"#);
    assert_eq!(records, [r#"{"Type":"x"}"#, r#"{"a":1}"#, r#"{"b":2}"#]);
}

#[test]
fn duplicate_keys_are_rejected() {
    let (records, result) = read("{\n\"Id\":1,\n\"Id\":2}");
    assert!(records.is_empty());
    assert!(result.unwrap_err().starts_with("duplicate field `Id`"));
    let (records, _) = read("{\"Id\":1,\"Id\":2}\n{\"a\":1}\n");
    assert!(records[0].contains("duplicate field `Id`"), "{records:?}");
    // Within a value, they are left to the parser, which rejects them.
    let (records, _) = read("{\"a\":{\"b\":1,\"b\":2}}\n");
    assert_eq!(records, ["{\"a\":{\"b\":1,\"b\":2}}"]);
}

#[test]
fn a_single_finding_is_not_a_list_of_its_resources() {
    for finding in [
        r#"{"Id":"f","ProductArn":"p","Resources":[{"Id":"r","Type":"AwsS3Bucket"}]}"#,
        r#"{"Resources":[{"Id":"r","Type":"AwsS3Bucket"}],"Id":"f","ProductArn":"p"}"#,
    ] {
        let (records, result) = read(finding);
        assert_eq!(result, Ok(()));
        let [record] = &records[..] else {
            panic!("{records:?}")
        };
        let expected: serde_json::Value = serde_json::from_str(finding).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(record).unwrap(),
            expected
        );
    }
}

#[test]
fn an_empty_list_has_no_records() {
    for text in [
        r#"{"Findings":[]}"#,
        r#"{"NextToken":null,"Resources":[]}"#,
        r#"{"Findings":null}"#,
        "[]",
    ] {
        assert_eq!(read(text), (vec![], Ok(())), "{text}");
    }
    assert_eq!(
        read(r#"{"ProductArn":"p","Resources":[]}"#).0.len(),
        1,
        "a finding without resources is a record"
    );
}

#[test]
fn a_malformed_line_costs_that_line() {
    let (records, result) = read("{\"a\":1}\n{\"b\":\n{\"c\":3}\n");
    assert_eq!(result, Ok(()));
    assert_eq!(records.len(), 3);
    assert!(records[1].starts_with("! line 2: EOF"), "{records:?}");
}

#[test]
fn records_before_an_error_are_read() {
    let (records, result) = read("{\"Findings\":[\n{\"a\":1},\n{\"b\":2},\n{\"c\":");
    assert_eq!(records.len(), 2);
    assert!(result.unwrap_err().contains("line 4"));
}

#[test]
fn other_content_is_rejected() {
    for text in ["", "hello", "<html>", "\"text\"", "7"] {
        assert!(read(text).1.is_err(), "{text}");
    }
}

#[test]
fn a_file_that_ends_with_a_token_lacks_the_remaining_pages() {
    let page = |token: &str| format!("{{\"findings\":[{{\"a\":1}}],\"nextToken\":{token}}}");
    for (text, is_partial) in [
        (page("\"t\""), true),
        (r#"{"NextToken":"t","Findings":[{"a":1}]}"#.to_owned(), true),
        (r#"{"NextToken":"t","Findings":[]}"#.to_owned(), true),
        // The token of a page is for the page after it.
        (page("\"t\"") + "\n" + &page("\"u\""), true),
        (page("\"t\"") + "\n" + &page("null"), false),
        (page("\"t\"") + &page("\"\""), false),
        // A record may have such a member, too.
        (r#"{"ProductArn":"p","NextToken":"t"}"#.to_owned(), false),
    ] {
        let error = read(&text).1.err().unwrap_or_default();
        assert_eq!(
            error.contains("the remaining pages"),
            is_partial,
            "{text}: {error}"
        );
    }
    // The records on the pages that are there are used.
    assert_eq!(read(&page("\"t\"")).0.len(), 1);
}
