use super::*;
use crate::aws::RoleTemplate;
use crate::model::SourceKind;
use crate::publish::ImportInto;

fn scope() -> PolicyScope {
    PolicyScope {
        sources: SourceOptions {
            enabled: vec![
                SourceKind::SecurityHub,
                SourceKind::Inspector,
                SourceKind::Macie,
            ],
            ..SourceOptions::default()
        },
        security_hub: Some(SecurityHubOptions {
            import_into: ImportInto::CallerAccount,
            region: None,
        }),
        regions: vec!["us-east-1".parse().unwrap(), "eu-west-1".parse().unwrap()],
        account: Some("111122223333".parse().unwrap()),
        organization: None,
    }
}

fn member() -> PolicyScope {
    PolicyScope {
        security_hub: Some(SecurityHubOptions {
            import_into: ImportInto::ResourceAccounts(RoleTemplate {
                arn: "arn:aws:iam::{account}:role/exposured-publish".into(),
                external_id: "an-external-id".into(),
            }),
            region: None,
        }),
        ..scope()
    }
}

#[test]
fn the_defaults_need_four_actions() {
    insta::assert_json_snapshot!(scope().task_policy());
}

#[test]
fn a_member_role_publishes_in_its_own_account() {
    insta::assert_json_snapshot!(member().task_policy());
    insta::assert_json_snapshot!(member().member_policy().unwrap());
    let principal = "arn:aws:iam::111122223333:role/exposured";
    insta::assert_json_snapshot!(member().trust_policy(principal).unwrap());
    assert_eq!(scope().member_policy(), Err(NoMemberRole));
    assert_eq!(scope().trust_policy(principal), Err(NoMemberRole));
}

#[test]
fn what_is_off_needs_no_permission() {
    let mut scope = scope();
    scope.security_hub = None;
    scope.sources.enabled = vec![SourceKind::Config];
    scope.sources.config_aggregator = Some("organization".into());
    insta::assert_json_snapshot!(scope.task_policy());
}

#[test]
fn a_region_that_is_only_published_in_is_read_too() {
    let mut scope = scope();
    if let Some(options) = &mut scope.security_hub {
        options.region = Some("eu-central-1".parse().unwrap());
    }
    let policy = serde_json::to_value(scope.task_policy()).unwrap();
    let regions = &policy["Statement"][0]["Condition"]["StringEquals"]["aws:RequestedRegion"];
    assert_eq!(
        *regions,
        serde_json::json!(["us-east-1", "eu-west-1", "eu-central-1"])
    );
}

#[test]
fn the_partition_is_that_of_the_regions() {
    let mut scope = scope();
    scope.regions = vec!["us-gov-west-1".parse().unwrap()];
    let policy = serde_json::to_string(&scope.task_policy()).unwrap();
    assert!(policy.contains("arn:aws-us-gov:securityhub:*:111122223333:product/"));
    assert!(policy.contains("us-gov-west-1"), "{policy}");
    assert!(!policy.contains("arn:aws:"), "{policy}");
}

#[test]
fn a_role_that_reads_iam_in_other_accounts_needs_nothing_else() {
    let mut scope = scope();
    scope.sources.enabled = vec![SourceKind::Iam];
    scope.sources.member_role = Some(RoleTemplate {
        arn: "arn:aws:iam::{account}:role/exposured-read".into(),
        external_id: "an-external-id".into(),
    });
    scope.security_hub = None;
    insta::assert_json_snapshot!(scope.task_policy());
    insta::assert_json_snapshot!(scope.member_policy().unwrap());
    let principal = "arn:aws:iam::111122223333:role/exposured";
    insta::assert_json_snapshot!(scope.trust_policy(principal).unwrap());
    scope.security_hub = member().security_hub;
    insta::assert_json_snapshot!(scope.member_policy().unwrap());
}
