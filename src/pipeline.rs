//! One cycle: collect, evaluate, reconcile, publish. `once`, `explain`, `fixes`, and the daemon all run it.

mod aws_cycle;
mod error;
mod file_cycle;
mod options;
mod outcome;
mod runner;
mod stages;
mod task;
mod time_limits;

pub use error::CycleError;
pub use options::{publish_options, security_hub_options, source_options};
pub use outcome::CycleOutcome;
pub use runner::CycleRunner;
pub use task::{ArchiveLimit, AwsGoal, CycleTask, FileInput};
