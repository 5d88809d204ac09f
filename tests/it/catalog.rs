//! The catalog as users work with it: browse, lint, test, extend, turn off, and mute.

use std::path::Path;

use serde_json::{Value, json};

use crate::findings::seed;
use crate::program::{Ran, exposured, exposures, run};

fn catalog(arguments: &[&str]) -> Ran {
    run(exposured().arg("catalog").args(arguments))
}

/// A folder with the findings of the seed, a configuration, and other files.
pub struct Desk(tempfile::TempDir);

impl Desk {
    pub fn new(config: &str) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let findings = [seed().security_hub, seed().inspector].concat();
        desk.write("findings/f.json", &json!(findings).to_string());
        desk.write("exposured.toml", config);
        desk
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(exposured()
            .args(arguments)
            .args(["--config", &self.path("exposured.toml")])
            .args(["--input", &self.path("findings")]))
    }

    pub fn once(&self) -> Ran {
        self.run(&["once", "--format", "json"])
    }
}

pub const OWN_RULE: &str = r#"
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

pub fn severities(result: &Value) -> Vec<(String, String)> {
    exposures(result)
        .into_iter()
        .map(|(instance, severity, _)| (instance, severity))
        .collect()
}

#[test]
fn the_builtin_test_cases_pass() {
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
    let text = catalog(&["list", "--type", "AWS::DynamoDB::Table"]);
    let text = text.expect(0).stdout;
    for entry in tables {
        for field in ["id", "kind", "title"] {
            let value = entry[field].as_str().unwrap();
            assert!(text.contains(value), "{value}: {text}");
        }
    }
    assert!(!text.contains("imds-v1-allowed"), "{text}");
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
    // These traits are context in an exposure; no rule needs them.
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
    let traits = coverage["traits"].as_array().unwrap();
    let shown = |id: &str| traits.iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(
        shown("queue-open-to-anyone")["sources"],
        json!(["security-hub", "access-analyzer", "resource-details"])
    );
    assert_eq!(shown("queue-open-to-anyone").get("needs"), None);
    assert_eq!(
        shown("role-assumable-by-any-repository")["needs"],
        "iam-data"
    );
    assert_eq!(
        shown("api-gateway-no-authorization")["needs"],
        "collect-resources"
    );
    let text = catalog(&["coverage"]).expect(0).stdout;
    assert!(text.contains("SHOWN BY"));
    assert!(text.contains("Resource types without an exposure"));
}

/// Editors use the schema in the repository. It is the one that the program prints, and the catalog fits it.
#[test]
fn the_published_schema_is_current_and_fits_the_builtin_files() {
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
fn custom_rules_apply_beside_the_builtin_ones() {
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
fn invalid_rules_are_reported_with_their_location() {
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
    for expected in [
        "rules.toml:16:8",
        "unknown trait or mitigation `metrics-port-opne`",
        "did you mean `metrics-port-open`?",
    ] {
        assert!(
            wrong.stderr.contains(expected),
            "{expected}: {}",
            wrong.stderr
        );
    }
    let linted = run(exposured().args(["catalog", "lint", &desk.path("rules.toml")])).expect(2);
    assert!(linted.stderr.contains("rules.toml:16:8"));
}

#[test]
fn an_entry_that_is_turned_off_exposes_nothing() {
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
fn the_configuration_can_change_the_severity_model() {
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
