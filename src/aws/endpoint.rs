//! The endpoint of a failed connection, so that the error names it.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, Error as OperationError, FinalizerInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

/// A connection to an endpoint that failed.
#[derive(Debug, thiserror::Error)]
#[error("connecting to {endpoint}")]
pub(super) struct ConnectionError {
    pub(super) endpoint: String,
    #[source]
    source: OrchestratorError<OperationError>,
}

/// An interceptor that adds the endpoint to the error of a connection. The SDK's own errors do not name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameEndpoint;

/// The endpoint of the current attempt.
#[derive(Clone, Debug)]
struct Endpoint(String);

impl Storable for Endpoint {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for NameEndpoint {
    fn name(&self) -> &'static str {
        "exposured::NameEndpoint"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let endpoint = origin(context.request().uri()).to_owned();
        config.interceptor_state().store_put(Endpoint(endpoint));
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(Endpoint(endpoint)), Some(Err(error))) =
            (config.load::<Endpoint>(), context.output_or_error_mut())
        else {
            return Ok(());
        };
        let Some(connector) = error.as_connector_error() else {
            return Ok(());
        };
        // The kind decides whether the call is retried, so it stays the same.
        let with_kind: fn(BoxError) -> ConnectorError = if connector.is_timeout() {
            ConnectorError::timeout
        } else if connector.is_io() {
            ConnectorError::io
        } else {
            return Ok(());
        };
        let source = std::mem::replace(error, OrchestratorError::other("replaced below"));
        let named = ConnectionError {
            endpoint: endpoint.clone(),
            source,
        };
        *error = OrchestratorError::connector(with_kind(Box::new(named)));
        Ok(())
    }
}

/// Returns the scheme, host, and port of a URI.
fn origin(uri: &str) -> &str {
    let host = uri.find("://").map_or(0, |scheme| scheme + 3);
    let end = uri
        .char_indices()
        .find(|(index, character)| *index >= host && matches!(character, '/' | '?'));
    end.map_or(uri, |(index, _)| uri.get(..index).unwrap_or(uri))
}

/// Finds the endpoint of a failed connection among the causes of an error.
pub(super) fn endpoint_of<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a str> {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|cause| cause.downcast_ref::<ConnectionError>())
        .map(|error| error.endpoint.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_has_no_path() {
        for (uri, expected) in [
            ("https://a.b:8443/c/d?e", "https://a.b:8443"),
            ("https://a.b?x=/", "https://a.b"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9"),
        ] {
            assert_eq!(origin(uri), expected);
        }
    }
}
