//! The command line's own contract: help, exit codes, errors.

use crate::program::{config, exposured, run};

#[test]
fn help_is_worth_reading() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["once", "--help"],
        &["check", "--help"],
        &["explain", "--help"],
        &["health", "--help"],
        &["synth", "--help"],
    ] {
        let ran = run(exposured().env("COLUMNS", "100").args(arguments)).expect(0);
        insta::assert_snapshot!(
            format!("help_{}", arguments[0].trim_start_matches('-')),
            ran.stdout
        );
    }
}

#[test]
fn wrong_usage_is_2() {
    for arguments in [
        &[][..],
        &["fly"],
        &["run"],
        &["once", "--format", "pdf"],
        &["once", "--sample", "--input", "."],
        &["run", "--config", "/does/not/exist.toml"],
        &["once", "--input", "/does/not/exist"],
    ] {
        let ran = run(exposured().args(arguments));
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert!(!ran.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_wrong_configuration_keeps_every_command_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let path = config(
        folder.path(),
        "[schedule]\ncorn = \"0 0 */6 * * *\"\n[aws]\nregions = [\"mars\"]\n",
    );
    for arguments in [&["run"][..], &["once"], &["once", "--sample"], &["check"]] {
        let ran = run(exposured().args(arguments).arg("--config").arg(&path)).expect(2);
        assert!(ran.stderr.contains("exposured.toml:2:1"), "{}", ran.stderr);
        assert!(ran.stderr.contains("exposured.toml:4:12"), "{}", ran.stderr);
        assert!(ran.stderr.contains("2 problems"), "{}", ran.stderr);
    }
}

#[test]
fn the_shipped_configuration_is_accepted() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/exposured.toml");
    let ran = run(exposured().args(["check", "--config", shipped])).expect(0);
    assert!(ran.stdout.contains(": ok"), "{}", ran.stdout);
}

#[test]
fn a_wrong_log_filter_is_told() {
    let ran = run(exposured()
        .env("EXPOSURED_LOG", "exposured=loud")
        .args(["once", "--sample"]))
    .expect(2);
    assert!(
        ran.stderr.contains("EXPOSURED_LOG=\"exposured=loud\""),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_log_can_be_turned_down() {
    let ran = run(exposured()
        .env("EXPOSURED_LOG", "warn")
        .args(["once", "--sample"]))
    .expect(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn every_event_is_json_with_its_name_and_cycle() {
    let ran = run(exposured().args(["once", "--sample"])).expect(0);
    for line in ran.stderr.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        for field in ["timestamp", "level", "event", "cycle", "message"] {
            assert!(event[field].is_string(), "{field} in {line}");
        }
    }
    assert_eq!(ran.events("cycle_finished").len(), 1);
}
