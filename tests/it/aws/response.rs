//! Responses and errors in the form of each service.

use std::time::{Duration, SystemTime};

use axum::{body::Body, response::Response};
use serde_json::json;

use super::{fake_cloud::Service, fault::Kind, query};

/// An error in the form of the service.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// The test has made a request that this server does not model.
    pub fn not_modeled(what: impl Into<String>) -> Self {
        Self::new(501, "NotModeled", what)
    }
}

/// A response before it is sent.
pub(super) struct Answer {
    pub status: u16,
    pub error: Option<&'static str>,
    pub content_type: &'static str,
    pub body: String,
}

/// The faults that replace the service's response. All the throttling codes are ones that the SDKs' retry
/// classifier knows. Security Hub's is not in its model for these operations but is what callers see
/// (prowler#5004); the other two are in their models.
pub(super) fn refusal_of(kind: Kind, service: Service) -> Option<Refusal> {
    Some(match (kind, service) {
        (Kind::Throttle, Service::SecurityHub) => {
            Refusal::new(429, "TooManyRequestsException", "Too Many Requests")
        }
        (Kind::Throttle, Service::SecurityHubV2) => {
            Refusal::new(429, "ThrottlingException", "Rate exceeded")
        }
        // Not in Config's model, as no throttling is; the code is the one of AWS's common errors.
        (Kind::Throttle, Service::Config) => {
            Refusal::new(400, "ThrottlingException", "Rate exceeded")
        }
        (Kind::Throttle, Service::Inspector | Service::Macie | Service::AccessAnalyzer) => {
            Refusal::new(429, "ThrottlingException", "Rate exceeded")
        }
        (Kind::Throttle, Service::Sts | Service::Iam) => {
            Refusal::new(400, "Throttling", "Rate exceeded")
        }
        (Kind::ExpiredToken, service) => expired(service),
        (Kind::RevokedCredentials, Service::Sts | Service::Iam) => revoked("InvalidClientTokenId"),
        (Kind::RevokedCredentials, _) => revoked("UnrecognizedClientException"),
        (Kind::ClockSkew, Service::Sts | Service::Iam) => skewed("SignatureDoesNotMatch"),
        (Kind::ClockSkew, _) => skewed("InvalidSignatureException"),
        (Kind::Status(status), _) => Refusal::new(status, "", ""),
        _ => return None,
    })
}

pub(super) fn expired(service: Service) -> Refusal {
    let code = if service.speaks_query() {
        "ExpiredToken"
    } else {
        "ExpiredTokenException"
    };
    Refusal::new(
        403,
        code,
        "The security token included in the request is expired",
    )
}

pub(super) fn revoked(code: &'static str) -> Refusal {
    Refusal::new(
        403,
        code,
        "The security token included in the request is invalid.",
    )
}

/// Source: IAM User Guide, "Troubleshoot Signature Version 4 requests".
fn skewed(code: &'static str) -> Refusal {
    Refusal::new(
        403,
        code,
        "Signature expired: 20261123T060000Z is now earlier than 20261123T065500Z (20261123T070000Z - 5 min.)",
    )
}

pub(super) fn refuse(
    service: Service,
    Refusal {
        status,
        code,
        message,
    }: &Refusal,
) -> Answer {
    let (content_type, body) = match service {
        _ if code.is_empty() => ("text/plain", String::new()),
        Service::Sts => ("text/xml", query::error(query::STS, code, message)),
        Service::Iam => ("text/xml", query::error(query::IAM, code, message)),
        Service::SecurityHub if code.starts_with("AccessDenied") => {
            ("application/json", json!({"Message": message}).to_string())
        }
        Service::SecurityHub => (
            "application/json",
            json!({"Message": message, "Code": code}).to_string(),
        ),
        // The model of the V2 errors: Message and Code.
        Service::SecurityHubV2 => (
            "application/json",
            json!({"Message": message, "Code": code}).to_string(),
        ),
        // AWS JSON 1.1 has the code in the body.
        Service::Config => (
            "application/x-amz-json-1.1",
            json!({"__type": code, "message": message}).to_string(),
        ),
        Service::Inspector if *code == "ValidationException" => {
            let body = json!({"message": message, "reason": "FIELD_VALIDATION_FAILED"});
            ("application/json", body.to_string())
        }
        Service::Inspector | Service::Macie | Service::AccessAnalyzer => {
            ("application/json", json!({"message": message}).to_string())
        }
    };
    let error = Some(*code).filter(|code| !code.is_empty() && !service.speaks_query());
    Answer {
        status: *status,
        error,
        content_type,
        body,
    }
}

pub(super) fn render(answer: Answer) -> Response {
    let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO);
    let mut response = Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header(
            "x-amzn-requestid",
            format!("{:032x}", since_epoch.as_nanos()),
        );
    if let Some(code) = answer.error {
        response = response.header("x-amzn-errortype", code);
    }
    response
        .body(Body::from(answer.body))
        .expect("a well-formed answer")
}
