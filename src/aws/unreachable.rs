//! A Region that does not answer must cost seconds, not the whole retry budget.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

/// Connection failures in a row after which a service in a Region counts as unreachable.
const ENOUGH: u32 = 3;

/// Ends the retries of a client that cannot connect. One for each client: the count is across its calls.
#[derive(Debug, Default)]
pub(super) struct GiveUpOnUnreachable {
    in_a_row: AtomicU32,
}

impl ClassifyRetry for GiveUpOnUnreachable {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let cannot_connect = matches!(
            context.output_or_error(),
            Some(Err(error)) if is_connection_failure(error)
        );
        if !cannot_connect {
            self.in_a_row.store(0, Ordering::Relaxed);
            return RetryAction::NoActionIndicated;
        }
        if self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= ENOUGH {
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

/// Refused, not routed, not resolved, or not connected in time: nothing has been sent. A reset connection is another
/// matter, the service was there.
fn is_connection_failure<E>(error: &OrchestratorError<E>) -> bool {
    error.as_connector_error().is_some_and(|error| {
        error.is_timeout() || (error.is_io() && format!("{error:?}").contains("Connect"))
    })
}
