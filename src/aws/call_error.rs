//! Why a call failed, in terms that coverage, logs and users share.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::model::{CoverageReason, clean};

/// The kinds of failure that call for different things to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service is not enabled.
    NotEnabled,
    /// The caller may not.
    Denied {
        /// The IAM action that is missing.
        action: String,
    },
    /// Too many requests, even after all retries.
    Throttled,
    /// No connection, or no answer in time.
    Unreachable,
    /// No credentials, or none that are good any more.
    Credentials,
    /// The signature's time is too far from the service's: a clock is wrong.
    ClockSkew,
    /// An error on the service's side, or one that is not known.
    Service,
    /// An answer that is no JSON.
    BadAnswer,
    /// The service refused what was asked, such as a paging token that went stale.
    InvalidInput,
    /// There is no aggregator of that name.
    NoAggregator,
    /// The cycle's deadline passed first.
    Deadline,
    /// exposured was told to stop.
    Interrupted,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// Of what kind.
    pub failure: Failure,
    /// In the service's words, cleaned.
    pub message: String,
}

impl CallError {
    /// As a reason why a target is not complete.
    pub fn coverage_reason(&self) -> CoverageReason {
        match &self.failure {
            Failure::NotEnabled | Failure::NoAggregator => CoverageReason::NotEnabled,
            Failure::Denied { action } => CoverageReason::Denied {
                action: action.clone(),
            },
            Failure::Throttled => CoverageReason::Throttled,
            Failure::Unreachable => CoverageReason::Unreachable,
            Failure::Credentials => CoverageReason::Credentials,
            Failure::ClockSkew => CoverageReason::ClockSkew,
            Failure::BadAnswer => CoverageReason::BadAnswer,
            Failure::Deadline => CoverageReason::Deadline,
            Failure::Interrupted => CoverageReason::Interrupted,
            Failure::Service | Failure::InvalidInput => CoverageReason::ServiceError,
        }
    }

    /// What the user can do.
    pub fn remedy(&self) -> String {
        match &self.failure {
            Failure::NotEnabled => {
                "enable the service in this account and Region, or switch the source off under [collect]".into()
            }
            Failure::Denied { action } => format!("allow {action} to the role of exposured"),
            Failure::NoAggregator => {
                "name one under [collect.config] that this account has in its home Region".into()
            }
            Failure::Throttled => "run fewer readers of this API at once; the next cycle tries again".into(),
            Failure::Unreachable => {
                "check that the Region is enabled and the endpoint reachable (route, proxy, VPC endpoint)".into()
            }
            Failure::Credentials => {
                "check the task role or the profile: credentials are missing, expired or revoked".into()
            }
            Failure::ClockSkew => "set the clock of this host: it is minutes away from AWS's".into(),
            Failure::Deadline => {
                "raise [schedule] deadline, or read fewer Regions; the next cycle tries again".into()
            }
            Failure::Service | Failure::BadAnswer | Failure::InvalidInput | Failure::Interrupted => {
                "the next cycle tries again".into()
            }
        }
    }
}

/// Tells what kind of failure an SDK error is. `action` is the IAM action of the call, such as
/// `securityhub:GetFindings`.
pub fn classify<E>(error: &SdkError<E, Response>, action: &str) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let failure = match error {
        _ if caused_by_credentials(error) => Failure::Credentials,
        SdkError::TimeoutError(_) => Failure::Unreachable,
        SdkError::DispatchFailure(_) => Failure::Unreachable,
        // An answer that began well and cannot be read: it broke off, or is none of the service's.
        SdkError::ResponseError(context) if context.raw().status().is_success() => {
            Failure::BadAnswer
        }
        SdkError::ResponseError(_) => Failure::Unreachable,
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            of_service(
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

/// Error codes differ between services and have no common type; these are the ones that the models and the services'
/// error pages name.
fn of_service(status: u16, code: Option<&str>, message: &str, action: &str) -> Failure {
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
        // Of Security Hub's V2 operations: the hub is the resource that is not found.
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
    ]
    .contains(&code)
    {
        Failure::InvalidInput
    } else if (200..300).contains(&status) {
        Failure::BadAnswer
    } else {
        Failure::Service
    }
}

/// The signature carries a time, of which the services accept five minutes. Source: IAM User Guide, "Troubleshoot
/// Signature Version 4 requests"; the codes of the SDKs' own clock skew detection.
fn is_clock_skew(code: &str, message: &str) -> bool {
    code == "RequestTimeTooSkewed"
        || code == "RequestInTheFuture"
        || ((code.starts_with("InvalidSignature") || code == "SignatureDoesNotMatch")
            && (message.contains("Signature expired") || message.contains("not yet current")))
}

/// `… is not authorized to perform: securityhub:GetFindings on resource: …`
fn missing_action(message: &str) -> Option<&str> {
    let action = message
        .split("not authorized to perform: ")
        .nth(1)?
        .split_whitespace()
        .next()?;
    action.contains(':').then_some(action)
}

fn caused_by_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if one.downcast_ref::<CredentialsError>().is_some() {
            return true;
        }
        cause = one.source();
    }
    false
}

fn message<E>(error: &SdkError<E, Response>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let SdkError::ServiceError(context) = error {
        let (code, message) = (context.err().code(), context.err().message());
        if let (Some(code), Some(message)) = (code, message) {
            return clean(&format!("{code}: {message}"));
        }
    }
    // Behind the colon the context repeats the error in its debug form.
    let text = DisplayErrorContext(error).to_string();
    clean(text.split(" (").next().unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_say_the_same_in_different_words() {
        let table = [
            (
                401,
                "InvalidAccessException",
                "Account 1 is not subscribed to AWS Security Hub",
                Failure::NotEnabled,
            ),
            (
                403,
                "AccessDeniedException",
                "Macie is not enabled",
                Failure::NotEnabled,
            ),
            (
                403,
                "AccessDeniedException",
                "Invoking account is not enabled.",
                Failure::NotEnabled,
            ),
            (
                403,
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/u is not authorized to perform: macie2:GetFindings on resource: x",
                Failure::Denied {
                    action: "macie2:GetFindings".into(),
                },
            ),
            (
                403,
                "AccessDenied",
                "no",
                Failure::Denied {
                    action: "a:B".into(),
                },
            ),
            (429, "TooManyRequestsException", "", Failure::Throttled),
            (400, "Throttling", "Rate exceeded", Failure::Throttled),
            (403, "ExpiredTokenException", "", Failure::Credentials),
            (
                403,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                Failure::Credentials,
            ),
            (
                403,
                "InvalidSignatureException",
                "Signature expired: 20261123T060000Z is now earlier than 20261123T070000Z",
                Failure::ClockSkew,
            ),
            (
                403,
                "InvalidSignatureException",
                "Signature not yet current: 20261123T080000Z is still later than 20261123T070000Z",
                Failure::ClockSkew,
            ),
            (
                403,
                "InvalidSignatureException",
                "The request signature we calculated does not match",
                Failure::Credentials,
            ),
            (400, "InvalidInputException", "", Failure::InvalidInput),
            (400, "InvalidNextTokenException", "", Failure::InvalidInput),
            (
                400,
                "NoSuchConfigurationAggregatorException",
                "",
                Failure::NoAggregator,
            ),
            (404, "ResourceNotFoundException", "", Failure::NotEnabled),
            (500, "InternalException", "", Failure::Service),
            (200, "", "", Failure::BadAnswer),
        ];
        for (status, code, message, expected) in table {
            assert_eq!(
                of_service(status, Some(code), message, "a:B"),
                expected,
                "{code} {message}"
            );
        }
    }
}
