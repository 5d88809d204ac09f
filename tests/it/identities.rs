//! IAM's own description of an account, `GetAccountAuthorizationDetails`: how bad is it if an instance is taken over?

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::findings::{ACCOUNT, reachable};
use crate::program::{Ran, exposured, exposures, run};

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
