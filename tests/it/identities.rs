//! IAM's own description of an account, `GetAccountAuthorizationDetails`: how bad is it if an instance is taken over?

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation};
use crate::findings::{ACCOUNT, reachable};
use crate::program::{Ran, exposured, exposured_on, exposures, run};

const NO_PROFILE: &str = "i-00000000000000001";
const MODEST: &str = "i-00000000000000002";
const ADMINISTRATOR: &str = "i-00000000000000003";

const TITLE: &str = "Potential Credential Stealing: Internet reachable EC2 instance with";

fn arn(rest: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{rest}")
}

/// A role that EC2 can assume, in an instance profile of the same name.
fn role(name: &str) -> Value {
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROA{name}"), "Arn": arn(&format!("role/{name}")),
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
        ]},
        "InstanceProfileList": [{"InstanceProfileName": name, "Arn": arn(&format!("instance-profile/{name}"))}],
        "RolePolicyList": [], "AttachedManagedPolicies": [],
    })
}

fn modest_role() -> Value {
    let mut modest = role("modest");
    modest["RolePolicyList"] = json!([{"PolicyName": "logs", "PolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}],
    }}]);
    modest
}

/// A role with a policy of the customer whose default version is not the newest.
fn administrator_role() -> Value {
    let mut administrator = role("administrator");
    administrator["AttachedManagedPolicies"] =
        json!([{"PolicyName": "all", "PolicyArn": arn("policy/all")}]);
    administrator
}

fn policy() -> Value {
    let version = |id: &str, is_default: bool, action: &str| {
        json!({"VersionId": id, "IsDefaultVersion": is_default, "Document": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
        }})
    };
    json!({
        "PolicyName": "all", "PolicyId": "ANPAALL", "Arn": arn("policy/all"), "DefaultVersionId": "v1",
        "PolicyVersionList": [version("v2", false, "logs:PutLogEvents"), version("v1", true, "*")],
    })
}

/// A page, as the AWS CLI writes it.
fn page(roles: &[Value], policies: &[Value], marker: Option<&str>) -> String {
    let page = json!({
        "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": policies,
        "IsTruncated": marker.is_some(), "Marker": marker,
    });
    serde_json::to_string_pretty(&page).unwrap() + "\n"
}

/// Three instances that are reachable from the internet: without an instance profile, with a modest role, and with an
/// administrator's.
fn instances() -> Vec<Value> {
    vec![
        reachable(NO_PROFILE, None),
        reachable(MODEST, Some("modest")),
        reachable(ADMINISTRATOR, Some("administrator")),
    ]
}

fn write_instances(folder: &Path) {
    let findings = json!({"findings": instances()}).to_string();
    std::fs::write(folder.join("inspector.json"), findings).unwrap();
}

fn read(folder: &Path) -> Ran {
    run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder))
}

fn grades() -> [(String, String, String); 2] {
    let grade = |instance: &str, severity: &str, title: &str| {
        (
            instance.to_owned(),
            severity.to_owned(),
            format!("{TITLE} {title}"),
        )
    };
    [
        grade(ADMINISTRATOR, "HIGH", "administrative instance profile"),
        grade(MODEST, "LOW", "instance profile"),
    ]
}

#[test]
fn the_file_of_the_aws_cli_decides_how_severe_an_exposure_is() {
    let folder = tempfile::tempdir().unwrap();
    write_instances(folder.path());
    let details = page(&[modest_role(), administrator_role()], &[policy()], None);
    std::fs::write(folder.path().join("iam.json"), details).unwrap();
    let result = read(folder.path()).expect(0).json();
    assert_eq!(exposures(&result), grades());
    let row = &result["coverage"][0];
    assert_eq!(
        (&row["file"], &row["coverage"]),
        (&json!("iam.json"), &json!("complete"))
    );
    assert_eq!((&row["records"], &row["signals"]), (&json!(3), &json!(3)));
}

#[test]
fn pages_that_a_loop_appended_to_a_compressed_file_are_all_read() {
    let folder = tempfile::tempdir().unwrap();
    write_instances(folder.path());
    let write = |last: &str| {
        let content = page(&[modest_role()], &[], Some("m1")) + last;
        let file = std::fs::File::create(folder.path().join("iam.json.gz")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packed.write_all(content.as_bytes()).unwrap();
        packed.finish().unwrap();
    };
    write(&page(&[administrator_role()], &[policy()], None));
    let all = read(folder.path()).expect(0).json();
    assert_eq!(exposures(&all), grades());
    // A page is missing: what is there is used, and the file is not complete.
    write(&page(&[administrator_role()], &[], Some("m2")));
    let some = read(folder.path()).expect(3).json();
    let row = &some["coverage"][0];
    assert_eq!(
        (&row["coverage"], &row["reason"]),
        (&json!("partial"), &json!("missing-pages"))
    );
    // What the policy grants is not known, which is never graded as harmless.
    let severities: Vec<_> = exposures(&some)
        .into_iter()
        .map(|(name, severity, _)| (name, severity))
        .collect();
    let expected = [(ADMINISTRATOR, "MEDIUM"), (MODEST, "LOW")];
    assert_eq!(
        severities,
        expected.map(|(name, severity)| (name.to_owned(), severity.to_owned()))
    );
}

#[test]
fn the_document_that_an_account_uses_replaces_the_one_that_is_part_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    write_instances(folder.path());
    let aws_arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let mut administrator = administrator_role();
    administrator["AttachedManagedPolicies"] =
        json!([{"PolicyName": "NewPolicy", "PolicyArn": "arn:aws:iam::aws:policy/NewPolicy"}]);
    let unknown_to_the_program = |policies: &[Value]| {
        let details = page(&[modest_role(), administrator.clone()], policies, None);
        std::fs::write(folder.path().join("iam.json"), details).unwrap();
        exposures(&read(folder.path()).expect(0).json())[0].clone()
    };
    assert_eq!(unknown_to_the_program(&[]).1, "MEDIUM");
    let mut new_policy = policy();
    new_policy["Arn"] = json!(aws_arn.replace("AdministratorAccess", "NewPolicy"));
    assert_eq!(unknown_to_the_program(&[new_policy]), grades()[0]);
}

const MEMBER: &str = "444455556666";

fn details() -> Value {
    json!({"RoleDetailList": [modest_role(), administrator_role()], "Policies": [policy()]})
}

/// The same in the member account.
fn in_member(value: &Value) -> Value {
    serde_json::from_str(&value.to_string().replace(HOME, MEMBER)).unwrap()
}

fn cloud() -> Aws {
    let aws = Aws::start();
    aws.account(HOME)
        .authorization_details(&details())
        .region("us-east-1")
        .inspector_findings(instances());
    aws
}

fn on(aws: &Aws, text: &str, arguments: &[&str]) -> Ran {
    let mut command = exposured_on(aws);
    command.env("TEXT", text).args(arguments);
    run(command.args(["--config", "env:TEXT"]))
}

fn once(aws: &Aws, text: &str) -> Ran {
    on(aws, text, &["once", "--format", "json"])
}

fn severities(result: &Value) -> Vec<(String, String)> {
    let all = exposures(result).into_iter();
    all.map(|(name, severity, _)| (name, severity)).collect()
}

fn owned<const N: usize>(severities: [(&str, &str); N]) -> Vec<(String, String)> {
    let all = severities.into_iter();
    all.map(|(name, severity)| (name.to_owned(), severity.to_owned()))
        .collect()
}

/// The coverage of the targets of IAM, as `(account, coverage, reason)`.
fn coverage(result: &Value) -> Vec<(String, String, String)> {
    let rows = result["coverage"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["source"] == "iam");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.map(|row| {
        (
            text(&row["account"]),
            text(&row["coverage"]),
            text(&row["reason"]),
        )
    })
    .collect()
}

#[test]
fn with_default_settings_iam_decides_how_severe_an_exposure_is() {
    let aws = cloud();
    let result = once(&aws, "").expect(0).json();
    assert_eq!(exposures(&result), grades());
    let complete = (HOME.to_owned(), "complete".to_owned(), String::new());
    assert_eq!(coverage(&result), [complete]);
    // An account has as many pages as it needs.
    let mut many = details();
    let roles = many["RoleDetailList"].as_array_mut().unwrap();
    roles.extend((0..600).map(|number| role(&format!("unused-{number:03}"))));
    aws.account(HOME).authorization_details(&many);
    let before = aws
        .requests_to(Operation::GetAccountAuthorizationDetails)
        .len();
    let result = once(&aws, "").expect(0).json();
    assert_eq!(exposures(&result), grades());
    let requests = aws.requests_to(Operation::GetAccountAuthorizationDetails);
    assert_eq!(requests.len() - before, 3);
}

#[test]
fn without_iam_the_impact_is_unknown_in_every_output() {
    let aws = cloud();
    let region = aws.account(HOME).region("us-east-1");
    region.deny("iam:GetAccountAuthorizationDetails");
    let result = once(&aws, "").expect(3).json();
    let both = owned([(MODEST, "MEDIUM"), (ADMINISTRATOR, "MEDIUM")]);
    assert_eq!(severities(&result), both);
    let failed = (HOME.to_owned(), "failed".to_owned(), "denied".to_owned());
    assert_eq!(coverage(&result), [failed]);
    for exposure in result["exposures"].as_array().unwrap() {
        assert_eq!(exposure["impact"], "unknown");
    }
    for (arguments, code, expected) in [
        (
            &["once", "--format", "table"][..],
            3,
            "likelihood moderate, impact unknown",
        ),
        (
            &["once", "--format", "table"],
            3,
            "iam 111122223333 us-east-1",
        ),
        (
            &["once", "--format", "asff"],
            3,
            "\"exposured/impact\": \"unknown\"",
        ),
        (&["once", "--format", "ocsf"], 3, "\"impact\":\"Unknown\""),
        (&["explain", ADMINISTRATOR], 3, "impact unknown"),
        (
            &["explain", ADMINISTRATOR],
            3,
            "unknown: iam was not read in 1 of 1 target",
        ),
        (&["fixes"], 3, "unknown: iam was not read in 1 of 1 target"),
        (
            &["check", "--aws"],
            3,
            "denied: iam:GetAccountAuthorizationDetails is missing",
        ),
    ] {
        let ran = on(&aws, "", arguments).expect(code);
        assert!(
            ran.stdout.contains(expected),
            "{arguments:?} {expected}: {}",
            ran.stdout
        );
    }
}

#[test]
fn what_iam_showed_is_held_while_it_cannot_be_read() {
    let aws = cloud();
    let publish = || on(&aws, "", &["once", "--publish", "--format", "json"]);
    publish().expect(0);
    let published = || -> Vec<String> {
        let hub = aws.imported(HOME, "us-east-1").into_iter();
        let labels = hub.map(|finding| finding["Severity"]["Label"].as_str().unwrap().to_owned());
        let mut labels: Vec<String> = labels.collect();
        labels.sort();
        labels
    };
    assert_eq!(published(), ["HIGH", "LOW"]);
    for fault in [
        Fault::throttle().always(),
        Fault::truncated_json().always(),
        Fault::status(500).always(),
    ] {
        aws.fault(Operation::GetAccountAuthorizationDetails, fault);
        let mut command = exposured_on(&aws);
        command.env("AWS_MAX_ATTEMPTS", "2");
        let ran = run(command.args(["once", "--publish", "--format", "json"])).expect(3);
        assert_eq!(coverage(&ran.json())[0].1, "failed");
        assert_eq!(published(), ["HIGH", "LOW"]);
        aws.clear_faults();
    }
}

const WITH_MEMBERS: &str = "[collect]\nmember_role = \"arn:aws:iam::{account}:role/exposured-read\"\nexternal_id = \"an-id\"\n";

#[test]
fn other_accounts_are_read_with_a_role() {
    let aws = Aws::start();
    let findings = [instances(), instances().iter().map(in_member).collect()].concat();
    aws.account(HOME)
        .authorization_details(&details())
        .region("us-east-1")
        .inspector_findings(findings);
    aws.account(MEMBER)
        .authorization_details(&in_member(&details()));
    let role = format!("arn:aws:iam::{MEMBER}:role/exposured-read");
    // Without the role, the account is a target that cannot be read, and nothing is known about its roles.
    let result = once(&aws, WITH_MEMBERS).expect(3).json();
    let text = |text: &str| text.to_owned();
    let home = (text(HOME), text("complete"), text(""));
    let denied = (text(MEMBER), text("failed"), text("denied"));
    assert_eq!(coverage(&result), [home.clone(), denied]);
    let detail = result["coverage"].to_string();
    assert!(detail.contains(&format!("assuming {role}")), "{detail}");
    let mut found = severities(&result);
    found.sort();
    let expected = owned([
        (MODEST, "LOW"),
        (MODEST, "MEDIUM"),
        (ADMINISTRATOR, "HIGH"),
        (ADMINISTRATOR, "MEDIUM"),
    ]);
    assert_eq!(found, expected);
    // With it, each account is a target of its own.
    aws.role_with_external_id(&role, "an-id");
    let result = once(&aws, WITH_MEMBERS).expect(0).json();
    let member = (text(MEMBER), text("complete"), text(""));
    assert_eq!(coverage(&result), [home, member]);
    let mut found = severities(&result);
    found.sort();
    assert_eq!(
        found,
        owned([
            (MODEST, "LOW"),
            (MODEST, "LOW"),
            (ADMINISTRATOR, "HIGH"),
            (ADMINISTRATOR, "HIGH")
        ])
    );
    // Without a configured role, nothing is assumed.
    let before = aws.requests_to(Operation::AssumeRole).len();
    once(&aws, "").expect(0);
    assert_eq!(aws.requests_to(Operation::AssumeRole).len(), before);
}

#[test]
fn iam_is_not_called_if_it_is_off() {
    let aws = cloud();
    let result = once(&aws, "[collect]\niam = \"none\"\n").expect(0).json();
    assert_eq!(
        severities(&result),
        owned([(MODEST, "MEDIUM"), (ADMINISTRATOR, "MEDIUM")])
    );
    assert!(
        aws.requests_to(Operation::GetAccountAuthorizationDetails)
            .is_empty()
    );
}
