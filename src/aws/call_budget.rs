//! How long calls may go on: until exposured is asked to stop, or until the cycle's deadline.

#![expect(
    clippy::disallowed_methods,
    reason = "the budget of a call ends at a time"
)]

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::call_error::{CallError, Failure};

/// How often a request is sent when its response is not JSON. The SDK does not retry such a response.
const ATTEMPTS: u32 = 3;

/// When to give up. Clones share the cancellation and the deadline.
#[derive(Clone, Debug)]
pub struct CallBudget {
    /// Once this is canceled, no new work starts.
    pub cancel: CancellationToken,
    /// After this moment, no new work starts.
    pub deadline: Instant,
}

impl CallBudget {
    /// Returns the reason why no new work may start, if there is one.
    pub fn exhausted(&self) -> Option<CallError> {
        if self.cancel.is_cancelled() {
            Some(interrupted())
        } else if Instant::now() >= self.deadline {
            Some(deadline_passed())
        } else {
            None
        }
    }

    /// Waits for a piece of work, but no longer than the budget allows: a call that is being retried may take minutes.
    ///
    /// # Errors
    /// The work did not finish in time, or it failed.
    pub async fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        match timeout_at(self.deadline, self.cancel.run_until_cancelled(work)).await {
            Ok(Some(done)) => done,
            Ok(None) => Err(interrupted()),
            Err(_) => Err(deadline_passed()),
        }
    }

    /// Makes a call and waits for its response. A response that is not JSON is requested again.
    ///
    /// # Errors
    /// The last attempt failed, or it did not finish in time.
    pub async fn call<T, C: Future<Output = Result<T, CallError>>>(
        &self,
        call: impl Fn() -> C,
    ) -> Result<T, CallError> {
        retry_malformed_responses(|| self.wait(call())).await
    }
}

/// Makes a call, and makes it again if its response cannot be read: a proxy's error page, or a truncated response.
pub(super) async fn retry_malformed_responses<T, C: Future<Output = Result<T, CallError>>>(
    call: impl Fn() -> C,
) -> Result<T, CallError> {
    let mut attempt = 1;
    loop {
        match call().await {
            Err(error) if error.failure == Failure::MalformedResponse && attempt < ATTEMPTS => {
                attempt += 1;
            }
            result => return result,
        }
    }
}

fn interrupted() -> CallError {
    CallError {
        failure: Failure::Interrupted,
        message: "exposured was asked to stop".into(),
    }
}

fn deadline_passed() -> CallError {
    CallError {
        failure: Failure::Deadline,
        message: "the cycle's deadline passed".into(),
    }
}
