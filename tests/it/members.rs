//! Roles in other accounts: one session per account and cycle, its errors, and `check --aws`.

use serde_json::{Value, json};

use crate::aws::{Aws, HOME, Operation};
use crate::end_to_end::put;
use crate::findings::{control, ec2, reachable, seed};
use crate::program::{Ran, config, exposured_on, run};

const REGION: &str = "us-east-1";
const MEMBERS: [&str; 3] = ["210987654321", "310987654321", "410987654321"];
const STRANGER: &str = "999999999999";
const SETTINGS: &str =
    "[aws]\nregions = [\"us-east-1\", \"eu-west-1\"]\n[publish.security_hub]\nmode = \"member\"\n";

fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/exposured-publish")
}

/// An organization in which each member has an exposed instance in each of two Regions.
fn organization() -> Aws {
    let aws = Aws::start();
    put(&aws, seed());
    for member in MEMBERS {
        aws.administers(HOME, member);
        aws.role(&role(member));
        for region in [REGION, "eu-west-1"] {
            aws.account(member).region(region);
            let text = reachable(&format!("i-{member}"), Some("web")).to_string();
            let text = text.replace(HOME, member).replace(REGION, region);
            aws.account(HOME)
                .region(region)
                .inspector_findings(vec![serde_json::from_str(&text).unwrap()]);
        }
    }
    aws
}

fn on(aws: &Aws, arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    run(exposured_on(aws)
        .args(arguments)
        .arg("--config")
        .arg(config(folder.path(), SETTINGS)))
}

fn assumed(aws: &Aws, account: &str) -> Vec<Value> {
    let requests = aws.requests_to(Operation::AssumeRole).into_iter();
    let bodies = requests.map(|request| request.body);
    bodies
        .filter(|body| body["RoleArn"] == role(account))
        .collect()
}

fn actions(body: &Value) -> Vec<Value> {
    let policy: Value = serde_json::from_str(body["Policy"].as_str().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().map(|one| one["Action"].clone()).collect()
}

#[test]
fn each_account_has_one_session_in_a_cycle() {
    let aws = organization();
    for cycle in 1..=3 {
        on(&aws, &["once", "--publish", "--format", "none"]).expect(0);
        for member in MEMBERS {
            let sessions = assumed(&aws, member);
            assert_eq!(sessions.len(), cycle, "{member}");
            let expected = ["securityhub:GetFindings", "securityhub:BatchImportFindings"];
            assert_eq!(actions(&sessions[cycle - 1]), expected);
        }
        assert_eq!(assumed(&aws, HOME).len(), 0);
    }
    for member in MEMBERS {
        assert_eq!(aws.imported(member, REGION).len(), 1);
        assert_eq!(aws.imported(member, "eu-west-1").len(), 1);
    }
}

/// By default, the SDK keeps the credentials of 64 accounts.
#[test]
fn each_of_many_accounts_has_one_session() {
    let aws = Aws::start();
    let members: Vec<String> = (1..=70)
        .map(|number| format!("2109876543{number:02}"))
        .collect();
    let findings = members.iter().map(|member| {
        aws.administers(HOME, member);
        aws.role(&role(member));
        aws.account(member).region(REGION);
        let text = reachable(&format!("i-{member}"), Some("web")).to_string();
        serde_json::from_str(&text.replace(HOME, member)).unwrap()
    });
    let findings: Vec<Value> = findings.collect();
    aws.account(HOME)
        .region(REGION)
        .inspector_findings(findings);
    let folder = tempfile::tempdir().unwrap();
    let settings = "[publish.security_hub]\nmode = \"member\"\n";
    run(exposured_on(&aws)
        .args(["once", "--publish", "--format", "none", "--config"])
        .arg(config(folder.path(), settings)))
    .expect(0);
    for member in &members {
        assert_eq!(assumed(&aws, member).len(), 1, "{member}");
        assert_eq!(aws.imported(member, REGION).len(), 1, "{member}");
    }
}

#[test]
fn a_session_of_a_dry_run_can_import_nothing() {
    let aws = organization();
    on(&aws, &["once", "--format", "none"]).expect(0);
    for member in MEMBERS {
        let [session] = &assumed(&aws, member)[..] else {
            panic!("{member}")
        };
        assert_eq!(actions(session), ["securityhub:GetFindings"]);
    }
}

#[test]
fn a_role_that_cannot_be_assumed_is_named_with_its_account_and_the_message_of_aws() {
    let aws = organization();
    let [first, second, _] = MEMBERS;
    aws.role_with_external_id(&role(first), "another");
    let ran = on(&aws, &["once", "--publish", "--format", "json"]).expect(1);
    let unread = ran.events("previous_unknown");
    assert!(!unread.is_empty(), "{}", ran.stderr);
    for event in &unread {
        assert_eq!(event["account"], first);
        let why = event["why"].as_str().unwrap();
        for part in [
            format!(
                "assuming {} in account {first} (sts:AssumeRole): AccessDenied: User: ",
                role(first)
            ),
            format!(
                "is not authorized to perform: sts:AssumeRole on resource: {}",
                role(first)
            ),
            "trust policy".to_owned(),
        ] {
            assert!(why.contains(&part), "{part}: {why}");
        }
        assert!(!why.contains('\n'), "{why}");
    }
    assert_eq!(aws.imported(second, REGION).len(), 1);
    assert_eq!(aws.imported(first, REGION).len(), 0);
}

#[test]
fn check_tries_the_role_of_each_member_and_of_no_other_account() {
    let aws = organization();
    let hub = aws.account(HOME).region(REGION);
    let [first, second, third] = MEMBERS;
    for member in MEMBERS {
        // A finding may name any account in its resources.
        let mut finding = control(
            "EC2.1",
            "AwsEc2Instance",
            &ec2("instance", "i-x"),
            json!({}),
        );
        let text = finding.to_string().replace(HOME, member);
        finding = serde_json::from_str(&text).unwrap();
        finding["Resources"][0]["Id"] =
            json!(format!("arn:aws:ec2:{REGION}:{STRANGER}:instance/i-x"));
        hub.security_hub_findings(vec![finding]);
    }
    aws.account(second)
        .region(REGION)
        .deny("securityhub:BatchImportFindings");
    aws.role_with_external_id(&role(third), "another");
    let ran = on(&aws, &["check", "--aws"]).expect(3);
    let row = |account: &str| {
        let rows = ran.stdout.lines().filter(|line| line.contains(account));
        rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        row(first),
        [format!("{first} {REGION} security-hub (publish) ok")]
    );
    let denied = "denied: securityhub:BatchImportFindings is missing";
    assert_eq!(
        row(second),
        [format!("{second} {REGION} security-hub (publish) {denied}")]
    );
    let third_row = row(third).join(" ");
    let expected = format!(
        "assuming {} in account {third} (sts:AssumeRole): AccessDenied: ",
        role(third)
    );
    assert!(third_row.contains(&expected), "{third_row}");
    assert!(row(STRANGER).is_empty());
    for request in aws.requests_to(Operation::AssumeRole) {
        assert!(!request.body["RoleArn"].as_str().unwrap().contains(STRANGER));
    }
    assert!(aws.imported(first, REGION).is_empty());
}

#[test]
fn a_failed_connection_names_the_endpoint_and_the_innermost_cause_on_one_line() {
    let aws = organization();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ran = run(exposured_on(&aws)
        .args(["once", "--format", "json"])
        .env("AWS_ENDPOINT_URL_INSPECTOR2", &nowhere))
    .expect(3);
    let result = ran.json();
    let rows = result["coverage"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["source"] == "inspector")
        .unwrap();
    let detail = row["detail"].as_str().unwrap();
    let expected = format!("connecting to {nowhere}: Connection refused (os error 111)");
    assert!(detail.contains(&expected), "{detail}");
    assert!(!detail.contains('\n'), "{detail}");
    // The same for STS, without which there is no cycle.
    let failed = run(exposured_on(&aws)
        .args(["once", "--format", "json"])
        .env("AWS_ENDPOINT_URL_STS", &nowhere));
    assert!(failed.stderr.contains(&expected), "{}", failed.stderr);
}
