//! A file has the same records wherever a read, a window, or a compressed part ends.

use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::sources::files::decoded;

/// Returns the bytes in reads that end at every multiple of `size`.
struct Chunks {
    bytes: Vec<u8>,
    start: usize,
    size: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.bytes[self.start..];
        let count = rest.len().min(self.size).min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.start += count;
        Ok(count)
    }
}

fn chunks(bytes: &[u8], size: usize) -> Box<dyn Read> {
    Box::new(Chunks {
        bytes: bytes.to_vec(),
        start: 0,
        size,
    })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The records of a file, and whether it could be read to its end.
fn read_file_with(sizes: Sizes, file: Box<dyn Read>) -> (Vec<String>, bool) {
    let mut records = Vec::new();
    let result = decoded(file, u64::MAX)
        .map_err(JsonRecordsError::from)
        .and_then(|content| {
            read_with(sizes, content, |record| {
                records.push(record.map_or_else(|error| format!("! {error}"), str::to_owned));
            })
        });
    (records, result.is_ok())
}

fn with_window(window: u64) -> Sizes {
    Sizes { window, ..SIZES }
}

const RECORDS: [&str; 4] = [
    r#"{"a":1.5,"b":-0.25e-7,"c":[1E+5,-0,0.0,10]}"#,
    r#"{"n":null,"t":"\u00fc\ud83d\udd12\\\"]},ü🔒","y":true}"#,
    r#"{"deep":[[{"x":[1.0,-2.5e3]},false]]}"#,
    "{}",
];

/// The records as every kind of file.
fn files(records: &[&str]) -> Vec<String> {
    let list = records.join(",");
    vec![
        format!("[{list}]"),
        format!("[\n  {}\n]\n", records.join(" ,\n  ")),
        format!("{{\"Findings\":[{list}]}}"),
        format!("{{\"Findings\": [{list}], \"NextToken\": null, \"MaxResults\": 1.5}}"),
        records.join("\n"),
        records.join("\r\n") + "\r\n",
        format!("{{\"findings\":[{list}],\"nextToken\":\"t\"}}\n{{\"findings\":[]}}"),
        format!("\u{feff}[{list}]"),
    ]
}

#[test]
fn every_window_gives_the_same_records() {
    for text in files(&RECORDS) {
        let expected = (RECORDS.map(str::to_owned).to_vec(), true);
        for window in 1..text.len() as u64 + 2 {
            let read = read_file_with(with_window(window), chunks(text.as_bytes(), usize::MAX));
            assert_eq!(read, expected, "{text} through a window of {window}");
        }
    }
}

#[test]
fn every_split_of_a_read_gives_the_same_records() {
    for text in files(&RECORDS) {
        let expected = (RECORDS.map(str::to_owned).to_vec(), true);
        for file in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            for size in 1..=file.len() {
                for window in [1, 7, 64, SIZES.window] {
                    let read = read_file_with(with_window(window), chunks(&file, size));
                    assert_eq!(read, expected, "{text} in reads of {size}, {window}");
                }
            }
        }
    }
}

#[test]
fn a_compressed_file_may_have_parts_that_end_anywhere() {
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(files(&RECORDS)[0].encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let texts = files(&RECORDS).into_iter().map(String::into_bytes);
    for text in texts.chain([utf16]) {
        let expected = (RECORDS.map(str::to_owned).to_vec(), true);
        for split in 0..=text.len() {
            let (first, second) = text.split_at(split);
            let file = [gzip(first), gzip(second)].concat();
            let read = read_file_with(with_window(16), chunks(&file, usize::MAX));
            assert_eq!(read, expected, "split at {split}");
        }
    }
}

#[test]
fn the_records_before_the_end_of_a_truncated_compressed_file_are_read() {
    let text = files(&RECORDS)[1].repeat(50).replace("\n]\n[", ",");
    let mut file = gzip(text.as_bytes());
    let expected = read_file_with(SIZES, chunks(&file, usize::MAX)).0.len();
    file.truncate(file.len() - 10);
    for window in [64, SIZES.window] {
        let (records, is_whole) = read_file_with(with_window(window), chunks(&file, usize::MAX));
        assert!(!is_whole);
        assert!((1..=expected).contains(&records.len()), "{}", records.len());
    }
}

#[test]
fn a_long_first_line_is_read_like_a_short_one() {
    for text in files(&RECORDS) {
        let expected = (RECORDS.map(str::to_owned).to_vec(), true);
        // A byte order mark has 3 bytes.
        for max_first_line in 3..text.len() as u64 + 2 {
            let sizes = Sizes {
                max_first_line,
                ..with_window(32)
            };
            let read = read_file_with(sizes, chunks(text.as_bytes(), usize::MAX));
            assert_eq!(read, expected, "{text} with at most {max_first_line}");
        }
    }
}

#[test]
fn a_malformed_number_is_an_error_in_every_window() {
    for number in ["1.", "-", "1e", "1e+", "01", "1.x", "-x", "tru", "nul1"] {
        let text = format!("[{{\"a\":1}},{{\"b\":{number}}},{{\"c\":2}}]");
        let expected = (vec!["{\"a\":1}".to_owned()], false);
        for window in 1..text.len() as u64 + 2 {
            let read = read_file_with(with_window(window), chunks(text.as_bytes(), usize::MAX));
            assert_eq!(read, expected, "{text} through a window of {window}");
        }
    }
}

/// Any JSON value, as text.
fn json() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let text = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let leaf = prop_oneof![
        number.prop_map(|number| number),
        text,
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(" , ")))
    })
}

proptest! {
    #[test]
    fn any_records_are_read_in_any_window(
        values in prop::collection::vec(json(), 1..5),
        window in 1_u64..200,
        size in 1_usize..200,
        packed in any::<bool>(),
    ) {
        let records: Vec<String> = values.iter().map(|value| format!("{{\"v\":{value}}}")).collect();
        let borrowed: Vec<&str> = records.iter().map(String::as_str).collect();
        for text in files(&borrowed) {
            let file = if packed { gzip(text.as_bytes()) } else { text.clone().into_bytes() };
            let read = read_file_with(with_window(window), chunks(&file, size));
            prop_assert_eq!(read, (records.clone(), true), "{}", text);
        }
    }
}
