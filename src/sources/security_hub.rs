//! Security Hub CSPM: the failed controls that the catalog uses, and the passed ones that tell relations or what stands
//! in an attacker's way.

use std::collections::BTreeSet;

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::builders::AwsSecurityFindingFiltersBuilder;
use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilter, StringFilterComparison};
use futures_util::future::try_join_all;

use crate::aws::{CallError, Limiter, RawAnswer};

use super::api_target::{ApiTarget, Stopped};
use crate::records::asff;

/// The IAM action.
const ACTION: &str = "securityhub:GetFindings";

/// The most that `GetFindings` gives at once. Source: the securityhub model.
const PAGE: i32 = 100;

/// The most values that one filter takes. Source: the securityhub model, `GetFindingsRequest`.
const VALUES_A_FILTER: usize = 20;

const DOING: &str = "reading the findings in Security Hub";

/// Reads the target to the end: a query for each 20 controls and one for what other services say through Security Hub,
/// all of them at once within the API's rate.
pub(super) async fn read(
    client: &Client,
    limiter: &Limiter,
    target: &ApiTarget<'_>,
) -> Result<(), Stopped> {
    let catalog = &target.collection().catalog;
    let of_use_if_passed: BTreeSet<&str> = catalog
        .relation_controls()
        .chain(catalog.passed_controls())
        .collect();
    let of_use_if_failed: Vec<&str> = catalog
        .controls()
        .filter(|control| !of_use_if_passed.contains(control))
        .collect();
    let of_use_if_passed: Vec<&str> = of_use_if_passed.into_iter().collect();
    let detections = detections(&catalog.detections());
    let mut filters: Vec<AwsSecurityFindingFilters> = of_use_if_failed
        .chunks(VALUES_A_FILTER)
        .map(of_failed)
        .chain(of_use_if_passed.chunks(VALUES_A_FILTER).map(of_any_verdict))
        .collect();
    filters.extend(detections.chunks(VALUES_A_FILTER).map(of_guardduty));
    let queries = filters.iter().map(|query| {
        target.read_listing(DOING, asff::parse, async |token| {
            limiter.wait().await;
            page(client, query.clone(), PAGE, token).await
        })
    });
    try_join_all(queries).await.map(drop)
}

async fn page(
    client: &Client,
    filters: AwsSecurityFindingFilters,
    size: i32,
    token: Option<String>,
) -> Result<String, CallError> {
    let raw = RawAnswer::default();
    let result = client
        .get_findings()
        .filters(filters)
        .max_results(size)
        .set_next_token(token)
        .customize()
        .interceptor(raw.interceptor())
        .send()
        .await;
    raw.body(result, ACTION)
}

/// What the server is to leave out. A product is told from its name, since the ARN differs by Region and the answer
/// of an aggregation Region spans many.
fn of_failed(controls: &[&str]) -> AwsSecurityFindingFilters {
    of_controls(controls)
        .workflow_status(equals("NEW"))
        .workflow_status(equals("NOTIFIED"))
        .compliance_status(equals("FAILED"))
        .build()
}

/// What the details tell of other resources, such as the policies of a role, is true whatever the control says. Of what
/// passed Security Hub itself sets the workflow status to RESOLVED.
fn of_any_verdict(controls: &[&str]) -> AwsSecurityFindingFilters {
    of_controls(controls)
        .compliance_status(equals("FAILED"))
        .compliance_status(equals("PASSED"))
        .build()
}

fn of_controls(controls: &[&str]) -> AwsSecurityFindingFiltersBuilder {
    AwsSecurityFindingFilters::builder()
        .product_name(equals("Security Hub"))
        .product_name(equals("Security Hub CSPM"))
        .record_state(equals("ACTIVE"))
        .set_compliance_security_control_id(Some(
            controls.iter().map(|control| equals(control)).collect(),
        ))
}

/// GuardDuty's types as they stand in `Types`: `Execution:EC2/MaliciousFile` is written
/// `TTPs/Execution/Execution:EC2-MaliciousFile`. What Macie says of policies is asked of Macie.
fn detections(types: &[&str]) -> Vec<String> {
    types
        .iter()
        .filter(|one| !one.starts_with("Policy:IAMUser/S3Bucket"))
        .filter_map(|one| {
            let (purpose, _) = one.split_once(':')?;
            Some(format!(
                "{}/{}",
                filed_under(purpose),
                one.replacen('/', "-", 1)
            ))
        })
        .collect()
}

/// Under which of ASFF's types Security Hub files a purpose of GuardDuty's.
/// Source: GuardDuty User Guide, "Integrating AWS Security Hub CSPM with GuardDuty".
fn filed_under(purpose: &str) -> String {
    match purpose {
        "Policy" => "Software and Configuration Checks/AWS Security Best Practices".to_owned(),
        "UnauthorizedAccess" => "TTPs/Initial Access".to_owned(),
        other => format!("TTPs/{other}"),
    }
}

fn of_guardduty(types: &[String]) -> AwsSecurityFindingFilters {
    let begins = |value: &String| {
        StringFilter::builder()
            .value(value)
            .comparison(StringFilterComparison::Prefix)
            .build()
    };
    AwsSecurityFindingFilters::builder()
        .product_name(equals("GuardDuty"))
        .record_state(equals("ACTIVE"))
        .workflow_status(equals("NEW"))
        .workflow_status(equals("NOTIFIED"))
        .set_type(Some(types.iter().map(begins).collect()))
        .build()
}

fn equals(value: &str) -> StringFilter {
    StringFilter::builder()
        .value(value)
        .comparison(StringFilterComparison::Equals)
        .build()
}

/// The smallest request that shows whether the target can be read.
pub(super) async fn probe(client: &Client) -> Result<(), CallError> {
    page(
        client,
        AwsSecurityFindingFilters::builder()
            .product_name(equals("Security Hub"))
            .build(),
        1,
        None,
    )
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guardduty_is_asked_in_the_types_of_asff() {
        assert_eq!(
            detections(&[
                "Execution:EC2/MaliciousFile",
                "Policy:IAMUser/S3BucketSharedExternally",
                "Policy:Kubernetes/AnonymousAccessGranted",
                "UnauthorizedAccess:EC2/SSHBruteForce",
            ]),
            [
                "TTPs/Execution/Execution:EC2-MaliciousFile",
                "Software and Configuration Checks/AWS Security Best Practices/Policy:Kubernetes-AnonymousAccessGranted",
                "TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce",
            ]
        );
    }
}
