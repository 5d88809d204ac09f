//! `exposured iam`: what a user or role can do, and why.

use serde_json::{Value, json};

use crate::program::{Ran, exposured, run};
use crate::relations::item;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

fn document(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// A user with one inline policy and, perhaps, a permissions boundary.
pub fn user(statements: Value, boundary: Option<&str>) -> Value {
    let mut configuration = json!({
        "userName": "alice", "attachedManagedPolicies": [], "groupList": [],
        "userPolicyList": [{"policyName": "own", "policyDocument": document(statements)}],
    });
    if let Some(arn) = boundary {
        configuration["permissionsBoundary"] = json!({"permissionsBoundaryArn": arn});
    }
    with_arn("AWS::IAM::User", ALICE, configuration)
}

/// A managed policy with one version.
pub fn policy(arn: &str, statements: Value) -> Value {
    let configuration = json!({"policyName": "p", "defaultVersionId": "v4", "policyVersionList": [
        {"versionId": "v4", "isDefaultVersion": true, "document": document(statements)},
    ]});
    with_arn("AWS::IAM::Policy", arn, configuration)
}

pub fn with_arn(kind: &str, arn: &str, configuration: Value) -> Value {
    let mut item = item(kind, arn, configuration, &[]);
    item["arn"] = json!(arn);
    item["accountId"] = json!("111122223333");
    item
}

fn bucket(statements: Value) -> Value {
    let mut bucket = with_arn(
        "AWS::S3::Bucket",
        "arn:aws:s3:::data",
        json!({"name": "data"}),
    );
    bucket["supplementaryConfiguration"] =
        json!({"BucketPolicy": {"policyText": document(statements)}});
    bucket
}

/// Runs a command on configuration items.
pub fn on_items(items: &[Value], arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let results: Vec<String> = items.iter().map(Value::to_string).collect();
    let path = folder.path().join("config.json");
    std::fs::write(&path, json!({ "Results": results }).to_string()).unwrap();
    run(exposured().args(arguments).arg("--input").arg(&path))
}

fn can(items: &[Value], more: &[&str]) -> Value {
    let question = ["iam", "can", "alice", "s3:GetObject", "arn:aws:s3:::data/x"];
    let arguments = [&question[..], more, &["--format", "json"]].concat();
    on_items(items, &arguments).expect(0).json()
}

#[test]
fn an_answer_names_the_statement_the_document_and_its_version() {
    let boundary = "arn:aws:iam::111122223333:policy/limit";
    let allow = json!({"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"});
    let items = [
        user(json!([allow]), Some(boundary)),
        policy(boundary, json!([allow])),
    ];
    let answer = can(&items, &[]);
    // The bucket was not read, so neither the account that owns it nor its policy is known.
    assert_eq!(answer["decision"], "unknown");
    let missing = [
        "account of arn:aws:s3:::data/x",
        "resource policy of arn:aws:s3:::data/x",
    ];
    assert_eq!(answer["unknown"], json!(missing));
    let items = [&items[..], &[bucket(json!([]))]].concat();
    let answer = can(&items, &[]);
    assert_eq!(answer["decision"], "allowed");
    assert_eq!(
        answer["statements"],
        json!([
            {"effect": "allow", "statement": "Read", "document": format!("inline policy `own` of {ALICE}"), "policy": "identity", "certain": true},
            {"effect": "allow", "statement": "Read", "document": format!("{boundary} v4"), "policy": "boundary", "certain": true},
        ])
    );
    assert_eq!(answer["unknown"], json!([]));
}

#[test]
fn a_denial_names_its_reason() {
    let allow = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let boundary = "arn:aws:iam::111122223333:policy/limit";
    let limit = policy(
        boundary,
        json!([{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]),
    );
    let deny =
        json!({"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    for (items, reason, documents) in [
        (vec![user(json!([]), None)], "nothing-allows", vec![]),
        (
            vec![user(json!([allow]), Some(boundary)), limit],
            "boundary-does-not-allow",
            vec![],
        ),
        (
            vec![user(json!([allow]), None), bucket(json!([deny]))],
            "statement-denies",
            vec!["resource policy of arn:aws:s3:::data/x"],
        ),
    ] {
        let answer = can(&items, &[]);
        assert_eq!(answer["decision"], "denied", "{reason}");
        assert_eq!(answer["reason"], reason);
        let named = answer["statements"].as_array().unwrap().iter();
        let named: Vec<&str> = named.map(|one| one["document"].as_str().unwrap()).collect();
        assert_eq!(named, documents, "{reason}");
    }
}

#[test]
fn a_missing_key_is_named_and_can_be_given() {
    let condition = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
    let allow =
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition});
    let items = [user(json!([allow]), None), bucket(json!([]))];
    let answer = can(&items, &[]);
    assert_eq!(answer["decision"], "unknown");
    assert_eq!(answer["unknown"], json!(["aws:SourceIp"]));
    assert_eq!(answer["statements"][0]["certain"], false);
    for (address, decision) in [("10.1.2.3", "allowed"), ("192.0.2.1", "denied")] {
        let context = format!("aws:sourceip={address}");
        let answer = can(&items, &["--context", &context]);
        assert_eq!(answer["decision"], decision, "{address}");
        assert_eq!(answer["unknown"], json!([]));
    }
}

#[test]
fn text_says_what_was_not_weighed() {
    let allow = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let items = [user(json!([allow]), None), bucket(json!([]))];
    let arguments = [
        "iam",
        "can",
        ALICE,
        "s3:GetObject",
        "arn:aws:s3:::data/x",
        "--wide",
    ];
    insta::assert_snapshot!(on_items(&items, &arguments).expect(0).stdout, @"
    allowed: arn:aws:iam::111122223333:user/alice s3:GetObject arn:aws:s3:::data/x
      a statement allows it, and none denies it
      allows: statement `1` of inline policy `own` of arn:aws:iam::111122223333:user/alice
      not weighed: service control policies, resource control policies, session policies
    ");
}

#[test]
fn a_question_that_cannot_be_asked_is_a_usage_error() {
    let items = [user(json!([]), None)];
    for (arguments, message) in [
        (["iam", "can", "bob", "s3:GetObject", "*"], "like `bob`"),
        (
            ["iam", "can", "alice", "GetObject", "*"],
            "`GetObject` is not an action",
        ),
    ] {
        let ran = on_items(&items, &arguments);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
    }
    let context = ["iam", "can", "alice", "s3:GetObject", "*", "--context", "x"];
    assert_eq!(on_items(&items, &context).code, 2);
}
