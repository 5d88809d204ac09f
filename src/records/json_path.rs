//! Values in the details of a resource, by path.
//!
//! A path is the names of members with dots between them; `*` stands for each element of a list. The case of names does
//! not matter: what ASFF writes as `MetadataOptions.HttpTokens` is `metadataOptions.httpTokens` in AWS Config.

use serde_json::Value;

use crate::model::is_clean_identifier;

/// The values at a path. A value that is absent, null, or empty is unknown and not among them.
pub(super) fn values_at<'a>(details: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut values = vec![details];
    for name in path.split('.') {
        values = match name {
            "*" => values.into_iter().flat_map(elements).collect(),
            name => values
                .into_iter()
                .filter_map(|value| member(value, name))
                .collect(),
        };
    }
    values.retain(|value| !is_empty(value));
    values
}

/// Whether there is a list at a path, and it is empty or null. An absent list is unknown.
pub(super) fn is_empty_list(details: &Value, path: &str) -> bool {
    let mut names = path.split('.');
    let value = names.try_fold(details, |value, name| member(value, name));
    value.is_some_and(|value| value.is_null() || value.as_array().is_some_and(Vec::is_empty))
}

/// The identifiers at a path.
pub(super) fn identifiers_at<'a>(details: &'a Value, path: &str) -> Vec<&'a str> {
    identifiers(values_at(details, path))
}

/// The first identifier at a path.
pub(super) fn identifier_at<'a>(details: &'a Value, path: &str) -> Option<&'a str> {
    identifiers_at(details, path).into_iter().next()
}

/// Those of the values that are identifiers. A string with control characters is none.
pub(super) fn identifiers(values: Vec<&Value>) -> Vec<&str> {
    values
        .into_iter()
        .filter_map(Value::as_str)
        .filter(|text| is_clean_identifier(text))
        .collect()
}

/// The member with this name, in whatever case.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// The elements of a list. Where AWS Config has an object in place of a list, such as the notifications of a bucket by
/// their names, they are its values.
fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_case_of_names_does_not_matter() {
        let details = json!({"metadataOptions": {"httpTokens": "optional"}});
        assert_eq!(
            values_at(&details, "MetadataOptions.HttpTokens"),
            [&json!("optional")]
        );
    }

    #[test]
    fn absent_null_and_empty_values_are_unknown() {
        let details = json!({"A": null, "B": " ", "C": [], "D": {}, "E": [null, {"F": ""}]});
        for path in ["A", "B", "C", "D", "E.*.F", "G", "A.B.C"] {
            assert!(values_at(&details, path).is_empty(), "{path}");
        }
        assert!(values_at(&Value::Null, "A").is_empty());
    }

    #[test]
    fn an_asterisk_stands_for_each_element() {
        let list = json!({"A": [{"B": 1}, {"C": 2}, {"B": false}]});
        assert_eq!(values_at(&list, "A.*.B"), [&json!(1), &json!(false)]);
        let object = json!({"A": {"x": {"B": 1}, "y": {"B": 2}}});
        assert_eq!(values_at(&object, "A.*.B"), [&json!(1), &json!(2)]);
    }

    #[test]
    fn a_string_with_control_characters_is_not_an_identifier() {
        let details = json!({"Ids": ["subnet-1", "subnet\u{1b}[2J", 7]});
        assert_eq!(identifiers_at(&details, "Ids.*"), ["subnet-1"]);
    }
}
