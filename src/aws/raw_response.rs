//! The response of a service, byte for byte.
//!
//! The SDK signs and retries requests. The records in a response are parsed from its own JSON, by the same code that
//! parses files. So a record that does not fit the SDK's types costs that record, not its page.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::de::IgnoredAny;

use super::call_error::{CallError, Failure, classify};

/// Sends a request of any SDK crate and returns the body of its response. `action` is the IAM action of the operation.
/// `send` attaches the interceptor to the request and sends it:
///
/// ```ignore
/// raw_response(ACTION, |interceptor| {
///     client.list_findings().customize().interceptor(interceptor).send()
/// })
/// ```
///
/// # Errors
/// The call failed, or the response is not JSON.
pub(crate) async fn raw_response<O, E, F>(
    action: &str,
    send: impl FnOnce(KeepBody) -> F,
) -> Result<String, CallError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    F: Future<Output = Result<O, SdkError<E, Response>>>,
{
    let kept = KeepBody::default();
    let error = send(kept.clone()).await.err();
    let body = kept
        .take()
        .filter(|_| error.as_ref().is_none_or(is_success))
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    match (body, error) {
        (Some(body), _) => Ok(body),
        (None, Some(error)) => Err(classify(&error, action)),
        (None, None) => Err(CallError {
            failure: Failure::MalformedResponse,
            message: "the response is not JSON".into(),
        }),
    }
}

/// Sends a request of an SDK crate whose service returns XML, and returns its response if the body is whole. The SDK reads
/// a truncated response as far as it goes.
///
/// # Errors
/// The call failed, or the response is truncated.
pub(crate) async fn whole_response<O, E, F>(
    action: &str,
    send: impl FnOnce(KeepBody) -> F,
) -> Result<O, CallError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    F: Future<Output = Result<O, SdkError<E, Response>>>,
{
    let kept = KeepBody::default();
    let response = send(kept.clone()).await;
    let output = response.map_err(|error| classify(&error, action))?;
    let body = kept.take().unwrap_or_default();
    if body.trim_ascii_end().ends_with(b"Response>") {
        return Ok(output);
    }
    Err(CallError {
        failure: Failure::MalformedResponse,
        message: "the response is truncated".into(),
    })
}

/// A response with status 200 whose JSON does not fit the SDK's types is still usable: its records are parsed one by
/// one. The SDK crates of AWS JSON services, such as Config, report it as a `ResponseError`, the others as a
/// `ServiceError`.
fn is_success<E>(error: &SdkError<E, Response>) -> bool {
    match error {
        SdkError::ServiceError(context) => context.raw().status().is_success(),
        SdkError::ResponseError(context) => context.raw().status().is_success(),
        _ => false,
    }
}

/// An interceptor that keeps the body of the last response to one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeepBody {
    body: Arc<Mutex<Option<Vec<u8>>>>,
}

impl KeepBody {
    fn take(&self) -> Option<Vec<u8>> {
        self.body
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

#[dyn_dispatch_hint]
impl Intercept for KeepBody {
    fn name(&self) -> &'static str {
        "exposured::KeepBody"
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
