//! Reads a TOML file into a type and reports all its problems, not only the first one.
//!
//! Serde stops at the first value that does not fit the type. So the file is deserialized again without that value, until
//! the rest fits. The types stay plain serde types, and the user sees all problems at once.

use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::problem::{Problem, Problems};
use super::source_file::SourceFile;

/// The maximum number of problems that are reported for one file.
const MAX_PROBLEMS: usize = 100;

/// Reads the whole file. Values that do not fit are added to `problems` and left out.
///
/// Returns `None` if nothing useful is left.
pub fn read<T: DeserializeOwned>(file: &Arc<SourceFile>, problems: &mut Problems) -> Option<T> {
    read_prepared(file, problems, |_| ())
}

/// Reads the whole file like [`read`], after `prepare` has removed from the parsed file what `T` must not see.
pub fn read_prepared<T: DeserializeOwned>(
    file: &Arc<SourceFile>,
    problems: &mut Problems,
    prepare: impl FnOnce(&mut DeTable<'_>),
) -> Option<T> {
    let (mut table, syntax_errors) = DeTable::parse_recoverable(&file.text);
    if !syntax_errors.is_empty() {
        for error in syntax_errors {
            let span = error.span().unwrap_or(0..0);
            problems.push(Problem::new(file, span, error.message()));
        }
        return None;
    }
    prepare(table.get_mut());
    let mut removed: Vec<Removed> = Vec::new();
    for _ in 0..MAX_PROBLEMS {
        let error = match T::deserialize(Deserializer::from(table.clone())) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..file.text.len());
        // A field that is missing because it was wrong and therefore removed is not a second problem.
        let caused_by_removal = missing_field(error.message()).is_some_and(|field| {
            removed
                .iter()
                .any(|removed| removed.key == field && removed.table == span)
        });
        if !caused_by_removal {
            problems.push(Problem::new(file, span.clone(), error.message()));
        }
        let whole = table.span();
        removed.push(remove(table.get_mut(), whole, &span)?);
    }
    None
}

/// A key that was removed from the table at `table`.
struct Removed {
    key: String,
    table: Range<usize>,
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

fn span_contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Removes the innermost key or array element that contains the span, from a table at `table_span`.
fn remove(
    table: &mut DeTable<'_>,
    table_span: Range<usize>,
    span: &Range<usize>,
) -> Option<Removed> {
    let hit = table
        .iter()
        .find(|(key, value)| span_contains(&key.span(), span) || value_contains(value, span))
        .map(|(key, _)| key.clone())?;
    let deeper = table.get_mut(&hit).and_then(|value| {
        let at = value.span();
        match value.get_mut() {
            // If nothing in the table contains the span, it is that of the table, which lacks a field.
            DeValue::Table(inner) => remove(inner, at, span),
            DeValue::Array(elements) => remove_element(elements, span),
            _ => None,
        }
    });
    deeper.or_else(|| {
        table.remove(&hit);
        Some(Removed {
            key: hit.into_inner().into_owned(),
            table: table_span,
        })
    })
}

fn remove_element(elements: &mut DeArray<'_>, span: &Range<usize>) -> Option<Removed> {
    let index = elements
        .iter()
        .position(|element| value_contains(element, span))?;
    let element = elements.get_mut(index)?;
    let at = element.span();
    if let DeValue::Table(inner) = element.get_mut()
        && let Some(removed) = remove(inner, at.clone(), span)
    {
        return Some(removed);
    }
    let others = elements
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != index);
    *elements = others.map(|(_, element)| element.clone()).collect();
    Some(Removed {
        key: String::new(),
        table: at,
    })
}

/// Whether a value contains the span. The span of a `[table]` is only its header, so its values are checked too.
fn value_contains(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    span_contains(&value.span(), span)
        || match value.get_ref() {
            DeValue::Table(inner) => inner.iter().any(|(key, value)| {
                span_contains(&key.span(), span) || value_contains(value, span)
            }),
            DeValue::Array(elements) => {
                elements.iter().any(|element| value_contains(element, span))
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct TestFile {
        name: String,
        part: TestTable,
        entry: Vec<TestEntry>,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct TestTable {
        count: u8,
        on: bool,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct TestEntry {
        id: String,
        #[serde(default)]
        size: u8,
    }

    fn read_text(text: &str) -> (Option<TestFile>, Vec<String>) {
        let file = Arc::new(SourceFile {
            name: "f.toml".into(),
            text: text.into(),
        });
        let mut problems = Problems::default();
        let whole = read(&file, &mut problems);
        let messages = problems
            .iter()
            .map(|problem| {
                let (line, column) = file.position(problem.offset());
                format!("{line}:{column} {}", problem.message())
            })
            .collect();
        (whole, messages)
    }

    #[test]
    fn every_problem_is_reported_and_the_rest_is_read() {
        let (whole, messages) = read_text(
            "name = 1\n[part]\ncount = 300\non = true\nnoo = 1\n[[entry]]\nid = \"a\"\nsize = \"b\"\n[[entry]]\nsize = 2\n[[entry]]\nid = 7\n[other]\nx = 1\n",
        );
        insta::assert_debug_snapshot!(messages, @r#"
        [
            "1:8 invalid type: integer `1`, expected a string",
            "3:9 invalid value: integer `300`, expected u8",
            "5:1 unknown field `noo`, expected `count` or `on`",
            "8:8 invalid type: string \"b\", expected u8",
            "9:1 missing field `id`",
            "12:6 invalid type: integer `7`, expected a string",
            "13:2 unknown field `other`, expected one of `name`, `part`, `entry`",
        ]
        "#);
        let whole = whole.unwrap();
        assert!(whole.part.on);
        assert_eq!(
            whole.entry,
            [TestEntry {
                id: "a".into(),
                size: 0
            }]
        );
    }

    #[test]
    fn all_syntax_errors_are_reported() {
        let (whole, messages) = read_text("name = \n[part]\ncount = = 1\n");
        assert_eq!(whole, None);
        assert!(messages.len() >= 2, "{messages:?}");
    }
}
