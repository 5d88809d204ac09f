//! Statements of policy documents.

use serde_json::Value;

use crate::model::{WildcardPattern, clean};

use super::condition::{Condition, Wish};
use super::pattern::{PatternSet, UNUSED_NAME, widen};
use super::principal::PrincipalSet;
use super::request::RequestContext;
use super::truth::Truth;
use super::variable::{expand, has_variable, unescape};

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
    /// The `Sid`, or else the number of the statement, from 1.
    pub name: String,
    /// Whether policy variables have a meaning: those in documents of the version 2008-10-17 are literal.
    has_variables: bool,
    /// Whether a pattern of the resources has one.
    is_variable: bool,
    actions: PatternSet,
    resources: PatternSet,
    pub(super) conditions: Vec<Condition>,
    /// The principals, of a trust policy or another policy of a resource.
    pub(super) principals: PrincipalSet,
}

impl Statement {
    pub(super) fn parse(
        value: &Value,
        number: usize,
        has_variables: bool,
    ) -> Result<Self, ParseStatementError> {
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
        let sid = value.get("Sid").and_then(Value::as_str);
        Ok(Self {
            effect,
            name: sid.map_or_else(|| number.to_string(), clean),
            has_variables,
            is_variable: has_variables && resources.has_variables(),
            actions,
            resources,
            conditions: Condition::parse_all(value.get("Condition")),
            principals: PrincipalSet::parse(value),
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

    /// Whether the statement, which covers the action, applies to a request about the resource.
    pub(super) fn applies(&self, arn: &str, context: &RequestContext<'_>) -> Truth {
        let covers = self.covers_resource(arn, context);
        if covers == Truth::No {
            return covers;
        }
        covers.and(self.is_met(context))
    }

    /// Whether a request meets the conditions.
    pub(super) fn is_met(&self, context: &RequestContext<'_>) -> Truth {
        let wish = match self.effect {
            Effect::Allow => Wish::Met,
            Effect::Deny => Wish::NotMet,
        };
        let conditions = self.conditions.iter();
        Truth::all(conditions.map(|condition| condition.is_met(context, self.has_variables, wish)))
    }

    fn covers_resource(&self, arn: &str, context: &RequestContext<'_>) -> Truth {
        if !self.is_variable {
            return Truth::from(self.resources.contains(|pattern| pattern.matches(arn)));
        }
        let matches = self.resources.patterns().iter().map(|pattern| {
            if has_variable(pattern.as_str()) {
                expand(pattern.as_str(), context)
                    .map_or(Truth::No, |expanded| expanded.matches(arn, false))
            } else {
                Truth::from(pattern.matches(arn))
            }
        });
        match &self.resources {
            PatternSet::Only(_) => Truth::any(matches),
            PatternSet::Except(_) => Truth::any(matches).not(),
        }
    }

    /// Returns names of resources that begin with `prefix` and that the patterns of the statement, including or
    /// excluding, match: for each pattern, one with an unused name in place of each wildcard.
    pub(super) fn examples_with_prefix(
        &self,
        prefix: &str,
        context: &RequestContext<'_>,
    ) -> Vec<String> {
        let mut examples = Vec::new();
        for pattern in self.resources.patterns() {
            let expanded = if self.is_variable && has_variable(pattern.as_str()) {
                expand(pattern.as_str(), context)
            } else {
                None
            };
            match expanded {
                Some(expanded) => {
                    let examples_of = examples_of(&expanded.pattern, prefix);
                    let unescaped = examples_of.iter().map(|example| unescape(example));
                    examples.extend(unescaped);
                }
                None => examples.extend(examples_of(pattern, prefix)),
            }
        }
        examples
    }

    /// Returns patterns that match every resource that the statement covers: with a `*` for each policy variable, and, for
    /// `NotResource`, only `*`.
    pub fn resource_patterns(&self) -> Vec<WildcardPattern> {
        match &self.resources {
            PatternSet::Only(patterns) => patterns.iter().map(widen).collect(),
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

    /// Returns whether a condition requires a token of a certain repository, organization, or other subject. `repo:*`
    /// names every repository.
    ///
    /// Source: IAM User Guide, "Create a role for OpenID Connect federation", GitHub.
    pub(super) fn names_token_subject(&self) -> bool {
        const CLAIMS: [&str; 5] = [
            ":sub",
            ":repository",
            ":repository_owner",
            ":repository_owner_id",
            ":job_workflow_ref",
        ];
        let is_specific = |value: &String| {
            let subject = value.strip_prefix("repo:").unwrap_or(value);
            !subject.is_empty() && !subject.starts_with('*')
        };
        self.conditions
            .iter()
            .filter(|condition| condition.requires_value())
            .any(|condition| {
                let key = condition.key.to_lowercase();
                CLAIMS.iter().any(|claim| key.ends_with(claim))
                    && !condition.values.is_empty()
                    && condition.values.iter().all(is_specific)
            })
    }
}

/// Returns texts that begin with `prefix` and match the pattern. A `*` that is reached within the prefix may end anywhere
/// in it, so the rest of the pattern is tried right after the prefix.
fn examples_of(pattern: &WildcardPattern, prefix: &str) -> Vec<String> {
    let text = pattern.as_str();
    if !pattern.matches_some_with_prefix(prefix) {
        return Vec::new();
    }
    let instance = |rest: &str| rest.replace(['*', '?'], UNUSED_NAME);
    let mut examples = Vec::new();
    if let Some(rest) = rest_after(text, prefix) {
        examples.push(format!("{prefix}{}", instance(rest)));
    }
    for (position, _) in text.match_indices('*') {
        let rest = text.get(position..).unwrap_or_default();
        examples.push(format!("{prefix}{}", instance(rest)));
    }
    let escaped = |example: &String| pattern.matches(example);
    examples.retain(escaped);
    examples
}

/// Returns what follows the prefix in a pattern that has no `*` within it.
fn rest_after<'a>(pattern: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = pattern.chars();
    for _ in prefix.chars() {
        if rest.next()? == '*' {
            return None;
        }
    }
    Some(rest.as_str())
}
