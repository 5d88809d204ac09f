//! The contract of the command line: help, exit codes, and errors.

use crate::program::{config, exposured, run};

#[test]
fn the_help_of_each_command() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["once", "--help"],
        &["check", "--help"],
        &["explain", "--help"],
        &["health", "--help"],
        &["synth", "--help"],
        &["iam", "can", "--help"],
    ] {
        let ran = run(exposured().env("COLUMNS", "100").args(arguments)).expect(0);
        insta::assert_snapshot!(
            format!("help_{}", arguments[0].trim_start_matches('-')),
            ran.stdout
        );
    }
}

#[test]
fn a_usage_error_exits_with_2() {
    for arguments in [
        &[][..],
        &["fly"],
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
fn an_invalid_configuration_keeps_every_command_from_starting() {
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

const INVALID: &str = "[schedule]\ncorn = \"\"\n";

/// The standard error of each command with an invalid configuration that only the environment names.
fn stderr_of_every_command(environment: &[(&str, &std::ffi::OsStr)]) -> Vec<String> {
    let commands = [
        &["run"][..],
        &["once", "--sample"],
        &["explain", "--sample", "i-0"],
        &["fixes", "--sample"],
        &["check"],
        &["health"],
        &["catalog", "list"],
    ];
    let stderr = |arguments: &&[&str]| {
        let mut command = exposured();
        command.envs(environment.iter().copied()).args(*arguments);
        run(&mut command).expect(2).stderr
    };
    commands.iter().map(stderr).collect()
}

#[test]
fn a_variable_names_the_configuration_file_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), INVALID);
    for stderr in stderr_of_every_command(&[("EXPOSURED_CONFIG", path.as_os_str())]) {
        assert!(stderr.contains("exposured.toml:2:1"), "{stderr}");
    }
}

#[test]
fn a_variable_holds_the_text_of_the_configuration_for_every_command() {
    let environment = [
        ("EXPOSURED_CONFIG", "env:EXPOSURED_TOML".as_ref()),
        ("EXPOSURED_TOML", INVALID.as_ref()),
    ];
    for stderr in stderr_of_every_command(&environment) {
        assert!(stderr.contains("env:EXPOSURED_TOML:2:1"), "{stderr}");
    }
    let environment = [("EXPOSURED_CONFIG", "env:EXPOSURED_TOML".as_ref())];
    for stderr in stderr_of_every_command(&environment) {
        assert!(
            stderr.contains(
                "the environment variable `EXPOSURED_TOML`: environment variable not found"
            ),
            "{stderr}"
        );
    }
}

#[test]
fn the_command_line_takes_precedence_over_the_variable() {
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), "[aws]\nregions = [\"eu-west-1\"]\n");
    let check = |named: &str| {
        run(exposured()
            .env("EXPOSURED_CONFIG", "/does/not/exist.toml")
            .args(["check", "--config", named]))
        .expect(0)
    };
    let path = path.to_str().unwrap();
    assert!(check(path).stdout.contains(path));
    // The command line takes the same notation, and an empty variable counts as absent.
    let ran = run(exposured()
        .env("EXPOSURED_CONFIG", "")
        .env("TEXT", "[metrics]\nnamespace = \"a\"")
        .args(["check", "--config", "env:TEXT"]))
    .expect(0);
    assert!(ran.stdout.contains("configuration: env:TEXT: ok"));
    let ran = run(exposured().env("EXPOSURED_CONFIG", "").arg("check")).expect(0);
    assert!(ran.stdout.contains("configuration: the defaults: ok"));
}

#[test]
fn a_variable_with_an_impossible_name_is_reported() {
    for name in ["env:", "env:A=B"] {
        let ran = run(exposured().args(["check", "--config", name])).expect(2);
        assert!(
            ran.stderr.contains("environment variable"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn paths_in_the_text_of_a_variable_are_relative_to_the_working_directory() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.toml"), "").unwrap();
    let ran = run(exposured()
        .current_dir(folder.path())
        .env("EXPOSURED_CONFIG", "env:TEXT")
        .env("TEXT", "[catalog]\npaths = [\"own.toml\"]\n")
        .arg("check"));
    ran.expect(0);
}

#[test]
fn the_format_none_prints_no_result() {
    let ran = run(exposured().args(["once", "--sample", "--format", "none"])).expect(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.events("cycle_finished").len(), 1);
}

#[test]
fn an_invalid_log_filter_is_an_error() {
    let ran = run(exposured()
        .env("EXPOSURED_LOG", "exposured=loud")
        .args(["once", "--sample"]))
    .expect(2);
    assert!(
        ran.stderr.contains("EXPOSURED_LOG=`exposured=loud`"),
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
