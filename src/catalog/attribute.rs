//! What an attribute of a resource must be like to show a trait.

use serde_json::Value;

use crate::model::{TraitIndex, WildcardPattern};

use super::raw::{RawSignal, RawValue};

/// An attribute that shows a trait. An absent attribute is unknown, never false.
#[derive(Clone, Debug)]
pub struct AttributeCondition {
    /// The trait.
    pub trait_index: TraitIndex,
    /// The path of the attribute, separated by dots. `*` stands for each element of a list.
    pub path: String,
    /// What the value must be like.
    pub test: AttributeTest,
}

/// Suffixes of variable names that refer to a secret instead of containing it, such as `DB_PASSWORD_ARN`.
const REFERENCE_SUFFIXES: [&str; 8] = [
    "arn",
    "name",
    "id",
    "path",
    "parameter",
    "file",
    "url",
    "version",
];

/// What the value of an attribute must be like.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeTest {
    /// Not empty.
    Present,
    /// Equal to this value.
    Equals(Value),
    /// A text that starts with one of these prefixes.
    StartsWith(Vec<String>),
    /// An object with a member whose name contains one of these texts and does not end with a suffix that marks a
    /// reference. The values may be secrets and are not read.
    NameContains(Vec<String>),
    /// A resource policy that allows anyone without a condition.
    AllowsAnyone {
        /// The action that it must allow. `None` for any action.
        action: Option<String>,
    },
}

impl AttributeTest {
    /// Returns the test of a signal that [`incompatible_keys`] has accepted.
    pub(super) fn of(raw: &RawSignal) -> Self {
        if let Some(value) = &raw.equals {
            Self::Equals(json_value(value))
        } else if let Some(prefixes) = &raw.starts_with {
            Self::StartsWith(prefixes.clone())
        } else if let Some(names) = &raw.name_contains {
            Self::NameContains(names.iter().map(|name| name.to_lowercase()).collect())
        } else if raw.allows_anyone.is_some() {
            Self::AllowsAnyone {
                action: raw.action.clone(),
            }
        } else {
            Self::Present
        }
    }

    /// Returns whether a value passes the test.
    pub fn is_met_by(&self, value: &Value) -> bool {
        match self {
            Self::Present => true,
            Self::Equals(wanted) => is_equal(value, wanted),
            Self::StartsWith(prefixes) => value
                .as_str()
                .is_some_and(|text| prefixes.iter().any(|prefix| text.starts_with(prefix))),
            Self::NameContains(names) => variable_names(value)
                .iter()
                .any(|variable| names_a_secret(variable, names)),
            Self::AllowsAnyone { action } => allows_anyone(value, action.as_deref()),
        }
    }

    /// Describes what an attribute at this path must be like.
    pub fn describe(&self, path: &str) -> String {
        match self {
            Self::Present | Self::Equals(_) => format!("{path} is {}", self.describe_value(true)),
            Self::StartsWith(prefixes) => format!("{path} starts with {}", prefixes.join(" or ")),
            Self::NameContains(_) | Self::AllowsAnyone { .. } => {
                format!("{path} {}", self.describe_value(true))
            }
        }
    }

    /// Describes a value for evidence: only a value that the catalog contains is shown.
    pub fn describe_value(&self, is_met: bool) -> String {
        match (self, is_met) {
            (_, false) => "another value".to_owned(),
            (Self::Present, true) => "set".to_owned(),
            (Self::Equals(Value::String(wanted)), true) => wanted.clone(),
            (Self::Equals(wanted), true) => wanted.to_string(),
            (Self::StartsWith(prefixes), true) => format!("{}…", prefixes.join("… or ")),
            (Self::NameContains(names), true) => {
                format!("has a member with a name like {}", names.join(", "))
            }
            (Self::AllowsAnyone { action: None }, true) => "allows anyone".to_owned(),
            (
                Self::AllowsAnyone {
                    action: Some(action),
                },
                true,
            ) => format!("allows anyone {action}"),
        }
    }
}

/// Returns whether two values are equal, whatever the notation of the source: AWS Config queries return the number `0` as
/// `0.0`, and some configuration items contain numbers and booleans as text.
fn is_equal(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Number(number), Value::Number(wanted)) => number.as_f64() == wanted.as_f64(),
        (Value::String(text), Value::Bool(_) | Value::Number(_)) => {
            // Python writes booleans as `True` and `False`.
            let parsed = serde_json::from_str(&text.trim().to_ascii_lowercase());
            parsed.is_ok_and(|value: Value| !value.is_string() && is_equal(&value, wanted))
        }
        (Value::Bool(_) | Value::Number(_), Value::String(_)) => is_equal(wanted, value),
        _ => value == wanted,
    }
}

fn names_a_secret(variable: &str, names: &[String]) -> bool {
    let variable = variable.to_lowercase();
    !REFERENCE_SUFFIXES
        .iter()
        .any(|suffix| variable.ends_with(suffix))
        && names.iter().any(|name| variable.contains(name))
}

/// Returns the names of environment variables: the keys of an object, as in Lambda, or the `Name` of an object with a
/// name and a value, as in ECS and CodeBuild. A variable with a `Type` other than `PLAINTEXT` contains a reference.
///
/// Source: the securityhub model, `AwsLambdaFunctionEnvironment`,
/// `AwsEcsTaskDefinitionContainerDefinitionsEnvironmentDetails`, and
/// `AwsCodeBuildProjectEnvironmentEnvironmentVariablesDetails`.
fn variable_names(value: &Value) -> Vec<&str> {
    let Some(members) = value.as_object() else {
        return Vec::new();
    };
    let member = |name: &str| {
        members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.as_str())
    };
    let is_pair = members
        .keys()
        .all(|key| ["name", "value", "type"].contains(&key.to_lowercase().as_str()));
    match (member("name"), member("value"), member("type")) {
        (Some(_), Some(_), Some(kind)) if is_pair && kind != "PLAINTEXT" => Vec::new(),
        (Some(name), Some(_), _) if is_pair => vec![name],
        _ => members.keys().map(String::as_str).collect(),
    }
}

/// Whether a policy, as text or as an object, has a statement that allows the principal `*` without a condition. Any
/// condition is assumed to restrict access; it is not evaluated.
///
/// Source: IAM User Guide, "AWS JSON policy elements: Principal", anonymous users.
fn allows_anyone(policy: &Value, action: Option<&str>) -> bool {
    match policy.as_str() {
        Some(text) => {
            serde_json::from_str(text).is_ok_and(|policy| has_open_statement(&policy, action))
        }
        None => has_open_statement(policy, action),
    }
}

fn has_open_statement(policy: &Value, action: Option<&str>) -> bool {
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements
            .iter()
            .any(|statement| is_open_statement(statement, action)),
        Some(statement) => is_open_statement(statement, action),
        None => false,
    }
}

fn is_open_statement(statement: &Value, action: Option<&str>) -> bool {
    let is_anyone = |value: &Value| match value {
        Value::String(text) => text == "*",
        Value::Array(values) => values.iter().any(|value| value == "*"),
        _ => false,
    };
    let is_allowed = statement
        .get("Effect")
        .is_some_and(|effect| effect == "Allow");
    let allows_anyone = statement.get("Principal").is_some_and(|principal| {
        is_anyone(principal) || principal.get("AWS").is_some_and(is_anyone)
    });
    is_allowed
        && allows_anyone
        && statement.get("Condition").is_none()
        && action.is_none_or(|action| names_action(statement, action))
}

/// Whether the `Action` element of a statement contains the action, possibly through a wildcard.
///
/// Source: IAM User Guide, "IAM JSON policy elements: Action".
fn names_action(statement: &Value, action: &str) -> bool {
    let action = action.to_lowercase();
    let matches = |pattern: &Value| {
        let pattern = pattern.as_str().map(str::to_lowercase);
        pattern.is_some_and(|pattern| WildcardPattern::new(&pattern).matches(&action))
    };
    match statement.get("Action") {
        Some(Value::Array(patterns)) => patterns.iter().any(matches),
        Some(pattern) => matches(pattern),
        None => false,
    }
}

/// Returns why the keys of a signal about an attribute do not belong together, if they do not.
pub(super) fn incompatible_keys(raw: &RawSignal) -> Option<&'static str> {
    let tests = [
        raw.equals.is_some(),
        raw.present.is_some(),
        raw.starts_with.is_some(),
        raw.name_contains.is_some(),
        raw.allows_anyone.is_some(),
    ];
    let tests = tests.into_iter().filter(|is_set| *is_set).count();
    if raw.action.is_some() && raw.allows_anyone.is_none() {
        return Some("`action` is only valid with `allows_anyone`");
    }
    if (tests > 0) != raw.attribute.is_some() {
        Some(
            "`attribute` requires one of `equals`, `present`, `starts_with`, `name_contains`, and `allows_anyone`, which \
             are only valid with `attribute`",
        )
    } else if tests > 1 {
        Some(
            "only one of `equals`, `present`, `starts_with`, `name_contains`, and `allows_anyone` is allowed",
        )
    } else if raw.present == Some(false) || raw.allows_anyone == Some(false) {
        Some(
            "`present` and `allows_anyone` can only be `true`, because an absent attribute is unknown",
        )
    } else {
        None
    }
}

fn json_value(value: &RawValue) -> Value {
    match value {
        RawValue::Text(text) => text.as_str().into(),
        RawValue::Flag(flag) => (*flag).into(),
        RawValue::Number(number) => (*number).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_internet_gateway_is_not_an_egress_only_one() {
        let test = AttributeTest::StartsWith(vec!["igw-".into()]);
        assert!(test.is_met_by(&json!("igw-0abc")));
        assert!(!test.is_met_by(&json!("eigw-0abc")));
        assert!(!test.is_met_by(&json!(7)));
    }

    #[test]
    fn numbers_and_booleans_are_equal_in_every_notation() {
        let is_met = |wanted: Value, value: Value| AttributeTest::Equals(wanted).is_met_by(&value);
        for (wanted, value) in [
            (json!(0), json!(0.0)),
            (json!(0), json!("0")),
            (json!(0), json!("0.0")),
            (json!(1.5), json!("1.5")),
            (json!(true), json!("true")),
            (json!(false), json!("False")),
            (json!("true"), json!(true)),
            (json!("0"), json!(0.0)),
            (json!("Suspended"), json!("Suspended")),
        ] {
            assert!(is_met(wanted.clone(), value.clone()), "{wanted} {value}");
        }
        for (wanted, value) in [
            (json!(0), json!(1.0)),
            (json!(0), json!(0.5)),
            (json!(0), json!(false)),
            (json!(0), json!("")),
            (json!(0), json!(null)),
            (json!(true), json!("yes")),
            (json!(true), json!(1)),
            (json!(false), json!("\"false\"")),
            (json!("0.0.0.0/0"), json!("0.0.0.0")),
            (json!("1"), json!("1.0")),
        ] {
            assert!(!is_met(wanted.clone(), value.clone()), "{wanted} {value}");
        }
    }

    #[test]
    fn names_of_variables_are_read_but_not_their_values() {
        let test = AttributeTest::NameContains(vec!["passw".into()]);
        assert!(test.is_met_by(&json!({"DB_PASSWORD": "hunter2"})));
        assert!(!test.is_met_by(&json!({"MODE": "password"})));
        assert!(test.is_met_by(&json!({"name": "DB_PASSWORD", "value": "hunter2"})));
        assert!(test.is_met_by(&json!({"Name": "DB_PASSWORD", "Value": "x", "Type": "PLAINTEXT"})));
        for reference in [
            json!({"Name": "DB_PASSWORD", "Value": "db/main", "Type": "SECRETS_MANAGER"}),
            json!({"Name": "MODE", "Value": "password"}),
        ] {
            assert!(!test.is_met_by(&reference), "{reference}");
        }
        assert!(!test.is_met_by(&json!({"DB_PASSWORD_ARN": "arn:aws:secretsmanager:…"})));
        assert!(!test.describe_value(true).contains("hunter2"));
    }

    #[test]
    fn only_an_unconditional_statement_allows_anyone() {
        let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": statement});
        let test = AttributeTest::AllowsAnyone { action: None };
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "x:Y", "Resource": "*"});
        assert!(test.is_met_by(&policy(json!([open.clone()]))));
        assert!(test.is_met_by(&policy(open.clone())));
        assert!(test.is_met_by(&json!(policy(open).to_string())));
        for closed in [
            json!({"Effect": "Deny", "Principal": "*"}),
            json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}),
            json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"a": "b"}}}),
        ] {
            assert!(!test.is_met_by(&policy(closed)));
        }
        assert!(!test.is_met_by(&json!("not a policy")));
    }

    #[test]
    fn an_action_matches_by_name_or_by_wildcard() {
        let policy = |actions: Value| json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": actions}});
        let test = AttributeTest::AllowsAnyone {
            action: Some("ecr:PutImage".to_owned()),
        };
        for open in [json!("*"), json!(["ecr:GetAuthorizationToken", "ECR:Put*"])] {
            assert!(test.is_met_by(&policy(open)));
        }
        for closed in [json!("ecr:BatchGetImage"), json!([]), Value::Null] {
            assert!(!test.is_met_by(&policy(closed)));
        }
    }
}
