//! What an attribute in a resource's details must be like to show a trait.

use serde_json::Value;

use crate::model::{TraitIndex, WildcardPattern};

use super::raw::{RawSignal, RawValue};

/// An attribute that shows a trait. An absent one is unknown, never "no".
#[derive(Clone, Debug)]
pub struct AttributeCondition {
    /// The trait.
    pub trait_index: TraitIndex,
    /// The path, with dots; `*` stands for each element of a list.
    pub path: String,
    /// What its value must be like.
    pub test: AttributeTest,
}

/// How the name of a variable ends that says where a secret is, and not what it is.
const REFERENCES: [&str; 8] = [
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
    /// Anything but empty.
    Present,
    /// This.
    Equals(Value),
    /// A text that begins with one of these.
    StartsWith(Vec<String>),
    /// Something with a member whose name contains one of these, and does not end like the name of a reference
    /// (`DB_PASSWORD_ARN`). Their values may be secrets and are not read.
    NameContains(Vec<String>),
    /// A resource policy that lets anyone in, on no condition.
    AllowsAnyone {
        /// The action that it has to allow; any if there is none.
        action: Option<String>,
    },
}

impl AttributeTest {
    /// The test that a signal names; `misfit` has seen that there is one.
    pub(super) fn of(raw: &RawSignal) -> Self {
        let lower = |names: &Vec<String>| names.iter().map(|one| one.to_lowercase()).collect();
        if let Some(value) = &raw.equals {
            Self::Equals(json_value(value))
        } else if let Some(starts) = &raw.starts_with {
            Self::StartsWith(starts.clone())
        } else if let Some(names) = &raw.name_contains {
            Self::NameContains(lower(names))
        } else if raw.allows_anyone.is_some() {
            Self::AllowsAnyone {
                action: raw.action.clone(),
            }
        } else {
            Self::Present
        }
    }

    /// Whether the value passes.
    pub fn is_met_by(&self, value: &Value) -> bool {
        match self {
            Self::Present => true,
            Self::Equals(wanted) => is_same(value, wanted),
            Self::StartsWith(starts) => value
                .as_str()
                .is_some_and(|text| starts.iter().any(|start| text.starts_with(start.as_str()))),
            Self::NameContains(names) => variable_names(value).iter().any(|variable| {
                let variable = variable.to_lowercase();
                !REFERENCES.iter().any(|end| variable.ends_with(end))
                    && names.iter().any(|name| variable.contains(name.as_str()))
            }),
            Self::AllowsAnyone { action } => allows_anyone(value, action.as_deref()),
        }
    }

    /// What an attribute at this path must be like.
    pub fn in_words(&self, path: &str) -> String {
        match self {
            Self::Present | Self::Equals(_) => format!("{path} is {}", self.told(true)),
            Self::StartsWith(starts) => format!("{path} begins with {}", starts.join(" or ")),
            Self::NameContains(_) | Self::AllowsAnyone { .. } => {
                format!("{path} {}", self.told(true))
            }
        }
    }

    /// The value as evidence tells it: one that the catalog names, else only that it is there.
    pub fn told(&self, holds: bool) -> String {
        match (self, holds) {
            (_, false) => "another".to_owned(),
            (Self::Present, true) => "set".to_owned(),
            (Self::Equals(Value::String(wanted)), true) => wanted.clone(),
            (Self::Equals(wanted), true) => wanted.to_string(),
            (Self::StartsWith(starts), true) => format!("{}…", starts.join("… or ")),
            (Self::NameContains(names), true) => {
                format!("has a member named like {}", names.join(", "))
            }
            (Self::AllowsAnyone { action: None }, true) => "lets anyone in".to_owned(),
            (
                Self::AllowsAnyone {
                    action: Some(action),
                },
                true,
            ) => format!("allows anyone {action}"),
        }
    }
}

/// Whether two values are the same, however a source writes them: queries of AWS Config write the number `0` as `0.0`, and
/// some items have numbers and booleans as text.
fn is_same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Number(number), Value::Number(wanted)) => number.as_f64() == wanted.as_f64(),
        (Value::String(text), Value::Bool(_) | Value::Number(_)) => {
            // Booleans are `True` in Python's spelling as well.
            let parsed = serde_json::from_str(&text.trim().to_ascii_lowercase());
            parsed.is_ok_and(|value: Value| !value.is_string() && is_same(&value, wanted))
        }
        (Value::Bool(_) | Value::Number(_), Value::String(_)) => is_same(wanted, value),
        _ => value == wanted,
    }
}

/// Returns the names of environment variables: the members of an object, as Lambda has them, or the `Name` of a pair of name
/// and value, as ECS and CodeBuild have them. A pair whose `Type` is not `PLAINTEXT` holds a reference.
///
/// Source: the securityhub model, `AwsLambdaFunctionEnvironment`, `AwsEcsTaskDefinitionContainerDefinitionsEnvironmentDetails`,
/// and `AwsCodeBuildProjectEnvironmentEnvironmentVariablesDetails`.
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

/// Whether a policy, as text or as an object, has a statement that allows the principal `*` without a condition. A
/// condition is taken to narrow: what it says is not weighed.
///
/// Source: IAM User Guide, "AWS JSON policy elements: Principal", anonymous users.
fn allows_anyone(policy: &Value, action: Option<&str>) -> bool {
    let parsed;
    let policy = match policy.as_str() {
        Some(text) => match serde_json::from_str::<Value>(text) {
            Ok(value) => {
                parsed = value;
                &parsed
            }
            Err(_) => return false,
        },
        None => policy,
    };
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => return false,
    };
    statements.iter().any(|statement| {
        let principal = statement.get("Principal");
        let is_anyone = |value: &Value| match value {
            Value::String(text) => text == "*",
            Value::Array(values) => values.iter().any(|one| one == "*"),
            _ => false,
        };
        statement
            .get("Effect")
            .is_some_and(|effect| effect == "Allow")
            && statement.get("Condition").is_none()
            && action.is_none_or(|action| names_action(statement, action))
            && principal.is_some_and(|one| is_anyone(one) || one.get("AWS").is_some_and(is_anyone))
    })
}

/// Whether the `Action` of a statement names the action, perhaps by a pattern. Source: IAM User Guide, "Action".
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

/// Why the keys of a signal about an attribute do not go together, if they do not.
pub(super) fn misfit(raw: &RawSignal) -> Option<&'static str> {
    let tests = [
        raw.equals.is_some(),
        raw.present.is_some(),
        raw.starts_with.is_some(),
        raw.name_contains.is_some(),
        raw.allows_anyone.is_some(),
    ];
    let tests = tests.into_iter().filter(|is_set| *is_set).count();
    if raw.action.is_some() && raw.allows_anyone.is_none() {
        return Some("action belongs to allows_anyone");
    }
    if (tests > 0) != raw.attribute.is_some() {
        Some(
            "an attribute needs equals, present, starts_with, name_contains or allows_anyone, and these belong to attribute alone",
        )
    } else if tests > 1 {
        Some("equals, present, starts_with, name_contains and allows_anyone exclude each other")
    } else if raw.present == Some(false) || raw.allows_anyone == Some(false) {
        Some(
            "an absent attribute is unknown, never \"no\": present and allows_anyone can only be true",
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
    fn a_route_to_the_internet_is_told_from_one_that_only_leads_out() {
        let test = AttributeTest::StartsWith(vec!["igw-".into()]);
        assert!(test.is_met_by(&json!("igw-0abc")));
        assert!(!test.is_met_by(&json!("eigw-0abc")));
        assert!(!test.is_met_by(&json!(7)));
    }

    #[test]
    fn a_number_or_a_boolean_is_the_same_however_it_is_written() {
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
    fn names_of_variables_are_read_and_their_values_never() {
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
        assert!(!test.told(true).contains("hunter2"));
    }

    #[test]
    fn only_an_unconditional_statement_lets_anyone_in() {
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
        assert!(!test.is_met_by(&json!("no policy")));
    }

    #[test]
    fn an_action_is_named_by_a_pattern_or_by_itself() {
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
