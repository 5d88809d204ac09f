//! What `iam can` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::graph::{AccessAnswer, AccessQuestion, NamedStatement};
use crate::iam::Effect;
use crate::model::{CoverageRow, Resource};

use super::coverage::UnreadSourceJson;
use super::resource::{ResourceJson, list};

/// Whether a user or role can take an action on a resource, and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "access")]
pub(crate) struct AccessJson<'a> {
    principal: ResourceJson<'a>,
    action: &'a str,
    /// The ARN that was asked about.
    #[serde(rename = "resource")]
    target: &'a str,
    /// `allowed`, `denied`, or `unknown`.
    #[schemars(extend("enum" = ["allowed", "denied", "unknown"]))]
    decision: &'static str,
    #[schemars(extend("enum" = ["statement-allows", "statement-denies", "nothing-allows", "boundary-does-not-allow", "resource-does-not-allow", "key-does-not-allow", "not-known"]))]
    reason: &'static str,
    /// The statements that make the decision. Empty if it is denied because nothing allows it.
    statements: Vec<StatementJson<'a>>,
    /// The condition keys and documents that are missing. Empty unless the decision is unknown.
    unknown: Vec<&'a str>,
    /// The kinds of policies that were not weighed.
    not_weighed: Vec<&'a str>,
    /// The sources that were not read completely.
    unread: Vec<UnreadSourceJson>,
}

/// A statement that makes a decision.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "statement")]
pub(crate) struct StatementJson<'a> {
    #[schemars(extend("enum" = ["allow", "deny"]))]
    effect: &'static str,
    /// The `Sid`, or else the number of the statement, from 1.
    statement: &'a str,
    /// The document, with the version of a managed policy.
    document: &'a str,
    #[schemars(extend("enum" = ["identity", "boundary", "resource"]))]
    policy: &'static str,
    /// Whether the statement certainly applies to the request.
    certain: bool,
}

impl<'a> AccessJson<'a> {
    pub(crate) fn new(
        principal: &'a Resource,
        question: &'a AccessQuestion,
        answer: &'a AccessAnswer,
        coverage: &'a [CoverageRow],
    ) -> Self {
        Self {
            principal: principal.into(),
            action: &question.action,
            target: &question.resource,
            decision: answer.decision.as_str(),
            reason: answer.reason.as_str(),
            statements: list(&answer.statements),
            unknown: answer.unknown.iter().map(String::as_str).collect(),
            not_weighed: answer.not_weighed.iter().map(String::as_str).collect(),
            unread: UnreadSourceJson::list(coverage),
        }
    }
}

impl<'a> From<&'a NamedStatement> for StatementJson<'a> {
    fn from(one: &'a NamedStatement) -> Self {
        Self {
            effect: match one.effect {
                Effect::Allow => "allow",
                Effect::Deny => "deny",
            },
            statement: &one.statement,
            document: &one.document,
            policy: one.kind.as_str(),
            certain: one.is_certain,
        }
    }
}
