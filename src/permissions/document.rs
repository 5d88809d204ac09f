//! An IAM policy document that is written, in the form of IAM's own examples.

use std::collections::BTreeMap;

use serde::Serialize;

/// An IAM policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDocument {
    version: &'static str,
    statement: Vec<Statement>,
}

impl PolicyDocument {
    pub(super) fn new(statement: Vec<Statement>) -> Self {
        Self {
            version: "2012-10-17",
            statement,
        }
    }
}

/// A statement that allows something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    sid: &'static str,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principal>,
    action: OneOrMore,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<&'static str, Condition>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Principal {
    aws: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum OneOrMore {
    One(&'static str),
    More(Vec<&'static str>),
}

/// What the value of a condition key must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Condition {
    /// This value.
    Is(String),
    /// One of these values.
    IsOneOf(Vec<String>),
}

impl Statement {
    pub(super) fn allow(
        sid: &'static str,
        actions: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let actions: Vec<&str> = actions.into_iter().collect();
        Self {
            sid,
            effect: "Allow",
            principal: None,
            action: match actions[..] {
                [action] => OneOrMore::One(action),
                _ => OneOrMore::More(actions),
            },
            resource: None,
            condition: BTreeMap::new(),
        }
    }

    pub(super) fn on(&mut self, resource: String) {
        self.resource = Some(resource);
    }

    pub(super) fn trust(&mut self, principal: &str) {
        self.principal = Some(Principal {
            aws: principal.to_owned(),
        });
    }

    pub(super) fn require(&mut self, key: &'static str, condition: Condition) {
        self.condition
            .entry("StringEquals")
            .or_default()
            .insert(key, condition);
    }
}
