//! Records in, exposures out: what each source writes reaches the resource that is exposed.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{catalog, evaluated};
use crate::graph::{SnapshotWriter, Store, TargetOutcome, View, WrittenSnapshot};
use crate::model::{ActiveTriage, CollectionTarget, Coverage, RelationKind, SourceKind};
use crate::records::{RecordParser, asff, config_item, inspector, macie};

pub(super) const ACCOUNT: &str = "111122223333";

/// The IDs of the rules that name the exposures of the records.
fn exposed(records: &[(RecordParser, Value)]) -> Vec<String> {
    let catalog = catalog();
    let mut writer = SnapshotWriter::new(&catalog);
    for (parse, record) in records {
        writer.write(parse(&record.to_string(), &catalog).unwrap().unwrap());
    }
    let exposures = evaluated(&view_of(writer), &catalog, ActiveTriage::default()).exposures;
    exposures
        .iter()
        .map(|exposure| exposure.rule.to_string())
        .collect()
}

/// The IDs of the rules that name the exposures of the records of several files.
pub(super) fn exposed_by_files(files: &[Vec<(RecordParser, Value)>]) -> Vec<String> {
    let catalog = catalog();
    let view = view_of_files(files);
    let exposures = evaluated(&view, &catalog, ActiveTriage::default()).exposures;
    let rules = exposures.iter().map(|exposure| exposure.rule.to_string());
    rules.collect()
}

/// Whether the records of several files show traits of any resource.
pub(super) fn shows_traits(files: &[Vec<(RecordParser, Value)>]) -> bool {
    let view = view_of_files(files);
    view.trait_sets().iter().any(|traits| !traits.is_empty())
}

/// The IDs of the resources to which a resource has a relation, according to the records of several files.
pub(super) fn related_by_files(
    files: &[Vec<(RecordParser, Value)>],
    from: &str,
    kind: RelationKind,
) -> Vec<String> {
    let view = view_of_files(files);
    let from = view
        .indices()
        .find(|index| view.resource(*index).id == from)
        .unwrap();
    let related = view.related(from, kind);
    related.map(|index| view.resource(index).id).collect()
}

fn view_of_files(files: &[Vec<(RecordParser, Value)>]) -> View {
    view_of_store(&stored(files), DateTime::UNIX_EPOCH)
}

/// The number of exposures and of outdated findings, if findings count from this time on.
pub(super) fn counts_since(
    files: &[Vec<(RecordParser, Value)>],
    cutoff: DateTime<Utc>,
) -> (usize, usize) {
    let view = view_of_store(&stored(files), cutoff);
    let evaluation = evaluated(&view, &catalog(), ActiveTriage::default());
    (evaluation.exposures.len(), view.outdated_findings())
}

fn view_of_store(store: &Store, cutoff: DateTime<Utc>) -> View {
    store
        .merge_since(cutoff)
        .without_excluded_traits(&catalog())
        .with_iam_facts(&catalog())
}

fn stored(files: &[Vec<(RecordParser, Value)>]) -> Store {
    let catalog = catalog();
    let mut store = Store::default();
    for (number, records) in files.iter().enumerate() {
        let mut writer = SnapshotWriter::new(&catalog);
        for (parse, record) in records {
            writer.write(parse(&record.to_string(), &catalog).unwrap().unwrap());
        }
        let target = CollectionTarget::file(format!("{number}.json"));
        store.put(outcome(target, writer));
    }
    store
}

/// A configuration item.
pub(super) fn item(resource_type: &str, arn: &str, configuration: Value) -> Value {
    json!({
        "resourceType": resource_type, "arn": arn, "accountId": ACCOUNT, "awsRegion": "us-east-1",
        "configuration": configuration,
    })
}

fn view_of(writer: SnapshotWriter<'_>) -> View {
    let mut store = Store::default();
    let target = CollectionTarget::api(
        SourceKind::SecurityHub,
        ACCOUNT.parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    store.put(outcome(target, writer));
    store
        .merge()
        .without_excluded_traits(&catalog())
        .with_iam_facts(&catalog())
}

fn outcome(target: CollectionTarget, writer: SnapshotWriter<'_>) -> TargetOutcome {
    let WrittenSnapshot {
        snapshot,
        records,
        signals,
        ignored,
        accounts,
    } = writer.finish();
    TargetOutcome {
        target,
        snapshot,
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records,
        signals,
        ignored,
        accounts,
        collected_at: None,
    }
}

#[test]
fn a_resource_that_aws_config_saw_deleted_is_not_exposed() {
    let item = |time: &str, status: &str, is_public: bool| {
        let item = json!({
            "resourceType": "AWS::RDS::DBInstance", "resourceId": "db-1", "resourceName": "orders",
            "ARN": format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:orders"), "awsAccountId": ACCOUNT,
            "awsRegion": "us-east-1", "configurationItemCaptureTime": time, "configurationItemStatus": status,
            "configuration": {"publiclyAccessible": is_public},
        });
        (config_item::parse as RecordParser, item)
    };
    let open = item("2026-11-01T00:00:00Z", "OK", true);
    let deleted = item("2026-11-20T00:00:00Z", "ResourceDeleted", true);
    let open_again = item("2026-11-22T00:00:00Z", "OK", true);
    let finding = control(
        "RDS.2",
        json!({"Type": "AwsRdsDbInstance", "Id": format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:orders")}),
    );
    for (mut records, is_exposed) in [
        (vec![open.clone()], true),
        (vec![open.clone(), deleted.clone()], false),
        (vec![open, deleted.clone(), open_again], true),
        // The finding is newer than the deletion.
        (vec![deleted, finding], true),
    ] {
        assert_eq!(!exposed(&records).is_empty(), is_exposed, "{records:?}");
        records.reverse();
        assert_eq!(!exposed(&records).is_empty(), is_exposed, "{records:?}");
    }
}

fn finding(product: &str, types: &[&str], resources: Value) -> Value {
    json!({
        "Id": format!("finding/{product}/{types:?}/{resources}").chars().take(200).collect::<String>().replace('"', ""),
        "ProductArn": format!("arn:aws:securityhub:us-east-1::product/{product}"),
        "GeneratorId": "generator",
        "AwsAccountId": ACCOUNT,
        "Region": "us-east-1",
        "Title": "title",
        "Types": types,
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
        "UpdatedAt": "2026-11-23T00:00:00Z",
        "Resources": resources,
    })
}

pub(super) fn control(id: &str, resource: Value) -> (RecordParser, Value) {
    let mut finding = finding("aws/securityhub", &[id], json!([resource]));
    finding["Compliance"] = json!({"Status": "FAILED", "SecurityControlId": id});
    (asff::parse, finding)
}

fn detection(asff_type: &str, resources: Value) -> (RecordParser, Value) {
    (
        asff::parse,
        finding("aws/guardduty", &[asff_type], resources),
    )
}

fn scanned(resource: Value) -> (RecordParser, Value) {
    let record = json!({
        "findingArn": format!("arn:aws:inspector2:us-east-1:{ACCOUNT}:finding/f"),
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "title": "Platform End Of Life",
        "severity": "CRITICAL",
        "status": "ACTIVE",
        "packageVulnerabilityDetails": {"vulnerabilityId": "IN-DISCONTINUED-001"},
        "resources": [resource],
    });
    (inspector::parse, record)
}

#[test]
fn a_weak_password_policy_of_an_account_reaches_its_users() {
    let user = json!({
        "Type": "AwsIamUser", "Id": format!("arn:aws:iam::{ACCOUNT}:user/alice"),
        "Details": {"AwsIamUser": {"AttachedManagedPolicies": [
            {"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ]}},
    });
    let account = json!({"Type": "AwsAccount", "Id": format!("AWS::::Account:{ACCOUNT}")});
    assert_eq!(
        exposed(&[control("IAM.7", account), control("IAM.5", user)]),
        ["iam-user-weak-password-no-mfa-with-high-impact-permissions"]
    );
}

#[test]
fn malware_on_a_node_is_also_reported_for_its_cluster() {
    let node = json!({
        "Type": "AwsEc2Instance", "Id": format!("arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1"),
        "Tags": {"eks:cluster-name": "shop"},
    });
    assert_eq!(
        exposed(&[detection(
            "TTPs/Execution/Execution:EC2-MaliciousFile",
            json!([node])
        )]),
        // The cluster has no finding of its own; the tag of its node names it.
        ["ec2-malicious-file", "eks-malicious-file"]
    );
}

#[test]
fn a_vulnerable_image_reaches_the_service_that_runs_it_by_tag() {
    let arn = |rest: &str| format!("arn:aws:ecs:us-east-1:{ACCOUNT}:{rest}");
    let service = json!({
        "Type": "AwsEcsService", "Id": arn("service/c/web"),
        "Details": {"AwsEcsService": {"TaskDefinition": arn("task-definition/web:3")}},
    });
    let definition = json!({
        "Type": "AwsEcsTaskDefinition", "Id": arn("task-definition/web:3"),
        "Details": {"AwsEcsTaskDefinition": {"ContainerDefinitions": [
            {"Image": format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop:v1")},
        ]}},
    });
    let image = json!({
        "type": "AWS_ECR_CONTAINER_IMAGE",
        "id": format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/shop/sha256:abc"),
        "details": {"awsEcrContainerImage": {"repositoryName": "shop", "imageTags": ["v1"]}},
    });
    assert_eq!(
        exposed(&[
            control("ECS.2", service),
            control("ECS.5", definition),
            scanned(image)
        ]),
        ["ecs-end-of-life-operating-system"]
    );
}

#[test]
fn a_vulnerable_image_reaches_the_cluster_that_runs_a_container_of_it() {
    let image = format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:abc");
    let seen = json!([
        {"Type": "AwsEksCluster", "Id": format!("arn:aws:eks:us-east-1:{ACCOUNT}:cluster/shop")},
        {"Type": "Container", "Id": "container", "Details": {"Container": {"ImageName": image}}},
    ]);
    let scanned = scanned(json!({
        "type": "AWS_ECR_CONTAINER_IMAGE",
        "id": format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/shop/sha256:abc"),
    }));
    assert_eq!(
        exposed(&[
            detection("TTPs/Discovery/Discovery:Runtime-SuspiciousCommand", seen),
            scanned
        ]),
        ["eks-end-of-life-operating-system"]
    );
}

#[test]
fn sensitive_data_counts_from_any_data_security_product() {
    let database = json!({
        "Type": "AwsRdsDbInstance", "Id": format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:orders"),
        "Details": {"AwsRdsDbInstance": {"PubliclyAccessible": true}},
    });
    let partner = finding(
        "example/example-dspm",
        &["Sensitive Data Identifications/PII"],
        json!([database]),
    );
    let partner = (asff::parse as RecordParser, partner);
    // The details of a partner's finding are not evidence.
    assert!(exposed(std::slice::from_ref(&partner)).is_empty());
    assert_eq!(
        exposed(&[partner, control("RDS.2", database)]),
        ["rds-public-with-sensitive-data"]
    );
}

#[test]
fn a_code_vulnerability_is_not_a_package_vulnerability() {
    let mut code = finding(
        "aws/inspector",
        &["Software and Configuration Checks/Vulnerabilities"],
        json!([{"Type": "AwsLambdaFunction", "Id": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")}]),
    );
    code["Vulnerabilities"] = json!([{"Id": "python/os-command-injection", "CodeVulnerabilities": [{"Cwes": ["CWE-78"]}]}]);
    assert_eq!(exposed(&[(asff::parse, code)]), ["lambda-code-injection"]);
}

#[test]
fn a_role_from_aws_config_can_read_a_bucket_with_sensitive_data() {
    let catalog = catalog();
    let item = |kind: &str, arn: &str, configuration: Value| {
        let record = json!({
            "resourceType": kind, "arn": arn, "accountId": ACCOUNT, "awsRegion": "us-east-1",
            "configuration": configuration,
        });
        config_item::parse(&record.to_string(), &catalog)
            .unwrap()
            .unwrap()
    };
    let role = format!("arn:aws:iam::{ACCOUNT}:role/app");
    let policy = format!("arn:aws:iam::{ACCOUNT}:policy/reader");
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::cust*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::customers-eu/*"},
    ]});
    let data = |bucket: &str| {
        let record = json!({
            "id": format!("{bucket:0>32}"), "accountId": ACCOUNT, "region": "us-east-1",
            "category": "CLASSIFICATION", "type": "SensitiveData:S3Object/Personal",
            "severity": {"description": "High", "score": 3},
            "resourcesAffected": {"s3Bucket": {
                "arn": format!("arn:aws:s3:::{bucket}"), "name": bucket, "owner": {"id": ACCOUNT},
            }},
            "classificationDetails": {"result": {"sensitiveData": [{"category": "PERSONAL_INFORMATION"}]}},
        });
        macie::parse(&record.to_string(), &catalog)
            .unwrap()
            .unwrap()
    };
    let mut writer = SnapshotWriter::new(&catalog);
    for record in [
        item(
            "AWS::IAM::Role",
            &role,
            json!({"attachedManagedPolicies": [{"policyArn": policy}]}),
        ),
        item(
            "AWS::IAM::Policy",
            &policy,
            json!({"policyVersionList": [{"isDefaultVersion": true, "document": document.to_string()}]}),
        ),
        data("customers"),
        data("customers-eu"),
        data("public"),
    ] {
        writer.write(record);
    }
    let view = view_of(writer);
    let role = view
        .indices()
        .find(|index| view.resource(*index).id == role)
        .unwrap();
    let reads: Vec<String> = view
        .related(role, RelationKind::CanRead)
        .map(|index| view.resource(index).id)
        .collect();
    assert_eq!(reads, ["arn:aws:s3:::customers"]);
}
