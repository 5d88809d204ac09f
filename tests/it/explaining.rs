//! `exposured explain`: why a resource has its severity, why it is not exposed, and how to fix it.

use serde_json::{Value, json};

use crate::aws::{Aws, Operation};
use crate::end_to_end::put;
use crate::findings::{reachable, seed};
use crate::program::{Ran, exposured, exposured_on, run};

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
fn a_resource_without_an_exposure_lists_its_nearest_misses() {
    insta::assert_snapshot!(explain("i-none", &[]).expect(0).stdout);
}

#[test]
fn a_severity_is_shown_as_arithmetic() {
    insta::assert_snapshot!(explain("i-admin", &[]).expect(0).stdout);
}

#[test]
fn json_has_the_same_explanation() {
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
    // Without the policy, what the role can do is unknown.
    assert_eq!(explanation["fixes"][2]["severity"], "MEDIUM");
    let none: Value = explain("i-none", &["--format", "json"]).expect(0).json();
    assert_eq!(none["exposure"], Value::Null);
    let miss = &none["near_misses"]
        .as_array()
        .unwrap()
        .iter()
        .find(|miss| miss["rule"] == "ec2-internet-reachable-with-instance-profile")
        .unwrap();
    // What the role of the profile could do is unknown.
    assert_eq!(miss["severity"], "MEDIUM");
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
fn an_ambiguous_or_unknown_name_is_an_error() {
    let many = explain("i-", &[]).expect(2);
    assert!(
        many.stderr.contains("`i-` matches 3 resources"),
        "{}",
        many.stderr
    );
    let none = explain("i-nowhere", &[]).expect(2);
    assert!(
        none.stderr.contains("no finding that was read is about"),
        "{}",
        none.stderr
    );
}

#[test]
fn explaining_publishes_nothing() {
    let aws = Aws::start();
    put(&aws, seed());
    let ran = run(exposured_on(&aws).args(["explain", "i-admin"])).expect(0);
    assert!(
        ran.stdout
            .contains("HIGH      Potential Credential Stealing")
    );
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 0);
}

#[test]
fn the_summary_counts_the_near_misses() {
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

/// The attack path of an instance whose security group has a name that tries to break out of its label.
fn draw(format: &str) -> String {
    let hostile = "x\"] ; end <b>&amp; \\\" }| --> #quot; `%%{init}` \u{202e}";
    let folder = tempfile::tempdir().unwrap();
    let mut findings = [seed().security_hub, seed().inspector].concat();
    for finding in &mut findings {
        if let Some(path) = finding.get_mut("networkReachabilityDetails") {
            let steps = path["networkPath"]["steps"].as_array_mut().unwrap();
            steps[1]["componentId"] = json!(hostile);
        }
    }
    std::fs::write(folder.path().join("f.json"), json!(findings).to_string()).unwrap();
    run(exposured()
        .args(["explain", "i-admin", "--format", format, "--input"])
        .arg(folder.path()))
    .expect(0)
    .stdout
}

/// The graph is read by Graphviz, which `.ci/run` installs, and in any case by a second parser.
#[test]
fn graphviz_accepts_the_attack_path() {
    let dot = draw("dot");
    let graph = layout::gv::DotParser::new(&dot).process();
    assert!(graph.is_ok(), "{dot}");
    let renderer = std::process::Command::new("dot")
        .arg("-Tsvg")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let mut renderer = match renderer {
        Ok(renderer) => renderer,
        Err(error) => {
            let is_wanted = std::env::var_os("EXPOSURED_TEST_GRAPHVIZ").is_some();
            assert!(!is_wanted, "running dot, of the package graphviz: {error}");
            return;
        }
    };
    use std::io::Write;
    renderer
        .stdin
        .take()
        .unwrap()
        .write_all(dot.as_bytes())
        .unwrap();
    let rendered = renderer.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&rendered.stderr);
    assert!(
        rendered.status.success() && complaints.is_empty(),
        "{complaints}\n{dot}"
    );
    let svg = String::from_utf8(rendered.stdout).unwrap();
    // Internet, gateway, ACL, group, interface, instance, profile, role, policy.
    assert_eq!(svg.matches("class=\"node\"").count(), 9, "{svg}");
    assert_eq!(svg.matches("class=\"edge\"").count(), 8, "{svg}");
    assert!(svg.contains("AdministratorAccess"), "{svg}");
    assert!(!svg.contains("<b>"), "{svg}");
}

#[test]
fn a_mermaid_flowchart_has_one_line_for_each_node_and_edge() {
    let mermaid = draw("mermaid");
    let lines: Vec<&str> = mermaid.lines().collect();
    assert_eq!(lines[0], "flowchart LR");
    let edges = lines.iter().filter(|line| line.contains(" -->|\"")).count();
    assert_eq!((lines.len() - 1 - edges, edges), (9, 8), "{mermaid}");
    // Each label starts and ends once: what an attacker wrote in between is entity codes.
    for line in &lines[1..] {
        assert_eq!(line.matches('"').count(), 2, "{line}");
    }
    insta::assert_snapshot!(mermaid);
}

#[test]
fn a_resource_that_is_not_exposed_has_no_path() {
    let dot = explain("i-none", &["--format", "dot"]).expect(0).stdout;
    assert!(!dot.contains("->"), "{dot}");
    let mermaid = explain("i-none", &["--format", "mermaid"]).expect(0).stdout;
    assert_eq!(mermaid, "flowchart LR\n");
}
