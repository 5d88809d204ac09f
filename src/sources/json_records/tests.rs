use std::io::{BufReader, Cursor, Read};

use super::*;

mod split_reads;

const SIZES: Sizes = Sizes {
    max_first_line: MAX_FIRST_LINE,
    window: WINDOW,
    max_record: 16_000_000,
};

/// Reads values from content that is not a file.
fn read_values_through<F>(
    content: impl Read,
    window: u64,
    output: &mut Output<'_, F>,
) -> Result<(), JsonRecordsError>
where
    F: FnMut(Result<&str, UnreadableRecord>),
{
    let sizes = Sizes { window, ..SIZES };
    let start = Position::start_of(1);
    read_values(&mut Window::new(Vec::new(), content, start, sizes), output)
}

/// The records of a text, in which an error starts with `!`, and the error that ended it.
fn read_limited(text: &str, max_record: u64, window: u64) -> (Vec<String>, Result<(), String>) {
    let mut records = Vec::new();
    let content = Cursor::new(text.to_owned().into_bytes());
    let content = Box::new(BufReader::with_capacity(16, content));
    let sizes = Sizes {
        max_record,
        window,
        ..SIZES
    };
    let result = read_with(sizes, content, |record| {
        records.push(record.map_or_else(|error| format!("! {error}"), str::to_owned));
    });
    (records, result.map_err(|error| error.to_string()))
}

fn read(text: &str) -> (Vec<String>, Result<(), String>) {
    read_limited(text, SIZES.max_record, SIZES.window)
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
            let mut on_record = |record: Result<&str, UnreadableRecord>| {
                records.push(record.map_or_else(|error| format!("! {error}"), str::to_owned));
            };
            let mut has_next_page = false;
            let mut output = Output {
                on_record: &mut on_record,
                has_next_page: &mut has_next_page,
            };
            let result = read_values_through(Cursor::new(text), window, &mut output);
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
            on_record: &mut |_: Result<&str, UnreadableRecord>| count += 1,
            has_next_page: &mut false,
        };
        let result = read_values_through(content, window, &mut output);
        let message = result.unwrap_err().to_string();
        assert_eq!((count, message.as_str()), (2, "the disk is gone"));
    }
    let mut output = Output {
        on_record: &mut |_: Result<&str, UnreadableRecord>| {},
        has_next_page: &mut false,
    };
    let malformed = read_values_through(Cursor::new("[1,2,}"), 4, &mut output);
    let message = malformed.unwrap_err().to_string();
    assert!(
        message.starts_with("after 2 records: expected value"),
        "{message}"
    );
}

#[test]
fn a_record_that_is_too_large_costs_that_record() {
    let long = "x]}\\\"[{".repeat(30);
    let big = format!("{{\"b\":[\"{long}\",{{\"c\":2}}]}}");
    let pretty = format!("{{\n  \"b\": [\n    \"{long}\",\n    {{ \"c\": 2 }}\n  ]\n}}");
    let (a, z) = ("{\"a\":1}", "{\"z\":26}");
    for (text, size, position) in [
        (format!("[{a},{big},{z}]"), big.len(), (1, 10)),
        (
            format!("{{\"Findings\":[{a}, {big} ,{z}]}}"),
            big.len(),
            (1, 23),
        ),
        (
            format!("{{\"NextToken\":\"\",\"Findings\":[{a},{big},{z}]}}"),
            big.len(),
            (1, 37),
        ),
        (
            format!("{{\"Resources\":[{a},{big},{z}]}}"),
            big.len(),
            (1, 23),
        ),
        (format!("{a}\n{big}\n{z}\n"), big.len(), (2, 1)),
        (format!("{a}\n[{big}]\n[{z}]\n"), big.len(), (2, 2)),
        (format!("[{a}]\n[\n{big}\n]\n[{z}]\n"), big.len(), (3, 1)),
        (
            format!("[\n{a},\n{pretty},\n{z}\n]\n"),
            pretty.len(),
            (3, 1),
        ),
        (format!("[{a}\n,{}3,{z}]", "1".repeat(300)), 301, (2, 2)),
    ] {
        for window in [1, 7, 64, 1_000] {
            let (records, result) = read_limited(&text, 100, window);
            assert_eq!(result, Ok(()), "{text}");
            let (line, column) = position;
            let expected = format!(
                "! the record at line {line} column {column} is too large: it has {size} bytes, and the limit is 100 B; \
                 raise `max_record_size` of `[input]` to read it"
            );
            assert_eq!(records, [a, &expected, z], "{text}");
        }
        assert_eq!(read(&text).0.len(), 3, "{text}");
    }
    // The limit is one of each record, not of the file.
    let many = format!("{{\"a\":\"{}\"}}\n", "x".repeat(20)).repeat(100);
    assert_eq!(read_limited(&many, 100, 64).1, Ok(()));
    assert_eq!(read_limited(&many.replace('\n', " "), 100, 64).1, Ok(()));
}

#[test]
fn a_record_may_have_as_many_bytes_as_the_limit() {
    for length in 96..=106 {
        let record = format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
        assert_eq!(record.len(), length);
        for text in [
            format!("[{record}]"),
            format!("[{record} ]"),
            format!("[7,\n{record}]"),
        ] {
            for window in [1, 50, 100, 101, 1_000] {
                let (records, _) = read_limited(&text, 100, window);
                let is_read = records.last() == Some(&record);
                assert_eq!(
                    is_read,
                    length <= 100,
                    "{length} through {window}: {records:?}"
                );
            }
        }
    }
}

#[test]
fn a_single_record_that_is_too_large_is_skipped_as_a_whole() {
    let resource = format!("{{\"Type\":\"AwsS3Bucket\",\"Id\":\"{}\"}}", "x".repeat(40));
    for members in [
        format!("\"Id\":\"f\",\"Title\":\"{}\"", "x".repeat(200)),
        format!(
            "\"Id\":\"f\",\"ProductArn\":\"p\",\"Resources\":[{resource},{resource},{resource}]"
        ),
        format!("\"{}\":1,\"Id\":\"f\"", "k".repeat(200)),
        format!("\"A\":\"{0}\",\"B\":\"{0}\",\"C\":\"{0}\"", "x".repeat(40)),
    ] {
        let text = format!("{{\n{members}\n}}\n{{\n\"a\":1\n}}\n");
        let (records, result) = read_limited(&text, 100, 16);
        assert_eq!(result, Ok(()), "{text}");
        assert!(
            records[0].starts_with("! the record at line 1 column 1 is too large"),
            "{records:?}"
        );
        assert_eq!(records[1..], ["{\"a\":1}"], "{text}");
    }
    // A page may be as large as the file.
    let page = format!(
        "{{\"Title\":\"{}\",\"Findings\":[{{\"a\":1}}]}}",
        "x".repeat(200)
    );
    assert_eq!(
        read_limited(&page, 100, 16),
        (vec!["{\"a\":1}".to_owned()], Ok(()))
    );
}

#[test]
fn a_file_that_ends_within_a_record_that_is_too_large_is_truncated() {
    let text = format!("[1,\"{}", "x".repeat(300));
    let (records, result) = read_limited(&text, 100, 16);
    assert!(records[1].contains("it has 301 bytes"), "{records:?}");
    assert_eq!(
        result.unwrap_err(),
        "after 2 records: the JSON is truncated at line 1 column 305"
    );
}

#[test]
fn an_error_within_the_first_line_comes_after_the_records_before_it() {
    for text in ["[1,2,", "[1,2,[", "{\"Findings\":[1,2,\"x"] {
        let failing = FailedRead(std::io::Error::other("the disk is gone"));
        let content = BufReader::new(Cursor::new(text).chain(failing));
        let mut count = 0;
        let result = read_with(SIZES, Box::new(content), |_| count += 1);
        let message = result.unwrap_err().to_string();
        assert_eq!((count, message.as_str()), (2, "the disk is gone"), "{text}");
    }
}

#[test]
fn white_space_of_any_length_is_skipped() {
    let text = format!("[1,{}2]", " ".repeat(1_000));
    assert_eq!(read_limited(&text, 100, 16).0, ["1", "2"]);
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
    assert!(
        records[1].starts_with("! line 2: the JSON is truncated"),
        "{records:?}"
    );
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
