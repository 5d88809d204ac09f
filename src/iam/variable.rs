//! Policy variables, such as `${aws:username}`.
//!
//! Source: IAM User Guide, "IAM policy elements: Variables and tags".

use std::collections::BTreeSet;

use crate::model::WildcardPattern;

use super::request::{KeyValue, RequestContext};
use super::truth::Truth;

/// Stand for a `*` and a `?` that are not wildcards.
const LITERAL_STAR: char = '\u{e000}';
const LITERAL_QUESTION_MARK: char = '\u{e001}';

/// A pattern whose variables are replaced by their values.
#[derive(Debug)]
pub(super) struct Expanded {
    /// A variable whose value is not known is a `*`.
    pub pattern: WildcardPattern,
    /// The keys of those variables.
    pub unknown: BTreeSet<String>,
}

impl Expanded {
    /// Whether the text matches.
    pub(super) fn matches(&self, text: &str, ignore_case: bool) -> Truth {
        let text = escape(text);
        let matches = if ignore_case {
            self.pattern.matches_ignoring_case(&text)
        } else {
            self.pattern.matches(&text)
        };
        match (matches, self.unknown.is_empty()) {
            (false, _) => Truth::No,
            (true, true) => Truth::Yes,
            (true, false) => Truth::Unknown(self.unknown.clone()),
        }
    }
}

/// Whether a text has a variable.
pub(super) fn has_variable(text: &str) -> bool {
    text.contains("${")
}

/// Replaces the wildcards of a text, so that they stand for themselves.
pub(super) fn escape(text: &str) -> String {
    text.replace('*', "\u{e000}").replace('?', "\u{e001}")
}

/// Restores what `escape` replaced.
pub(super) fn unescape(text: &str) -> String {
    text.replace(LITERAL_STAR, "*")
        .replace(LITERAL_QUESTION_MARK, "?")
}

/// Replaces each variable. Returns `None` if the request has no value for one of them: such a pattern matches nothing.
pub(super) fn expand(text: &str, context: &RequestContext<'_>) -> Option<Expanded> {
    let mut pattern = String::new();
    let mut unknown = BTreeSet::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        pattern.push_str(before);
        let Some((variable, after)) = after.split_once('}') else {
            pattern.push_str("${");
            rest = after;
            continue;
        };
        rest = after;
        match variable {
            "*" => pattern.push(LITERAL_STAR),
            "?" => pattern.push(LITERAL_QUESTION_MARK),
            "$" => pattern.push('$'),
            _ => match value(variable, context)? {
                Some(value) => pattern.push_str(&escape(&value)),
                None => {
                    pattern.push('*');
                    unknown.insert(key_of(variable).to_owned());
                }
            },
        }
    }
    pattern.push_str(rest);
    Some(Expanded {
        pattern: WildcardPattern::new(&pattern),
        unknown,
    })
}

fn key_of(variable: &str) -> &str {
    variable.split(',').next().unwrap_or(variable).trim()
}

/// The value of `key` or `key, 'default'`; `Some(None)` if it is unknown, `None` if there is none.
fn value(variable: &str, context: &RequestContext<'_>) -> Option<Option<String>> {
    let default = variable.split_once(',').map(|(_, default)| {
        let default = default.trim();
        let unquoted = default
            .strip_prefix('\'')
            .and_then(|d| d.strip_suffix('\''));
        unquoted.unwrap_or(default).to_owned()
    });
    match context.value(key_of(variable)) {
        // A key with several values cannot be a variable.
        KeyValue::Known(values) => match values.as_slice() {
            [value] => Some(Some(value.clone())),
            _ => None,
        },
        KeyValue::Absent => default.map(Some),
        KeyValue::Chosen | KeyValue::Unknown => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::request::{IdentityKind, RequestedTarget, RequestingIdentity};

    #[test]
    fn each_form_of_a_variable_is_replaced() {
        let user = RequestingIdentity {
            arn: Some("arn:aws:iam::111122223333:user/ops/alice".into()),
            account: "111122223333".parse().unwrap(),
            kind: IdentityKind::User,
            tags: vec![("team".into(), "a*".into())],
        };
        let context = RequestContext::new(&user, RequestedTarget::default());
        let matches = |pattern: &str, text: &str| {
            expand(pattern, &context).map_or(Truth::No, |expanded| expanded.matches(text, false))
        };
        for (pattern, text, expected) in [
            ("home/${aws:username}/*", "home/alice/x", Truth::Yes),
            ("home/${aws:username}/*", "home/bob/x", Truth::No),
            ("home/${aws:Username}/*", "home/alice/x", Truth::Yes),
            ("${*}", "*", Truth::Yes),
            ("${*}", "a", Truth::No),
            ("${?}${$}", "?$", Truth::Yes),
            ("${aws:PrincipalTag/team}", "a*", Truth::Yes),
            ("${aws:PrincipalTag/team}", "ab", Truth::No),
            (
                "${aws:PrincipalTag/x}-data",
                "a-data",
                Truth::unknown("aws:PrincipalTag/x"),
            ),
            ("${aws:PrincipalTag/x}-data", "a", Truth::No),
            ("${aws:SourceArn, 'none'}", "none", Truth::Yes),
            ("${aws:SourceArn}", "", Truth::No),
            ("a${b", "a${b", Truth::Yes),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
