//! Why a call failed, in the terms that coverage, logs, and messages share.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::certificates::{cause, caused_by_certificate};
use super::endpoint::endpoint_of;
use super::unreachable::is_stalled;
use crate::model::{CoverageReason, clean_line};

/// The kinds of failure that need different actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service is not enabled.
    NotEnabled,
    /// The caller has no permission.
    Denied {
        /// The IAM action that is missing.
        action: String,
    },
    /// The caller may not assume a role in another account, or the role does not trust the caller.
    RoleDenied,
    /// Too many requests, even after all retries.
    Throttled,
    /// There was no connection, or no response in time.
    Unreachable,
    /// The certificate of the server is not trusted.
    Certificates,
    /// The credentials are missing, expired, or revoked.
    Credentials,
    /// The signature's time is too far from the service's time: a clock is wrong.
    ClockSkew,
    /// The service failed, or returned an error that exposured does not know.
    Service,
    /// The response is not JSON, or not in the form that the service documents, or its body does not arrive.
    MalformedResponse,
    /// The connection ended within the response, even after all retries.
    IncompleteResponse,
    /// The service rejected the request, for example because a paging token has expired.
    InvalidInput,
    /// There is no aggregator with that name.
    NoAggregator,
    /// The cycle's deadline passed first.
    Deadline,
    /// exposured was asked to stop.
    Interrupted,
}

/// A failed call to AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// The kind of failure.
    pub failure: Failure,
    /// The service's own message, cleaned.
    pub message: String,
}

impl AsRef<Self> for CallError {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl CallError {
    /// Returns the reason why a collection target is not complete.
    pub fn coverage_reason(&self) -> CoverageReason {
        match &self.failure {
            Failure::NotEnabled | Failure::NoAggregator => CoverageReason::NotEnabled,
            Failure::Denied { action } => CoverageReason::Denied {
                action: action.clone(),
            },
            Failure::RoleDenied => CoverageReason::Denied {
                action: "sts:AssumeRole".to_owned(),
            },
            Failure::Throttled => CoverageReason::Throttled,
            Failure::Unreachable | Failure::Certificates => CoverageReason::Unreachable,
            Failure::Credentials => CoverageReason::Credentials,
            Failure::ClockSkew => CoverageReason::ClockSkew,
            Failure::MalformedResponse | Failure::IncompleteResponse => CoverageReason::BadAnswer,
            Failure::Deadline => CoverageReason::Deadline,
            Failure::Interrupted => CoverageReason::Interrupted,
            Failure::Service | Failure::InvalidInput => CoverageReason::ServiceError,
        }
    }

    /// Returns what the user can do.
    pub fn remedy(&self) -> String {
        match &self.failure {
            Failure::NotEnabled => {
                "enable the service in this account and Region, or turn the source off under [collect]".into()
            }
            Failure::Denied { action } => format!("allow {action} in the IAM policy of exposured's role"),
            Failure::RoleDenied => {
                "allow sts:AssumeRole on this role in the IAM policy of exposured's role, and create the role with a trust \
                 policy that names exposured's role and the configured external_id"
                    .into()
            }
            Failure::NoAggregator => {
                "set aggregator under [collect.config] to one that this account has in its home Region".into()
            }
            Failure::Throttled => "run fewer callers of this API at the same time; the next cycle tries again".into(),
            Failure::Unreachable => {
                "check that the Region is enabled and its endpoint can be reached (route, proxy, VPC endpoint)".into()
            }
            Failure::Certificates => {
                "the server's certificate is not trusted: install CA certificates on this host, or set SSL_CERT_FILE to \
                 a file of trusted CA certificates, including that of a proxy that inspects TLS"
                    .into()
            }
            Failure::Credentials => {
                "check the task role or the profile: its credentials are missing, expired, or revoked".into()
            }
            Failure::ClockSkew => "set the clock of this host: it differs from AWS's clock by minutes".into(),
            Failure::Deadline => {
                "raise [schedule] deadline, or read fewer Regions; the next cycle tries again".into()
            }
            Failure::Service
            | Failure::MalformedResponse
            | Failure::IncompleteResponse
            | Failure::InvalidInput
            | Failure::Interrupted => {
                "the next cycle tries again".into()
            }
        }
    }
}

/// The error of the call that should have returned the credentials, if one of ours is among the causes.
fn failed_credentials(error: &(dyn std::error::Error + 'static)) -> Option<CallError> {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|cause| cause.downcast_ref::<CallError>())
        .cloned()
}

/// Classifies an SDK error. `action` is the IAM action of the call, such as `securityhub:GetFindings`.
pub fn classify<E>(error: &SdkError<E, Response>, action: &str) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(error) = failed_credentials(error) {
        return error;
    }
    let failure = match error {
        // The credentials may come from an HTTPS endpoint.
        _ if caused_by_certificate(error) => Failure::Certificates,
        _ if caused_by_credentials(error) => Failure::Credentials,
        SdkError::TimeoutError(_) => Failure::Unreachable,
        SdkError::DispatchFailure(_) => Failure::Unreachable,
        // The status is a success, but the body has stalled, or it is not the service's.
        SdkError::ResponseError(context)
            if context.raw().status().is_success()
                && (context.raw().body().bytes().is_some() || is_stalled(error)) =>
        {
            Failure::MalformedResponse
        }
        // The connection ended within the body, even after the SDK's retries.
        SdkError::ResponseError(context) if context.raw().status().is_success() => {
            Failure::IncompleteResponse
        }
        SdkError::ResponseError(_) => Failure::Unreachable,
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            classify_service_error(
                status,
                context.err().code(),
                context.err().message().unwrap_or_default(),
                action,
            )
        }
        _ => Failure::Service,
    };
    CallError {
        failure,
        message: message(error),
    }
}

/// Error codes differ between services and have no common type. These are the ones in the API models and on the services'
/// error pages.
fn classify_service_error(status: u16, code: Option<&str>, message: &str, action: &str) -> Failure {
    let code = code.unwrap_or_default();
    let says_not_enabled = message.contains("not enabled") || message.contains("not subscribed");
    if status == 429
        || code.contains("Throttl")
        || code.contains("TooManyRequests")
        || code == "LimitExceededException"
    {
        Failure::Throttled
    } else if is_clock_skew(code, message) {
        Failure::ClockSkew
    } else if [
        "ExpiredToken",
        "InvalidClientTokenId",
        "UnrecognizedClient",
        "InvalidSignature",
        "SignatureDoesNotMatch",
    ]
    .iter()
    .any(|known| code.starts_with(known))
    {
        Failure::Credentials
    } else if code == "NoSuchConfigurationAggregatorException" {
        Failure::NoAggregator
    } else if code == "InvalidAccessException"
        // Security Hub's V2 operations: the resource that is not found is the hub.
        || code == "ResourceNotFoundException"
        || (code.starts_with("AccessDenied") && says_not_enabled)
    {
        Failure::NotEnabled
    } else if code.starts_with("AccessDenied") || code == "UnauthorizedOperation" {
        Failure::Denied {
            action: missing_action(message).unwrap_or(action).to_owned(),
        }
    } else if [
        "InvalidInputException",
        "InvalidNextTokenException",
        "ValidationException",
        // IAM, for a marker that is not or no longer valid.
        "ValidationError",
        // The protocol's errors for a request that cannot be parsed, or is too large.
        "SerializationException",
        "RequestEntityTooLargeException",
    ]
    .contains(&code)
        || status == 413
    {
        Failure::InvalidInput
    } else if (200..300).contains(&status) {
        Failure::MalformedResponse
    } else {
        Failure::Service
    }
}

/// A service rejects a signature whose time differs from its own by more than five minutes. Source: IAM User Guide,
/// "Troubleshoot Signature Version 4 requests"; the codes are those of the SDKs' own clock skew detection.
fn is_clock_skew(code: &str, message: &str) -> bool {
    code == "RequestTimeTooSkewed"
        || code == "RequestInTheFuture"
        || ((code.starts_with("InvalidSignature") || code == "SignatureDoesNotMatch")
            && (message.contains("Signature expired") || message.contains("not yet current")))
}

/// Finds the action in `… is not authorized to perform: securityhub:GetFindings on resource: …`.
fn missing_action(message: &str) -> Option<&str> {
    let action = message
        .split("not authorized to perform: ")
        .nth(1)?
        .split_whitespace()
        .next()?;
    action.contains(':').then_some(action)
}

fn caused_by_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|cause| cause.is::<CredentialsError>())
}

fn message<E>(error: &SdkError<E, Response>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let SdkError::ServiceError(context) = error {
        let (code, message) = (context.err().code(), context.err().message());
        if let (Some(code), Some(message)) = (code, message) {
            return clean_line(&format!("{code}: {message}"));
        }
    }
    if let Some(endpoint) = endpoint_of(error) {
        let innermost =
            std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| {
                cause(*error)
            })
            .last();
        let cause = innermost.map(ToString::to_string).unwrap_or_default();
        return clean_line(&format!("connecting to {endpoint}: {cause}"));
    }
    // After the first parenthesis, the context repeats the error in its debug form.
    let text = DisplayErrorContext(error).to_string();
    clean_line(text.split(" (").next().unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rustfmt::skip]
    #[test]
    fn error_codes_of_different_services_have_one_classification() {
        let denied = |action: &str| Failure::Denied { action: action.into() };
        let table = [
            (401, "InvalidAccessException", "Account 1 is not subscribed to AWS Security Hub", Failure::NotEnabled),
            (403, "AccessDeniedException", "Macie is not enabled", Failure::NotEnabled),
            (403, "AccessDeniedException", "Invoking account is not enabled.", Failure::NotEnabled),
            (403, "AccessDeniedException", "User: arn:aws:iam::1:user/u is not authorized to perform: macie2:GetFindings on resource: x", denied("macie2:GetFindings")),
            (403, "AccessDenied", "no", denied("a:B")),
            (429, "TooManyRequestsException", "", Failure::Throttled),
            (400, "Throttling", "Rate exceeded", Failure::Throttled),
            (403, "ExpiredTokenException", "", Failure::Credentials),
            (403, "UnrecognizedClientException", "The security token included in the request is invalid.", Failure::Credentials),
            (403, "InvalidSignatureException", "Signature expired: 20261123T060000Z is now earlier than 20261123T070000Z", Failure::ClockSkew),
            (403, "InvalidSignatureException", "Signature not yet current: 20261123T080000Z is still later than 20261123T070000Z", Failure::ClockSkew),
            (403, "InvalidSignatureException", "The request signature we calculated does not match", Failure::Credentials),
            (400, "InvalidInputException", "", Failure::InvalidInput),
            (400, "InvalidNextTokenException", "", Failure::InvalidInput),
            (400, "NoSuchConfigurationAggregatorException", "", Failure::NoAggregator),
            (400, "SerializationException", "", Failure::InvalidInput),
            (413, "", "", Failure::InvalidInput),
            (404, "ResourceNotFoundException", "", Failure::NotEnabled),
            (500, "InternalException", "", Failure::Service),
            (200, "", "", Failure::MalformedResponse),
        ];
        for (status, code, message, expected) in table {
            assert_eq!(
                classify_service_error(status, Some(code), message, "a:B"),
                expected,
                "{code} {message}"
            );
        }
    }
}
