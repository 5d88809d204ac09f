//! Publishing exposures to Security Hub and to OCSF files.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation, Service};
use crate::end_to_end::put;
use crate::findings::{reachable, seed, vulnerability};
use crate::program::{Ran, config, exposured_on, run};

const MEMBER: &str = "210987654321";

fn publish(aws: &Aws) -> Ran {
    run(exposured_on(aws).args(["once", "--publish", "--format", "json"]))
}

fn by_id(findings: &[Value]) -> BTreeMap<String, &Value> {
    findings
        .iter()
        .map(|finding| (finding["Id"].as_str().unwrap().to_owned(), finding))
        .collect()
}

fn published(ran: &Ran, what: &str) -> u64 {
    ran.json()["summary"]["published"][what].as_u64().unwrap()
}

#[test]
fn exposures_are_findings_of_the_default_product() {
    let aws = Aws::start();
    put(&aws, seed());
    let ran = publish(&aws).expect(0);
    assert_eq!(published(&ran, "created"), 2);
    let imported = aws.imported(HOME, "us-east-1");
    assert_eq!(imported.len(), 2);
    for finding in &imported {
        assert_eq!(
            finding["ProductArn"],
            format!("arn:aws:securityhub:us-east-1:{HOME}:product/{HOME}/default")
        );
        assert_eq!(finding["AwsAccountId"], HOME);
        assert_eq!(finding["RecordState"], "ACTIVE");
        assert_eq!(finding["Resources"][0]["Type"], "AwsEc2Instance");
        assert!(
            finding["GeneratorId"]
                .as_str()
                .unwrap()
                .starts_with("exposured/ec2-internet-reachable")
        );
        assert!(!finding["RelatedFindings"].as_array().unwrap().is_empty());
        assert!(!finding["NetworkPath"].as_array().unwrap().is_empty());
        assert!(finding["FindingProviderFields"]["Severity"]["Label"].is_string());
        for never in ["Note", "UserDefinedFields", "VerificationState"] {
            assert!(finding.get(never).is_none(), "{never}");
        }
    }
}

#[test]
fn imported_findings_equal_those_of_the_asff_format() {
    let aws = Aws::start();
    put(&aws, seed());
    let shown = run(exposured_on(&aws).args(["once", "--dry-run", "--format", "asff"]))
        .expect(0)
        .json();
    publish(&aws).expect(0);
    let requests = aws.requests_to(Operation::BatchImportFindings);
    let mut sent = requests[0].body["Findings"].as_array().unwrap().clone();
    let mut shown = shown["Findings"].as_array().unwrap().clone();
    for findings in [&mut sent, &mut shown] {
        findings.sort_by_key(|finding| finding["Id"].to_string());
        for finding in findings.iter_mut() {
            let finding = finding.as_object_mut().unwrap();
            // The two runs have different times, and the state for reconciliation is only in findings that are sent.
            for time in [
                "CreatedAt",
                "UpdatedAt",
                "FirstObservedAt",
                "LastObservedAt",
            ] {
                finding.remove(time);
            }
            let fields = finding["ProductFields"].as_object_mut().unwrap();
            let state =
                ["fingerprint", "seen-by", "lowered-by"].map(|name| format!("exposured/{name}"));
            fields.retain(|key, _| !state.contains(key));
        }
    }
    assert_eq!(sent, shown);
}

#[test]
fn a_second_run_changes_nothing() {
    let aws = Aws::start();
    put(&aws, seed());
    publish(&aws).expect(0);
    let first = aws.imported(HOME, "us-east-1");
    let ran = publish(&aws).expect(0);
    assert_eq!(published(&ran, "unchanged"), 2);
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 1);
    assert_eq!(aws.imported(HOME, "us-east-1"), first);
}

#[test]
fn an_update_keeps_the_id_and_the_time_of_creation() {
    let aws = Aws::start();
    put(&aws, seed());
    publish(&aws).expect(0);
    let before = aws.imported(HOME, "us-east-1");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let network = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(vec![vulnerability(
            "i-modest",
            "CVE-2026-1",
            0.9,
            true,
            network,
        )]);
    let ran = publish(&aws).expect(0);
    assert_eq!(
        (published(&ran, "updated"), published(&ran, "unchanged")),
        (1, 1)
    );
    let after = aws.imported(HOME, "us-east-1");
    let (before, after) = (by_id(&before), by_id(&after));
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    let changed: Vec<_> = after
        .iter()
        .filter(|(id, finding)| before[*id]["UpdatedAt"] != finding["UpdatedAt"])
        .collect();
    let [(id, finding)] = changed[..] else {
        panic!("{changed:#?}")
    };
    assert_eq!(finding["CreatedAt"], before[id]["CreatedAt"]);
    assert_eq!(finding["FirstObservedAt"], before[id]["FirstObservedAt"]);
    assert_eq!(finding["Severity"]["Label"], "CRITICAL");
    let cve = &finding["Vulnerabilities"][0];
    assert_eq!(
        (&cve["Id"], &cve["EpssScore"], &cve["ExploitAvailable"]),
        (&json!("CVE-2026-1"), &json!(0.9), &json!("YES"))
    );
}

#[test]
fn a_resolved_exposure_is_archived_and_reopened_with_the_same_id() {
    let aws = Aws::start();
    put(&aws, seed());
    publish(&aws).expect(0);
    let first = aws.imported(HOME, "us-east-1");
    let modest = reachable("i-modest", Some("web"));
    aws.account(HOME)
        .region("us-east-1")
        .remove_finding(modest["findingArn"].as_str().unwrap());
    let ran = publish(&aws).expect(0);
    assert_eq!(
        (published(&ran, "archived"), published(&ran, "unchanged")),
        (1, 1)
    );
    let archived: Vec<Value> = aws
        .imported(HOME, "us-east-1")
        .into_iter()
        .filter(|finding| finding["RecordState"] == "ARCHIVED")
        .collect();
    assert_eq!(archived.len(), 1);
    let id = archived[0]["Id"].as_str().unwrap();
    assert_eq!(archived[0]["Title"], by_id(&first)[id]["Title"]);

    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(vec![modest]);
    let ran = publish(&aws).expect(0);
    assert_eq!(published(&ran, "reopened"), 1);
    let again = aws.imported(HOME, "us-east-1");
    assert_eq!(by_id(&again)[id]["RecordState"], "ACTIVE");
    assert_eq!(
        by_id(&again)[id]["CreatedAt"],
        by_id(&first)[id]["CreatedAt"]
    );
}

#[test]
fn an_incomplete_target_archives_nothing() {
    let aws = Aws::start();
    put(&aws, seed());
    publish(&aws).expect(0);
    aws.account(HOME)
        .region("us-east-1")
        .disable(Service::Inspector);
    let ran = publish(&aws).expect(3);
    assert_eq!(
        (published(&ran, "archived"), published(&ran, "held")),
        (0, 2)
    );
    assert_eq!(ran.events("exposure_held").len(), 2);
    // Nor is anything archived if the source is turned off.
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), "[collect]\ninspector = false\n");
    let ran = run(exposured_on(&aws)
        .args(["once", "--publish", "--format", "json", "--config"])
        .arg(path))
    .expect(0);
    assert_eq!(
        (published(&ran, "archived"), published(&ran, "held")),
        (0, 2)
    );
    assert!(
        aws.imported(HOME, "us-east-1")
            .iter()
            .all(|finding| finding["RecordState"] == "ACTIVE")
    );
}

#[test]
fn fields_of_users_are_left_alone() {
    let aws = Aws::start();
    put(&aws, seed());
    publish(&aws).expect(0);
    let id = aws.imported(HOME, "us-east-1")[0]["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    aws.account(HOME).region("us-east-1").user_edits(&id, |finding| {
        finding["Workflow"] = json!({"Status": "SUPPRESSED"});
        finding["Note"] = json!({"Text": "known", "UpdatedBy": "me", "UpdatedAt": "2026-11-20T06:00:00.000Z"});
    });
    publish(&aws).expect(0);
    let finding = aws
        .imported(HOME, "us-east-1")
        .into_iter()
        .find(|finding| finding["Id"] == id.as_str())
        .unwrap();
    assert_eq!(finding["Workflow"]["Status"], "SUPPRESSED");
    assert_eq!(finding["Note"]["Text"], "known");
}

#[test]
fn temporary_refusals_are_retried_and_others_are_reported() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fail_import("exposured", "InternalError", "try again", 1);
    let ran = publish(&aws).expect(0);
    assert_eq!(published(&ran, "created"), 2);
    let tried: Vec<usize> = aws
        .requests_to(Operation::BatchImportFindings)
        .iter()
        .map(|request| request.body["Findings"].as_array().unwrap().len())
        .collect();
    assert_eq!(tried, [2, 1]);

    let aws = Aws::start();
    put(&aws, seed());
    aws.fail_import("exposured", "InvalidInput", "no\u{1b}[31m", 1);
    let ran = publish(&aws).expect(1);
    assert_eq!(
        (published(&ran, "created"), published(&ran, "failed")),
        (1, 1)
    );
    let refused = ran.events("finding_refused");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["code"], "InvalidInput");
    assert!(
        refused[0]["exposure"]
            .as_str()
            .unwrap()
            .starts_with("exposured/exposure/")
    );
    assert_eq!(refused[0]["why"], "no\u{fffd}[31m");
}

#[test]
fn a_finding_that_no_count_includes_is_not_published() {
    for lose in [Aws::lose_import, Aws::fail_import_unnamed] {
        let aws = Aws::start();
        put(&aws, seed());
        lose(&aws, "i-modest", 1);
        let ran = publish(&aws).expect(1);
        assert_eq!(
            (published(&ran, "created"), published(&ran, "failed")),
            (1, 1)
        );
        let unaccounted = &ran.events("findings_unaccounted")[0];
        assert_eq!(
            (&unaccounted["unaccounted"], &unaccounted["sent"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(aws.imported(HOME, "us-east-1").len(), 1);
        // The next cycle reads back what is there, and sends the rest.
        let ran = publish(&aws).expect(0);
        assert_eq!(
            (published(&ran, "created"), published(&ran, "unchanged")),
            (1, 1)
        );
        assert_eq!(aws.imported(HOME, "us-east-1").len(), 2);
    }
}

#[test]
fn a_finding_that_makes_the_service_reject_the_call_costs_no_other() {
    let aws = Aws::start();
    let inspector = (0..150).map(|number| reachable(&format!("i-{number:04}"), Some("web")));
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(inspector.collect());
    for poisoned in ["i-0017", "i-0018", "i-0120"] {
        aws.reject_import(&format!("instance/{poisoned}"));
    }
    let ran = publish(&aws).expect(1);
    assert_eq!(
        (published(&ran, "created"), published(&ran, "failed")),
        (147, 3)
    );
    assert_eq!(aws.imported(HOME, "us-east-1").len(), 147);
    let refused: Vec<Value> = ran.events("finding_refused");
    assert_eq!(refused.len(), 3);
    for refusal in &refused {
        let id = refusal["exposure"].as_str().unwrap();
        let why = refusal["why"].as_str().unwrap();
        assert_eq!(refusal["code"], "InvalidInput");
        assert!(why.contains(id), "{why}");
    }
    assert!(!ran.events("batch_split").is_empty());
    assert_eq!(ran.events("batch_failed").len(), 0);
    // Each cause takes the calls of a binary search.
    let calls = aws.requests_to(Operation::BatchImportFindings).len();
    assert!(calls <= 2 + 3 * 2 * 7, "{calls}");
    // Afterwards, nothing but these findings is sent.
    aws.clear_faults();
    let ran = publish(&aws).expect(0);
    assert_eq!(
        (published(&ran, "created"), published(&ran, "unchanged")),
        (3, 147)
    );
}

#[test]
fn a_denied_import_fails_the_run_and_is_reported() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(HOME)
        .region("us-east-1")
        .deny("securityhub:BatchImportFindings");
    let ran = publish(&aws).expect(1);
    assert_eq!(published(&ran, "failed"), 2);
    assert!(
        ran.events("batch_failed")[0]["why"]
            .as_str()
            .unwrap()
            .contains("securityhub:BatchImportFindings")
    );
}

#[test]
fn published_findings_that_cannot_be_read_are_not_overwritten() {
    let aws = Aws::start();
    put(&aws, seed());
    // The queries for controls succeed, but the one for published exposures fails.
    aws.fault(
        Operation::GetFindings,
        Fault::expired_token().always().only_asking("GeneratorId"),
    );
    let ran = publish(&aws).expect(1);
    assert_eq!(ran.events("previous_unknown").len(), 1, "{}", ran.stderr);
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 0);
}

#[test]
fn many_exposures_are_sent_in_batches() {
    let aws = Aws::start();
    aws.rate_limits(true);
    let inspector = (0..250).map(|number| reachable(&format!("i-{number:04}"), Some("web")));
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(inspector.collect());
    let ran = publish(&aws).expect(0);
    assert_eq!(published(&ran, "created"), 250);
    let sizes: Vec<usize> = aws
        .requests_to(Operation::BatchImportFindings)
        .iter()
        .map(|request| request.body["Findings"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[test]
fn in_member_mode_the_account_of_the_resource_imports_the_exposure() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(MEMBER).region("us-east-1");
    let mut other = reachable("i-member", Some("web"));
    let text = other.to_string().replace(HOME, MEMBER);
    other = serde_json::from_str(&text).unwrap();
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(vec![other]);
    let role = format!("arn:aws:iam::{MEMBER}:role/exposured-publish");
    aws.role_with_external_id(&role, "our-secret");
    let folder = tempfile::tempdir().unwrap();
    let path = config(
        folder.path(),
        "[publish.security_hub]\nmode = \"member\"\nexternal_id = \"our-secret\"\n",
    );
    let ran = run(exposured_on(&aws)
        .args(["once", "--publish", "--format", "json", "--config"])
        .arg(path))
    .expect(0);
    assert_eq!(published(&ran, "created"), 3);
    assert_eq!(aws.imported(HOME, "us-east-1").len(), 2);
    let member = aws.imported(MEMBER, "us-east-1");
    assert_eq!(member.len(), 1);
    assert_eq!(member[0]["AwsAccountId"], MEMBER);
    let assumed = aws.requests_to(Operation::AssumeRole);
    assert!(!assumed.is_empty());
    assert_eq!(assumed[0].body["RoleSessionName"], "exposured");
    assert_eq!(assumed[0].body["DurationSeconds"], "3600");
}

#[test]
fn in_home_mode_the_resource_names_its_account() {
    let aws = Aws::start();
    let text = reachable("i-member", Some("web"))
        .to_string()
        .replace(HOME, MEMBER);
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(vec![serde_json::from_str(&text).unwrap()]);
    publish(&aws).expect(0);
    let imported = aws.imported(HOME, "us-east-1");
    assert_eq!(imported[0]["AwsAccountId"], HOME);
    assert!(
        imported[0]["Resources"][0]["Id"]
            .as_str()
            .unwrap()
            .contains(MEMBER)
    );
    assert_eq!(
        imported[0]["ProductFields"]["exposured/resource/account"],
        MEMBER
    );
}

#[test]
fn each_cycle_writes_one_ocsf_file_except_in_a_dry_run() {
    let aws = Aws::start();
    put(&aws, seed());
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("made/here");
    let text = format!("[publish.ocsf]\ndirectory = \"{}\"\n", directory.display());
    let path = config(folder.path(), &text);
    run(exposured_on(&aws)
        .args(["once", "--dry-run", "--config"])
        .arg(&path))
    .expect(0);
    assert!(!directory.exists());
    run(exposured_on(&aws)
        .args(["once", "--publish", "--config"])
        .arg(&path))
    .expect(0);
    let files: Vec<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].extension().unwrap(), "jsonl");
    let mode = std::os::unix::fs::MetadataExt::mode(&files[0].metadata().unwrap());
    assert_eq!(mode & 0o777, 0o600);
    let events: Vec<Value> = std::fs::read_to_string(&files[0])
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 2);
    assert!(
        events
            .iter()
            .all(|event| event["class_uid"] == 2004 && event["activity_id"] == 1)
    );
}

#[test]
fn an_unwritable_ocsf_folder_fails_the_run_but_not_the_import() {
    let aws = Aws::start();
    put(&aws, seed());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let text = format!(
        "[publish.ocsf]\ndirectory = \"{}/file/below\"\n",
        folder.path().display()
    );
    let path = config(folder.path(), &text);
    let ran = run(exposured_on(&aws)
        .args(["once", "--publish", "--config"])
        .arg(&path))
    .expect(1);
    assert_eq!(ran.events("ocsf_failed").len(), 1);
    assert_eq!(aws.imported(HOME, "us-east-1").len(), 2);
}
