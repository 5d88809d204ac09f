//! How long to go on: until told to stop, or until the cycle's deadline.

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::call_error::{CallError, Failure};

/// How often an answer that is no JSON, which the SDK takes for final, is asked for.
const ATTEMPTS: u32 = 3;

/// When to give up. Clones are the same.
#[derive(Clone, Debug)]
pub struct Until {
    /// Once canceled, nothing new is begun.
    pub cancel: CancellationToken,
    /// From then on neither.
    pub deadline: Instant,
}

impl Until {
    /// Why nothing new may be begun, if so.
    pub fn over(&self) -> Option<CallError> {
        if self.cancel.is_cancelled() {
            Some(interrupted())
        } else if Instant::now() >= self.deadline {
            Some(too_late())
        } else {
            None
        }
    }

    /// Waits for a piece of work, but no longer than until then: a call that is being retried may take minutes.
    ///
    /// # Errors
    /// It was not done in time, or its own error.
    pub async fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        match timeout_at(self.deadline, self.cancel.run_until_cancelled(work)).await {
            Ok(Some(done)) => done,
            Ok(None) => Err(interrupted()),
            Err(_) => Err(too_late()),
        }
    }

    /// Makes a call and waits for its answer. One that is no JSON is asked for again.
    ///
    /// # Errors
    /// The last attempt's, or that it was not done in time.
    pub async fn call<T, C: Future<Output = Result<T, CallError>>>(
        &self,
        call: impl Fn() -> C,
    ) -> Result<T, CallError> {
        asked_again(|| self.wait(call())).await
    }
}

/// Makes a call, and makes it again if the answer cannot be read: a proxy's page, or one that breaks off.
pub(super) async fn asked_again<T, C: Future<Output = Result<T, CallError>>>(
    call: impl Fn() -> C,
) -> Result<T, CallError> {
    let mut attempt = 1;
    loop {
        match call().await {
            Err(error) if error.failure == Failure::BadAnswer && attempt < ATTEMPTS => {
                attempt += 1;
            }
            ended => return ended,
        }
    }
}

fn interrupted() -> CallError {
    CallError {
        failure: Failure::Interrupted,
        message: "exposured was told to stop".into(),
    }
}

fn too_late() -> CallError {
    CallError {
        failure: Failure::Deadline,
        message: "the cycle's deadline passed".into(),
    }
}
