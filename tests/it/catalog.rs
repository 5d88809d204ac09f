//! The catalog as its users work with it: browse, lint, test, extend, switch off, mute.

use std::path::Path;

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::end_to_end::put;
use crate::findings::{control, ec2, seed};
use crate::program::{Ran, exposured, exposured_on, exposures, run};

fn catalog(arguments: &[&str]) -> Ran {
    run(exposured().arg("catalog").args(arguments))
}

/// A folder with the findings of the seed, a configuration, and further files.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new(config: &str) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let findings = [seed().security_hub, seed().inspector].concat();
        desk.write("findings/f.json", &json!(findings).to_string());
        desk.write("exposured.toml", config);
        desk
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run(exposured()
            .args(arguments)
            .args(["--config", &self.path("exposured.toml")])
            .args(["--input", &self.path("findings")]))
    }

    fn once(&self) -> Ran {
        self.run(&["once", "--format", "json"])
    }
}

const OWN_RULE: &str = r#"
[[trait]]
id = "metrics-port-open"
title = "The EC2 instance serves metrics to the internet"
type = "Reachability"
resource_types = ["AWS::EC2::Instance"]
signals = [{ inspector = "network-reachability", from = "internet", ports = [9100] }]
factors = { awareness = 2, ease_of_discovery = 3, ease_of_exploit = 3, impact = "medium" }
source = "our own incident 42"
remediation = { text = "Close port 9100.", url = "https://wiki.example.com/metrics" }

[[exposure]]
id = "our-metrics"
title = "Metrics are open to the internet"
resource_type = "AWS::EC2::Instance"
all = ["metrics-port-open"]
description = "They tell what runs where."
asff_types = ["TTPs/Discovery"]
ocsf_types = ["Exposure/Potential Impact/Discovery"]
source = "our own incident 42"

[[test]]
name = "metrics are enough"
resource_type = "AWS::EC2::Instance"
traits = ["metrics-port-open"]
exposure = "our-metrics"
severity = "CRITICAL"
"#;

fn severities(result: &Value) -> Vec<(String, String)> {
    exposures(result)
        .into_iter()
        .map(|(instance, severity, _)| (instance, severity))
        .collect()
}

#[test]
fn the_builtin_cases_hold() {
    let ran = catalog(&["test"]).expect(0);
    assert!(
        ran.stdout.contains(" 0 failed, 0 skipped"),
        "{}",
        ran.stdout
    );
    let results = catalog(&["test", "--format", "json"]).expect(0).json();
    let passed = results.as_array().unwrap();
    assert!(passed.len() > 140);
    assert!(passed.iter().all(|one| one["result"] == "passed"));
}

#[test]
fn an_entry_is_shown_in_full() {
    let one = |id: &str| catalog(&["show", id]).expect(0).stdout;
    insta::assert_snapshot!("show_trait", one("imds-v1-allowed"));
    insta::assert_snapshot!("show_mitigation", one("security-group-unattached"));
    insta::assert_snapshot!("show_exposure", one("ec2-under-brute-force"));
    let entries = catalog(&["show", "imds-v1-allowed", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(entries[0]["kind"], "trait");
    assert_eq!(entries[0]["factors"]["ease_of_exploit"], "2");
    let unknown = catalog(&["show", "imds-v1-alowed"]).expect(2);
    assert!(
        unknown.stderr.contains("did you mean `imds-v1-allowed`?"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn the_list_can_be_narrowed_to_a_type() {
    let all = catalog(&["list", "--format", "json"]).expect(0).json();
    let tables = catalog(&["list", "--type", "AWS::DynamoDB::Table", "--format", "json"])
        .expect(0)
        .json();
    assert!(all.as_array().unwrap().len() > 200);
    let tables = tables.as_array().unwrap();
    assert!(tables.iter().any(|one| one["kind"] == "mitigation"));
    assert!(
        tables
            .iter()
            .all(|one| one["resource_types"].to_string().contains("DynamoDB"))
    );
    let wrong = catalog(&["list", "--type", "AWS::EC2::Instanze"]).expect(2);
    assert!(
        wrong.stderr.contains("AWS::EC2::Instance"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn coverage_names_every_signal_and_the_types_without_exposure() {
    let coverage = catalog(&["coverage", "--format", "json"]).expect(0).json();
    let signals = coverage["signals"].as_array().unwrap();
    let used = |source: &str, text: &str| {
        signals
            .iter()
            .find(|one| one["source"] == source && one["signal"] == text)
            .unwrap_or_else(|| panic!("{text}"))["used_by"]
            .clone()
    };
    assert_eq!(
        used("security-hub", "control EC2.8 failed"),
        json!(["imds-v1-allowed"])
    );
    assert_eq!(
        used("security-hub", "control EC2.8 passed"),
        json!(["imdsv2-required"])
    );
    let order: Vec<usize> = ["control EC2.8 failed", "control EC2.13 failed"]
        .iter()
        .map(|text| {
            signals
                .iter()
                .position(|one| one["signal"] == *text)
                .unwrap()
        })
        .collect();
    assert!(order.is_sorted(), "numbers are in their order");
    let without = coverage["types_without_exposure"].as_array().unwrap();
    assert!(without.contains(&json!("AWS::EC2::SecurityGroup")));
    assert!(!without.contains(&json!("AWS::EC2::Instance")));
    // Context for whoever reads an exposure, and no reason for one.
    assert_eq!(
        coverage["traits_in_no_exposure"],
        json!([
            "config-map-authentication",
            "mfa-delete-disabled",
            "object-lock-disabled",
            "password-policy-incomplete",
            "permissions-not-known",
            "remote-access-allowed",
            "role-assumable-from-outside",
            "root-hardware-mfa-missing",
        ])
    );
    let text = catalog(&["coverage"]).expect(0).stdout;
    assert!(text.contains("Resource types without an exposure"));
}

/// What stands in the repository for editors is what the binary says, and it fits what it describes.
#[test]
fn the_schema_is_the_shipped_one_and_fits_the_builtin_files() {
    let printed = catalog(&["schema"]).expect(0);
    let shipped = include_str!("../../config/catalog.schema.json");
    assert!(
        printed.stdout == shipped,
        "write `exposured catalog schema` to config/catalog.schema.json"
    );
    let validator = jsonschema::validator_for(&printed.json()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/catalog");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file: Value = toml::from_str(&text).unwrap();
        if let Err(error) = validator.validate(&file) {
            panic!("{}: {error} at {}", path.display(), error.instance_path());
        }
    }
    let fits = |text: &str| validator.is_valid(&toml::from_str(text).unwrap());
    assert!(fits(OWN_RULE));
    assert!(fits(
        "[[trait]]\nid = \"imds-v1-allowed\"\nenabled = false\n"
    ));
    assert!(!fits("[[trait]]\nid = \"imds-v1-allowed\"\n"));
    assert!(!fits(
        &OWN_RULE.replace("AWS::EC2::Instance", "AWS::EC2::Instanze")
    ));
    assert!(!fits(&OWN_RULE.replace("factors = {", "factor = {")));
    assert!(!fits(&OWN_RULE.replace("awareness = 2", "awareness = 4")));
}

#[test]
fn ones_own_rules_count_beside_ours() {
    let desk = Desk::new("[catalog]\npaths = [\"rules\"]\n");
    desk.write("rules/metrics.toml", OWN_RULE);
    let result = desk.once().expect(0).json();
    let ours: Vec<&Value> = result["exposures"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["rule"] == "our-metrics")
        .collect();
    assert_eq!(ours.len(), 3, "every port of the seed's instances is open");
    assert!(ours.iter().all(|one| one["severity"] == "CRITICAL"));
    let tested = run(exposured().args(["catalog", "test", &desk.path("rules")])).expect(0);
    assert!(tested.stdout.contains(" 0 failed"), "{}", tested.stdout);
    let linted = run(exposured().args(["catalog", "lint", &desk.path("rules")])).expect(0);
    assert!(linted.stdout.contains("no problem"), "{}", linted.stdout);
}

#[test]
fn a_failing_case_reports_the_actual_outcome() {
    let desk = Desk::new("");
    desk.write("rules.toml", &OWN_RULE.replace("CRITICAL", "LOW"));
    let ran = run(exposured().args(["catalog", "test", &desk.path("rules.toml")])).expect(1);
    assert!(
        ran.stdout.contains("\"metrics are enough\""),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("expected LOW by our-metrics"));
    assert!(ran.stdout.contains("actual   CRITICAL by our-metrics"));
}

#[test]
fn wrong_rules_refuse_to_start_and_say_where() {
    let desk = Desk::new("[catalog]\npaths = [\"rules.toml\", \"missing.toml\"]\n");
    let missing = desk.once().expect(2);
    assert!(missing.stderr.contains("rules.toml"), "{}", missing.stderr);
    desk.write("missing.toml", "");
    desk.write(
        "rules.toml",
        &OWN_RULE.replace(
            "all = [\"metrics-port-open\"]",
            "all = [\"metrics-port-opne\"]",
        ),
    );
    let wrong = desk.once().expect(2);
    for told in [
        "rules.toml:16:8",
        "there is no trait \"metrics-port-opne\"",
        "did you mean \"metrics-port-open\"?",
    ] {
        assert!(wrong.stderr.contains(told), "{told}: {}", wrong.stderr);
    }
    let linted = run(exposured().args(["catalog", "lint", &desk.path("rules.toml")])).expect(2);
    assert!(linted.stderr.contains("rules.toml:16:8"));
}

#[test]
fn what_is_switched_off_exposes_nothing() {
    let desk = Desk::new("[catalog]\npaths = [\"off.toml\"]\n");
    desk.write(
        "off.toml",
        "[[trait]]\nid = \"instance-profile-attached\"\nenabled = false\n",
    );
    let result = desk.once().expect(0).json();
    assert_eq!(result["exposures"], json!([]));
    let linted = run(exposured().args(["catalog", "lint", &desk.path("off.toml")])).expect(0);
    assert!(
        linted.stdout.contains("1 switched off"),
        "{}",
        linted.stdout
    );
}

#[test]
fn the_configuration_can_change_the_numbers() {
    let desk =
        Desk::new("[severity]\nlikelihood = { moderate = 2, high = 3, \"very high\" = 4 }\n");
    assert_eq!(
        severities(&desk.once().expect(0).json()),
        [
            ("i-admin".into(), "CRITICAL".into()),
            ("i-modest".into(), "HIGH".into())
        ]
    );
    let wrong = Desk::new("[severity]\nlikelihood = { high = 1 }\n")
        .once()
        .expect(2);
    assert!(
        wrong.stderr.contains("exposured.toml:2:14"),
        "{}",
        wrong.stderr
    );
}

fn mute(what: &str, until: &str) -> String {
    format!("[[mute]]\n{what}\nreason = \"known\"\nowner = \"team blue\"\nuntil = {until}\n")
}

#[test]
fn a_mute_hides_is_counted_and_is_logged() {
    let desk = Desk::new(&mute(
        "trait = \"administrative-access-policy\"\nresource = \"*/i-admin\"",
        "2099-12-31",
    ));
    let ran = desk.once().expect(0);
    let result = ran.json();
    assert_eq!(
        severities(&result),
        [
            // What its role can do is not known then.
            ("i-admin".into(), "MEDIUM".into()),
            ("i-modest".into(), "LOW".into())
        ]
    );
    assert_eq!(
        result["summary"]["mutes"],
        json!([{
            "muted": "trait administrative-access-policy",
            "reason": "known",
            "owner": "team blue",
            "until": "2099-12-31",
            "state": "used",
            "resources": 1,
            "hidden": 0,
            "lowered": 1,
        }])
    );
    let events = ran.events("mute_used");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["owner"], "team blue");
    assert_eq!(events[0]["lowered"], 1);
    let explained = desk.run(&["explain", "i-admin"]).expect(0).stdout;
    assert!(
        explained
            .contains("trait administrative-access-policy until 2099-12-31, by team blue: known"),
        "{explained}"
    );
}

#[test]
fn an_exposure_is_muted_for_some_accounts_regions_or_altogether() {
    let seen =
        |what: &str| severities(&Desk::new(&mute(what, "2099-12-31")).once().expect(0).json());
    assert_eq!(seen("exposure = \"*\"\naccount = \"111122223333\""), []);
    assert_eq!(
        seen("exposure = \"*\"\naccount = \"444455556666\"").len(),
        2
    );
    assert_eq!(seen("exposure = \"*\"\nregion = \"us-east-1\""), []);
    assert_eq!(seen("exposure = \"*\"\nregion = \"eu-west-1\"").len(), 2);
    let rule = "exposure = \"ec2-internet-reachable-with-instance-profile\"\nresource = \"*\"";
    assert_eq!(seen(rule), [("i-admin".into(), "HIGH".into())]);
}

#[test]
fn an_expired_or_idle_mute_is_reported() {
    let expired = mute("exposure = \"*\"\nresource = \"*\"", "2020-01-31");
    let idle = mute("exposure = \"*\"\nresource = \"*/i-gone\"", "2099-12-31");
    let desk = Desk::new(&format!("{expired}{idle}"));
    let ran = desk.once().expect(0);
    assert_eq!(severities(&ran.json()).len(), 2);
    assert_eq!(ran.events("mute_expired")[0]["until"], "2020-01-31");
    assert_eq!(ran.events("mute_unmatched").len(), 1);
    assert_eq!(ran.json()["summary"]["mutes"][0]["state"], "expired");
    assert_eq!(ran.json()["summary"]["mutes"][1]["state"], "unmatched");
    let table = desk.run(&["once"]).expect(0).stdout;
    assert!(table.contains("expired on 2020-01-31"), "{table}");
    assert!(table.contains("matches nothing that was read"), "{table}");
}

#[test]
fn a_mute_of_what_is_not_there_is_a_mistake() {
    let wrong = Desk::new(&mute(
        "trait = \"imds-v1-alowed\"\nresource = \"*\"",
        "2099-12-31",
    ))
    .once()
    .expect(2);
    for told in ["exposured.toml:2:9", "did you mean \"imds-v1-allowed\"?"] {
        assert!(wrong.stderr.contains(told), "{told}: {}", wrong.stderr);
    }
}

/// Findings about an instance with tags and IMDSv2.
fn tagged(environment: &str, tokens: &str) -> Value {
    let mut finding = control(
        "EC2.9",
        "AwsEc2Instance",
        &ec2("instance", "i-admin"),
        json!({"VpcId": "vpc-1", "MetadataOptions": {"HttpTokens": tokens}}),
    );
    finding["Resources"][0]["Tags"] = json!({"environment": environment});
    finding["Id"] = json!("arn:aws:securityhub:us-east-1:111122223333:finding/tagged");
    finding
}

#[test]
fn a_tag_says_how_much_hangs_on_a_resource() {
    let config = "[criticality]\nraise = [{ key = \"environment\", value = \"prod*\" }]\n\
                  lower = [{ key = \"environment\", value = \"sandbox\" }]\n";
    let admin = |environment: &str| {
        let desk = Desk::new(config);
        desk.write(
            "findings/g.json",
            &json!([tagged(environment, "required")]).to_string(),
        );
        let explained = desk.run(&["explain", "i-admin"]).expect(0).stdout;
        let severity = severities(&desk.once().expect(0).json())[0].1.clone();
        (severity, explained)
    };
    // High is the highest already; one step less is medium.
    let (severity, explained) = admin("production");
    assert_eq!(severity, "HIGH");
    assert!(!explained.contains("by the tag"), "{explained}");
    let (severity, explained) = admin("sandbox");
    assert_eq!(severity, "MEDIUM");
    assert!(
        explained.contains(
            "impact                 2  administrative-access-policy; lowered one step by the tag environment=sandbox"
        ),
        "{explained}"
    );
}

#[test]
fn a_mitigation_is_shown_in_the_severity_and_can_be_turned_off() {
    let with = |config: &str| {
        let desk = Desk::new(config);
        let mut findings = [seed().security_hub, seed().inspector].concat();
        // The seed's own findings allow IMDSv1.
        findings.retain(|one| !one.to_string().contains("MetadataOptions"));
        findings.push(tagged("lab", "required"));
        desk.write("findings/f.json", &json!(findings).to_string());
        desk.run(&["explain", "i-admin"]).expect(0).stdout
    };
    let explained = with("");
    for told in [
        "Mitigations\n  The EC2 instance requires IMDSv2 (imdsv2-required)",
        "ease of exploit        0  instance-profile-attached, internet-reachable; lowered one step by imdsv2-required",
    ] {
        assert!(explained.contains(told), "{told}: {explained}");
    }
    let without = with("[severity]\nmitigations = false\n");
    assert!(!without.contains("imdsv2-required"), "{without}");
    assert!(without.contains("ease of exploit        1"), "{without}");
}

#[test]
fn a_rule_that_a_mitigation_prevents_is_listed_with_the_mitigation() {
    let desk = Desk::new("[catalog]\npaths = [\"rules.toml\"]\n");
    let rule = OWN_RULE.replace(
        "all = [\"metrics-port-open\"]",
        "all = [\"metrics-port-open\"]\nnone = [\"imdsv2-required\"]",
    );
    desk.write("rules.toml", &rule);
    let mut findings = [seed().security_hub, seed().inspector].concat();
    findings.retain(|one| !one.to_string().contains("MetadataOptions"));
    findings.push(tagged("lab", "required"));
    desk.write("findings/f.json", &json!(findings).to_string());
    let text = desk.run(&["explain", "i-admin"]).expect(0).stdout;
    assert!(
        text.contains("Would be exposed\nCRITICAL  Metrics are open"),
        "{text}"
    );
    assert!(
        text.contains("but for “The EC2 instance requires IMDSv2”"),
        "{text}"
    );
    let json = desk
        .run(&["explain", "i-admin", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(json["prevented"][0]["rule"], "our-metrics");
    assert_eq!(json["prevented"][0]["by"][0][0], "imdsv2-required");
    let matched = json["exposure"]["matched_rules"].to_string();
    assert!(!matched.contains("our-metrics"), "{matched}");
}

/// A control that passed is asked for, and only as long as mitigations count.
#[test]
fn passed_controls_are_asked_for_while_mitigations_count() {
    let aws = Aws::start();
    let mut findings = seed();
    let mut passed = control(
        "EC2.9",
        "AwsEc2Instance",
        &ec2("instance", "i-admin"),
        json!({}),
    );
    passed["Compliance"]["Status"] = json!("PASSED");
    passed["Workflow"]["Status"] = json!("RESOLVED");
    passed["Id"] = json!("arn:aws:securityhub:us-east-1:111122223333:finding/passed");
    findings.security_hub.push(passed);
    put(&aws, findings);
    let explain = |config: &str| {
        let desk = Desk::new(config);
        let config = desk.path("exposured.toml");
        run(exposured_on(&aws).args(["explain", "i-admin", "--config", &config]))
            .expect(0)
            .stdout
    };
    let explained = explain("");
    assert!(
        explained.contains("control EC2.9 on i-admin, which passed"),
        "{explained}"
    );
    assert!(
        explained.contains("lowered one step by no-public-address"),
        "{explained}"
    );
    let without = explain("[severity]\nmitigations = false\n");
    assert!(!without.contains("no-public-address"), "{without}");
}
