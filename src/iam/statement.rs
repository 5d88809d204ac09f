//! Statements of policy documents.

use serde_json::Value;

use crate::model::WildcardPattern;

use super::pattern::{PatternSet, UNUSED_NAME};
use super::principal::Principal;

/// The reason why a statement cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseStatementError {
    /// The effect is missing or unknown.
    #[error("`Effect` is neither `Allow` nor `Deny`")]
    Effect,
    /// The statement has no actions.
    #[error("it has neither `Action` nor `NotAction`")]
    Action,
}

/// What a statement does with the requests that it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows them.
    Allow,
    /// It denies them.
    Deny,
}

/// What a request asks for access to.
#[derive(Clone, Copy, Debug)]
pub enum RequestedResource<'a> {
    /// The resource with this ARN.
    Arn(&'a str),
    /// Some resource whose ARN has this prefix, such as any object of a bucket.
    SomeWithPrefix(&'a str),
}

/// A statement of a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whether the statement allows or denies.
    pub effect: Effect,
    /// Whether it is not known if the statement applies: it has a condition or a policy variable.
    pub is_conditional: bool,
    /// Whether a condition names the subject of a web identity token, or the repository that it was made for.
    pub names_token_subject: bool,
    actions: PatternSet,
    /// The resources, with `*` for each policy variable.
    resources: PatternSet,
    /// The principals, of a trust policy.
    pub principals: Vec<Principal>,
}

impl Statement {
    pub(super) fn parse(value: &Value) -> Result<Self, ParseStatementError> {
        let effect = match value.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(ParseStatementError::Effect),
        };
        let actions =
            PatternSet::parse(value, "Action", "NotAction").ok_or(ParseStatementError::Action)?;
        // A trust policy names no resource: it is about its own role.
        let resources = PatternSet::parse(value, "Resource", "NotResource")
            .unwrap_or_else(PatternSet::everything);
        let has_condition = value
            .get("Condition")
            .is_some_and(|condition| condition.as_object().is_none_or(|keys| !keys.is_empty()));
        Ok(Self {
            effect,
            is_conditional: has_condition || actions.has_variables() || resources.has_variables(),
            names_token_subject: names_token_subject(value.get("Condition")),
            actions,
            resources: resources.with_variables_widened(),
            principals: Principal::parse_all(value),
        })
    }

    /// Returns whether the statement covers the action.
    pub fn covers_action(&self, action: &str) -> bool {
        self.actions
            .contains(|pattern| pattern.matches_ignoring_case(action))
    }

    /// Returns whether the statement covers any of the actions.
    pub fn covers_any_action(&self, actions: &[&str]) -> bool {
        actions.iter().any(|action| self.covers_action(action))
    }

    /// Returns whether the statement covers the resource. Of resources with a common prefix, it is enough to allow one;
    /// a statement that denies has to cover all of them.
    pub(super) fn covers_resource(&self, resource: RequestedResource<'_>) -> bool {
        match resource {
            RequestedResource::Arn(arn) => self.resources.contains(|pattern| pattern.matches(arn)),
            RequestedResource::SomeWithPrefix(prefix) => {
                let any = format!("{prefix}{UNUSED_NAME}");
                self.resources.contains(|pattern| pattern.matches(&any))
                    || (self.effect == Effect::Allow && self.names_some_with_prefix(prefix))
            }
        }
    }

    fn names_some_with_prefix(&self, prefix: &str) -> bool {
        match &self.resources {
            PatternSet::Only(patterns) => patterns
                .iter()
                .any(|pattern| pattern.matches_some_with_prefix(prefix)),
            PatternSet::Except(_) => false,
        }
    }

    /// Returns patterns that match every resource that the statement covers. For `NotResource` that is `*`.
    pub fn resource_patterns(&self) -> Vec<WildcardPattern> {
        match &self.resources {
            PatternSet::Only(patterns) => patterns.clone(),
            PatternSet::Except(_) => vec![WildcardPattern::new("*")],
        }
    }

    /// Returns the services of which the statement names all actions, such as `s3` for `s3:*`.
    pub(super) fn whole_services(&self) -> impl Iterator<Item = &str> {
        let named = match &self.actions {
            PatternSet::Only(patterns) => patterns.as_slice(),
            PatternSet::Except(_) => &[],
        };
        named
            .iter()
            .filter_map(|pattern| pattern.as_str().strip_suffix(":*"))
            .filter(|service| !service.contains(['*', '?']))
    }
}

/// Returns whether a condition requires a token of a certain repository, organization, or other subject. `repo:*` names
/// every repository.
///
/// Source: IAM User Guide, "Create a role for OpenID Connect federation", GitHub.
fn names_token_subject(condition: Option<&Value>) -> bool {
    const CLAIMS: [&str; 5] = [
        ":sub",
        ":repository",
        ":repository_owner",
        ":repository_owner_id",
        ":job_workflow_ref",
    ];
    let is_specific = |value: &Value| {
        let subject = value.as_str().unwrap_or_default();
        let subject = subject.strip_prefix("repo:").unwrap_or(subject);
        !subject.is_empty() && !subject.starts_with('*')
    };
    let names_values = |values: &Value| match values {
        Value::Array(values) => !values.is_empty() && values.iter().all(is_specific),
        value => is_specific(value),
    };
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators
        .filter(|(operator, _)| {
            let operator = operator.to_lowercase();
            operator.contains("string") && !operator.contains("not")
        })
        .filter_map(|(_, keys)| keys.as_object())
        .flatten()
        .any(|(key, values)| {
            let key = key.to_lowercase();
            CLAIMS.iter().any(|claim| key.ends_with(claim)) && names_values(values)
        })
}
