//! Reading a TOML file into a type, past the first problem.
//!
//! Serde stops at the first thing that does not fit. So the reading is repeated without the key that did not fit,
//! until the rest does: the types stay plain serde types, and the user still hears of everything at once.

use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::{Problem, Problems, SourceFile};

/// More than this many problems in one file are not worth naming one by one.
const MOST_PROBLEMS: usize = 100;

/// Reads all of `file`. What does not fit is noted in `problems` and left out; `None` if nothing useful is left.
pub fn read<T: DeserializeOwned>(file: &Arc<SourceFile>, problems: &mut Problems) -> Option<T> {
    read_prepared(file, problems, |_| ())
}

/// As [`read`], after `prepare` has taken out of the parsed text what `T` is not to see.
pub fn read_prepared<T: DeserializeOwned>(
    file: &Arc<SourceFile>,
    problems: &mut Problems,
    prepare: impl FnOnce(&mut DeTable<'_>),
) -> Option<T> {
    let (mut table, syntax_errors) = DeTable::parse_recoverable(&file.text);
    if !syntax_errors.is_empty() {
        for error in syntax_errors {
            problems.push(Problem::new(
                file,
                error.span().unwrap_or(0..0),
                error.message(),
            ));
        }
        return None;
    }
    prepare(table.get_mut());
    let mut removed: Vec<Removed> = Vec::new();
    for _ in 0..MOST_PROBLEMS {
        let error = match T::deserialize(Deserializer::from(table.clone())) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..file.text.len());
        // A field that is missing because it was wrong, and was taken out for that, is no second problem.
        let caused_by_removal = missing_field(error.message()).is_some_and(|field| {
            removed
                .iter()
                .any(|one| one.key == field && one.table == span)
        });
        if !caused_by_removal {
            problems.push(Problem::new(file, span.clone(), error.message()));
        }
        let whole = table.span();
        removed.push(remove(table.get_mut(), whole, &span)?);
    }
    None
}

/// A key that was taken out of the table that stands at `table`.
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

/// Takes out the innermost key (or list element) that the span lies in.
fn remove(table: &mut DeTable<'_>, place: Range<usize>, span: &Range<usize>) -> Option<Removed> {
    let hit = table
        .iter()
        .find(|(key, value)| span_contains(&key.span(), span) || value_contains(value, span))
        .map(|(key, _)| key.clone())?;
    let deeper = table.get_mut(&hit).and_then(|value| {
        let at = value.span();
        match value.get_mut() {
            // Nothing in the table has the span: it is the table's own, because a field is missing in it.
            DeValue::Table(inner) => remove(inner, at, span),
            DeValue::Array(elements) => remove_element(elements, span),
            _ => None,
        }
    });
    deeper.or_else(|| {
        table.remove(&hit);
        Some(Removed {
            key: hit.into_inner().into_owned(),
            table: place,
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

/// Whether the span lies in a value. A `[table]`'s own span is its header; what lies below stands elsewhere.
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
    struct Whole {
        name: String,
        part: Part,
        entry: Vec<Entry>,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Part {
        count: u8,
        on: bool,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        id: String,
        #[serde(default)]
        size: u8,
    }

    fn read_text(text: &str) -> (Option<Whole>, Vec<String>) {
        let file = Arc::new(SourceFile {
            name: "f.toml".into(),
            text: text.into(),
        });
        let mut problems = Problems::default();
        let whole = read(&file, &mut problems);
        let told = problems
            .iter()
            .map(|problem| {
                let (line, column) = file.position(problem.span.start);
                format!("{line}:{column} {}", problem.message())
            })
            .collect();
        (whole, told)
    }

    #[test]
    fn every_problem_is_told_and_the_rest_is_read() {
        let (whole, told) = read_text(
            "name = 1\n[part]\ncount = 300\non = true\nnoo = 1\n[[entry]]\nid = \"a\"\nsize = \"b\"\n[[entry]]\nsize = 2\n[[entry]]\nid = 7\n[other]\nx = 1\n",
        );
        insta::assert_debug_snapshot!(told, @r#"
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
            [Entry {
                id: "a".into(),
                size: 0
            }]
        );
    }

    #[test]
    fn syntax_errors_are_told_all() {
        let (whole, told) = read_text("name = \n[part]\ncount = = 1\n");
        assert_eq!(whole, None);
        assert!(told.len() >= 2, "{told:?}");
    }
}
