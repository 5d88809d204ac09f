//! What an attribute in a resource's details must be like to show a trait.

use serde_json::Value;

use crate::model::TraitIndex;

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
    AllowsAnyone,
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
            Self::AllowsAnyone
        } else {
            Self::Present
        }
    }

    /// Whether the value passes.
    pub fn is_met_by(&self, value: &Value) -> bool {
        match self {
            Self::Present => true,
            Self::Equals(wanted) => value == wanted,
            Self::StartsWith(starts) => value
                .as_str()
                .is_some_and(|text| starts.iter().any(|start| text.starts_with(start.as_str()))),
            Self::NameContains(names) => value.as_object().is_some_and(|members| {
                members.keys().any(|key| {
                    let key = key.to_lowercase();
                    !REFERENCES.iter().any(|end| key.ends_with(end))
                        && names.iter().any(|name| key.contains(name.as_str()))
                })
            }),
            Self::AllowsAnyone => allows_anyone(value),
        }
    }

    /// What an attribute at this path must be like.
    pub fn in_words(&self, path: &str) -> String {
        match self {
            Self::Present | Self::Equals(_) => format!("{path} is {}", self.told(true)),
            Self::StartsWith(starts) => format!("{path} begins with {}", starts.join(" or ")),
            Self::NameContains(_) | Self::AllowsAnyone => format!("{path} {}", self.told(true)),
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
            (Self::AllowsAnyone, true) => "lets anyone in".to_owned(),
        }
    }
}

/// Whether a policy, as text or as an object, has a statement that allows the principal `*` without a condition. A
/// condition is taken to narrow: what it says is not weighed.
///
/// Source: IAM User Guide, "AWS JSON policy elements: Principal", anonymous users.
fn allows_anyone(policy: &Value) -> bool {
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
            && principal.is_some_and(|one| is_anyone(one) || one.get("AWS").is_some_and(is_anyone))
    })
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
    fn names_of_variables_are_read_and_their_values_never() {
        let test = AttributeTest::NameContains(vec!["passw".into()]);
        assert!(test.is_met_by(&json!({"DB_PASSWORD": "hunter2"})));
        assert!(!test.is_met_by(&json!({"MODE": "password"})));
        assert!(!test.is_met_by(&json!({"DB_PASSWORD_ARN": "arn:aws:secretsmanager:…"})));
        assert!(!test.told(true).contains("hunter2"));
    }

    #[test]
    fn only_an_unconditional_statement_lets_anyone_in() {
        let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": statement});
        let test = AttributeTest::AllowsAnyone;
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
}
