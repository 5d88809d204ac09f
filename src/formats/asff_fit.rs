//! Fitting a finding to the lengths that the format documents.

use super::asff::{AsffFinding, Cut};

/// 240 KB, read as thousands, the stricter reading. Source: Security Hub User Guide, "Guidelines for using
/// BatchImportFindings".
const LARGEST_FINDING: usize = 240_000;

/// Room for what is added after fitting: the digest, and the targets that saw the exposure.
const RESERVE: usize = 3_000;

/// Cuts, and remembers what.
#[derive(Debug, Default)]
pub(super) struct Fit {
    cuts: Vec<Cut>,
}

impl Fit {
    /// The text in at most `longest` characters, the last of them an ellipsis if it was cut. Lengths are counted in
    /// UTF-16 units, of which no service counts more.
    pub(super) fn text(&mut self, field: &str, text: &str, longest: usize) -> String {
        if text.encode_utf16().count() <= longest {
            return text.to_owned();
        }
        let mut kept = String::new();
        let mut units = 1;
        for character in text.chars() {
            units += character.len_utf16();
            if units > longest {
                break;
            }
            kept.push(character);
        }
        let dropped = text.chars().count() - kept.chars().count();
        kept.truncate(kept.trim_end().len());
        kept.push('…');
        self.cuts.push(Cut {
            field: field.to_owned(),
            dropped,
        });
        kept
    }

    /// The first `most` elements.
    pub(super) fn list<T>(&mut self, field: &str, mut list: Vec<T>, most: usize) -> Vec<T> {
        if list.len() > most {
            self.cuts.push(Cut {
                field: field.to_owned(),
                dropped: list.len() - most,
            });
            list.truncate(most);
        }
        list
    }

    /// The whole finding within its size: the least weighty elements of the long lists go first. What is left without
    /// them is far below the limit, since each of its fields is.
    pub(super) fn whole(&mut self, finding: &mut AsffFinding) {
        let mut dropped = [0; 3];
        while size(finding) > LARGEST_FINDING - RESERVE {
            if finding.vulnerabilities.pop().is_some() {
                dropped[0] += 1;
            } else if finding.resources.len() > 1 {
                finding.resources.pop();
                dropped[1] += 1;
            } else if finding
                .resources
                .iter_mut()
                .any(|resource| resource.tags.pop_last().is_some())
            {
                dropped[2] += 1;
            } else {
                break;
            }
        }
        let fields = ["Vulnerabilities", "Resources", "Resources[0].Tags"];
        for (field, dropped) in fields
            .into_iter()
            .zip(dropped)
            .filter(|(_, dropped)| *dropped > 0)
        {
            self.cuts.push(Cut {
                field: field.to_owned(),
                dropped,
            });
        }
    }

    pub(super) fn into_cuts(self) -> Vec<Cut> {
        self.cuts
    }
}

fn size(finding: &AsffFinding) -> usize {
    // A structure of texts, numbers and lists always becomes JSON.
    serde_json::to_vec(finding).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        let mut fit = Fit::default();
        assert_eq!(fit.text("Title", "short", 5), "short");
        assert_eq!(fit.list("Types", vec![1, 2], 2), [1, 2]);
        assert_eq!(fit.into_cuts(), []);
    }

    #[test]
    fn cut_text_ends_in_an_ellipsis_and_is_told() {
        let mut fit = Fit::default();
        assert_eq!(fit.text("Title", "abcdef", 5), "abcd…");
        assert_eq!(fit.list("Types", vec![1, 2, 3], 2), [1, 2]);
        let cuts = [("Title", 2), ("Types", 1)].map(|(field, dropped)| Cut {
            field: field.into(),
            dropped,
        });
        assert_eq!(fit.into_cuts(), cuts);
    }

    proptest! {
        #[test]
        fn any_text_fits(text in any::<String>(), longest in 1_usize..40) {
            let fitted = Fit::default().text("f", &text, longest);
            prop_assert!(fitted.encode_utf16().count() <= longest);
            prop_assert!(fitted == text || fitted.ends_with('…'));
        }
    }
}
