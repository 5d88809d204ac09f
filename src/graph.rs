//! The graph of all resources: a packed snapshot for each collection target, and the merged view of all of them.
//!
//! A snapshot is built from the records of one target and never changes afterwards. The [`Store`] keeps the latest one of
//! each target. Merging them and adding the edges that IAM policies create gives a [`View`], which the evaluation reads.

mod csr_rows;
mod current;
mod current_edges;
mod dedup_rows;
mod dependencies;
mod finding_digest;
mod finding_digests;
mod finding_key;
mod highest_epss;
mod iam_attributes;
mod iam_edges;
mod index;
mod merge;
mod resource_key;
mod resource_times;
mod shared_evidence;
mod snapshot;
mod snapshot_builder;
mod snapshot_writer;
mod store;
mod string_arena;
mod view;

pub use iam_edges::{AccessAnswer, AccessQuestion, NamedStatement};
pub use index::{ResourceIndex, ResourceRange, TraitSetIndex};
pub use merge::MergedSnapshots;
pub use shared_evidence::SharedEvidence;
pub use snapshot::Snapshot;
pub use snapshot_builder::{Observation, SnapshotBuilder};
pub use snapshot_writer::{SnapshotWriter, WrittenSnapshot};
pub use store::{Store, TargetOutcome};
pub use view::{ObservedFinding, View};
