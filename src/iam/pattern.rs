//! `*` and `?`, as policies write them.

/// A pattern in a policy: `*` stands for any characters, `?` for one.
/// Source: IAM User Guide, "IAM JSON policy elements: Resource", wildcards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern that this text is.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What every text that matches begins with.
    pub fn literal_prefix(&self) -> &str {
        self.0.split(['*', '?']).next().unwrap_or_default()
    }

    /// Whether it matches one text alone.
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut at, mut place) = (0, 0);
        // Where the last `*` stands, and how much of the text it has taken.
        let mut star: Option<(usize, usize)> = None;
        while place < text.len() {
            match pattern.get(at) {
                Some(b'*') => {
                    star = Some((at, place));
                    at += 1;
                }
                Some(one) if *one == b'?' || *one == text[place] => {
                    at += 1;
                    place += 1;
                }
                _ => match star {
                    Some((star_at, taken)) => {
                        star = Some((star_at, taken + 1));
                        at = star_at + 1;
                        place = taken + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern[at..].iter().all(|one| *one == b'*')
    }

    /// Whether some text that begins so matches: then some part of the pattern, from its start, matches the beginning,
    /// and what is left of it is the end of that text.
    pub fn matches_within(&self, beginning: &str) -> bool {
        let shared = beginning.len().min(self.literal_prefix().len());
        self.0.as_bytes()[..shared] == beginning.as_bytes()[..shared]
            && (0..=self.0.len())
                .filter_map(|end| self.0.get(..end))
                .any(|start| Self::new(start).matches(beginning))
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
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_pattern_reaches_into_what_begins_so() {
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
                Pattern::new(pattern).matches_within("b/"),
                expected,
                "{pattern}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_matches_is_found_from_its_beginning(
            pattern in "[ab*?]{0,6}",
            beginning in "[ab]{0,3}",
            end in "[ab]{0,3}",
        ) {
            let pattern = Pattern::new(&pattern);
            let text = format!("{beginning}{end}");
            if pattern.matches(&text) {
                prop_assert!(pattern.matches_within(&beginning));
                prop_assert!(text.starts_with(pattern.literal_prefix()));
            }
        }
    }
}
