//! A problem in a file, and the listing of all problems.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::nearest::nearest;
use super::source_file::SourceFile;

/// A problem in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    file: Arc<SourceFile>,
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

impl Problem {
    /// Creates a problem with the bytes `span` of `file`.
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

    /// Suggests the known name that is most similar to `wrong`, if there is one.
    pub fn suggest<'a>(self, wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(wrong, known) {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    /// Returns what is wrong, without the location.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the byte offset where the problem starts.
    pub fn offset(&self) -> usize {
        self.span.start
    }

    fn location(&self) -> (&str, usize) {
        (&self.file.name, self.span.start)
    }
}

/// All problems of some files. They display as a listing with the affected lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds the problems of other files.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Returns whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of problems.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the problems in the order of their locations.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|problem| problem.location());
        sorted.into_iter()
    }

    /// Returns the value if there are no problems.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_file_line_and_column() {
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
