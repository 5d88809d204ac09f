//! Entries of several files: which replaces which, and which are switched off.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostics::{Problem, SourceFile, nearest};
use crate::model::ParseIdError;

use super::super::raw::{RawExposure, RawMitigation, RawTrait};
use super::{Compiler, Part};

/// A kind of entry that has an id.
pub(super) trait RawEntry: Sized {
    /// As it is called in messages, and as its table is named.
    const KIND: &'static str;

    fn id(&self) -> &Spanned<String>;
}

impl RawEntry for RawTrait {
    const KIND: &'static str = "trait";

    fn id(&self) -> &Spanned<String> {
        &self.id
    }
}

impl RawEntry for RawMitigation {
    const KIND: &'static str = "mitigation";

    fn id(&self) -> &Spanned<String> {
        &self.id
    }
}

impl RawEntry for RawExposure {
    const KIND: &'static str = "exposure";

    fn id(&self) -> &Spanned<String> {
        &self.id
    }
}

/// An entry with `enabled = false`.
pub(super) struct Off {
    file: Arc<SourceFile>,
    span: Range<usize>,
    pub kind: &'static str,
    pub id: String,
}

/// Takes the entries with `enabled = false` out of a file's text as parsed: of these nothing but the id is needed, so
/// they are not read as whole ones.
pub(super) fn switch_off(
    file: &Arc<SourceFile>,
    table: &mut DeTable<'_>,
    switched_off: &mut Vec<Off>,
) {
    for kind in [RawTrait::KIND, RawMitigation::KIND, RawExposure::KIND] {
        let Some(DeValue::Array(entries)) = table.get_mut(kind).map(Spanned::get_mut) else {
            continue;
        };
        let kept = entries
            .iter()
            .filter(|entry| match id_if_off(entry.get_ref()) {
                Some(id) => {
                    switched_off.push(Off {
                        file: Arc::clone(file),
                        span: entry.span(),
                        kind,
                        id: id.to_owned(),
                    });
                    false
                }
                None => true,
            });
        *entries = kept.cloned().collect();
    }
}

fn id_if_off<'a>(entry: &'a DeValue<'_>) -> Option<&'a str> {
    let DeValue::Table(entry) = entry else {
        return None;
    };
    let is_off = matches!(
        entry.get("enabled").map(Spanned::get_ref),
        Some(DeValue::Boolean(false))
    );
    match entry.get("id").map(Spanned::get_ref) {
        Some(DeValue::String(id)) if is_off => Some(id),
        _ => None,
    }
}

impl Compiler {
    /// The entries of one kind that count, by id: of the user's own files before ours, and not those switched off.
    pub(super) fn entries<'a, I, T>(
        &mut self,
        parts: &'a [Part],
        of: impl Fn(&'a Part) -> &'a [T],
    ) -> BTreeMap<I, (&'a Part, &'a T)>
    where
        I: FromStr<Err = ParseIdError> + Ord,
        T: RawEntry + 'a,
    {
        let mut entries: BTreeMap<I, (&Part, &T)> = BTreeMap::new();
        for part in parts {
            for entry in of(part) {
                let name = entry.id();
                let id = match name.get_ref().parse::<I>() {
                    Ok(id) => id,
                    Err(error) => {
                        self.complain(&part.file, name.span(), error.to_string());
                        continue;
                    }
                };
                match entries.get(&id) {
                    Some((before, _)) if before.is_custom == part.is_custom => {
                        let message = format!(
                            "the {} {} stands in the catalog already",
                            T::KIND,
                            name.get_ref()
                        );
                        self.complain(&part.file, name.span(), message);
                    }
                    _ => drop(entries.insert(id, (part, entry))),
                }
            }
        }
        self.off_must_be_there(&entries);
        entries.retain(|_, (_, entry)| !self.is_switched_off(T::KIND, entry.id().get_ref()));
        entries
    }

    fn off_must_be_there<I, T: RawEntry>(&mut self, entries: &BTreeMap<I, (&Part, &T)>) {
        let known = || {
            entries
                .values()
                .map(|(_, entry)| entry.id().get_ref().as_str())
        };
        for off in self.switched_off.iter().filter(|off| off.kind == T::KIND) {
            if known().any(|id| id == off.id) {
                continue;
            }
            let message = format!("there is no {} {:?} to switch off", off.kind, off.id);
            let mut problem = Problem::new(&off.file, off.span.clone(), message);
            if let Some(near) = nearest(&off.id, known()) {
                problem = problem.help(format!("did you mean {near:?}?"));
            }
            self.problems.push(problem);
        }
    }
}
