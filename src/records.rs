//! Reading single records: whatever carries them (an answer, a file), the same record is read by the same code.
//!
//! A reader gives a [`Reading`], or nothing if exposured has no use for the record, or says what is wrong with it.

pub mod asff;
mod bridge;
pub mod config_item;
mod details;
mod detection;
mod image;
mod inferred;
pub mod inspector;
pub mod macie;
mod network_path;
mod permissions;
mod reading;
mod references;
mod relationship;
pub mod resource;
mod spelling;
#[cfg(test)]
mod tests;
mod time;

pub use reading::{DescribedResource, Reading, SnapshotWriter, Unreadable};
pub use references::needed_types;

/// Reads one record.
pub type Reader = fn(&str) -> Result<Option<Reading>, Unreadable>;
