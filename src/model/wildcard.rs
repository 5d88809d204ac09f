//! Patterns with the wildcards `*` and `?`, as IAM policies and our own configuration write them.

use std::fmt;

/// A pattern in which `*` stands for any characters, including none, and `?` for exactly one.
///
/// Source: IAM User Guide, "IAM JSON policy elements: Resource", wildcards.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WildcardPattern(Box<str>);

impl WildcardPattern {
    /// Creates a pattern. Every text is a valid pattern.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the pattern has no wildcard, so that it matches exactly one text.
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// Returns whether the whole text matches. The comparison is case-sensitive, as for ARNs and tags.
    pub fn matches(&self, text: &str) -> bool {
        self.matches_chars(text.chars(), |expected, actual| expected == actual)
    }

    /// Returns whether the whole text matches, ignoring the case of ASCII letters, as for the names of IAM actions.
    pub fn matches_ignoring_case(&self, text: &str) -> bool {
        self.matches_chars(text.chars(), |expected, actual| {
            expected.eq_ignore_ascii_case(&actual)
        })
    }

    /// Returns whether any text that starts with `prefix` matches.
    pub fn matches_some_with_prefix(&self, prefix: &str) -> bool {
        let mut pattern = self.0.chars();
        for actual in prefix.chars() {
            match pattern.next() {
                Some('*') => return true,
                Some('?') => {}
                Some(expected) if expected == actual => {}
                _ => return false,
            }
        }
        true
    }

    fn matches_chars(
        &self,
        text: impl Iterator<Item = char> + Clone,
        is_same: impl Fn(char, char) -> bool,
    ) -> bool {
        let mut pattern = self.0.chars();
        let mut text = text;
        // The pattern after the last `*`, and the text from which that rest has to match.
        let mut last_star = None;
        loop {
            match (pattern.next(), text.clone().next()) {
                (Some('*'), _) => last_star = Some((pattern.clone(), text.clone())),
                (None, None) => return true,
                // A `*` that takes more leaves even less text for the rest of the pattern.
                (Some(_), None) => return false,
                (Some(expected), Some(actual)) if expected == '?' || is_same(expected, actual) => {
                    text.next();
                }
                _ => {
                    // The `*` takes one character more.
                    let Some((after_star, rest)) = &mut last_star else {
                        return false;
                    };
                    rest.next();
                    pattern = after_star.clone();
                    text = rest.clone();
                }
            }
        }
    }
}

impl fmt::Display for WildcardPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for WildcardPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*c", "abbc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "xaxab", true),
            ("**", "x", true),
            ("?", "ü", true),
            ("??", "ü", false),
            ("*?x", "üx", true),
            ("*??x", "üx", false),
        ] {
            assert_eq!(
                WildcardPattern::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn case_is_ignored_only_on_request() {
        let pattern = WildcardPattern::new("S3:Get*");
        assert!(!pattern.matches("s3:GetObject"));
        assert!(pattern.matches_ignoring_case("s3:getobject"));
        assert!(!pattern.matches_ignoring_case("s3:PutObject"));
    }

    #[test]
    fn some_text_with_a_prefix_matches() {
        for (pattern, expected) in [
            ("*", true),
            ("b/*", true),
            ("b/x", true),
            ("b*", true),
            ("?/y*", true),
            ("*z", true),
            ("b", false),
            ("c/*", false),
            ("bb*", false),
        ] {
            assert_eq!(
                WildcardPattern::new(pattern).matches_some_with_prefix("b/"),
                expected,
                "{pattern}"
            );
        }
    }

    /// A second implementation, which tries every length that a `*` can take.
    fn matches_naively(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', pattern @ ..], _) => {
                (0..=text.len()).any(|taken| matches_naively(pattern, &text[taken..]))
            }
            ([expected, pattern @ ..], [actual, text @ ..]) => {
                (*expected == '?' || expected == actual) && matches_naively(pattern, text)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matches_agrees_with_a_naive_implementation(pattern in "[aü*?]{0,8}", text in "[aü]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                WildcardPattern::new(&pattern).matches(&text),
                matches_naively(&chars(&pattern), &chars(&text))
            );
        }

        #[test]
        fn a_match_is_also_found_by_its_prefix(
            pattern in "[ab*?]{0,6}",
            prefix in "[ab]{0,3}",
            rest in "[ab]{0,3}",
        ) {
            let pattern = WildcardPattern::new(&pattern);
            if pattern.matches(&format!("{prefix}{rest}")) {
                prop_assert!(pattern.matches_some_with_prefix(&prefix));
            }
        }
    }
}
