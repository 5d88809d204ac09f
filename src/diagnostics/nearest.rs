//! Suggestions for misspelled names.

/// Returns the known name that is most similar to a misspelled one, if any is similar enough to suggest.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_similar_name_is_suggested() {
        assert_eq!(
            nearest("inspectro", ["inspector", "macie"]),
            Some("inspector")
        );
        assert_eq!(nearest("zebra", ["inspector", "macie"]), None);
    }
}
