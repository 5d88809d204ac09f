//! The server, called through the real SDK clients: the behavior on which other tests rely.

mod failing;
mod importing;
mod reading;
mod relating;

use std::panic;

use aws_sdk_securityhub::{
    error::{ProvideErrorMetadata, SdkError},
    types as hub,
};
use serde_json::{Value, json};

use super::HOME;

const REGION: &str = "us-east-1";

/// Creates a client of an SDK crate. The builders of the crates have the same methods, but no common trait.
macro_rules! client {
    ($sdk:ident, $aws:expr, $credentials:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(aws_sdk_securityhub::config::BehaviorVersion::latest())
                .region(aws_sdk_securityhub::config::Region::new("us-east-1"))
                .endpoint_url($aws.endpoint())
                .credentials_provider($credentials)
                .retry_config(
                    aws_sdk_securityhub::config::retry::RetryConfig::standard()
                        .with_initial_backoff(std::time::Duration::from_millis(10)),
                )
                .build(),
        )
    };
    ($sdk:ident, $aws:expr) => {
        client!(
            $sdk,
            $aws,
            aws_sdk_securityhub::config::Credentials::new(
                $crate::aws::fake_cloud::long_term_key($crate::aws::HOME),
                "secret",
                None,
                None,
                "test"
            )
        )
    };
}

use client;

/// Runs a test on a larger stack: in a debug build, reading one ASFF resource (31 KB by value) through the SDK's
/// parser takes most of the 2 MB that test threads and tokio's workers have.
fn run(test: impl AsyncFnOnce() + Send) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(16 << 20);
        thread
            .spawn_scoped(scope, || runtime.block_on(test()))
            .expect("a thread")
            .join()
    });
    outcome.unwrap_or_else(|panic| panic::resume_unwind(panic));
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .unwrap_or("none")
        .to_owned()
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|raw| raw.status().as_u16())
}

fn control(id: &str, control: &str, types: &[&str]) -> Value {
    let resources: Vec<_> = types
        .iter()
        .map(|kind| json!({"Type": kind, "Id": format!("{id}-{kind}")}))
        .collect();
    json!({
        "SchemaVersion": "2018-10-08", "Id": id, "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "GeneratorId": format!("security-control/{control}"), "AwsAccountId": HOME, "Title": "A title",
        "Description": "…", "CreatedAt": "2026-01-01T00:00:00Z", "UpdatedAt": "2026-01-02T00:00:00Z",
        "Compliance": {"Status": "FAILED", "SecurityControlId": control}, "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"}, "ProductFields": {"team": control}, "Resources": resources,
    })
}

fn exposure(id: &str, updated_at: &str) -> hub::builders::AwsSecurityFindingBuilder {
    let severity = hub::FindingProviderSeverity::builder()
        .label(hub::SeverityLabel::High)
        .build();
    let provider = hub::FindingProviderFields::builder()
        .severity(severity)
        .types("Software and Configuration Checks/Exposure/Reachable")
        .build();
    hub::AwsSecurityFinding::builder()
        .schema_version("2018-10-08")
        .id(id)
        .product_arn(format!(
            "arn:aws:securityhub:{REGION}:{HOME}:product/{HOME}/default"
        ))
        .generator_id("exposured/rule")
        .aws_account_id(HOME)
        .created_at("2026-01-01T00:00:00Z")
        .updated_at(updated_at)
        .title("Exposed")
        .description("An exposed instance")
        .finding_provider_fields(provider)
        .resources(
            hub::Resource::builder()
                .r#type("AwsEc2Instance")
                .id("i-1")
                .build(),
        )
}

fn text(value: &str, comparison: hub::StringFilterComparison) -> hub::StringFilter {
    hub::StringFilter::builder()
        .value(value)
        .comparison(comparison)
        .build()
}
