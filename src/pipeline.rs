//! One cycle: collect, evaluate, reconcile, publish.

mod cycle;
mod options;

pub use cycle::{Cycle, CycleError, CycleOutcome, Input, Intent, MassArchiving};
pub use options::source_options;
