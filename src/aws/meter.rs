//! How many calls were made, and how many of them were throttled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::model::CallCount;

/// An interceptor that counts the attempts of all clients that have it. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct CallMeter {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    throttles: AtomicU64,
}

impl CallMeter {
    /// Returns the count so far.
    pub fn count(&self) -> CallCount {
        CallCount {
            calls: self.counts.calls.load(Ordering::Relaxed),
            throttles: self.counts.throttles.load(Ordering::Relaxed),
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for CallMeter {
    fn name(&self) -> &'static str {
        "exposured::CallMeter"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.counts.calls.fetch_add(1, Ordering::Relaxed);
        let is_throttle = context.response().is_some_and(|response| {
            let body = response.body().bytes().unwrap_or_default();
            is_throttle(
                response.status().as_u16(),
                response.headers().get("x-amzn-errortype"),
                body,
            )
        });
        if is_throttle {
            self.counts.throttles.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// STS responds in XML, with status 400 and the code in the body; the others respond with status 429, or with the code in
/// a header.
fn is_throttle(status: u16, error_type: Option<&str>, body: &[u8]) -> bool {
    let is_throttle_code =
        |text: &str| text.contains("Throttl") || text.contains("TooManyRequests");
    status == 429
        || (status >= 400
            && (error_type.is_some_and(is_throttle_code)
                || std::str::from_utf8(body).is_ok_and(|body| body.contains("<Code>Throttling"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_is_recognized_in_every_protocol() {
        assert!(is_throttle(429, None, b""));
        assert!(is_throttle(400, Some("ThrottlingException"), b""));
        assert!(is_throttle(
            400,
            None,
            b"<Error><Code>Throttling</Code></Error>"
        ));
        assert!(!is_throttle(200, None, b"<Code>Throttling"));
        assert!(!is_throttle(403, Some("AccessDeniedException"), b"{}"));
    }
}
