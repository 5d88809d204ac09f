//! The conditions of statements.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context keys".

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;

use crate::model::WildcardPattern;

use super::request::{KeyValue, RequestContext};
use super::truth::Truth;
use super::variable::{escape, expand, has_variable};

/// How a condition compares a value with one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equals,
    EqualsIgnoringCase,
    Like,
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    IpAddress,
    /// Whether the key is absent.
    Null,
    /// An operator that is not documented.
    Unrecognized,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How a condition treats a key with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    One,
    Any,
    All,
}

/// One operator and key of a condition, and the values that it compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    comparison: Comparison,
    is_negated: bool,
    if_exists: bool,
    quantifier: Quantifier,
    /// The name of the operator, as it is written.
    operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// Whether a statement that a condition belongs to allows or denies. Whoever chooses the value of a key chooses one that
/// makes a statement allow, and none that makes it deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Met,
    NotMet,
}

impl Condition {
    /// Parses the `Condition` of a statement.
    pub(super) fn parse_all(value: Option<&Value>) -> Vec<Self> {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Vec::new();
        };
        let Some(operators) = value.as_object() else {
            return vec![Self::unrecognized("Condition")];
        };
        let mut conditions = Vec::new();
        for (operator, keys) in operators {
            match keys.as_object() {
                Some(keys) => conditions.extend(
                    keys.iter()
                        .map(|(key, values)| Self::parse(operator, key, values)),
                ),
                None => conditions.push(Self::unrecognized(operator)),
            }
        }
        conditions
    }

    fn unrecognized(operator: &str) -> Self {
        Self::parse(&format!("{operator}?"), operator, &Value::Null)
    }

    fn parse(operator: &str, key: &str, values: &Value) -> Self {
        let name = operator.to_ascii_lowercase();
        let (quantifier, name) = if let Some(name) = name.strip_prefix("forallvalues:") {
            (Quantifier::All, name)
        } else if let Some(name) = name.strip_prefix("foranyvalue:") {
            (Quantifier::Any, name)
        } else {
            (Quantifier::One, name.as_str())
        };
        let (name, if_exists) = match name.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (comparison, is_negated) = comparison(name);
        let values = match values {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        Self {
            comparison,
            is_negated,
            if_exists,
            quantifier,
            operator: operator.to_owned(),
            key: key.to_owned(),
            values: values.iter().filter_map(text_of).collect(),
        }
    }

    /// Whether the operator requires one of the values, so that other values do not meet it.
    pub(super) fn requires_value(&self) -> bool {
        use Comparison::{Arn, Equals, EqualsIgnoringCase, Like};
        !self.is_negated
            && !self.if_exists
            && self.quantifier != Quantifier::All
            && matches!(self.comparison, Equals | EqualsIgnoringCase | Like | Arn)
    }

    /// Whether the operator requires that the value is none of the values.
    pub(super) fn excludes_values(&self) -> bool {
        use Comparison::{Arn, Equals, EqualsIgnoringCase, Like};
        self.is_negated && matches!(self.comparison, Equals | EqualsIgnoringCase | Like | Arn)
    }

    /// Whether a request meets the condition. Policy variables have a meaning in documents of the current version only.
    pub(super) fn is_met(
        &self,
        context: &RequestContext<'_>,
        has_variables: bool,
        wish: Wish,
    ) -> Truth {
        if self.comparison == Comparison::Unrecognized {
            return Truth::unknown(format!("condition operator {}", self.operator));
        }
        match context.value(&self.key) {
            KeyValue::Unknown => Truth::unknown(&self.key),
            KeyValue::Chosen => Truth::from(wish == Wish::Met),
            KeyValue::Absent => Truth::from(self.is_met_without_key()),
            KeyValue::Known(values) => self.is_met_by(&values, context, has_variables),
        }
    }

    fn is_met_without_key(&self) -> bool {
        if self.comparison == Comparison::Null {
            return self.asks_for_absence();
        }
        match self.quantifier {
            Quantifier::All => true,
            Quantifier::Any => self.if_exists,
            Quantifier::One => self.if_exists || self.is_negated,
        }
    }

    fn asks_for_absence(&self) -> bool {
        self.values
            .iter()
            .any(|value| value.eq_ignore_ascii_case("true"))
    }

    fn is_met_by(
        &self,
        values: &[String],
        context: &RequestContext<'_>,
        has_variables: bool,
    ) -> Truth {
        if self.comparison == Comparison::Null {
            return Truth::from(!self.asks_for_absence());
        }
        let is_met = |value: &String| {
            let matches = self
                .values
                .iter()
                .map(|expected| self.compare(value, expected, context, has_variables));
            let matches = Truth::any(matches);
            if self.is_negated {
                matches.not()
            } else {
                matches
            }
        };
        match self.quantifier {
            Quantifier::One | Quantifier::Any => Truth::any(values.iter().map(is_met)),
            Quantifier::All => Truth::all(values.iter().map(is_met)),
        }
    }

    fn compare(
        &self,
        actual: &str,
        expected: &str,
        context: &RequestContext<'_>,
        has_variables: bool,
    ) -> Truth {
        let (pattern, unknown) = if has_variables && has_variable(expected) {
            match expand(expected, context) {
                None => return Truth::No,
                Some(expanded) => (expanded.pattern, expanded.unknown),
            }
        } else {
            (WildcardPattern::new(expected), Default::default())
        };
        if !unknown.is_empty() {
            return Truth::Unknown(unknown);
        }
        let text = escape(actual);
        let literal = escape(pattern.as_str());
        Truth::from(match self.comparison {
            Comparison::Equals => literal == text,
            Comparison::EqualsIgnoringCase => literal.to_lowercase() == text.to_lowercase(),
            Comparison::Like => pattern.matches(&text),
            Comparison::Arn => arn_matches(pattern.as_str(), &text),
            Comparison::Bool => expected.eq_ignore_ascii_case(actual),
            Comparison::Number(order) => match (actual.parse::<f64>(), expected.parse::<f64>()) {
                (Ok(actual), Ok(expected)) => order.holds(actual.partial_cmp(&expected)),
                _ => false,
            },
            Comparison::Date(order) => match (seconds(actual), seconds(expected)) {
                (Some(actual), Some(expected)) => order.holds(Some(actual.cmp(&expected))),
                _ => false,
            },
            Comparison::IpAddress => is_in_range(actual, expected),
            Comparison::Null | Comparison::Unrecognized => false,
        })
    }
}

fn comparison(name: &str) -> (Comparison, bool) {
    let order = |name: &str| {
        Some(match name {
            "equals" | "notequals" => Order::Equal,
            "lessthan" => Order::Less,
            "lessthanequals" => Order::LessOrEqual,
            "greaterthan" => Order::Greater,
            "greaterthanequals" => Order::GreaterOrEqual,
            _ => return None,
        })
    };
    if let Some(order) = name.strip_prefix("numeric").and_then(order) {
        return (Comparison::Number(order), name == "numericnotequals");
    }
    if let Some(order) = name.strip_prefix("date").and_then(order) {
        return (Comparison::Date(order), name == "datenotequals");
    }
    match name {
        "stringequals" | "binaryequals" => (Comparison::Equals, false),
        "stringnotequals" => (Comparison::Equals, true),
        "stringequalsignorecase" => (Comparison::EqualsIgnoringCase, false),
        "stringnotequalsignorecase" => (Comparison::EqualsIgnoringCase, true),
        "stringlike" => (Comparison::Like, false),
        "stringnotlike" => (Comparison::Like, true),
        "arnequals" | "arnlike" => (Comparison::Arn, false),
        "arnnotequals" | "arnnotlike" => (Comparison::Arn, true),
        "bool" => (Comparison::Bool, false),
        "ipaddress" => (Comparison::IpAddress, false),
        "notipaddress" => (Comparison::IpAddress, true),
        "null" => (Comparison::Null, false),
        _ => (Comparison::Unrecognized, false),
    }
}

impl Order {
    fn holds(self, ordering: Option<std::cmp::Ordering>) -> bool {
        ordering.is_some_and(|ordering| match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        })
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether each of the six parts of an ARN matches that of the pattern.
fn arn_matches(pattern: &str, arn: &str) -> bool {
    let parts = |text: &str| -> Vec<String> { text.splitn(6, ':').map(str::to_owned).collect() };
    let (pattern, arn) = (parts(pattern), parts(arn));
    if pattern == ["*"] {
        return true;
    }
    pattern.len() == arn.len()
        && pattern
            .iter()
            .zip(&arn)
            .all(|(pattern, part)| WildcardPattern::new(pattern).matches(part))
}

/// Seconds since 1970 of `2026-11-25T08:00:00Z`, `2026-11-25`, or `1795593600`.
fn seconds(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp());
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ") {
        return Some(time.and_utc().timestamp());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

/// Whether an address is in a range, such as `203.0.113.0/24`. An address alone is a range of one.
fn is_in_range(address: &str, range: &str) -> bool {
    let (network, length) = match range.split_once('/') {
        Some((network, length)) => (network, length.parse::<u32>().ok()),
        None => (range, Some(128)),
    };
    let (Ok(address), Ok(network), Some(length)) =
        (address.parse::<IpAddr>(), network.parse::<IpAddr>(), length)
    else {
        return false;
    };
    let is_same = |address: u128, network: u128, bits: u32| {
        let ignored = bits.saturating_sub(length);
        address.checked_shr(ignored) == network.checked_shr(ignored)
    };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            is_same(u32::from(address).into(), u32::from(network).into(), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => is_same(address.into(), network.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::iam::request::{IdentityKind, RequestedTarget, RequestingIdentity};

    /// Whether a request with `key` = `values` meets the condition.
    fn is_met(operator: &str, expected: Value, values: &[&str]) -> Truth {
        let identity = RequestingIdentity {
            arn: Some("arn:aws:iam::111122223333:user/alice".into()),
            account: "111122223333".parse().unwrap(),
            kind: IdentityKind::User,
            tags: Vec::new(),
        };
        let mut context = RequestContext::new(&identity, RequestedTarget::default());
        if !values.is_empty() {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            context.given.insert("aws:sourcearn".into(), values);
        }
        let conditions =
            Condition::parse_all(Some(&json!({operator: {"aws:SourceArn": expected}})));
        conditions[0].is_met(&context, true, Wish::Met)
    }

    #[test]
    fn each_operator_compares_as_documented() {
        for (operator, expected, value, met) in [
            ("StringEquals", json!("a*"), "a*", true),
            ("StringEquals", json!("a*"), "ab", false),
            ("StringEquals", json!(["x", "ab"]), "ab", true),
            ("StringEquals", json!("AB"), "ab", false),
            ("StringEqualsIgnoreCase", json!("AB"), "ab", true),
            ("StringNotEqualsIgnoreCase", json!("AB"), "ab", false),
            ("StringNotEquals", json!(["x", "ab"]), "ab", false),
            ("StringLike", json!("a*"), "ab", true),
            ("StringNotLike", json!("a*"), "ab", false),
            ("StringEquals", json!("${aws:username}"), "alice", true),
            ("StringLike", json!("${aws:username}*"), "alicex", true),
            ("NumericLessThan", json!(10), "9", true),
            ("NumericLessThan", json!("10"), "10", false),
            ("NumericLessThanEquals", json!("10"), "10", true),
            ("NumericGreaterThan", json!("10"), "10", false),
            ("NumericGreaterThanEquals", json!("10"), "10", true),
            ("NumericEquals", json!("10.0"), "10", true),
            ("NumericNotEquals", json!("10"), "10", false),
            (
                "DateLessThan",
                json!("2026-01-01T00:00:00Z"),
                "2025-12-31T23:59:59Z",
                true,
            ),
            (
                "DateGreaterThanEquals",
                json!("2026-01-01"),
                "2025-12-31T23:59:59Z",
                false,
            ),
            ("Bool", json!(true), "TRUE", true),
            ("Bool", json!("false"), "true", false),
            ("BinaryEquals", json!("QUE="), "QUE=", true),
            ("IpAddress", json!("10.0.0.0/8"), "10.9.8.7", true),
            ("IpAddress", json!("10.0.0.0/8"), "11.0.0.1", false),
            ("IpAddress", json!("203.0.113.7"), "203.0.113.7", true),
            ("IpAddress", json!("0.0.0.0/0"), "203.0.113.7", true),
            ("IpAddress", json!("2001:db8::/32"), "2001:db8::1", true),
            ("NotIpAddress", json!("10.0.0.0/8"), "10.9.8.7", false),
            ("ArnLike", json!("arn:aws:s3:::*"), "arn:aws:s3:::b", true),
            ("ArnLike", json!("arn:*:b"), "arn:aws:s3:::b", false),
            (
                "ArnEquals",
                json!("arn:aws:iam::*:role/*"),
                "arn:aws:iam::1:role/a/b",
                true,
            ),
            (
                "ArnNotLike",
                json!("arn:aws:s3:::b"),
                "arn:aws:s3:::b",
                false,
            ),
            ("Null", json!("true"), "x", false),
            ("Null", json!(false), "x", true),
            ("stringequals", json!("x"), "x", true),
        ] {
            assert_eq!(
                is_met(operator, expected.clone(), &[value]),
                Truth::from(met),
                "{operator} {expected} {value}"
            );
        }
    }

    #[test]
    fn an_absent_key_meets_negated_optional_and_absence_conditions() {
        for (operator, met) in [
            ("StringEquals", false),
            ("StringEqualsIfExists", true),
            ("StringNotEquals", true),
            ("ForAllValues:StringEquals", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
        ] {
            let expected = Truth::from(met);
            assert_eq!(is_met(operator, json!("x"), &[]), expected, "{operator}");
        }
        assert_eq!(is_met("Null", json!("true"), &[]), Truth::Yes);
        assert_eq!(is_met("Null", json!("false"), &[]), Truth::No);
    }

    #[test]
    fn a_set_operator_asks_about_any_or_all_values() {
        let values = ["a", "b"];
        let any = |expected: Value| is_met("ForAnyValue:StringEquals", expected, &values);
        let all = |expected: Value| is_met("ForAllValues:StringEquals", expected, &values);
        assert_eq!(any(json!("a")), Truth::Yes);
        assert_eq!(any(json!("c")), Truth::No);
        assert_eq!(all(json!("a")), Truth::No);
        assert_eq!(all(json!(["a", "b", "c"])), Truth::Yes);
    }

    #[test]
    fn an_operator_that_is_not_documented_is_unknown() {
        let expected = Truth::unknown("condition operator StringMatches");
        assert_eq!(is_met("StringMatches", json!("x"), &["x"]), expected);
    }
}
