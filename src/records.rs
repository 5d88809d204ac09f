//! Reading single records: whatever carries them (an answer, a file), the same record is read by the same code.
//!
//! A reader gives a [`ParsedRecord`], or nothing if exposured has no use for the record, or says what is wrong with it.

pub mod asff;
mod bridge;
pub mod config_item;
mod details;
mod detection;
mod format;
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

pub use format::{RecordParser, has_known_format, is_list_key, parse_any, record_id};
pub use parsed::{ParsedAttribute, ParsedEdge, ParsedRecord, ParsedResource, RecordError};
pub use references::needed_types;
