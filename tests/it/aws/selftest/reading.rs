//! How the services that are read behave.

use aws_sdk_inspector2::types as inspector;
use aws_sdk_macie2::types as macie;
use aws_sdk_securityhub::types as hub;
use serde_json::json;

use super::{
    super::{Aws, HOME, Operation},
    REGION, client, code, control, exposure, run, status, text,
};

#[test]
fn listings_have_an_end_and_tokens_belong_to_their_filters() {
    run(async || {
        let aws = Aws::start();
        let findings = (0..250)
            .map(|n| control(&format!("f-{n}"), "EC2.1", &["AwsEc2Instance"]))
            .collect();
        aws.account(HOME)
            .region(REGION)
            .security_hub_findings(findings);
        let hub = client!(aws_sdk_securityhub, aws);

        let mut pages = hub.get_findings().max_results(100).into_paginator().send();
        let mut sizes = Vec::new();
        while let Some(page) = pages.next().await {
            sizes.push(page.expect("a page").findings().len());
        }
        assert_eq!(sizes, [100, 100, 50]);

        let first = hub
            .get_findings()
            .max_results(10)
            .send()
            .await
            .expect("a page");
        let only = hub::AwsSecurityFindingFilters::builder()
            .id(text("f-1", hub::StringFilterComparison::Prefix))
            .build();
        let token = first.next_token().expect("more");
        let other = hub
            .get_findings()
            .filters(only)
            .next_token(token)
            .send()
            .await
            .expect_err("another request's token");
        assert_eq!(code(&other), "InvalidInputException");
        aws.expire_tokens();
        let late = hub
            .get_findings()
            .next_token(token)
            .send()
            .await
            .expect_err("an expired token");
        assert_eq!(code(&late), "InvalidInputException");
    });
}

#[test]
fn filters_select_as_documented() {
    run(async || {
        use hub::StringFilterComparison::{Equals, NotEquals, Prefix, PrefixNotEquals};
        let aws = Aws::start();
        let mut sample = control("sample", "IAM.1", &["AwsIamRole"]);
        sample["Sample"] = json!(true);
        sample["UpdatedAt"] = json!("2026-02-01T00:00:00Z");
        aws.account(HOME).region(REGION).security_hub_findings(vec![
            control("a", "EC2.1", &["AwsEc2Instance", "AwsEc2Volume"]),
            control("b", "S3.1", &["AwsS3Bucket"]),
            sample,
        ]);
        let hub = client!(aws_sdk_securityhub, aws);
        let filters = hub::AwsSecurityFindingFilters::builder;
        let number = hub::MapFilter::builder()
            .key("team")
            .value("S3.1")
            .comparison(hub::MapFilterComparison::Equals);
        let since = hub::DateFilter::builder()
            .start("2026-01-15T00:00:00Z")
            .build();
        let cases = [
            (
                filters()
                    .resource_type(text("AwsEc2Volume", Equals))
                    .build(),
                vec!["a"],
            ),
            (
                filters()
                    .resource_type(text("AwsEc2", Prefix))
                    .resource_type(text("AwsS3", Prefix))
                    .build(),
                vec!["a", "b"],
            ),
            (
                filters()
                    .resource_type(text("Aws", Prefix))
                    .resource_type(text("AwsEc2Volume", NotEquals))
                    .build(),
                vec!["b", "sample"],
            ),
            (
                filters()
                    .id(text("s", PrefixNotEquals))
                    .compliance_status(text("FAILED", Equals))
                    .build(),
                vec!["a", "b"],
            ),
            (
                filters()
                    .compliance_security_control_id(text("S3.1", Equals))
                    .build(),
                vec!["b"],
            ),
            (
                filters()
                    .sample(hub::BooleanFilter::builder().value(true).build())
                    .build(),
                vec!["sample"],
            ),
            (
                filters()
                    .sample(hub::BooleanFilter::builder().value(false).build())
                    .build(),
                vec!["a", "b"],
            ),
            (filters().product_fields(number.build()).build(), vec!["b"]),
            (filters().updated_at(since).build(), vec!["sample"]),
            (
                filters()
                    .workflow_status(text("SUPPRESSED", Equals))
                    .build(),
                vec![],
            ),
        ];
        for (filters, expected) in cases {
            let answer = hub
                .get_findings()
                .filters(filters.clone())
                .send()
                .await
                .expect("findings");
            let ids: Vec<_> = answer
                .findings()
                .iter()
                .filter_map(|finding| finding.id())
                .collect();
            assert_eq!(ids, expected, "{filters:?}");
        }

        let latest = hub::SortCriterion::builder()
            .field("UpdatedAt")
            .sort_order(hub::SortOrder::Descending)
            .build();
        let sorted = hub
            .get_findings()
            .sort_criteria(latest)
            .max_results(1)
            .send()
            .await
            .expect("findings");
        assert_eq!(sorted.findings()[0].id(), Some("sample"));
    });
}

#[test]
fn requests_beyond_the_limits_are_rejected() {
    run(async || {
        use hub::StringFilterComparison::{Contains, Equals, NotEquals};
        let aws = Aws::start();
        aws.account(HOME).region(REGION);
        let hub = client!(aws_sdk_securityhub, aws);
        let one = || Some(vec![text("x", Equals)]);
        let filters = hub::AwsSecurityFindingFilters::builder;
        let eleven = filters()
            .set_id(one())
            .set_title(one())
            .set_type(one())
            .set_region(one())
            .set_generator_id(one());
        let eleven = eleven
            .set_product_arn(one())
            .set_product_name(one())
            .set_company_name(one())
            .set_resource_id(one());
        let eleven = eleven
            .set_resource_type(one())
            .set_record_state(one())
            .build();
        for refused in [
            hub.get_findings().max_results(101),
            hub.get_findings().max_results(0),
            hub.get_findings()
                .filters(filters().set_id(Some(vec![text("x", Equals); 21])).build()),
            hub.get_findings().filters(eleven),
            hub.get_findings()
                .filters(filters().title(text("x", Contains)).build()),
            hub.get_findings().filters(
                filters()
                    .id(text("x", Equals))
                    .id(text("y", NotEquals))
                    .build(),
            ),
        ] {
            assert_eq!(
                code(&refused.send().await.expect_err("refused")),
                "InvalidInputException"
            );
        }
        let import = hub.batch_import_findings();
        let many = vec![exposure("x", "2026-01-01T00:00:00Z").build(); 101];
        assert_eq!(
            code(
                &import
                    .set_findings(Some(many))
                    .send()
                    .await
                    .expect_err("refused")
            ),
            "InvalidInputException"
        );
    });
}

#[test]
fn what_is_not_modeled_is_loud() {
    run(async || {
        let aws = Aws::start();
        aws.account(HOME).region(REGION);
        let hub = client!(aws_sdk_securityhub, aws);
        let critical = hub::NumberFilter::builder().gte(1.0).build();
        let filters = hub::AwsSecurityFindingFilters::builder()
            .criticality(critical)
            .build();
        let error = hub
            .get_findings()
            .filters(filters)
            .send()
            .await
            .expect_err("not modeled");
        assert_eq!(status(&error), Some(501));
        hub.describe_hub().send().await.expect_err("not modeled");
        assert_eq!(
            aws.take_unmodeled(),
            [
                "GetFindings filter Criticality",
                "SecurityHub: GET /accounts null"
            ]
        );
    });
}

#[test]
fn inspector_lists_by_criteria() {
    run(async || {
        let aws = Aws::start();
        let finding = |n: usize, status: &str| {
            json!({
                "findingArn": format!("arn:aws:inspector2:us-east-1:{HOME}:finding/{n:032x}"), "awsAccountId": HOME,
                "type": "PACKAGE_VULNERABILITY", "description": "…", "severity": "HIGH", "status": status,
                "remediation": {"recommendation": {"text": "Update"}}, "epss": {"score": 0.9},
                "firstObservedAt": 1_767_225_600.0, "lastObservedAt": 1_767_225_600.5,
                "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-1"}],
            })
        };
        let findings = (0..5)
            .map(|n| finding(n, if n < 3 { "ACTIVE" } else { "CLOSED" }))
            .collect();
        aws.account(HOME)
            .region(REGION)
            .inspector_findings(findings);
        let client = client!(aws_sdk_inspector2, aws);
        let equals = |value: &str| {
            inspector::StringFilter::builder()
                .comparison(inspector::StringComparison::Equals)
                .value(value)
                .build()
                .unwrap()
        };
        let criteria = inspector::FilterCriteria::builder()
            .finding_status(equals("ACTIVE"))
            .severity(equals("HIGH"));
        let list = client
            .list_findings()
            .filter_criteria(criteria.build())
            .max_results(2);
        let all: Vec<_> = list
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .expect("findings");
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].epss().map(|epss| epss.score()), Some(0.9));

        let eleven = inspector::FilterCriteria::builder()
            .set_severity(Some(vec![equals("LOW"); 11]))
            .build();
        let refused = client
            .list_findings()
            .filter_criteria(eleven)
            .send()
            .await
            .expect_err("eleven values");
        assert_eq!(code(&refused), "ValidationException");
    });
}

#[test]
fn macie_lists_ids_and_returns_findings() {
    run(async || {
        let aws = Aws::start();
        let finding = |n: usize| {
            json!({
                "id": format!("{n:032}"), "accountId": HOME, "category": "CLASSIFICATION", "archived": n == 0,
                "sample": n == 1, "type": "SensitiveData:S3Object/Personal", "createdAt": "2026-01-01T00:00:00Z",
                "severity": {"description": "High", "score": 3}, "resourcesAffected": {"s3Bucket": {"name": "bucket"}},
            })
        };
        aws.account(HOME)
            .region(REGION)
            .macie_findings((0..62).map(finding).collect());
        let client = client!(aws_sdk_macie2, aws);
        let eq = |value: &str| {
            macie::CriterionAdditionalProperties::builder()
                .eq(value)
                .build()
        };
        let neq = |value: &str| {
            macie::CriterionAdditionalProperties::builder()
                .neq(value)
                .build()
        };
        let criteria = macie::FindingCriteria::builder()
            .criterion("archived", eq("false"))
            .criterion("sample", neq("true"))
            .criterion("severity.description", eq("High"))
            .build();
        let list = client.list_findings().finding_criteria(criteria);
        let ids: Vec<_> = list
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .expect("ids");
        assert_eq!(ids.len(), 60);
        assert_eq!(aws.requests_to(Operation::MacieListFindings).len(), 2);

        let describe = |ids: &[String]| {
            client
                .get_findings()
                .set_finding_ids(Some(ids.to_vec()))
                .send()
        };
        let found = describe(&ids[..50]).await.expect("findings");
        assert_eq!(found.findings().len(), 50);
        assert_eq!(
            code(&describe(&ids[..51]).await.expect_err("51 ids")),
            "ValidationException"
        );
    });
}
