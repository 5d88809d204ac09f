//! Cutting a finding to the lengths that the format documents.

use super::finding::AsffFinding;

/// 240 KB, read as thousands of bytes, the stricter reading. Source: Security Hub User Guide, "Guidelines for using
/// BatchImportFindings".
const MAX_FINDING_BYTES: usize = 240_000;

/// Text or a list that was too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// The field, such as `Title`.
    pub field: String,
    /// The number of characters or elements that were left out.
    pub dropped: usize,
}

/// Cuts values to their maximum lengths, and records what was cut.
#[derive(Debug, Default)]
pub(super) struct Truncator {
    truncations: Vec<Truncation>,
}

impl Truncator {
    /// The text in at most `max` characters; if it was cut, the last one is an ellipsis. Length is counted in UTF-16 code
    /// units, because no service counts more.
    pub(super) fn text(&mut self, field: &str, text: &str, max: usize) -> String {
        if text.encode_utf16().count() <= max {
            return text.to_owned();
        }
        let mut kept = String::new();
        let mut units = 1;
        for character in text.chars() {
            units += character.len_utf16();
            if units > max {
                break;
            }
            kept.push(character);
        }
        self.record(field, text.chars().count() - kept.chars().count());
        kept.truncate(kept.trim_end().len());
        kept.push('…');
        kept
    }

    /// The first `max` elements.
    pub(super) fn list<T>(&mut self, field: &str, mut list: Vec<T>, max: usize) -> Vec<T> {
        self.record(field, list.len().saturating_sub(max));
        list.truncate(max);
        list
    }

    /// Cuts the finding to its maximum size, and returns it as JSON. The least important elements of the long lists are
    /// dropped first. Without them, a finding is far below the limit, because every field is.
    pub(super) fn finding(&mut self, finding: &mut AsffFinding) -> String {
        let mut json = finding.to_json();
        let (mut vulnerabilities, mut resources, mut tags) = (0, 0, 0);
        while json.len() > MAX_FINDING_BYTES {
            if finding.vulnerabilities.pop().is_some() {
                vulnerabilities += 1;
            } else if finding.resources.len() > 1 {
                finding.resources.pop();
                resources += 1;
            } else if finding
                .resources
                .iter_mut()
                .any(|resource| resource.tags.pop_last().is_some())
            {
                tags += 1;
            } else {
                break;
            }
            json = finding.to_json();
        }
        self.record("Vulnerabilities", vulnerabilities);
        self.record("Resources", resources);
        self.record("Resources[0].Tags", tags);
        json
    }

    fn record(&mut self, field: &str, dropped: usize) {
        if dropped > 0 {
            self.truncations.push(Truncation {
                field: field.to_owned(),
                dropped,
            });
        }
    }

    pub(super) fn into_truncations(self) -> Vec<Truncation> {
        self.truncations
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_within_the_limit_are_unchanged() {
        let mut truncator = Truncator::default();
        assert_eq!(truncator.text("Title", "short", 5), "short");
        assert_eq!(truncator.list("Types", vec![1, 2], 2), [1, 2]);
        assert_eq!(truncator.into_truncations(), []);
    }

    #[test]
    fn cut_text_ends_in_an_ellipsis_and_is_recorded() {
        let mut truncator = Truncator::default();
        assert_eq!(truncator.text("Title", "abcdef", 5), "abcd…");
        assert_eq!(truncator.list("Types", vec![1, 2, 3], 2), [1, 2]);
        let expected = [("Title", 2), ("Types", 1)].map(|(field, dropped)| Truncation {
            field: field.into(),
            dropped,
        });
        assert_eq!(truncator.into_truncations(), expected);
    }

    proptest! {
        #[test]
        fn any_text_fits(text in any::<String>(), max in 1_usize..40) {
            let fitted = Truncator::default().text("f", &text, max);
            prop_assert!(fitted.encode_utf16().count() <= max);
            prop_assert!(fitted == text || fitted.ends_with('…'));
        }
    }
}
