//! Exposures in Security Hub: read back by `GetFindings`, written by `BatchImportFindings`.

mod actions;
mod attempt;
mod client;
mod creation;
mod import;
mod imported;
mod members;
mod planning;
mod product_fields;
mod published;
mod writing;

pub(super) use actions::{BATCH_IMPORT_FINDINGS, GET_FINDINGS};
pub(super) use import::probe;
pub use imported::ImportedFindings;
pub use members::MemberAccounts;
pub(super) use members::{member_accounts, probe_members};
pub use planning::SecurityHubPlan;
pub(super) use planning::plan;
pub use published::PublishedFindings;
pub(super) use published::read_published;
pub(super) use writing::publish;
