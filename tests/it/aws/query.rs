//! The query protocol of STS and IAM: the request is a form, and the response is XML.

use serde_json::{Map, Value};

/// The XML namespaces of the services (models).
pub(super) const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
pub(super) const IAM: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

pub(super) fn wrap(namespace: &str, operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata>\
         </{operation}Response>"
    )
}

pub(super) fn error(namespace: &str, code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message>\
         </Error><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ErrorResponse>",
        escape(message),
    )
}

/// A JSON value as the members of an XML element: the elements of a list are called `member`.
pub(super) fn xml(value: &Value) -> String {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("<{name}>{}</{name}>", xml(value)))
            .collect(),
        Value::Array(elements) => elements
            .iter()
            .map(|element| format!("<member>{}</member>", xml(element)))
            .collect(),
        Value::String(text) => escape(text),
        Value::Null => String::new(),
        number_or_bool => number_or_bool.to_string(),
    }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The fields of a form body as a JSON object of strings.
pub(super) fn form(body: &[u8]) -> Value {
    let fields = body
        .split(|byte| *byte == b'&')
        .filter(|field| !field.is_empty())
        .map(|field| {
            let at = field
                .iter()
                .position(|byte| *byte == b'=')
                .unwrap_or(field.len());
            (
                decode(&field[..at]),
                Value::String(decode(field.get(at + 1..).unwrap_or_default())),
            )
        });
    Value::Object(fields.collect::<Map<_, _>>())
}

fn decode(encoded: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match (
            first,
            escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
