//! Relations between resources, from Security Hub's inventory, from AWS Config, or from the findings alone.

use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation, RegionHandle, Service};
use crate::findings::{control, ec2, reachable, updated, vulnerability};
use crate::program::{Ran, config, exposured, exposured_on, exposures, run};

const NETWORK: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

/// Runs one cycle with these settings in `[collect]`.
fn once(aws: &Aws, collect: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), &format!("[collect]\n{collect}\n"));
    run(exposured_on(aws)
        .args(["once", "--dry-run", "--format", "json", "--config"])
        .arg(path))
}

fn row<'a>(result: &'a Value, source: &str) -> &'a Value {
    let rows = result["coverage"].as_array().unwrap();
    rows.iter().find(|row| row["source"] == source).unwrap()
}

/// A resource of Security Hub's inventory.
pub fn resource(kind: &str, id: &str, details: Value) -> Value {
    json!({
        "ResourceGuid": format!("guid-{id}"), "ResourceId": id, "AccountId": HOME, "Region": "us-east-1",
        "ResourceType": kind, "ResourceProvider": "AWS", "ResourceOwnerAccountId": HOME,
        "ResourceRegion": "us-east-1", "ResourceName": id, "ResourceCategory": "Compute",
        "ResourceDetailCaptureTimeDt": updated(0), "ResourceConfig": details,
    })
}

/// A configuration item of AWS Config.
pub fn item(kind: &str, id: &str, configuration: Value, relationships: &[(&str, &str)]) -> Value {
    let relationships: Vec<Value> = relationships
        .iter()
        .map(|(kind, id)| json!({"resourceType": kind, "resourceId": id}))
        .collect();
    json!({
        "resourceId": id, "resourceName": id, "resourceType": kind, "accountId": HOME, "awsRegion": "us-east-1",
        "configurationItemCaptureTime": updated(0), "configuration": configuration,
        "relationships": relationships, "tags": [], "availabilityZone": "us-east-1a", "version": "1.3",
    })
}

/// An open security group, and an instance that no finding relates to it.
fn open_group(aws: &Aws) -> RegionHandle<'_> {
    let group = control(
        "EC2.19",
        "AwsEc2SecurityGroup",
        &ec2("security-group", "sg-open"),
        json!({}),
    );
    aws.account(HOME)
        .region("us-east-1")
        .security_hub_findings(vec![group])
        .inspector_findings(vec![vulnerability("i-1", "CVE-2026-1", 0.9, true, NETWORK)])
}

fn traits(result: &Value) -> Vec<&str> {
    let all = result["exposures"][0]["traits"].as_array().unwrap();
    all.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

fn has_open_group(result: &Value) -> bool {
    traits(result).contains(&"open-security-group")
}

#[test]
fn without_relations_an_open_group_affects_no_instance() {
    let aws = Aws::start();
    open_group(&aws);
    assert!(!has_open_group(&once(&aws, "").expect(0).json()));
    assert!(aws.requests_to(Operation::GetResourcesV2).is_empty());
    assert!(aws.requests_to(Operation::SelectResourceConfig).is_empty());
}

#[test]
fn security_hubs_inventory_relates_an_instance_to_its_group() {
    let aws = Aws::start();
    open_group(&aws).resources(vec![resource(
        "AWS::EC2::Instance",
        "i-1",
        json!({"securityGroups": [{"groupId": "sg-open", "groupName": "open"}]}),
    )]);
    let result = once(&aws, "resources = \"security-hub\"").expect(0).json();
    assert!(has_open_group(&result), "{:?}", traits(&result));
    assert_eq!(
        row(&result, "security-hub-resources")["coverage"],
        "complete"
    );
}

#[test]
fn aws_config_relates_an_instance_to_its_group() {
    for (configuration, relationships) in [
        (
            json!({"networkInterfaces": [{"networkInterfaceId": "eni-1", "groups": [{"groupId": "sg-open"}]}]}),
            vec![],
        ),
        (json!({}), vec![("AWS::EC2::SecurityGroup", "sg-open")]),
    ] {
        let aws = Aws::start();
        open_group(&aws).config_items(vec![item(
            "AWS::EC2::Instance",
            "i-1",
            configuration,
            &relationships,
        )]);
        let ran = once(&aws, "resources = \"config\"").expect(0);
        let result = ran.json();
        assert!(has_open_group(&result), "{:?}", traits(&result));
        assert_eq!(row(&result, "config")["coverage"], "complete");
        // Calls of AWS Config count like those of the other services.
        let finished = &ran.events("cycle_finished")[0];
        assert_eq!(finished["api_calls"], aws.requests().len());
    }
}

#[test]
fn calls_to_aws_config_survive_transient_faults() {
    for fault in [
        Fault::throttle().times(2),
        Fault::status(503).times(2),
        Fault::reset_mid_answer(),
        Fault::truncated_json(),
    ] {
        let aws = Aws::start();
        let groups = json!({"securityGroups": [{"groupId": "sg-open"}]});
        open_group(&aws).config_items(vec![item("AWS::EC2::Instance", "i-1", groups, &[])]);
        aws.fault(Operation::SelectResourceConfig, fault.clone());
        let result = once(&aws, "resources = \"config\"").expect(0).json();
        assert_eq!(row(&result, "config")["coverage"], "complete", "{fault:?}");
    }
}

#[test]
fn a_network_path_relates_an_instance_to_its_group() {
    let aws = Aws::start();
    open_group(&aws).inspector_findings(vec![reachable("i-1", None)]);
    assert!(has_open_group(&once(&aws, "").expect(0).json()));
}

#[test]
fn an_aggregator_is_queried_once_for_all_regions() {
    let aws = Aws::start();
    open_group(&aws).aggregator(
        "organization",
        vec![item(
            "AWS::EC2::Instance",
            "i-1",
            json!({}),
            &[("AWS::EC2::SecurityGroup", "sg-open")],
        )],
    );
    aws.account(HOME).region("eu-west-1");
    let folder = tempfile::tempdir().unwrap();
    let path = config(
        folder.path(),
        "[aws]\nregions = [\"us-east-1\", \"eu-west-1\"]\n[collect]\nresources = \"config\"\n\
         [collect.config]\naggregator = \"organization\"\n",
    );
    let ran = run(exposured_on(&aws)
        .args(["once", "--dry-run", "--format", "json", "--config"])
        .arg(path))
    .expect(0);
    assert!(has_open_group(&ran.json()));
    let requests = aws.requests_to(Operation::SelectAggregateResourceConfig);
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(request.region, "us-east-1");
        assert_eq!(request.body["ConfigurationAggregatorName"], "organization");
        assert_eq!(request.body["Limit"], 100);
    }
}

#[test]
fn a_missing_aggregator_is_reported() {
    let aws = Aws::start();
    open_group(&aws);
    let collect = "resources = \"config\"\n[collect.config]\naggregator = \"missing\"";
    let result = once(&aws, collect).expect(3).json();
    let detail = row(&result, "config")["detail"].as_str().unwrap();
    assert!(detail.contains("[collect.config]"), "{detail}");
    assert_eq!(result["summary"]["exposures"], 1);
}

#[test]
fn a_missing_permission_for_relations_affects_only_the_relations() {
    for (collect, source, action) in [
        (
            "resources = \"security-hub\"",
            "security-hub-resources",
            "securityhub:GetResourcesV2",
        ),
        (
            "resources = \"config\"",
            "config",
            "config:SelectResourceConfig",
        ),
    ] {
        let aws = Aws::start();
        open_group(&aws).deny(action);
        let ran = once(&aws, collect).expect(3);
        let result = ran.json();
        assert_eq!(row(&result, source)["coverage"], "failed");
        assert_eq!(row(&result, source)["reason"], "denied");
        assert_eq!(row(&result, source)["action"], action);
        assert_eq!(exposures(&result)[0].0, "i-1");
        assert!(!has_open_group(&result));
    }
}

#[test]
fn a_source_of_relations_that_is_not_enabled_is_reported() {
    for (collect, source, service) in [
        (
            "resources = \"security-hub\"",
            "security-hub-resources",
            Service::SecurityHubV2,
        ),
        ("resources = \"config\"", "config", Service::Config),
    ] {
        let aws = Aws::start();
        open_group(&aws).disable(service);
        let result = once(&aws, collect).expect(3).json();
        assert_eq!(row(&result, source)["reason"], "not-enabled", "{source}");
        assert_eq!(result["summary"]["exposures"], 1);
    }
}

#[test]
fn relations_are_complete_despite_throttling_and_expired_tokens() {
    let aws = Aws::start();
    let members = |instance: usize| {
        let id = format!("i-{instance:04}");
        (
            resource(
                "AWS::EC2::Instance",
                &id,
                json!({"securityGroups": [{"groupId": "sg-open"}]}),
            ),
            item(
                "AWS::EC2::Instance",
                &id,
                json!({"securityGroups": [{"groupId": "sg-open"}]}),
                &[],
            ),
            vulnerability(&id, "CVE-2026-1", 0.9, true, NETWORK),
        )
    };
    let all: Vec<_> = (0..250).map(members).collect();
    open_group(&aws)
        .remove_finding(
            vulnerability("i-1", "CVE-2026-1", 0.9, true, NETWORK)["findingArn"]
                .as_str()
                .unwrap(),
        )
        .resources(all.iter().map(|one| one.0.clone()).collect())
        .config_items(all.iter().map(|one| one.1.clone()).collect())
        .inspector_findings(all.into_iter().map(|one| one.2).collect());
    aws.rate_limits(true);
    for (collect, operation) in [
        ("resources = \"security-hub\"", Operation::GetResourcesV2),
        ("resources = \"config\"", Operation::SelectResourceConfig),
    ] {
        aws.fault(operation, Fault::throttle().times(3));
        aws.fault(operation, Fault::truncated_json().after(2));
        let result = once(&aws, collect).expect(0).json();
        let reached = result["exposures"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| {
                let traits = one["traits"].as_array().unwrap();
                traits.iter().any(|one| one["id"] == "open-security-group")
            });
        assert_eq!(reached.count(), 250, "{operation:?}");
    }
}

#[test]
fn only_the_types_that_the_catalog_needs_are_queried() {
    let aws = Aws::start();
    open_group(&aws).resources(vec![resource("AWS::EC2::Instance", "i-1", json!({}))]);
    once(&aws, "resources = \"security-hub\"").expect(0);
    let mut types: Vec<String> = Vec::new();
    for request in aws.requests_to(Operation::GetResourcesV2) {
        assert_eq!(request.body["MaxResults"], 100);
        let composite = &request.body["Filters"]["CompositeFilters"][0];
        let filters = composite["StringFilters"].as_array().unwrap();
        assert!(filters.len() <= 20);
        types.extend(
            filters
                .iter()
                .map(|one| one["Filter"]["Value"].as_str().unwrap().to_owned()),
        );
    }
    types.sort();
    insta::assert_debug_snapshot!(types);
}

#[test]
fn configuration_in_files_counts_like_that_in_responses() {
    let group = control(
        "EC2.19",
        "AwsEc2SecurityGroup",
        &ec2("security-group", "sg-open"),
        json!({}),
    );
    let finding = vulnerability("i-1", "CVE-2026-1", 0.9, true, NETWORK);
    let item = item(
        "AWS::EC2::Instance",
        "i-1",
        json!({"securityGroups": [{"groupId": "sg-open"}]}),
        &[],
    );
    let resource = resource(
        "AWS::EC2::Instance",
        "i-1",
        json!({"securityGroups": [{"groupId": "sg-open"}]}),
    );
    let mut history = item.clone();
    history["configuration"] = json!(history["configuration"].to_string());
    for (name, file) in [
        (
            "a query",
            json!({"Results": [item.to_string()], "QueryInfo": {}}),
        ),
        ("a history", json!({"configurationItems": [history]})),
        ("an inventory", json!({"Resources": [resource]})),
        ("a list of items", json!([item])),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let findings = json!([group, finding]).to_string();
        std::fs::write(folder.path().join("findings.json"), findings).unwrap();
        std::fs::write(folder.path().join("relations.json"), file.to_string()).unwrap();
        let ran = run(exposured()
            .args(["once", "--format", "json", "--input"])
            .arg(folder.path()))
        .expect(0);
        assert!(has_open_group(&ran.json()), "{name}");
    }
}

#[test]
fn check_reports_a_missing_permission_for_relations() {
    let aws = Aws::start();
    aws.account(HOME)
        .region("us-east-1")
        .deny("config:SelectResourceConfig");
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), "[collect]\nresources = \"config\"\n");
    let ran = run(exposured_on(&aws)
        .args(["check", "--aws", "--config"])
        .arg(path))
    .expect(3);
    let line = ran.stdout.lines().find(|line| line.contains(" config "));
    let line = line.unwrap_or_else(|| panic!("{}", ran.stdout));
    assert!(
        line.contains("denied: config:SelectResourceConfig is missing"),
        "{line}"
    );
}

#[test]
fn a_passed_control_has_relations_and_shows_no_trait() {
    let aws = Aws::start();
    let passed = |id: &str, kind: &str, resource: &str, details: Value| {
        let mut finding = control(id, kind, resource, details);
        finding["Compliance"]["Status"] = json!("PASSED");
        finding
    };
    let profile = format!("arn:aws:iam::{HOME}:instance-profile/ops");
    let place = aws.account(HOME).region("us-east-1");
    place
        .inspector_findings(vec![vulnerability("i-1", "CVE-2026-1", 0.9, true, NETWORK)])
        .security_hub_findings(vec![
            // The control passed, so the group is not open.
            passed(
                "EC2.19",
                "AwsEc2SecurityGroup",
                &ec2("security-group", "sg-closed"),
                json!({}),
            ),
            passed(
                "EC2.180",
                "AwsEc2NetworkInterface",
                &ec2("network-interface", "eni-1"),
                json!({
                    "Attachment": {"InstanceId": "i-1"},
                    "SecurityGroups": [{"GroupId": "sg-closed"}],
                }),
            ),
            passed(
                "EC2.8",
                "AwsEc2Instance",
                &ec2("instance", "i-1"),
                json!({"IamInstanceProfileArn": profile}),
            ),
            passed(
                "KMS.2",
                "AwsIamRole",
                &format!("arn:aws:iam::{HOME}:role/ops"),
                json!({
                    "InstanceProfileList": [{"Arn": profile}],
                    "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
                }),
            ),
        ]);
    let result = once(&aws, "").expect(0).json();
    let traits = traits(&result);
    assert!(
        traits.contains(&"administrative-access-policy"),
        "{traits:?}"
    );
    for trait_id in [
        "open-security-group",
        "imds-v1-allowed",
        "source-destination-check-disabled",
    ] {
        assert!(!traits.contains(&trait_id), "{traits:?}");
    }
}

/// An instance that is reachable from the internet and uses a role that AWS Config has recorded.
fn role_of_instance(aws: &Aws, role: Value) {
    let profile = format!("arn:aws:iam::{HOME}:instance-profile/ops");
    let mut configuration = json!({"instanceProfileList": [{"arn": profile}]});
    for (name, value) in role.as_object().unwrap() {
        configuration[name] = value.clone();
    }
    let mut role = item("AWS::IAM::Role", "AROAIOSFODNN7EXAMPLE", configuration, &[]);
    role["arn"] = json!(format!("arn:aws:iam::{HOME}:role/ops"));
    role["awsRegion"] = json!("global");
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(vec![reachable("i-1", Some("ops"))])
        .config_items(vec![role]);
}

fn inline(statement: Value) -> Value {
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    // IAM and AWS Config percent-encode documents.
    let document: String = document
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    json!({"rolePolicyList": [{"policyName": "inline", "policyDocument": document}]})
}

#[test]
fn an_inline_policy_shows_an_administrator() {
    let aws = Aws::start();
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    role_of_instance(&aws, inline(all));
    let result = once(&aws, "resources = \"config\"").expect(0).json();
    assert_eq!(exposures(&result)[0].1, "HIGH");
    assert!(
        traits(&result).contains(&"administrative-access-policy"),
        "{:?}",
        traits(&result)
    );
}

#[test]
fn the_default_version_of_a_customer_managed_policy_counts() {
    let aws = Aws::start();
    let policy = format!("arn:aws:iam::{HOME}:policy/wide");
    role_of_instance(
        &aws,
        json!({"attachedManagedPolicies": [{"policyName": "wide", "policyArn": policy}]}),
    );
    let version = |id: &str, action: &str| {
        let all = inline(json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
        let document = &all["rolePolicyList"][0]["policyDocument"];
        json!({"versionId": id, "isDefaultVersion": id == "v2", "document": document})
    };
    let versions = json!({"defaultVersionId": "v2", "policyVersionList": [version("v1", "*"), version("v2", "dynamodb:*")]});
    let mut item = item("AWS::IAM::Policy", "ANPAIOSFODNN7EXAMPLE", versions, &[]);
    item["arn"] = json!(policy);
    aws.account(HOME)
        .region("us-east-1")
        .config_items(vec![item]);
    let result = once(&aws, "resources = \"config\"").expect(0).json();
    let traits = traits(&result);
    assert!(
        traits.contains(&"service-administrative-policy"),
        "{traits:?}"
    );
    assert!(
        !traits.contains(&"administrative-access-policy"),
        "{traits:?}"
    );
}

#[test]
fn what_a_policy_allows_on_a_condition_is_unknown_and_not_safe() {
    let aws = Aws::start();
    let conditional = json!({
        "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    });
    role_of_instance(&aws, inline(conditional));
    let result = once(&aws, "resources = \"config\"").expect(0).json();
    let traits = traits(&result);
    assert!(traits.contains(&"permissions-not-known"), "{traits:?}");
    assert!(
        !traits.contains(&"administrative-access-policy"),
        "{traits:?}"
    );
}

#[test]
fn a_role_that_another_account_can_assume_has_that_trait() {
    let aws = Aws::start();
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::999988887777:root", "Service": "ec2.amazonaws.com"},
    }]});
    role_of_instance(&aws, json!({"assumeRolePolicyDocument": trust.to_string()}));
    let result = once(&aws, "resources = \"config\"").expect(0).json();
    assert!(
        traits(&result).contains(&"role-assumable-from-outside"),
        "{:?}",
        traits(&result)
    );
}

#[test]
fn a_later_finding_without_the_document_does_not_make_an_administrator_unknown() {
    let aws = Aws::start();
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    role_of_instance(&aws, inline(all));
    let mut later = control(
        "KMS.2",
        "AwsIamRole",
        &format!("arn:aws:iam::{HOME}:role/ops"),
        json!({
            "RolePolicyList": [{"PolicyName": "inline"}],
            "InstanceProfileList": [{"Arn": format!("arn:aws:iam::{HOME}:instance-profile/ops")}],
        }),
    );
    later["UpdatedAt"] = json!(updated(2));
    aws.account(HOME)
        .region("us-east-1")
        .security_hub_findings(vec![later]);
    let with_config = once(&aws, "resources = \"config\"").expect(0).json();
    let known = traits(&with_config);
    assert!(known.contains(&"administrative-access-policy"), "{known:?}");
    assert!(!known.contains(&"permissions-not-known"), "{known:?}");
    let without = once(&aws, "").expect(0).json();
    let unknown = traits(&without);
    assert!(unknown.contains(&"permissions-not-known"), "{unknown:?}");
    assert!(
        !unknown.contains(&"administrative-access-policy"),
        "{unknown:?}"
    );
}
