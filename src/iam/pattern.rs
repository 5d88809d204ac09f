//! The pattern lists of policy statements.

use serde_json::Value;

use crate::model::WildcardPattern;

/// A name that no service, action, or resource has, so that only a wildcard that covers all of them matches it. It begins
/// with a character that no name has, so that `iam:E*` does not match it.
pub(super) const UNUSED_NAME: &str = "\u{1}exposured";

/// The texts that an element of a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PatternSet {
    /// What any of the patterns matches: `Action`, `Resource`.
    Only(Vec<WildcardPattern>),
    /// What none of the patterns matches: `NotAction`, `NotResource`.
    Except(Vec<WildcardPattern>),
}

impl PatternSet {
    /// Parses the element `name`, or its negation `not_name`. Returns `None` if the statement has neither.
    pub(super) fn parse(statement: &Value, name: &str, not_name: &str) -> Option<Self> {
        let patterns = |name: &str| {
            let texts = match statement.get(name)? {
                Value::String(text) => vec![text.as_str()],
                Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
                _ => return None,
            };
            Some(texts.into_iter().map(WildcardPattern::new).collect())
        };
        patterns(name)
            .map(Self::Only)
            .or_else(|| patterns(not_name).map(Self::Except))
    }

    /// Returns the set that contains everything.
    pub(super) fn everything() -> Self {
        Self::Only(vec![WildcardPattern::new("*")])
    }

    /// Returns the patterns as they are written, whether they include or exclude.
    pub(super) fn patterns(&self) -> &[WildcardPattern] {
        match self {
            Self::Only(patterns) | Self::Except(patterns) => patterns,
        }
    }

    /// Returns whether the set contains a text, where `matches` compares the text with one pattern.
    pub(super) fn contains(&self, matches: impl Fn(&WildcardPattern) -> bool) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(matches),
            Self::Except(patterns) => !patterns.iter().any(matches),
        }
    }

    /// Returns whether any pattern has a policy variable, such as `${aws:username}`.
    pub(super) fn has_variables(&self) -> bool {
        self.patterns()
            .iter()
            .any(|pattern| pattern.as_str().contains("${"))
    }
}

/// Replaces each policy variable by `*`: it stands for a text that is not known here.
pub(super) fn widen(pattern: &WildcardPattern) -> WildcardPattern {
    if !pattern.as_str().contains("${") {
        return pattern.clone();
    }
    let mut text = String::new();
    let mut rest = pattern.as_str();
    while let Some((before, variable)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = variable.split_once('}').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    WildcardPattern::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_widened_to_any_text() {
        for (pattern, expected) in [
            ("arn:aws:s3:::data/*", "arn:aws:s3:::data/*"),
            ("arn:aws:s3:::${aws:username}/x", "arn:aws:s3:::*/x"),
            ("a${b}c${d}e", "a*c*e"),
            ("a${b", "a*"),
        ] {
            assert_eq!(widen(&WildcardPattern::new(pattern)).as_str(), expected);
        }
    }
}
