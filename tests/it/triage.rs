//! Mutes, criticality tags, and mitigations of the configuration.

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::catalog::{Desk, OWN_RULE, severities};
use crate::end_to_end::put;
use crate::findings::{control, ec2, seed};
use crate::program::{exposured_on, run};

fn mute(what: &str, until: &str) -> String {
    format!("[[mute]]\n{what}\nreason = \"known\"\nowner = \"team blue\"\nuntil = {until}\n")
}

#[test]
fn what_a_mute_hides_is_counted_and_logged() {
    let desk = Desk::new(&mute(
        "trait = \"administrative-access-policy\"\nresource = \"*/i-admin\"",
        "2099-12-31",
    ));
    let ran = desk.once().expect(0);
    let result = ran.json();
    assert_eq!(
        severities(&result),
        [
            // Without it, what the role can do is unknown.
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
fn an_exposure_is_muted_by_account_by_region_or_everywhere() {
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
fn a_mute_that_has_expired_or_matches_nothing_is_reported() {
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
fn a_mute_of_an_unknown_trait_is_an_error() {
    let wrong = Desk::new(&mute(
        "trait = \"imds-v1-alowed\"\nresource = \"*\"",
        "2099-12-31",
    ))
    .once()
    .expect(2);
    for expected in ["exposured.toml:2:9", "did you mean `imds-v1-allowed`?"] {
        assert!(
            wrong.stderr.contains(expected),
            "{expected}: {}",
            wrong.stderr
        );
    }
}

#[test]
fn a_mute_of_an_unknown_exposure_is_an_error() {
    let wrong = Desk::new(&mute(
        "exposure = \"ec2-malicious-fil\"\nresource = \"*\"",
        "2099-12-31",
    ))
    .once()
    .expect(2);
    for expected in ["exposured.toml:2:12", "did you mean `ec2-malicious-file`?"] {
        assert!(
            wrong.stderr.contains(expected),
            "{expected}: {}",
            wrong.stderr
        );
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
fn tags_raise_and_lower_the_impact() {
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
    // The impact is high already, and one step less is medium.
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
        // Other findings of the seed show that IMDSv1 is allowed.
        findings.retain(|one| !one.to_string().contains("MetadataOptions"));
        findings.push(tagged("lab", "required"));
        desk.write("findings/f.json", &json!(findings).to_string());
        desk.run(&["explain", "i-admin"]).expect(0).stdout
    };
    let explained = with("");
    for expected in [
        "Mitigations\n  The EC2 instance requires IMDSv2 (imdsv2-required)",
        "ease of exploit        0  instance-profile-attached, internet-reachable; lowered one step by imdsv2-required",
    ] {
        assert!(explained.contains(expected), "{expected}: {explained}");
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

/// Findings of passed controls are only read while mitigations are on.
#[test]
fn passed_controls_are_read_while_mitigations_are_on() {
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
