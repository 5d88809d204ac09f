//! The daemon: one loop over the events of the schedule, the running cycle, the health file, and signals.

mod event_loop;
pub mod health;
mod schedule;
pub mod shutdown;

pub use event_loop::run;
pub use shutdown::Shutdown;
