//! A Region that does not respond, whose certificate is not trusted, or that responds with something else than JSON must not
//! cost all of the retries.

#![expect(
    clippy::disallowed_methods,
    reason = "an endpoint counts as unreachable after a time without a response"
)]

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::certificates::caused_by_certificate;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

/// After this time without any response, a service in a Region counts as unreachable. It is longer than a network
/// failover, so that a short outage fails no target.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the retries of a client that gets no response, or none that it trusts. All calls of a client share one instance.
#[derive(Debug, Default)]
pub(crate) struct GiveUpOnUnreachable {
    /// When the first of the current run of failures happened.
    silent_since: Mutex<Option<Instant>>,
}

impl ClassifyRetry for GiveUpOnUnreachable {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_untrusted = matches!(
            context.output_or_error(),
            Some(Err(error)) if error.as_connector_error().is_some_and(|error| caused_by_certificate(error))
        );
        // Only `retry_malformed_responses` retries these: two kinds of retries would multiply.
        if is_untrusted || is_malformed(context) {
            return RetryAction::RetryForbidden;
        }
        let is_silent = matches!(
            context.output_or_error(),
            Some(Err(error)) if is_no_response(error)
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

/// Whether the response is a success whose body is not what the service sends, or that has stalled.
fn is_malformed(context: &InterceptorContext) -> bool {
    let is_success = context
        .response()
        .is_some_and(|response| response.status().is_success());
    match context.output_or_error() {
        Some(Err(error)) if is_success => {
            let is_read = context
                .response()
                .is_some_and(|response| response.body().bytes().is_some());
            is_read || (error.is_response_error() && is_stalled(error))
        }
        _ => false,
    }
}

/// Whether the body of a response did not arrive: the SDK gives up on one that delivers nothing for five seconds.
/// Source: AWS SDK for Rust Developer Guide, "Timeouts", stalled stream protection.
pub(super) fn is_stalled(error: &(dyn std::error::Error + 'static)) -> bool {
    // The SDK's type is private.
    std::iter::successors(Some(error), |error| error.source())
        .any(|cause| cause.to_string().contains("minimum throughput"))
}

/// Whether the connection was refused, not routed, not resolved, or not established in time, or nothing was received on
/// it. A connection that was reset does not count: the service was there.
fn is_no_response<E>(error: &OrchestratorError<E>) -> bool {
    error.is_timeout_error()
        || error.as_connector_error().is_some_and(|error| {
            error.is_timeout() || (error.is_io() && format!("{error:?}").contains("Connect"))
        })
}
