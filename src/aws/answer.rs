//! The answer of a service as it came.
//!
//! The SDK signs, retries and pages; what a record says is read from the answer's own JSON, by the same code that reads
//! files. So a record that the SDK's types cannot hold costs that record, not its page.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::call_error::{CallError, Failure, classify};

/// Keeps the body of the last answer to one call. Give [`RawAnswer::interceptor`] to the call.
#[derive(Debug, Default)]
pub struct RawAnswer {
    body: Arc<Mutex<Option<Vec<u8>>>>,
}

impl RawAnswer {
    /// What has to ride along with the call.
    pub fn interceptor(&self) -> impl Intercept + use<> {
        Keep {
            body: Arc::clone(&self.body),
        }
    }

    /// The body, as text.
    ///
    /// # Errors
    /// Why the call failed, or that the answer is no JSON.
    pub fn body<O, E>(
        self,
        result: Result<O, SdkError<E, Response>>,
        action: &str,
    ) -> Result<String, CallError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let refused = result.err();
        // A 200 whose JSON does not fit the SDK's types is still an answer: its records are read one by one.
        let is_answer = refused.as_ref().is_none_or(|error| match error {
            SdkError::ServiceError(context) => context.raw().status().is_success(),
            // So tell the SDK's crates of AWS JSON services, such as Config.
            SdkError::ResponseError(context) => context.raw().status().is_success(),
            _ => false,
        });
        let kept = self
            .body
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let text = kept
            .filter(|_| is_answer)
            .and_then(|bytes| String::from_utf8(bytes).ok());
        match (
            text.filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()),
            refused,
        ) {
            (Some(text), _) => Ok(text),
            (None, Some(error)) => Err(classify(&error, action)),
            (None, None) => Err(CallError {
                failure: Failure::BadAnswer,
                message: "the answer is no JSON".into(),
            }),
        }
    }
}

#[derive(Debug)]
struct Keep {
    body: Arc<Mutex<Option<Vec<u8>>>>,
}

#[dyn_dispatch_hint]
impl Intercept for Keep {
    fn name(&self) -> &'static str {
        "exposured::RawAnswer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().map(<[u8]>::to_vec);
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(())
    }
}
