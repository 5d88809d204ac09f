//! The findings of IAM Access Analyzer, from the service and from files.

use serde_json::{Value, json};

use crate::aws::{Aws, HOME};
use crate::findings::updated;
use crate::program::{config, exposured, exposured_on, exposures, run};

fn finding(id: &str, resource_type: &str, resource: &str, is_public: bool) -> Value {
    json!({
        "id": id, "resource": resource, "resourceType": resource_type, "resourceOwnerAccount": HOME,
        "isPublic": is_public, "status": "ACTIVE", "principal": {"AWS": if is_public { "*" } else { "444455556666" }},
        "condition": {}, "action": [], "createdAt": updated(0), "analyzedAt": updated(0),
        "updatedAt": updated(0),
    })
}

fn findings() -> Vec<Value> {
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:us-east-1:{HOME}:{name}");
    let secret = arn("secretsmanager", "secret:db-a1b2c3");
    let mut archived = finding("a", "AWS::SNS::Topic", &arn("sns", "t"), true);
    archived["status"] = json!("ARCHIVED");
    vec![
        finding("q", "AWS::SQS::Queue", &arn("sqs", "q"), true),
        finding("s", "AWS::SecretsManager::Secret", &secret, false),
        finding(
            "e",
            "AWS::EC2::Snapshot",
            &arn("ec2", "snapshot/snap-0123456789abcdef0"),
            true,
        ),
        finding(
            "r",
            "AWS::IAM::Role",
            &format!("arn:aws:iam::{HOME}:role/r"),
            true,
        ),
        archived,
    ]
}

const EXPECTED: [(&str, &str); 4] = [
    ("snap-0123456789abcdef0", "CRITICAL"),
    ("r", "HIGH"),
    ("db-a1b2c3", "HIGH"),
    ("q", "MEDIUM"),
];

fn found(result: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = exposures(result)
        .into_iter()
        .map(|(id, severity, _)| {
            let name = id.rsplit(':').next().unwrap_or_default();
            (name.to_owned(), severity)
        })
        .collect();
    found.sort();
    found
}

fn expected() -> Vec<(String, String)> {
    let mut expected = EXPECTED.map(|(name, severity)| (name.to_owned(), severity.to_owned()));
    expected.sort();
    expected.into()
}

#[test]
fn resources_that_outsiders_can_access_are_read_from_access_analyzer() {
    let aws = Aws::start();
    aws.account(HOME)
        .region("us-east-1")
        .access_analyzer_findings(findings());
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "[collect]\naccess_analyzer = true\n");
    let ran = run(exposured_on(&aws)
        .args(["once", "--dry-run", "--format", "json", "--config"])
        .arg(&config))
    .expect(0);
    assert_eq!(found(&ran.json()), expected());
}

#[test]
fn the_same_findings_are_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("analyzer.json");
    std::fs::write(path, json!({"findings": findings()}).to_string()).unwrap();
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(0);
    assert_eq!(found(&ran.json()), expected());
}

#[test]
fn a_region_without_an_analyzer_is_reported() {
    let aws = Aws::start();
    aws.account(HOME).region("us-east-1");
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "[collect]\naccess_analyzer = true\n");
    let ran = run(exposured_on(&aws)
        .args(["once", "--dry-run", "--format", "json", "--config"])
        .arg(&config))
    .expect(3);
    let coverage = ran.json()["coverage"].as_array().unwrap().clone();
    let row = coverage
        .iter()
        .find(|row| row["source"] == "access-analyzer");
    let row = row.unwrap();
    assert_eq!(
        (&row["coverage"], &row["reason"]),
        (&json!("failed"), &json!("not-enabled"))
    );
}
