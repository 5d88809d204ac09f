//! The JSON output is a contract: every document fits the published schema, and names the versions.

use std::path::Path;

use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation, Service};
use crate::end_to_end::put;
use crate::findings::seed;
use crate::program::{Ran, config, exposured, exposured_on, run};

const SCHEMA: &str = include_str!("../../schemas/output.v1.schema.json");

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

/// The root of the schema is a choice between documents, whose own error says only that none of them fits.
fn deepest_error(document: &Value) -> String {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let choices = schema["anyOf"].as_array().unwrap().iter();
    let errors = choices.map(|choice| {
        let mut alone = choice.clone();
        alone["$defs"] = schema["$defs"].clone();
        let validator = jsonschema::validator_for(&alone).unwrap();
        let errors = validator.iter_errors(document);
        let mut texts: Vec<String> = errors
            .map(|error| {
                let text: String = error.to_string().chars().take(300).collect();
                format!("{}: {text}", error.instance_path())
            })
            .collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.split('/').count()));
        texts
    });
    let fewest = errors.min_by_key(Vec::len).unwrap();
    fewest.join("\n")
}

fn assert_fits(ran: &Ran) -> Value {
    let document = ran.json();
    assert!(
        validator().is_valid(&document),
        "{}",
        deepest_error(&document)
    );
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["tool_version"], env!("CARGO_PKG_VERSION"));
    document
}

#[test]
fn the_published_schema_is_the_one_that_the_program_prints() {
    let printed = run(exposured().arg("schema")).expect(0).stdout;
    assert!(
        printed == SCHEMA,
        "write the output of `exposured schema` to schemas/output.v1.schema.json"
    );
}

#[test]
fn the_output_of_the_sample_fits_the_schema() {
    let sample = |arguments: &[&str]| {
        let ran = run(exposured()
            .args(arguments)
            .args(["--sample", "--format", "json"]))
        .expect(0);
        assert_fits(&ran)
    };
    let once = sample(&["once"]);
    let fixes = sample(&["fixes"]);
    assert_eq!(once["exposures"].as_array().unwrap().len(), 4);
    assert!(!fixes["fixes"].as_array().unwrap().is_empty());
    for instance in ["i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60003"] {
        let explanation = sample(&["explain", instance]);
        assert!(!explanation["traits"].as_array().unwrap().is_empty());
    }
}

#[test]
fn the_output_of_a_large_organization_fits_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("organization");
    run(exposured()
        .args(["synth", "--resources", "300", "--out"])
        .arg(&out))
    .expect(0);
    for command in ["once", "fixes"] {
        let ran = run(exposured()
            .args([command, "--format", "json", "--input"])
            .arg(&out))
        .expect(0);
        assert_fits(&ran);
    }
}

#[test]
fn the_output_of_each_plan_fits_the_schema() {
    let aws = Aws::start();
    put(&aws, seed());
    let once = |arguments: &[&str], code| {
        let ran = run(exposured_on(&aws)
            .args(["once", "--format", "json"])
            .args(arguments))
        .expect(code);
        assert_fits(&ran)
    };
    let actions = |document: &Value| -> Vec<String> {
        let steps = document["plan"]["steps"].as_array().unwrap();
        let action = |step: &Value| step["action"].as_str().unwrap().to_owned();
        steps.iter().map(action).collect()
    };
    assert_eq!(actions(&once(&["--dry-run"], 0)), ["create", "create"]);
    assert_eq!(
        once(&["--publish"], 0)["summary"]["published"]["created"],
        2
    );
    assert_eq!(
        actions(&once(&["--dry-run"], 0)),
        ["unchanged", "unchanged"]
    );
    // Without Inspector, nothing is known to be reachable, and nothing is archived either.
    let home = aws.account(HOME);
    home.region("us-east-1").disable(Service::Inspector);
    aws.fault(Operation::MacieListFindings, Fault::not_json().always());
    let held = once(&["--dry-run"], 3);
    assert!(actions(&held).contains(&"hold".to_owned()), "{held:#}");
    aws.account(HOME)
        .region("us-east-1")
        .deny("securityhub:GetFindings");
    let denied = once(&["--dry-run"], 3);
    let rows = denied["coverage"].as_array().unwrap();
    assert!(
        rows.iter()
            .any(|row| row["action"] == "securityhub:GetFindings"),
        "{denied:#}"
    );
}

#[test]
fn the_output_with_mutes_and_unreadable_files_fits_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    std::fs::create_dir(&input).unwrap();
    let findings = json!({ "Findings": seed().security_hub });
    std::fs::write(input.join("a.json"), findings.to_string()).unwrap();
    std::fs::write(input.join("b.json"), "{\"Findings\": [{\"Id\": 1}]}").unwrap();
    std::fs::write(input.join("c.json"), "no JSON").unwrap();
    let text = ["imds-v1-allowed", "public-ipv4-assigned", "open-security-group"]
        .iter()
        .zip(["2999-01-01", "2000-01-01", "2999-01-01"])
        .zip(["*", "*", "nothing"])
        .map(|((id, until), resource)| {
            format!(
                "[[mute]]\ntrait = \"{id}\"\nresource = \"{resource}\"\nreason = \"r\"\nowner = \"o\"\nuntil = {until}\n"
            )
        })
        .collect::<String>();
    let path = config(folder.path(), &text);
    let ran = once_with(&path, &input).expect(3);
    let document = assert_fits(&ran);
    let states: Vec<&Value> = document["summary"]["mutes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mute| &mute["state"])
        .collect();
    assert_eq!(states, ["used", "expired", "unmatched"]);
}

fn once_with(config: &Path, input: &Path) -> Ran {
    run(exposured()
        .args(["once", "--format", "json", "--config"])
        .arg(config)
        .arg("--input")
        .arg(input))
}

#[test]
fn a_document_that_breaks_the_contract_does_not_fit_the_schema() {
    let ran = run(exposured().args(["once", "--sample", "--format", "json"])).expect(0);
    let validator = validator();
    let broken = |pointer: &str, value: Value| {
        let mut document = ran.json();
        *document.pointer_mut(pointer).unwrap() = value;
        !validator.is_valid(&document)
    };
    assert!(broken("/schema_version", json!(2)));
    assert!(broken("/exposures/0/severity", json!("SEVERE")));
    assert!(broken("/exposures/0/factors/0/level", json!(4)));
    assert!(broken("/exposures/0/resource", json!("i-1")));
    assert!(broken("/exposures/0/traits/0/type", json!("Secret")));
    assert!(broken(
        "/exposures/0/traits/0/evidence/0/evidence/kind",
        json!("rumor")
    ));
    assert!(broken("/coverage/0/coverage", json!("good")));
    assert!(broken("/summary/exposures", json!("4")));
    for field in ["exposures", "coverage", "plan", "summary"] {
        let mut document = ran.json();
        document.as_object_mut().unwrap().remove(field);
        assert!(!validator.is_valid(&document), "{field}");
    }
}
