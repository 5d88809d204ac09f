//! Reading single records: whatever carries them (an answer, a file), the same record is read by the same code.
//!
//! A reader gives a [`ParsedRecord`], or nothing if exposured has no use for the record, or says what is wrong with it.

pub mod asff;
mod bridge;
pub mod config_item;
mod details;
mod detection;
mod image;
mod inferred;
pub mod inspector;
pub mod inventory;
pub mod macie;
mod network_path;
mod parsed;
mod permissions;
mod references;
mod relationship;
mod spelling;
mod subject;
#[cfg(test)]
mod testing;
mod time;

use crate::catalog::Catalog;

pub use parsed::{ParsedAttribute, ParsedEdge, ParsedRecord, ParsedResource, RecordError};
pub use references::needed_types;

/// Parses one record of a given format.
pub type RecordParser = fn(&str, &Catalog) -> Result<Option<ParsedRecord>, RecordError>;
