//! What collectors, publishers and `check` share when they talk to AWS: one configured session, limits, errors.
//!
//! Credentials, endpoint, Region, retries and proxy come from the SDK's own environment; only what that leaves open is
//! set here.

mod answer;
mod call_budget;
mod call_error;
mod limit;
mod meter;
mod session;
mod unreachable;

pub use answer::RawAnswer;
pub use call_budget::CallBudget;
pub use call_error::{CallError, Failure, classify};
pub use limit::{CallRate, Limiter};
pub use meter::{CallCount, CallMeter};
pub use session::{Session, SessionError};
