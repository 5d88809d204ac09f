//! What is wrong in a file that a person wrote: every problem, each at its file, line and column.
//!
//! Used by the two rooms that read TOML, `config` and `catalog`.

mod toml_file;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

pub use toml_file::{read, read_prepared};

/// A file's name and text, as read.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As the user named it.
    pub name: String,
    /// All of it.
    pub text: String,
}

impl SourceFile {
    /// Line and column, both from 1, the column in characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    file: Arc<SourceFile>,
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

impl Problem {
    /// A problem with the bytes `span` of `file`.
    pub fn new(file: &Arc<SourceFile>, span: Range<usize>, message: impl Into<String>) -> Self {
        let end = span.end.min(file.text.len());
        Self {
            file: Arc::clone(file),
            span: span.start.min(end)..end,
            message: message.into(),
            help: None,
        }
    }

    /// Adds what the user can do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn place(&self) -> (&str, usize) {
        (&self.file.name, self.span.start)
    }
}

/// Everything that is wrong. Displays as a listing with the lines in question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes one more.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes those of another reading.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|problem| problem.place());
        sorted.into_iter()
    }

    /// `value` if nothing is wrong, else what is.
    ///
    /// # Errors
    /// The problems, if there are any.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.iter() {
            writeln!(formatter, "{problem}\n")?;
        }
        let plural = if self.len() == 1 {
            "problem"
        } else {
            "problems"
        };
        write!(formatter, "{} {plural}", self.len())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snippet = Snippet::source(&self.file.text)
            .path(&self.file.name)
            .annotation(AnnotationKind::Primary.span(self.span.clone()));
        let mut group = Level::ERROR
            .primary_title(self.message.as_str())
            .element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        formatter.write_str(&Renderer::plain().render(&[group]))
    }
}

/// The nearest of the known names, for "did you mean".
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
    fn positions_count_characters_from_one() {
        let file = SourceFile {
            name: "f".into(),
            text: "a\nüü = 1\n".into(),
        };
        assert_eq!(file.position(0), (1, 1));
        assert_eq!(file.position(2), (2, 1));
        assert_eq!(file.position(6), (2, 3));
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(
            nearest("inspectro", ["inspector", "macie"]),
            Some("inspector")
        );
        assert_eq!(nearest("zebra", ["inspector", "macie"]), None);
    }

    #[test]
    fn a_problem_names_file_line_and_column() {
        let file = Arc::new(SourceFile {
            name: "config.toml".into(),
            text: "[aws]\nregions = 1\n".into(),
        });
        let problem =
            Problem::new(&file, 16..17, "expected a list of Regions").help("write [\"us-east-1\"]");
        insta::assert_snapshot!(problem.to_string(), @r#"
        error: expected a list of Regions
         --> config.toml:2:11
          |
        2 | regions = 1
          |           ^
          |
          = help: write ["us-east-1"]
        "#);
    }
}
