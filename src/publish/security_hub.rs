//! Exposures in Security Hub: read back by `GetFindings`, written by `BatchImportFindings`.

mod attempt;
mod client;
mod import;
mod planning;
mod product_fields;
mod published;
mod writing;

pub(super) use import::{BATCH_IMPORT_FINDINGS, probe};
pub use planning::SecurityHubPlan;
pub(super) use planning::plan;
pub use published::PublishedFindings;
pub(super) use published::{GET_FINDINGS, read_published};
pub(super) use writing::publish;
