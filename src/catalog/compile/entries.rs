//! Entries of several files: which one replaces which, and which ones are disabled.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostics::{Problem, SourceFile};
use crate::model::ParseIdError;

use super::super::definition::{DisabledEntry, EntryKind};
use super::super::raw::{RawExposure, RawMitigation, RawTrait};
use super::{Compiler, ParsedFile};

/// An entry that has an ID.
pub(super) trait RawEntry: Sized {
    const KIND: EntryKind;

    fn id(&self) -> &Spanned<String>;
}

impl RawEntry for RawTrait {
    const KIND: EntryKind = EntryKind::Trait;

    fn id(&self) -> &Spanned<String> {
        &self.id
    }
}

impl RawEntry for RawMitigation {
    const KIND: EntryKind = EntryKind::Mitigation;

    fn id(&self) -> &Spanned<String> {
        &self.id
    }
}

impl RawEntry for RawExposure {
    const KIND: EntryKind = EntryKind::Exposure;

    fn id(&self) -> &Spanned<String> {
        &self.id
    }
}

/// An entry with `enabled = false`, and where it is.
pub(super) struct DisabledEntrySpan {
    file: Arc<SourceFile>,
    span: Range<usize>,
    pub entry: DisabledEntry,
}

/// Removes the entries with `enabled = false` from a parsed file. They need no key except the ID, so they must not be
/// deserialized as complete entries.
pub(super) fn take_disabled_entries(
    file: &Arc<SourceFile>,
    table: &mut DeTable<'_>,
    disabled: &mut Vec<DisabledEntrySpan>,
) {
    for kind in EntryKind::ALL {
        let entries = table.get_mut(kind.as_str()).map(Spanned::get_mut);
        let Some(DeValue::Array(entries)) = entries else {
            continue;
        };
        let kept = entries
            .iter()
            .filter(|entry| match disabled_id(entry.get_ref()) {
                Some(id) => {
                    disabled.push(DisabledEntrySpan {
                        file: Arc::clone(file),
                        span: entry.span(),
                        entry: DisabledEntry {
                            kind,
                            id: id.to_owned(),
                        },
                    });
                    false
                }
                None => true,
            });
        *entries = kept.cloned().collect();
    }
}

fn disabled_id<'a>(entry: &'a DeValue<'_>) -> Option<&'a str> {
    let DeValue::Table(entry) = entry else {
        return None;
    };
    let is_disabled = matches!(
        entry.get("enabled").map(Spanned::get_ref),
        Some(DeValue::Boolean(false))
    );
    match entry.get("id").map(Spanned::get_ref) {
        Some(DeValue::String(id)) if is_disabled => Some(id),
        _ => None,
    }
}

impl Compiler {
    /// Returns the entries of one kind that are in effect, by ID. Custom entries replace built-in ones, and disabled
    /// entries are left out.
    pub(super) fn entries<'a, I, T>(
        &mut self,
        files: &'a [ParsedFile],
        entries_of: impl Fn(&'a ParsedFile) -> &'a [T],
    ) -> BTreeMap<I, (&'a ParsedFile, &'a T)>
    where
        I: FromStr<Err = ParseIdError> + Ord,
        T: RawEntry + 'a,
    {
        let mut entries: BTreeMap<I, (&ParsedFile, &T)> = BTreeMap::new();
        for parsed in files {
            for entry in entries_of(parsed) {
                let name = entry.id();
                let id = match name.get_ref().parse::<I>() {
                    Ok(id) => id,
                    Err(error) => {
                        self.push_problem(&parsed.file, name.span(), error.to_string());
                        continue;
                    }
                };
                match entries.get(&id) {
                    Some((earlier, _)) if earlier.is_custom == parsed.is_custom => {
                        let kind = T::KIND.as_str();
                        let message = format!("{kind} `{}` is defined twice", name.get_ref());
                        self.push_problem(&parsed.file, name.span(), message);
                    }
                    _ => drop(entries.insert(id, (parsed, entry))),
                }
            }
        }
        self.check_disabled(&entries);
        entries.retain(|_, (_, entry)| !self.is_disabled(T::KIND, entry.id().get_ref()));
        entries
    }

    /// Reports disabled entries that do not exist.
    fn check_disabled<I, T: RawEntry>(&mut self, entries: &BTreeMap<I, (&ParsedFile, &T)>) {
        let known = || {
            entries
                .values()
                .map(|(_, entry)| entry.id().get_ref().as_str())
        };
        for disabled in &self.disabled {
            let DisabledEntry { kind, id } = &disabled.entry;
            if *kind == T::KIND && !known().any(|known| known == id) {
                let message = format!("cannot disable unknown {} `{id}`", kind.as_str());
                let problem = Problem::new(&disabled.file, disabled.span.clone(), message);
                self.problems.push(problem.suggest(id, known()));
            }
        }
    }
}
