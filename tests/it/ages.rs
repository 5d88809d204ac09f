//! Findings that their services have not updated for a long time.

use serde_json::{Value, json};

use crate::aws::{Aws, HOME};
use crate::findings::{Seed, seed, updated, updated_seconds};
use crate::program::{Ran, config, exposured, exposured_on, exposures, run};

/// The findings of all services, updated this many days before the time of the other findings.
fn aged(days: i64) -> Seed {
    let mut seed = seed();
    for finding in &mut seed.security_hub {
        finding["UpdatedAt"] = json!(updated(-days));
    }
    for finding in &mut seed.inspector {
        finding["updatedAt"] = json!(updated_seconds(-days));
        finding["lastObservedAt"] = json!(updated_seconds(-days));
    }
    for finding in &mut seed.macie {
        finding["updatedAt"] = json!(updated(-days));
    }
    seed
}

fn count(seed: &Seed) -> usize {
    seed.security_hub.len() + seed.inspector.len() + seed.macie.len()
}

fn live(seed: Seed, settings: &str) -> Ran {
    let aws = Aws::start();
    aws.account(HOME)
        .region("us-east-1")
        .security_hub_findings(seed.security_hub)
        .inspector_findings(seed.inspector)
        .macie_findings(seed.macie);
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), settings);
    run(exposured_on(&aws)
        .args(["once", "--dry-run", "--format", "json", "--config"])
        .arg(config))
}

/// Reads the findings from files, together with a finding that ended and was updated recently.
fn from_files(seed: &Seed, more: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut ended = crate::findings::seed().security_hub.remove(0);
    ended["Id"] = json!("ended");
    ended["RecordState"] = json!("ARCHIVED");
    let files = [
        ("ended", vec![ended]),
        ("security-hub", seed.security_hub.clone()),
        ("inspector", seed.inspector.clone()),
        ("macie", seed.macie.clone()),
    ];
    for (name, findings) in files {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(path, json!(findings).to_string()).unwrap();
    }
    run(exposured()
        .args(["once", "--input"])
        .arg(folder.path())
        .args(more))
}

fn outdated(result: &Value) -> usize {
    let number = result["summary"]["outdated_findings"].as_u64().unwrap();
    number.try_into().unwrap()
}

#[test]
fn findings_of_every_service_age() {
    for (days, settings, are_outdated) in [
        // The findings are five days old, and a few hours.
        (84, "", false),
        (86, "", true),
        (86, "[collect]\nmax_age = \"92d\"\n", false),
        (10, "[collect]\nmax_age = \"14d\"\n", true),
    ] {
        let seed = aged(days);
        let expected = if are_outdated { count(&seed) } else { 0 };
        let ran = live(seed, settings).expect(0);
        let result = ran.json();
        assert_eq!(outdated(&result), expected, "{days} {settings}");
        assert_eq!(
            exposures(&result).is_empty(),
            are_outdated,
            "{days} {settings}"
        );
        assert_eq!(
            ran.stderr.contains("findings_outdated"),
            are_outdated,
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn the_age_of_findings_in_files_is_measured_from_the_newest_record() {
    for (days, are_outdated) in [(89, false), (91, true)] {
        let seed = aged(days);
        let result = from_files(&seed, &["--format", "json"]).expect(0).json();
        let expected = if are_outdated { count(&seed) } else { 0 };
        assert_eq!(outdated(&result), expected, "{days}");
        assert_eq!(exposures(&result).is_empty(), are_outdated, "{days}");
    }
}

#[test]
fn the_summary_reports_outdated_findings() {
    let seed = aged(91);
    let text = from_files(&seed, &[]).expect(0).stdout;
    let line = format!(
        "{} findings were not used: not updated for longer than `collect.max_age`",
        count(&seed)
    );
    assert!(text.contains(&line), "{text}");
}

#[test]
fn an_age_of_less_than_a_day_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for age in ["1h", "soon", "0d"] {
        let path = config(folder.path(), &format!("[collect]\nmax_age = \"{age}\"\n"));
        let ran = run(exposured().args(["check", "--config"]).arg(path)).expect(2);
        assert!(ran.stderr.contains(&format!("`{age}`")), "{}", ran.stderr);
    }
}
