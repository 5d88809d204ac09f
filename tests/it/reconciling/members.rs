//! Publishing each exposure in the account that owns the resource.

use std::path::Path;

use serde_json::Value;

use super::{REGION, cycle, finding, published};
use crate::aws::{Aws, Fault, HOME, Operation};
use crate::end_to_end::put;
use crate::findings::{reachable, seed};
use crate::program::{config, exposured_on, run};

const MEMBER: &str = "210987654321";

fn member_mode(folder: &Path) -> std::path::PathBuf {
    config(folder, "[publish.security_hub]\nmode = \"member\"\n")
}

#[test]
fn an_account_without_exposures_is_still_read_back() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(MEMBER).region(REGION);
    aws.administers(HOME, MEMBER);
    aws.role(&format!("arn:aws:iam::{MEMBER}:role/exposured-publish"));
    let other = reachable("i-member", Some("web")).to_string();
    let other: Value = serde_json::from_str(&other.replace(HOME, MEMBER)).unwrap();
    let arn = other["findingArn"].as_str().unwrap().to_owned();
    aws.account(HOME)
        .region(REGION)
        .inspector_findings(vec![other]);
    let folder = tempfile::tempdir().unwrap();
    let path = member_mode(folder.path());
    let cycle = || {
        run(exposured_on(&aws)
            .args(["once", "--publish", "--format", "json", "--config"])
            .arg(&path))
    };
    assert_eq!(published(&cycle().expect(0), "created"), 3);
    aws.account(HOME).region(REGION).remove_finding(&arn);
    // If the members cannot be listed, what is published there stays.
    let search = Fault::expired_token().only_asking("\"exposured\"");
    aws.fault(Operation::GetFindings, search);
    let ran = cycle().expect(0);
    assert_eq!(ran.events("members_unknown").len(), 1);
    assert_eq!(finding(&aws, MEMBER, "i-member")["RecordState"], "ACTIVE");
    let ran = cycle().expect(0);
    assert_eq!(
        finding(&aws, MEMBER, "i-member")["RecordState"],
        "ARCHIVED",
        "{}",
        ran.stderr
    );
}

#[test]
fn a_change_from_home_to_member_mode_loses_and_duplicates_nothing() {
    let aws = Aws::start();
    aws.account(MEMBER).region(REGION);
    aws.administers(HOME, MEMBER);
    aws.role(&format!("arn:aws:iam::{MEMBER}:role/exposured-publish"));
    let other = reachable("i-member", Some("web")).to_string();
    let other: Value = serde_json::from_str(&other.replace(HOME, MEMBER)).unwrap();
    aws.account(HOME)
        .region(REGION)
        .inspector_findings(vec![other]);
    cycle(&aws).expect(0);
    let created = finding(&aws, HOME, "i-member")["CreatedAt"].clone();
    let folder = tempfile::tempdir().unwrap();
    let path = member_mode(folder.path());
    for (here, there) in [("ACTIVE", "ACTIVE"), ("ARCHIVED", "ACTIVE")] {
        run(exposured_on(&aws)
            .args(["once", "--publish", "--config"])
            .arg(&path))
        .expect(0);
        assert_eq!(finding(&aws, HOME, "i-member")["RecordState"], here);
        assert_eq!(finding(&aws, MEMBER, "i-member")["RecordState"], there);
    }
    assert_eq!(finding(&aws, MEMBER, "i-member")["CreatedAt"], created);
}
