//! Writing JSON.

mod v1;

use std::cell::RefCell;
use std::io::Write;

use serde::{Serialize, Serializer};

pub(crate) use v1::schema;
pub(super) use v1::{
    AccessJson, CycleJson, Document, ExplanationJson, FixesJson, UnreadSourceJson,
};

/// What an iterator yields, as a list that is written once.
pub(super) struct Sequence<I>(RefCell<I>);

impl<I: Iterator> Sequence<I> {
    pub(super) fn new(elements: I) -> Self {
        Self(RefCell::new(elements))
    }
}

impl<I: Iterator<Item: Serialize>> Serialize for Sequence<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&mut *self.0.borrow_mut())
    }
}

/// Writes indented JSON, with a line break at the end.
pub(super) fn write_pretty(to: &mut impl Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, value)?;
    to.write_all(b"\n")
}

/// Returns indented JSON, with a line break at the end.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    // Structures of strings, numbers, and lists always serialize.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
