//! How long the parts of a cycle may take.

#![expect(
    clippy::disallowed_methods,
    reason = "the deadline of a cycle is a time"
)]

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aws::CallBudget;

/// Stands in for a deadline that the clock cannot represent: longer than any process runs.
const NO_DEADLINE: Duration = Duration::from_secs(365 * 24 * 3_600);

/// How long the parts of a cycle may take.
#[derive(Debug)]
pub(super) struct TimeLimits {
    /// Reading targets. A fifth of the time is left for what follows.
    pub(super) collecting: CallBudget,
    /// The whole cycle.
    pub(super) cycle: CallBudget,
}

impl TimeLimits {
    /// Returns the limits of a cycle that starts now.
    pub(super) fn starting_now(deadline: Duration, cancel: &CancellationToken) -> Self {
        let now = Instant::now();
        let budget = |allowed| CallBudget {
            cancel: cancel.clone(),
            deadline: now.checked_add(allowed).unwrap_or(now + NO_DEADLINE),
        };
        Self {
            collecting: budget(deadline / 5 * 4),
            cycle: budget(deadline),
        }
    }
}
