//! The published formats against the published schemas.

use serde_json::{Value, json};

use crate::findings::{control, ec2, reachable, seed, vulnerability, with_fixed_time};
use crate::program::{exposured, run};

fn ocsf_events(input: Option<&std::path::Path>) -> Vec<Value> {
    let mut command = exposured();
    command.args(["once", "--format", "ocsf"]);
    match input {
        Some(folder) => command.arg("--input").arg(folder),
        None => command.arg("--sample"),
    };
    let ran = run(&mut command).expect(0);
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn validator() -> jsonschema::Validator {
    let schema = include_str!("../fixtures/ocsf/detection_finding-1.8.0.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

fn assert_valid(events: &[Value]) {
    assert!(!events.is_empty());
    let validator = validator();
    for event in events {
        let errors: Vec<String> = validator
            .iter_errors(event)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        // The schema cannot express these rules.
        let number = |name: &str| event[name].as_u64().unwrap();
        assert_eq!(
            number("type_uid"),
            number("class_uid") * 100 + number("activity_id")
        );
        assert_eq!(number("category_uid"), number("class_uid") / 1_000);
        let related = event["finding_info"]["related_events"].as_array().unwrap();
        assert_eq!(event["finding_info"]["related_events_count"], related.len());
    }
}

#[test]
fn ocsf_events_of_the_sample_are_valid() {
    assert_valid(&ocsf_events(None));
}

#[test]
fn ocsf_events_of_odd_findings_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let mut advisory = vulnerability("i-1", "GHSA-xxxx", 0.2, false, "");
    advisory["packageVulnerabilityDetails"]["vulnerablePackages"] =
        json!([{"name": "left pad", "version": ""}]);
    let mut bare = vulnerability("i-2", "CVE-2026-1", 0.0, true, "CVSS:3.1/AV:N");
    let bare_object = bare.as_object_mut().unwrap();
    for absent in [
        "epss",
        "exploitAvailable",
        "fixAvailable",
        "inspectorScoreDetails",
    ] {
        bare_object.remove(absent);
    }
    bare["packageVulnerabilityDetails"] = json!({"vulnerabilityId": "CVE-2026-1"});
    let mut pathless = reachable("i-3", Some("web"));
    pathless["networkReachabilityDetails"] = json!({"networkPath": {"steps": [{"componentType": "AWS::EC2::InternetGateway", "componentId": "igw-1"}]}});
    let findings = json!({"findings": [advisory, bare, pathless]});
    std::fs::write(folder.path().join("f.json"), findings.to_string()).unwrap();
    let events = ocsf_events(Some(folder.path()));
    assert_eq!(events.len(), 3);
    assert_valid(&events);
}

#[test]
fn the_schema_rejects_invalid_events() {
    let good = ocsf_events(None).remove(0);
    let validator = validator();
    let spoiled: [fn(&mut Value); 4] = [
        |event| event["severity_id"] = json!(7),
        |event| event["time"] = json!("2026-11-01T00:00:00Z"),
        |event| event["likelihood"] = json!("High"),
        |event| drop(event["finding_info"].as_object_mut().unwrap().remove("uid")),
    ];
    for spoil in spoiled {
        let mut event = good.clone();
        spoil(&mut event);
        assert!(!validator.is_valid(&event));
    }
}

#[test]
fn an_ocsf_event_has_the_structure_of_an_aws_exposure() {
    let folder = tempfile::tempdir().unwrap();
    let findings = [seed().security_hub, seed().inspector].concat();
    std::fs::write(
        folder.path().join("f.json"),
        with_fixed_time(&json!(findings).to_string()),
    )
    .unwrap();
    let events = ocsf_events(Some(folder.path()));
    insta::assert_json_snapshot!(events[0], {".metadata.product.version" => "[version]", ".finding_info.analytic.version" => "[catalog]"});
}

#[test]
fn an_asff_finding_uses_the_standard_fields() {
    let folder = tempfile::tempdir().unwrap();
    let findings = [seed().security_hub, seed().inspector].concat();
    std::fs::write(
        folder.path().join("f.json"),
        with_fixed_time(&json!(findings).to_string()),
    )
    .unwrap();
    let ran = run(exposured()
        .args(["once", "--format", "asff", "--input"])
        .arg(folder.path()))
    .expect(0);
    insta::assert_json_snapshot!(ran.json()["Findings"][0], {".ProductFields[\"exposured/catalog\"]" => "[catalog]"});
}

#[test]
fn a_finding_of_very_large_input_fits_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let mut findings: Vec<Value> = (0..3_000)
        .map(|number| {
            let mut finding = vulnerability("i-1", &format!("CVE-2026-{number}"), 0.5, true, "");
            let package = json!({
                "name": "p".repeat(900), "version": "1", "fixedInVersion": "v".repeat(900),
            });
            finding["packageVulnerabilityDetails"]["vulnerablePackages"] = json!([package]);
            finding
        })
        .collect();
    findings[0]["title"] = json!("🦀".repeat(300_000));
    findings[0]["resources"][0]["tags"] = (0..500)
        .map(|number| {
            let key = format!("key-{number}-{}", "k".repeat(300));
            (key, json!("v".repeat(2_000)))
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    findings.push(control(
        "EC2.8",
        "AwsEc2Instance",
        &ec2("instance", "i-1"),
        json!({}),
    ));
    let content = json!({"findings": findings}).to_string();
    std::fs::write(folder.path().join("f.json"), content).unwrap();
    let ran = run(exposured()
        .args(["once", "--format", "asff", "--input"])
        .arg(folder.path()))
    .expect(0);
    let finding = &ran.json()["Findings"][0];
    let length = |value: &Value| value.as_str().unwrap().encode_utf16().count();
    assert!(finding.to_string().len() <= 240_000);
    assert!(length(&finding["Title"]) <= 256 && length(&finding["Description"]) <= 1_024);
    assert!(length(&finding["Remediation"]["Recommendation"]["Text"]) <= 512);
    assert_eq!(finding["RelatedFindings"].as_array().unwrap().len(), 10);
    assert!(!finding["Vulnerabilities"].as_array().unwrap().is_empty());
    let tags = finding["Resources"][0]["Tags"].as_object().unwrap();
    assert!(
        tags.len() <= 50
            && tags
                .iter()
                .all(|(key, value)| key.len() <= 130 && length(value) <= 256)
    );
}
