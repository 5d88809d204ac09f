//! A Region that does not answer must cost seconds, not the whole retry budget.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

/// A service in a Region from which nothing came for so long, whatever was asked, counts as unreachable. Longer than a
/// failover of the network, so that a pause fails no target.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the retries of a client that gets no answer. One for each client: what one of its calls learns, all know.
#[derive(Debug, Default)]
pub(super) struct GiveUpOnUnreachable {
    /// When the first of the failures in a row was.
    silent_since: Mutex<Option<Instant>>,
}

impl ClassifyRetry for GiveUpOnUnreachable {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_silent = matches!(
            context.output_or_error(),
            Some(Err(error)) if is_no_answer(error)
        );
        let mut silent_since = self
            .silent_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !is_silent {
            *silent_since = None;
            return RetryAction::NoActionIndicated;
        }
        let since = *silent_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            return RetryAction::RetryForbidden;
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "exposured::GiveUpOnUnreachable"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Refused, not routed, not resolved, not connected in time, or connected and nothing came. A reset connection is
/// another matter, the service was there.
fn is_no_answer<E>(error: &OrchestratorError<E>) -> bool {
    error.is_timeout_error()
        || error.as_connector_error().is_some_and(|error| {
            error.is_timeout() || (error.is_io() && format!("{error:?}").contains("Connect"))
        })
}
