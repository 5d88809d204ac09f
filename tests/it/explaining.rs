//! `exposured explain`: why this severity, why not, what helps.

use serde_json::{Value, json};

use crate::aws::{Aws, Operation};
use crate::findings::{reachable, seed};
use crate::program::{Ran, exposured, exposured_on, run};
use crate::stories::put;

fn explain(resource: &str, arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let findings = [seed().security_hub, seed().inspector].concat();
    std::fs::write(folder.path().join("f.json"), json!(findings).to_string()).unwrap();
    run(exposured()
        .args(["explain", resource])
        .args(arguments)
        .arg("--input")
        .arg(folder.path()))
}

#[test]
fn somebody_waited_six_hours_and_is_told_why() {
    insta::assert_snapshot!(explain("i-none", &[]).expect(0).stdout);
}

#[test]
fn a_severity_is_shown_as_arithmetic() {
    insta::assert_snapshot!(explain("i-admin", &[]).expect(0).stdout);
}

#[test]
fn programs_get_the_same() {
    let explanation: Value = explain("i-admin", &["--format", "json"]).expect(0).json();
    assert_eq!(explanation["exposure"]["severity"], "HIGH");
    let effects: Vec<(&str, &str)> = explanation["fixes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fix| {
            (
                fix["trait"].as_str().unwrap(),
                fix["effect"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        effects,
        [
            ("instance-profile-attached", "resolves"),
            ("internet-reachable", "resolves"),
            ("administrative-access-policy", "reduces"),
        ]
    );
    assert_eq!(explanation["fixes"][2]["severity"], "LOW");
    let none: Value = explain("i-none", &["--format", "json"]).expect(0).json();
    assert_eq!(none["exposure"], Value::Null);
    let miss = &none["near_misses"]
        .as_array()
        .unwrap()
        .iter()
        .find(|miss| miss["rule"] == "ec2-internet-reachable-with-instance-profile")
        .unwrap();
    assert_eq!(miss["severity"], "LOW");
    assert_eq!(miss["missing"][0][0], "instance-profile-attached");
    assert_eq!(miss["present"], json!(["internet-reachable"]));
}

#[test]
fn a_resource_is_found_by_arn_id_or_part() {
    for resource in [
        "arn:aws:ec2:us-east-1:111122223333:instance/i-none",
        "i-none",
        "none",
    ] {
        let explanation = explain(resource, &["--format", "json"]).expect(0).json();
        assert_eq!(
            explanation["resource"]["id"],
            "arn:aws:ec2:us-east-1:111122223333:instance/i-none"
        );
    }
}

#[test]
fn an_ambiguous_or_unknown_name_is_told() {
    let many = explain("i-", &[]).expect(2);
    assert!(
        many.stderr.contains("may mean 3 resources"),
        "{}",
        many.stderr
    );
    let none = explain("i-nowhere", &[]).expect(2);
    assert!(
        none.stderr.contains("no finding that was read names"),
        "{}",
        none.stderr
    );
}

#[test]
fn to_explain_is_not_to_publish() {
    let aws = Aws::start();
    put(&aws, seed());
    let ran = run(exposured_on(&aws).args(["explain", "i-admin"])).expect(0);
    assert!(ran.stdout.contains("HIGH: Potential Credential Stealing"));
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 0);
}

#[test]
fn a_table_ends_with_the_near_misses() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("f.json"),
        json!([reachable("i-1", None)]).to_string(),
    )
    .unwrap();
    let ran = run(exposured().args(["once", "--input"]).arg(folder.path())).expect(0);
    assert!(
        ran.stdout.contains("1 resource is one trait away"),
        "{}",
        ran.stdout
    );
}
