//! Where something is in a text.

use std::fmt;

/// A line and a column in bytes, which start at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sources) struct Position {
    pub(super) line: u64,
    pub(super) column: u64,
    /// How many bytes come before it.
    pub(super) offset: u64,
}

impl Position {
    /// Returns the start of a line.
    pub(super) fn start_of(line: u64) -> Self {
        Self {
            line,
            column: 1,
            offset: 0,
        }
    }

    /// Moves past these bytes.
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            None => self.column += bytes.len() as u64,
            Some(last) => {
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
                self.line += lines as u64;
                self.column = (bytes.len() - last) as u64;
            }
        }
    }

    /// Returns the position that an error in the text at this position describes.
    pub(super) fn of(self, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line() as u64, error.column() as u64);
        match line {
            0 => self,
            1 => Self {
                line: self.line,
                column: (self.column + column).saturating_sub(1),
                ..self
            },
            _ => Self {
                line: self.line + line - 1,
                column,
                ..self
            },
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_and_the_bytes_of_the_last_one() {
        for (text, line, column) in [
            ("", 1, 1),
            ("ab", 1, 3),
            ("ab\n", 2, 1),
            ("ab\n\ncde", 3, 4),
        ] {
            for split in 0..=text.len() {
                let mut position = Position::start_of(1);
                let (first, second) = text.as_bytes().split_at(split);
                position.advance(first);
                position.advance(second);
                let offset = text.len() as u64;
                let expected = Position {
                    line,
                    column,
                    offset,
                };
                assert_eq!(position, expected, "{text:?} at {split}");
            }
        }
    }
}
