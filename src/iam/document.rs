//! Policy documents: what the JSON says, statement by statement.

use serde_json::Value;

use crate::model::{AccountId, Arn};

use super::pattern::Pattern;
use super::{CANARY, Target};

/// A text that is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no policy document: {0}")]
pub struct NotAPolicy(&'static str);

/// A policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// In their order.
    pub statements: Vec<Statement>,
}

/// Patterns, or all that they do not match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Patterns {
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whether it allows or denies.
    pub allows: bool,
    /// Whether it may apply or not: it has a condition, or a variable in what it is about.
    pub conditional: bool,
    /// In lower case: actions are compared without regard to case.
    actions: Patterns,
    resources: Patterns,
    /// Of a trust policy: whom it is about.
    pub principals: Principals,
}

/// Whom a statement is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principals(pub Vec<Trusted>);

/// One principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trusted {
    /// Anyone: `*`.
    Anyone,
    /// An account: whoever may act in it, if its own policies let them.
    Account(AccountId),
    /// A role or user.
    Identity(String),
    /// An AWS service.
    Service(String),
    /// An identity provider, a canonical user, `NotPrincipal`: what is behind it is not known.
    Other,
}

impl Document {
    /// Reads a document, which is an object, or a text that holds one, maybe with percent signs (IAM and AWS Config
    /// write RFC 3986).
    ///
    /// # Errors
    /// It is no policy.
    pub fn read(value: &Value) -> Result<Self, NotAPolicy> {
        let parsed;
        let value = match value {
            Value::String(text) => {
                let text = decoded(text);
                parsed = serde_json::from_str(&text).map_err(|_| NotAPolicy("not JSON"))?;
                &parsed
            }
            other => other,
        };
        let statements = match value.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(Value::Object(_)) => std::slice::from_ref(&value["Statement"]),
            _ => return Err(NotAPolicy("without statements")),
        };
        let statements = statements
            .iter()
            .map(Statement::read)
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }
}

/// `%7B%22Version%22…`; what is no valid escape stays as it is.
fn decoded(text: &str) -> String {
    if !text.trim_start().starts_with('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut all = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while place < bytes.len() {
        let escaped = (bytes[place] == b'%')
            .then(|| text.get(place + 1..place + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                all.push(byte);
                place += 3;
            }
            None => {
                all.push(bytes[place]);
                place += 1;
            }
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

impl Statement {
    fn read(value: &Value) -> Result<Self, NotAPolicy> {
        let allows = match value.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(NotAPolicy("a statement without an effect")),
        };
        let actions = patterns(value, "Action", "NotAction", str::to_lowercase)
            .ok_or(NotAPolicy("a statement without actions"))?;
        // A trust policy names no resource: it is about its role.
        let resources = patterns(value, "Resource", "NotResource", str::to_owned)
            .unwrap_or_else(|| Patterns::Only(vec![Pattern::new("*")]));
        let has_variable = [&actions, &resources]
            .into_iter()
            .flat_map(Patterns::all)
            .any(|pattern| pattern.as_str().contains("${"));
        let has_condition = value
            .get("Condition")
            .is_some_and(|condition| condition.as_object().is_none_or(|all| !all.is_empty()));
        Ok(Self {
            allows,
            conditional: has_condition || has_variable,
            actions,
            resources,
            principals: Principals::read(value),
        })
    }

    /// Whether the action is one of its own.
    pub(super) fn is_about(&self, action: &str) -> bool {
        let action = action.to_lowercase();
        self.actions.include(|pattern| pattern.matches(&action))
    }

    /// Whether any of the actions is one of its own.
    pub fn is_about_any(&self, actions: &[&str]) -> bool {
        actions.iter().any(|action| self.is_about(action))
    }

    /// Whether the target is one of its own. Of what is within something: to allow it, one of them is enough; a denial
    /// has to be of all.
    pub(super) fn applies_to(&self, target: Target<'_>) -> bool {
        let literally = |pattern: &Pattern, text: &str| {
            // A variable stands for any text, which may be the one in question.
            let open = pattern.as_str().contains("${").then(|| opened(pattern));
            open.as_ref().unwrap_or(pattern).matches(text)
        };
        match target {
            Target::Resource(id) => self.resources.include(|pattern| literally(pattern, id)),
            Target::Within(beginning) => {
                let all = format!("{beginning}{CANARY}");
                self.resources.include(|pattern| literally(pattern, &all))
                    || (self.allows
                        && matches!(self.resources, Patterns::Only(_))
                        && self
                            .resources
                            .all()
                            .iter()
                            .any(|pattern| opened(pattern).matches_within(beginning)))
            }
        }
    }

    /// The patterns of the resources that it may allow something on; `*` where it names those that it does not.
    pub fn resource_patterns(&self) -> Vec<Pattern> {
        match &self.resources {
            Patterns::Only(patterns) => patterns.iter().map(opened).collect(),
            Patterns::AllBut(_) => vec![Pattern::new("*")],
        }
    }

    /// The services of which it names all actions: `s3` of `s3:*`.
    pub(super) fn whole_services(&self) -> impl Iterator<Item = &str> {
        let named = match &self.actions {
            Patterns::Only(patterns) => patterns.as_slice(),
            Patterns::AllBut(_) => &[],
        };
        named
            .iter()
            .filter_map(|pattern| pattern.as_str().strip_suffix(":*"))
            .filter(|service| !service.contains(['*', '?']))
    }
}

impl Patterns {
    fn all(&self) -> &[Pattern] {
        match self {
            Self::Only(patterns) | Self::AllBut(patterns) => patterns,
        }
    }

    fn include(&self, matches: impl Fn(&Pattern) -> bool) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(matches),
            Self::AllBut(patterns) => !patterns.iter().any(matches),
        }
    }
}

/// With `*` in the place of each variable.
fn opened(pattern: &Pattern) -> Pattern {
    let mut text = String::new();
    let mut rest = pattern.as_str();
    while let Some((before, variable)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = variable.split_once('}').map_or("", |(_, behind)| behind);
    }
    text.push_str(rest);
    Pattern::new(&text)
}

fn patterns(
    value: &Value,
    only: &str,
    all_but: &str,
    spelt: fn(&str) -> String,
) -> Option<Patterns> {
    let listed = |name: &str| {
        let texts = match value.get(name)? {
            Value::String(text) => vec![text.as_str()],
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        Some(
            texts
                .into_iter()
                .map(|text| Pattern::new(&spelt(text)))
                .collect(),
        )
    };
    listed(only)
        .map(Patterns::Only)
        .or_else(|| listed(all_but).map(Patterns::AllBut))
}

impl Principals {
    fn read(statement: &Value) -> Self {
        if statement.get("NotPrincipal").is_some() {
            return Self(vec![Trusted::Other]);
        }
        let mut all = match statement.get("Principal") {
            Some(Value::String(text)) => vec![Trusted::of_aws(text)],
            Some(Value::Object(kinds)) => kinds
                .iter()
                .flat_map(|(kind, named)| {
                    let named = match named {
                        Value::Array(values) => values.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    named
                        .iter()
                        .filter_map(Value::as_str)
                        .map(move |text| Trusted::of(kind, text))
                })
                .collect(),
            _ => Vec::new(),
        };
        all.sort();
        all.dedup();
        Self(all)
    }
}

impl Trusted {
    fn of(kind: &str, text: &str) -> Self {
        match kind {
            "AWS" => Self::of_aws(text),
            "Service" => Self::Service(text.to_owned()),
            _ => Self::Other,
        }
    }

    /// `*`, `111122223333`, `arn:aws:iam::111122223333:root`, the ARN of a role or user.
    fn of_aws(text: &str) -> Self {
        if text == "*" {
            return Self::Anyone;
        }
        if let Ok(account) = text.parse() {
            return Self::Account(account);
        }
        match text.parse::<Arn>() {
            Ok(arn) if arn.service() == "iam" && arn.resource() == "root" => {
                arn.account().map_or(Self::Other, Self::Account)
            }
            Ok(arn) if arn.service() == "iam" => Self::Identity(text.to_owned()),
            // The unique id of an identity that was deleted, a session.
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_read_in_all_its_forms() {
        let object = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
        let encoded = "%7B%22Statement%22%3A%20%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s3%3A*%22%5D%2C%22Resource%22%3A%22*%22%7D%5D%7D";
        let expected = Document::read(&object).unwrap();
        assert_eq!(expected.statements.len(), 1);
        assert_eq!(
            Document::read(&json!(object.to_string())).unwrap(),
            expected
        );
        assert_eq!(Document::read(&json!(encoded)).unwrap(), expected);
    }

    #[test]
    fn other_text_is_no_document() {
        for text in [
            json!(""),
            json!("%"),
            json!("{}"),
            json!(7),
            json!({"Statement": [{"Action": "*"}]}),
            json!({"Statement": [{"Effect": "Allow"}]}),
        ] {
            assert!(Document::read(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn principals_are_told_apart() {
        let trusted = |principal: Value| {
            let statement =
                json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal});
            let document = Document::read(&json!({"Statement": statement})).unwrap();
            document.statements[0].principals.0.clone()
        };
        let account: AccountId = "111122223333".parse().unwrap();
        assert_eq!(trusted(json!("*")), [Trusted::Anyone]);
        assert_eq!(trusted(json!({"AWS": ["*"]})), [Trusted::Anyone]);
        assert_eq!(
            trusted(json!({"AWS": ["111122223333", "arn:aws-cn:iam::111122223333:root"]})),
            [Trusted::Account(account)]
        );
        assert_eq!(
            trusted(json!({"AWS": "arn:aws:iam::111122223333:role/ci"})),
            [Trusted::Identity(
                "arn:aws:iam::111122223333:role/ci".into()
            )]
        );
        assert_eq!(
            trusted(json!({"Service": "ec2.amazonaws.com"})),
            [Trusted::Service("ec2.amazonaws.com".into())]
        );
        for other in [
            json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/x"}),
            json!({"AWS": "AIDAIOSFODNN7EXAMPLE"}),
        ] {
            assert_eq!(trusted(other), [Trusted::Other]);
        }
    }
}
