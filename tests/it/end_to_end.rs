//! End to end: the binary against a fake AWS, or on files.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::aws::{Aws, HOME, Operation, Service};
use crate::findings::{Seed, control, ec2, reachable, seed, updated, vulnerability};
use crate::program::{config, exposured, exposured_on, exposures, run};

const MODEST: &str =
    "Potential Credential Stealing: Internet reachable EC2 instance with instance profile";
const ADMIN: &str = "Potential Credential Stealing: Internet reachable EC2 instance with administrative instance profile";

pub fn put(aws: &Aws, seed: Seed) {
    aws.account(HOME)
        .region("us-east-1")
        .security_hub_findings(seed.security_hub)
        .inspector_findings(seed.inspector)
        .macie_findings(seed.macie);
}

fn assert_seed_case(result: &Value) {
    let expected = [("i-admin", "HIGH", ADMIN), ("i-modest", "LOW", MODEST)];
    let expected = expected
        .map(|(instance, severity, title)| (instance.into(), severity.into(), title.into()));
    assert_eq!(exposures(result), expected);
    let modest = &result["exposures"][1];
    let ids = |contributing: bool| -> Vec<&str> {
        let traits = modest["traits"].as_array().unwrap();
        let some = traits
            .iter()
            .filter(|one| one["contributing"] == contributing);
        some.map(|one| one["id"].as_str().unwrap()).collect()
    };
    assert_eq!(
        ids(true),
        ["instance-profile-attached", "internet-reachable"]
    );
    assert_eq!(
        ids(false),
        [
            "imds-v1-allowed",
            "open-security-group",
            "login-port-internet-reachable",
            "public-ipv4-assigned",
            "vpc-reachable"
        ]
    );
    assert_eq!(modest["resource"]["id"], ec2("instance", "i-modest"));
    assert_eq!(modest["resource"]["type"], "AWS::EC2::Instance");
    for one in modest["traits"].as_array().unwrap() {
        assert!(
            one["signals"][0].as_str().unwrap().starts_with("arn:aws:"),
            "{one}"
        );
    }
}

#[test]
fn instances_that_are_open_to_the_internet_are_found_in_aws() {
    let aws = Aws::start();
    put(&aws, seed());
    let ran = run(exposured_on(&aws).args(["once", "--dry-run", "--format", "json"])).expect(0);
    assert_seed_case(&ran.json());
    let coverage = ran.json()["coverage"].as_array().unwrap().clone();
    assert_eq!(coverage.len(), 4);
    assert!(
        coverage
            .iter()
            .all(|row| row["coverage"] == "complete" && row["account"] == HOME),
        "{coverage:#?}"
    );
    assert_eq!(
        aws.requests_to(Operation::BatchImportFindings).len(),
        0,
        "a dry run publishes nothing"
    );
}

#[test]
fn the_same_findings_in_files_give_the_same_exposures() {
    let folder = tempfile::tempdir().unwrap();
    let Seed {
        security_hub,
        inspector,
        macie,
    } = seed();
    write(
        folder.path(),
        "a.json",
        &json!({"Findings": security_hub}).to_string(),
    );
    write(
        folder.path(),
        "b.json",
        &serde_json::to_string_pretty(&json!({"findings": inspector})).unwrap(),
    );
    write(
        folder.path(),
        "c.json",
        &json!({"findings": macie}).to_string(),
    );
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(0);
    assert_seed_case(&ran.json());
}

#[test]
fn every_file_format_gives_the_same_result() {
    let Seed {
        security_hub,
        inspector,
        ..
    } = seed();
    let all: Vec<Value> = security_hub.into_iter().chain(inspector).collect();
    let lines: String = all.iter().map(|finding| format!("{finding}\n")).collect();
    let forms: [(&str, Vec<u8>); 6] = [
        ("bare-list", json!(all).to_string().into_bytes()),
        (
            "one-envelope-of-both-kinds",
            json!({"Findings": all}).to_string().into_bytes(),
        ),
        (
            "envelope-with-token-first",
            format!("{{\"NextToken\":null,\"findings\":{}}}", json!(all)).into_bytes(),
        ),
        ("json-lines.txt", lines.clone().into_bytes()),
        ("no-name-says-gzip", gzipped(lines.as_bytes())),
        ("list.json.gz", gzipped(json!(all).to_string().as_bytes())),
    ];
    for (name, content) in forms {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("below")).unwrap();
        std::fs::write(folder.path().join("below").join(name), content).unwrap();
        let ran = run(exposured()
            .args(["once", "--format", "json", "--input"])
            .arg(folder.path()))
        .expect(0);
        assert_seed_case(&ran.json());
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in ["table", "json", "asff", "ocsf"] {
        let once = || {
            run(exposured().args(["once", "--sample", "--format", format]))
                .expect(0)
                .stdout
        };
        assert_eq!(once(), once(), "{format}");
    }
}

#[test]
fn the_sample_needs_no_account() {
    let ran = run(exposured().args(["once", "--sample"])).expect(0);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn the_inventory_of_security_hub_shows_the_role_of_a_profile() {
    let folder = tempfile::tempdir().unwrap();
    let resource = |id: &str, kind: &str, config: Value| {
        json!({
            "ResourceId": id, "AccountId": HOME, "Region": "us-east-1", "ResourceType": kind,
            "ResourceDetailCaptureTimeDt": updated(0), "ResourceConfig": config,
        })
    };
    let resources = json!({"Resources": [
        resource("i-1", "AWS::EC2::Instance", json!({"iamInstanceProfile": {"arn": format!("arn:aws:iam::{HOME}:instance-profile/ops")}})),
        resource(&format!("arn:aws:iam::{HOME}:role/ops"), "AWS::IAM::Role", json!({
            "instanceProfileList": [{"arn": format!("arn:aws:iam::{HOME}:instance-profile/ops")}],
            "attachedManagedPolicies": [{"policyArn": format!("arn:aws:iam::{HOME}:policy/everything")}],
        })),
    ]});
    let policy = control(
        "IAM.1",
        "AwsIamPolicy",
        &format!("arn:aws:iam::{HOME}:policy/everything"),
        json!({}),
    );
    write(folder.path(), "resources.json", &resources.to_string());
    write(
        folder.path(),
        "findings.json",
        &json!([policy, reachable("i-1", None)]).to_string(),
    );
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(folder.path()))
    .expect(0);
    assert_eq!(
        exposures(&ran.json()),
        [("i-1".into(), "HIGH".into(), ADMIN.into())]
    );
}

#[test]
fn a_listing_is_read_to_the_last_page() {
    let aws = Aws::start();
    let network = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let inspector = (0..450)
        .map(|number| vulnerability(&format!("i-{number:04}"), "CVE-2026-1", 0.9, true, network));
    let hub = (0..350).map(|number| {
        control(
            "EC2.8",
            "AwsEc2Instance",
            &ec2("instance", &format!("i-{number:04}")),
            json!({}),
        )
    });
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(inspector.collect())
        .security_hub_findings(hub.collect());
    let ran = run(exposured_on(&aws).args(["once", "--dry-run", "--format", "json"])).expect(0);
    let result = ran.json();
    assert_eq!(result["summary"]["high"], 450);
    let with_imds = result["exposures"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|exposure| {
            exposure["traits"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["id"] == "imds-v1-allowed")
        });
    assert_eq!(with_imds.count(), 350);
    let mut requests = aws.requests_to(Operation::GetFindings);
    // One query reads the published exposures back, in all record states.
    let all = requests.len();
    requests.retain(|request| request.body["Filters"]["GeneratorId"].is_null());
    assert_eq!(all - requests.len(), 1);
    for request in &requests {
        assert_eq!(request.body["MaxResults"], 100);
        let filters = &request.body["Filters"];
        assert_eq!(
            filters["RecordState"],
            json!([{"Value": "ACTIVE", "Comparison": "EQUALS"}])
        );
    }
    // The others read the findings of GuardDuty.
    let controls: Vec<&Value> = requests
        .iter()
        .map(|request| &request.body["Filters"])
        .filter(|filters| filters["ProductName"][0]["Value"] == "Security Hub")
        .collect();
    let with_statuses = |statuses: &[&str]| -> Vec<&Value> {
        let wanted: Vec<Value> = statuses
            .iter()
            .map(|status| json!({"Value": status, "Comparison": "EQUALS"}))
            .collect();
        let of_status = controls
            .iter()
            .copied()
            .filter(|filters| filters["ComplianceStatus"] == json!(wanted));
        of_status.collect()
    };
    let failed = with_statuses(&["FAILED"]);
    let any_verdict = with_statuses(&["FAILED", "PASSED"]);
    assert_eq!(failed.len() + any_verdict.len(), controls.len());
    assert!(failed.len() >= 3, "{}", failed.len());
    for (control, why) in [
        ("KMS.2", "tells relations"),
        ("EC2.9", "shows a mitigation"),
    ] {
        let asks = |filters: &&Value| filters.to_string().contains(&format!("\"{control}\""));
        assert!(!failed.iter().any(&asks), "{control} {why}");
        assert!(any_verdict.iter().any(asks), "{control} {why}");
    }
    // Security Hub itself resolves findings of controls that passed.
    for filters in any_verdict {
        assert_eq!(filters["WorkflowStatus"], json!(null));
    }
    for filters in controls {
        let ids = filters["ComplianceSecurityControlId"].as_array().unwrap();
        assert!(ids.len() <= 20);
    }
}

#[test]
fn findings_that_are_not_active_show_no_trait() {
    let aws = Aws::start();
    let mut seed = seed();
    for finding in &mut seed.inspector {
        finding["status"] = json!("SUPPRESSED");
    }
    seed.security_hub[0]["Workflow"]["Status"] = json!("SUPPRESSED");
    put(&aws, seed);
    let ran = run(exposured_on(&aws).args(["once", "--dry-run", "--format", "json"])).expect(0);
    assert_eq!(ran.json()["exposures"], json!([]));
}

#[test]
fn two_regions_are_two_targets_each() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(HOME)
        .region("eu-west-1")
        .disable(Service::Macie);
    let folder = tempfile::tempdir().unwrap();
    let path = config(
        folder.path(),
        "[aws]\nregions = [\"us-east-1\", \"eu-west-1\"]\n",
    );
    let ran = run(exposured_on(&aws)
        .args(["once", "--dry-run", "--format", "json", "--config"])
        .arg(path))
    .expect(3);
    let result = ran.json();
    assert_seed_case(&result);
    let failed: Vec<_> = result["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["coverage"] != "complete")
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["source"], "macie");
    assert_eq!(failed[0]["region"], "eu-west-1");
    assert_eq!(failed[0]["reason"], "not-enabled");
}

#[test]
fn a_check_names_the_missing_permission() {
    let aws = Aws::start();
    aws.account(HOME)
        .region("us-east-1")
        .deny("inspector2:ListFindings")
        .disable(Service::Macie);
    let ran = run(exposured_on(&aws).args(["check", "--aws"])).expect(3);
    // The version changes with each edit of the catalog.
    let table = ran.stdout.split("\n\n").nth(1).unwrap();
    insta::assert_snapshot!(table);
}

fn write(folder: &Path, name: &str, content: &str) {
    std::fs::write(folder.join(name), content).unwrap();
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The ASFF type of a GuardDuty finding does not follow from its own type, so the query does not name types.
#[test]
fn a_guardduty_finding_is_read_whatever_its_asff_namespace_is() {
    let detection = |asff_type: &str, instance: &str| {
        let mut finding = control("x", "AwsEc2Instance", &ec2("instance", instance), json!({}));
        finding["Id"] = json!(format!("arn:aws:guardduty:finding/{instance}"));
        finding["ProductArn"] = json!("arn:aws:securityhub:us-east-1::product/aws/guardduty");
        finding["ProductName"] = json!("GuardDuty");
        finding["Types"] = json!([asff_type]);
        finding.as_object_mut().unwrap().remove("Compliance");
        finding
    };
    let aws = Aws::start();
    let mut seed = seed();
    seed.security_hub = vec![
        detection(
            "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B",
            "i-c2",
        ),
        detection(
            "Effects/Resource Consumption/Impact:EC2-PortSweep",
            "i-sweep",
        ),
    ];
    seed.inspector = vec![];
    put(&aws, seed);
    let ran = run(exposured_on(&aws).args(["once", "--dry-run", "--format", "json"])).expect(0);
    let compromised =
        "Potential Resource Hijacking: EC2 instance behaves as if it were compromised";
    assert_eq!(
        exposures(&ran.json())
            .iter()
            .map(|(_, _, title)| title.as_str())
            .collect::<Vec<_>>(),
        [compromised, compromised]
    );
}
