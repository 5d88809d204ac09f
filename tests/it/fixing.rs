//! `exposured fixes`: what to fix first, over all exposures.

use serde_json::{Value, json};

use crate::aws::{Aws, Operation};
use crate::end_to_end::put;
use crate::findings::{ec2, seed};
use crate::program::{Ran, exposured, exposured_on, run};

fn fixes(arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let findings = [seed().security_hub, seed().inspector].concat();
    std::fs::write(folder.path().join("f.json"), json!(findings).to_string()).unwrap();
    run(exposured()
        .args(["fixes", "--input"])
        .arg(folder.path())
        .args(arguments))
}

#[test]
fn the_fixes_of_the_sample() {
    let ran = run(exposured().args(["fixes", "--sample"])).expect(0);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn json_has_every_fix_and_set() {
    let found: Value = fixes(&["--format", "json"]).expect(0).json();
    let admin = found["fixes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|fix| fix["trait"] == "administrative-access-policy")
        .unwrap();
    assert_eq!(admin["resolves"], 0);
    assert_eq!(
        admin["reduces"],
        // Without the policy, what the role can do is unknown.
        json!([{"from": "HIGH", "to": "MEDIUM", "count": 1}])
    );
    assert_eq!(admin["resource"]["type"], "AWS::IAM::Policy");
    assert_eq!(admin["exposures"].as_array().unwrap().len(), 1);
    for key in ["title", "remediation"] {
        assert!(!admin[key].is_null(), "{key}");
    }
    let none = json!({"found_by": "greedy", "exposures": 0, "fixes": [], "remaining": []});
    assert_eq!(found["leaves_no_critical"], none);
    let set = &found["leaves_no_high"];
    assert_eq!(
        (&set["exposures"], &set["remaining"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(set["fixes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_limit_shortens_the_list_and_says_so() {
    let all = fixes(&["--format", "json"]).expect(0).json();
    let count = all["fixes"].as_array().unwrap().len();
    let cut = fixes(&["--format", "json", "--limit", "1"])
        .expect(0)
        .json();
    assert_eq!(cut["fixes"], json!([all["fixes"][0]]));
    assert_eq!(cut["not_listed"], count - 1);
    assert_eq!(cut["leaves_no_high"], all["leaves_no_high"]);
    let table = fixes(&["--limit", "1"]).expect(0).stdout;
    assert!(
        table.contains(&format!(
            "{} fixes not listed because of --limit",
            count - 1
        )),
        "{table}"
    );
    fixes(&["--limit", "0"]).expect(2);
}

#[test]
fn what_was_not_read_is_shown_and_in_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f.json"), "{ no JSON").unwrap();
    let ran = run(exposured().args(["fixes", "--input"]).arg(folder.path())).expect(3);
    assert!(ran.stdout.contains("No fix changes an exposure on its own"));
    assert!(ran.stdout.contains("No exposure is CRITICAL"));
    assert!(ran.stdout.contains("Not read completely"));
    assert!(ran.stdout.contains("unreadable-file"), "{}", ran.stdout);
    run(exposured().args(["fixes", "--input", "/nowhere"])).expect(2);
}

#[test]
fn listing_fixes_publishes_nothing() {
    let aws = Aws::start();
    put(&aws, seed());
    let found = run(exposured_on(&aws).args(["fixes", "--format", "json"]))
        .expect(0)
        .json();
    let resources: Vec<&Value> = found["fixes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fix| &fix["resource"]["id"])
        .collect();
    assert!(resources.contains(&&json!(ec2("instance", "i-admin"))));
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 0);
}
