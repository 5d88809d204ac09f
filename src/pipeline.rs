//! One cycle: collect, evaluate, reconcile, publish.

mod cycle;

pub use cycle::{Cycle, CycleError, CycleOutcome, Input, Intent, MassArchiving};
