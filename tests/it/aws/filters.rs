//! The string conditions that Security Hub and Inspector share.

use serde_json::Value;

/// All values at a dotted path, through arrays: `Resources.Type` is the type of each resource.
pub(super) fn values<'a>(json: &'a Value, path: &str) -> Vec<&'a Value> {
    path.split('.').fold(vec![json], |found, name| {
        found
            .into_iter()
            .filter_map(|value| value.get(name))
            .flat_map(members)
            .collect()
    })
}

fn members(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(members) => members.iter().collect(),
        Value::Null => Vec::new(),
        single => vec![single],
    }
}

/// The text values at a dotted path.
pub(super) fn texts<'a>(json: &'a Value, path: &str) -> Vec<&'a str> {
    values(json, path)
        .into_iter()
        .filter_map(Value::as_str)
        .collect()
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equals,
    Prefix,
    NotEquals,
    PrefixNotEquals,
}

impl Comparison {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "EQUALS" => Self::Equals,
            "PREFIX" => Self::Prefix,
            "NOT_EQUALS" => Self::NotEquals,
            "PREFIX_NOT_EQUALS" => Self::PrefixNotEquals,
            _ => return None,
        })
    }

    fn excludes(self) -> bool {
        matches!(self, Self::NotEquals | Self::PrefixNotEquals)
    }
}

/// The conditions on one attribute: positive ones are joined by OR, negative ones by AND. An attribute with several
/// values, such as the types of all resources, matches if one of them does.
#[derive(Debug, Default)]
pub(super) struct Strings(Vec<(Comparison, String)>);

impl Strings {
    pub fn push(&mut self, comparison: Comparison, value: &str) {
        self.0.push((comparison, value.to_owned()));
    }

    pub fn compares_by(&self, comparison: Comparison) -> bool {
        self.0.iter().any(|(used, _)| *used == comparison)
    }

    pub fn match_any(&self, found: &[&str]) -> bool {
        let (negative, positive): (Vec<_>, Vec<_>) = self
            .0
            .iter()
            .partition(|(comparison, _)| comparison.excludes());
        let holds = |(comparison, wanted): &(Comparison, String)| {
            found.iter().any(|value| match comparison {
                Comparison::Equals | Comparison::NotEquals => value == wanted,
                Comparison::Prefix | Comparison::PrefixNotEquals => {
                    value.starts_with(wanted.as_str())
                }
            })
        };
        (positive.is_empty() || positive.into_iter().any(holds)) && !negative.into_iter().any(holds)
    }
}
