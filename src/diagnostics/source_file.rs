//! The text of a file.

/// The name and the text of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The name that the user gave.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl SourceFile {
    /// Returns the line and the column of a byte offset. Both start at 1, and the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        (line, last_line.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let file = SourceFile {
            name: "f".into(),
            text: "a\nüü = 1\n".into(),
        };
        assert_eq!(file.position(0), (1, 1));
        assert_eq!(file.position(2), (2, 1));
        assert_eq!(file.position(6), (2, 3));
    }
}
