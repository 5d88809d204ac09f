//! Reconciliation: the exposures that were found and the findings that are published in, a plan out. Pure.
//!
//! Security Hub is the source of truth: published findings are read back in every cycle, so a restarted or a second
//! daemon knows them. Nothing is archived unless every collection target that matters was read completely.

mod decision;
mod destination;
mod fingerprint;
mod forgotten;
mod knowledge;
mod outcome;
mod plan;
mod planner;
mod state;

#[cfg(test)]
mod tests;

pub use decision::{
    Action, ArchiveReason, Decision, HoldReason, MassArchive, RefreshReason, ReopenReason,
    UnchangedReason, UpdateReason,
};
pub use destination::Destination;
pub use fingerprint::Fingerprint;
pub use outcome::{PublicationOutcome, open_exposures};
pub use plan::{Plan, PlanStep, RecordedTargets};
pub use planner::plan;
pub use state::{
    ActualState, DesiredExposure, ExposureKey, PublishedExposure, ReconcileOptions, UnlistedTags,
    WorkflowStatus,
};
