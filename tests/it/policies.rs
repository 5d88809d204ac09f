//! `exposured policy` grants what a cycle calls, and nothing else; `exposured init` prints it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::aws::{Aws, HOME, Operation};
use crate::findings::{control, digits, reachable, sensitive_data, updated};
use crate::program::{Ran, exposured, exposured_on, run};

const MEMBER: &str = "444455556666";

/// An action, and the Region in which it is called.
type Call = (String, String);

pub fn policy(text: &str, arguments: &[&str]) -> Ran {
    let mut command = exposured();
    command
        .env("AWS_REGION", "us-east-1")
        .env("TEXT", text)
        .args(["policy", "--config", "env:TEXT"])
        .args(arguments);
    run(&mut command)
}

pub fn list(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match value {
        Value::Array(all) => all.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// What a policy allows, one call at a time.
fn granted(policy: &Value) -> BTreeSet<Call> {
    let mut calls = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow");
        let resource = statement["Resource"].as_str().unwrap();
        let condition = &statement["Condition"]["StringEquals"]["aws:RequestedRegion"];
        let region = resource.split(':').nth(3).unwrap_or("*");
        let regions = match condition {
            Value::Null => vec![region.to_owned()],
            condition => list(condition),
        };
        assert!(!regions.contains(&"*".to_owned()), "{statement}");
        for action in list(&statement["Action"]) {
            calls.extend(
                regions
                    .iter()
                    .map(|region| (action.clone(), region.clone())),
            );
        }
    }
    calls
}

/// What the program called after the first requests: by its own role, and by the role that it assumes. What needs no
/// permission is left out.
/// Source: AWS STS API Reference, `GetCallerIdentity`: "No permissions are required to perform this operation".
fn called(aws: &Aws, first: usize) -> (BTreeSet<Call>, BTreeSet<Call>) {
    let (mut task, mut member) = (BTreeSet::new(), BTreeSet::new());
    for request in aws.requests().iter().skip(first) {
        // A role is in no Region.
        let region = match request.operation {
            Operation::GetCallerIdentity => continue,
            Operation::AssumeRole => "",
            _ => &request.region,
        };
        let call = (request.operation.action().to_owned(), region.to_owned());
        if request.caller.contains("assumed-role") {
            member.insert(call);
        } else {
            task.insert(call);
        }
    }
    (task, member)
}

/// One configuration.
struct Case {
    regions: &'static [&'static str],
    sources: &'static [&'static str],
    resources: &'static str,
    publish: &'static str,
}

impl Case {
    fn text(&self, publish: &str) -> String {
        let switch = |source: &&str| format!("{source} = {}\n", self.sources.contains(source));
        let switches: String = ["security_hub", "inspector", "macie", "access_analyzer"]
            .iter()
            .map(switch)
            .collect();
        let regions = self.regions.join("\", \"");
        let resources = self.resources;
        format!(
            "[aws]\nregions = [\"{regions}\"]\n[collect]\n{switches}{resources}[publish.security_hub]\n{publish}"
        )
    }
}

/// Configurations in which each setting occurs with each other setting.
fn cases() -> Vec<Case> {
    let all_sources: [&[&str]; 4] = [
        &["security_hub", "inspector", "macie", "access_analyzer"],
        &["security_hub"],
        &["inspector"],
        &["macie"],
    ];
    let all_resources = [
        "",
        "resources = \"security-hub\"\n",
        "resources = \"config\"\nmember_role = \"arn:aws:iam::{account}:role/exposured-read\"\n",
        "iam = \"none\"\nresources = \"config\"\n[collect.config]\naggregator = \"organization\"\n",
    ];
    let all_regions: [&[&str]; 2] = [&["us-east-1"], &["us-east-1", "eu-west-1"]];
    let all_publish = [
        "",
        "enabled = false\n",
        "region = \"eu-central-1\"\n",
        "mode = \"member\"\n",
        "mode = \"member\"\nregion = \"eu-central-1\"\n",
    ];
    let mut cases = Vec::new();
    for (first, publish) in all_publish.into_iter().enumerate() {
        for (second, resources) in all_resources.into_iter().enumerate() {
            cases.push(Case {
                regions: all_regions[(first + second / 2) % 2],
                sources: all_sources[(first + second) % 4],
                resources,
                publish,
            });
        }
    }
    cases
}

fn open_queue(region: &str) -> Value {
    json!({
        "id": format!("open-{region}"), "resource": format!("arn:aws:sqs:{region}:{HOME}:q"),
        "resourceType": "AWS::SQS::Queue", "resourceOwnerAccount": HOME, "isPublic": true, "status": "ACTIVE",
        "createdAt": updated(0), "analyzedAt": updated(0), "updatedAt": updated(0),
    })
}

/// Findings of every source, each source enough for an exposure in each Region of two accounts. The caller's account is
/// the administrator of the other.
fn cloud() -> Aws {
    let aws = Aws::start();
    aws.administers(HOME, MEMBER);
    for role in ["exposured-publish", "exposured-read"] {
        aws.role(&format!("arn:aws:iam::{MEMBER}:role/{role}"));
    }
    for region in ["us-east-1", "eu-west-1", "eu-central-1"] {
        aws.account(MEMBER).region(region);
        let of = |account: &str, finding: Value| -> Value {
            let text = finding.to_string();
            let text = text.replace(HOME, account).replace("us-east-1", region);
            serde_json::from_str(&text).unwrap()
        };
        let both = |finding: Value| [of(HOME, finding.clone()), of(MEMBER, finding)];
        let table = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";
        let unprotected = control("DynamoDB.6", "AwsDynamoDbTable", table, json!({}));
        let leaking_bucket = |account: &str| {
            let bucket = format!("backups-{account}-{region}");
            let mut shared = sensitive_data(&bucket);
            shared["id"] = json!(digits(&format!("shared {bucket}")));
            shared["category"] = json!("POLICY");
            shared["type"] = json!("Policy:IAMUser/S3BucketSharedExternally");
            [sensitive_data(&bucket), shared].map(|finding| of(account, finding))
        };
        aws.account(HOME)
            .region(region)
            .security_hub_findings(both(unprotected).into())
            .inspector_findings(both(reachable("i-web", Some("web"))).into())
            .macie_findings([leaking_bucket(HOME), leaking_bucket(MEMBER)].concat())
            .access_analyzer_findings(vec![open_queue(region)])
            .resources(Vec::new())
            .config_items(Vec::new())
            .aggregator("organization", Vec::new());
    }
    aws
}

#[test]
fn the_policy_grants_what_a_cycle_calls_and_nothing_else() {
    for case in cases() {
        let text = case.text(case.publish);
        let aws = cloud();
        let once = |text: &str| {
            let mut command = exposured_on(&aws);
            command.env("TEXT", text).args(["once", "--publish"]);
            command.args(["--format", "json", "--config", "env:TEXT"]);
            run(&mut command)
        };
        // What a member account's Region holds is archived where it is, once it belongs elsewhere.
        if case.publish.contains("region") && case.publish.starts_with("mode") {
            once(&case.text("mode = \"member\"\n"));
        }
        // So are the copies in Regions where the hub was before.
        if !case.publish.contains("mode") && !case.publish.contains("enabled") {
            let home = usize::from(case.publish.is_empty());
            for region in &case.regions[home..] {
                once(&case.text(&format!("region = \"{region}\"\n")));
            }
        }
        let before = aws.requests().len();
        for _ in 0..2 {
            let ran = once(&text);
            assert!(
                ran.code == 0 || ran.code == 3,
                "{text}\n{}\n{}",
                ran.code,
                ran.stderr
            );
        }
        let (task, member) = called(&aws, before);
        let document = policy(&text, &["--account", HOME]).expect(0).json();
        assert_eq!(granted(&document), task, "{text}");
        let document = policy(&text, &["--account", MEMBER, "--role", "member"]);
        if case.publish.starts_with("mode") || case.resources.contains("member_role") {
            assert_eq!(granted(&document.expect(0).json()), member, "{text}");
        } else {
            document.expect(2);
            assert_eq!(member, BTreeSet::new(), "{text}");
        }
    }
}

#[test]
fn a_policy_names_the_account_and_its_resources_only() {
    let text = "[publish.security_hub]\nmode = \"member\"\nexternal_id = \"secret-handshake\"\n";
    let document = policy(text, &["--account", HOME]).expect(0);
    assert!(!document.stdout.contains("secret-handshake"));
    for statement in document.json()["Statement"].as_array().unwrap() {
        let resource = statement["Resource"].as_str().unwrap();
        let sid = statement["Sid"].as_str().unwrap();
        let has_no_resource_type = ["ReadServices", "ReadIdentities"].contains(&sid);
        assert_eq!(resource == "*", has_no_resource_type, "{statement}");
        assert!(
            resource == "*" || resource.contains(HOME) || resource.contains("exposured-publish"),
            "{statement}"
        );
    }
    // Without an account it applies in any, and says so.
    let document = policy(text, &[]).expect(0);
    assert!(!document.stdout.contains(HOME));
    assert!(document.stderr.contains("--account"), "{}", document.stderr);
}

#[test]
fn a_trust_policy_names_who_may_assume_the_role() {
    let text = "[publish.security_hub]\nmode = \"member\"\nexternal_id = \"an-id\"\n";
    let role = "arn:aws:iam::111122223333:role/exposured";
    let trust = |arguments: &[&str]| policy(text, &[&["--role", "trust"], arguments].concat());
    let document = trust(&["--task-role", role, "--organization", "o-exampleorgid"]);
    assert_eq!(
        document.expect(0).json(),
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "AssumeByExposured",
                "Effect": "Allow",
                "Principal": {"AWS": role},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {
                    "aws:PrincipalOrgID": "o-exampleorgid",
                    "sts:ExternalId": "an-id",
                }},
            }],
        })
    );
    let document = trust(&["--account", HOME]).expect(0).json();
    let principal = &document["Statement"][0]["Principal"]["AWS"];
    assert_eq!(*principal, "arn:aws:iam::111122223333:root");
    assert!(trust(&[]).expect(2).stderr.contains("--task-role"));
    let refused = policy("", &["--role", "trust", "--account", HOME]).expect(2);
    assert!(refused.stderr.contains("mode is not \"member\""));
}

#[test]
fn a_policy_needs_a_region_and_no_credentials() {
    let ran = run(exposured().arg("policy")).expect(2);
    assert!(ran.stderr.contains("no Region is known"), "{}", ran.stderr);
    run(exposured().env("AWS_REGION", "eu-west-1").arg("policy")).expect(0);
    let ran = policy("[aws]\nregions = [\"eu-north-1\"]\n", &[]).expect(0);
    // IAM has one Region in each partition.
    assert_eq!(ran.stdout.matches("us-east-1").count(), 1);
    assert!(ran.stdout.contains("eu-north-1"));
}

#[test]
fn init_writes_a_configuration_for_the_account_and_prints_its_policy() {
    let aws = Aws::start();
    let folder = tempfile::tempdir().unwrap();
    let init = |arguments: &[&str]| {
        run(exposured_on(&aws)
            .current_dir(folder.path())
            .arg("init")
            .args(arguments))
    };
    let ran = init(&[]).expect(0);
    let path = folder.path().join("exposured.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("regions = [\"us-east-1\"]"), "{text}");
    assert!(ran.stderr.contains(HOME), "{}", ran.stderr);
    assert_eq!(ran.json(), policy(&text, &["--account", HOME]).json());
    run(exposured().args(["check", "--config"]).arg(&path)).expect(0);
    // What somebody has edited is not overwritten.
    std::fs::write(&path, "edited").unwrap();
    let ran = init(&[]).expect(2);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "edited");
    init(&["--out", "other.toml"]).expect(0);
    init(&["--force"]).expect(0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn init_writes_nothing_without_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(exposured()
        .current_dir(folder.path())
        .env("AWS_REGION", "us-east-1")
        .arg("init"))
    .expect(1);
    assert!(ran.stderr.contains("credentials"), "{}", ran.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// What the documentation lists is what the program calls.
#[test]
fn every_granted_action_is_documented() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documented = std::fs::read_to_string(root.join("README.md")).unwrap();
    for entry in std::fs::read_dir(root.join("docs")).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            documented += &std::fs::read_to_string(path).unwrap();
        }
    }
    for case in cases() {
        for arguments in [&["--account", HOME][..], &["--role", "member"]] {
            let ran = policy(&case.text(case.publish), arguments);
            if ran.code == 0 {
                for (action, _) in granted(&ran.json()) {
                    assert!(documented.contains(&format!("`{action}`")), "{action}");
                }
            }
        }
    }
}
