//! The services from which relationships are read: Security Hub's inventory, and AWS Config.

use aws_sdk_securityhub::types as hub;
use serde_json::json;

use super::{
    super::{Aws, Fault, HOME, Operation, Service},
    REGION, client, code, run,
};

fn inventory(count: usize) -> Vec<serde_json::Value> {
    (0..count)
        .map(|number| {
            let kind = if number % 2 == 0 {
                "AWS::EC2::Instance"
            } else {
                "AWS::S3::Bucket"
            };
            json!({
                "ResourceGuid": format!("g-{number}"), "ResourceId": format!("r-{number}"), "AccountId": HOME,
                "Region": REGION, "ResourceType": kind, "ResourceConfig": {"imageId": "ami-1"},
                "ResourceProvider": "AWS", "ResourceRegion": REGION, "ResourceCategory": "Compute",
                "ResourceDetailCaptureTimeDt": "2026-01-01T00:00:00Z",
            })
        })
        .collect()
}

fn types(values: &[&str]) -> hub::ResourcesFilters {
    let filter = |value: &&str| {
        hub::ResourcesStringFilter::builder()
            .field_name(hub::ResourcesStringField::ResourceType)
            .filter(super::text(value, hub::StringFilterComparison::Equals))
            .build()
    };
    let composite = hub::ResourcesCompositeFilter::builder()
        .set_string_filters(Some(values.iter().map(filter).collect()))
        .operator(hub::AllowedOperators::Or)
        .build();
    hub::ResourcesFilters::builder()
        .composite_filters(composite)
        .composite_operator(hub::AllowedOperators::And)
        .build()
}

#[test]
fn the_inventory_is_paged_and_filtered() {
    run(async || {
        let aws = Aws::start();
        aws.account(HOME).region(REGION).resources(inventory(250));
        let client = client!(aws_sdk_securityhub, aws);
        let list = |filters| client.get_resources_v2().filters(filters).max_results(100);
        let all: Vec<_> = list(types(&["AWS::EC2::Instance", "AWS::S3::Bucket"]))
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .expect("resources");
        assert_eq!(all.len(), 250);
        assert!(all[0].resource_config().is_some());
        assert_eq!(aws.requests_to(Operation::GetResourcesV2).len(), 3);
        let first = list(types(&["AWS::S3::Bucket"]))
            .send()
            .await
            .expect("buckets");
        assert_eq!(first.resources().len(), 100);
        let other = list(types(&["AWS::EC2::Instance"]))
            .next_token(first.next_token().expect("more"))
            .send()
            .await
            .expect_err("another request's token");
        assert_eq!(code(&other), "ValidationException");
    });
}

#[test]
fn the_inventory_has_limits_and_errors() {
    run(async || {
        let aws = Aws::start();
        let place = aws.account(HOME).region(REGION);
        let client = client!(aws_sdk_securityhub, aws);
        let many = vec!["AWS::S3::Bucket"; 21];
        for refused in [
            client.get_resources_v2().max_results(101),
            client.get_resources_v2().filters(types(&many)),
            client.get_resources_v2().next_token("made up"),
        ] {
            let error = refused.send().await.expect_err("refused");
            assert_eq!(code(&error), "ValidationException");
        }
        place.deny("securityhub:GetResourcesV2");
        let denied = client.get_resources_v2().send().await.expect_err("denied");
        assert_eq!(code(&denied), "AccessDeniedException");
        place
            .allow("securityhub:GetResourcesV2")
            .disable(Service::SecurityHubV2);
        let off = client.get_resources_v2().send().await.expect_err("off");
        assert_eq!(code(&off), "ResourceNotFoundException");
        place.enable(Service::SecurityHubV2);
        aws.fault(Operation::GetResourcesV2, Fault::throttle());
        let again = client.get_resources_v2().send().await.expect("retried");
        assert!(again.resources().is_empty());
    });
}

const BUCKETS: &str = "SELECT resourceId, configuration WHERE resourceType IN ('AWS::S3::Bucket')";

fn recorded(count: usize) -> Vec<serde_json::Value> {
    (0..count)
        .map(|number| {
            json!({
                "resourceId": format!("b-{number}"), "resourceType": "AWS::S3::Bucket", "accountId": HOME,
                "awsRegion": REGION, "configuration": {"name": format!("b-{number}")}, "arn": "left out",
            })
        })
        .collect()
}

#[test]
fn config_returns_rows_that_are_strings() {
    run(async || {
        let aws = Aws::start();
        aws.account(HOME)
            .region(REGION)
            .config_items(recorded(120))
            .aggregator("all", recorded(30));
        let client = client!(aws_sdk_config, aws);
        let rows: Vec<String> = client
            .select_resource_config()
            .expression(BUCKETS)
            .limit(100)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .expect("rows");
        assert_eq!(rows.len(), 120);
        let row: serde_json::Value = serde_json::from_str(&rows[0]).expect("JSON in a text");
        assert_eq!(
            row,
            json!({"resourceId": "b-0", "configuration": {"name": "b-0"}})
        );

        let select = client
            .select_aggregate_resource_config()
            .expression(BUCKETS);
        let page = select
            .clone()
            .configuration_aggregator_name("all")
            .send()
            .await
            .expect("a page");
        assert_eq!(page.results().len(), 25, "where no limit is named");
        assert!(page.next_token().is_some());
        let nobodys = select
            .configuration_aggregator_name("nobodys")
            .send()
            .await
            .expect_err("no such aggregator");
        assert_eq!(code(&nobodys), "NoSuchConfigurationAggregatorException");
    });
}

#[test]
fn config_has_limits_and_errors() {
    run(async || {
        let aws = Aws::start();
        let place = aws.account(HOME).region(REGION).config_items(recorded(2));
        let client = client!(aws_sdk_config, aws);
        let select = |expression: &str| client.select_resource_config().expression(expression);
        for (refused, expected) in [
            (select(BUCKETS).limit(101), "InvalidLimitException"),
            (
                select(BUCKETS).next_token("made up"),
                "InvalidNextTokenException",
            ),
            (select("SELECT *"), "InvalidExpressionException"),
            (select(&"x".repeat(4_097)), "ValidationException"),
        ] {
            let error = refused.send().await.expect_err(expected);
            assert_eq!(code(&error), expected);
        }
        aws.fault(Operation::SelectResourceConfig, Fault::throttle());
        let again = select(BUCKETS).send().await.expect("retried");
        assert_eq!(again.results().len(), 2);
        place.disable(Service::Config);
        let nothing = select(BUCKETS).send().await.expect("no recorder, no error");
        assert!(nothing.results().is_empty());
        place
            .enable(Service::Config)
            .deny("config:SelectResourceConfig");
        let denied = select(BUCKETS).send().await.expect_err("denied");
        assert_eq!(code(&denied), "AccessDeniedException");
    });
}
