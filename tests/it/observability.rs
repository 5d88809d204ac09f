//! What operators see: the last event of a cycle, its metrics, its log level, and the health of the daemon.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation, Service};
use crate::daemon::{Daemon, EVERY_SECOND, NEVER_SOON, wait_until};
use crate::end_to_end::put;
use crate::findings::seed;
use crate::program::{Ran, exposured, exposured_on, run};

fn health(folder: &Path) -> Ran {
    let path = folder.join("exposured.toml");
    run(exposured().args(["health", "--config"]).arg(path))
}

#[test]
fn a_cycle_ends_with_an_event_that_summarizes_it() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(HOME)
        .region("us-east-1")
        .disable(Service::Macie);
    aws.fault(Operation::InspectorListFindings, Fault::throttle());
    let ran = run(exposured_on(&aws).args(["once", "--publish"])).expect(3);
    let finished = ran.events("cycle_finished");
    assert_eq!(finished.len(), 1);
    let finished = &finished[0];
    let expected = json!({
        "outcome": "partial",
        "coverage": format!(
            "security-hub {HOME} us-east-1: complete; inspector {HOME} us-east-1: complete; \
             macie {HOME} us-east-1: failed (not-enabled); iam {HOME} us-east-1: complete"
        ),
        "targets_complete": 3, "targets_partial": 0, "targets_failed": 1, "targets_unavailable": 0, "targets_stale": 0,
        "open_critical": 0, "open_high": 1, "open_medium": 0, "open_low": 1,
        "created": 2, "updated": 0, "reopened": 0, "archived": 0, "held": 0, "refreshed": 0, "unchanged": 0,
        "unpublished": 0, "throttles": 1,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&finished[field], value, "{field}");
    }
    assert_eq!(finished["api_calls"], aws.requests().len());
    assert!(finished["oldest_snapshot_s"].as_u64().unwrap() < 60);
}

#[test]
fn metrics_follow_each_cycle_that_publishes() {
    let aws = Aws::start();
    put(&aws, seed());
    let metrics = |ran: &Ran| ran.events("cycle_metrics");
    assert_eq!(
        metrics(&run(exposured_on(&aws).args(["once", "--dry-run"]))).len(),
        0
    );
    let ran = run(exposured_on(&aws).args(["once", "--publish"])).expect(0);
    let [line] = &metrics(&ran)[..] else {
        panic!("{}", ran.stderr)
    };
    assert_eq!(
        (&line["CompleteCycles"], &line["Created"], &line["OpenHigh"]),
        (&json!(1), &json!(2), &json!(1))
    );
    // A failed cycle has metrics, too.
    let ran = run(exposured_on(&aws)
        .env_remove("AWS_ACCESS_KEY_ID")
        .args(["once", "--publish"]))
    .expect(1);
    assert_eq!(metrics(&ran)[0]["FailedCycles"], 1);
    // The log's level makes no difference.
    let ran = run(exposured_on(&aws)
        .env("EXPOSURED_LOG", "error")
        .args(["once", "--publish"]))
    .expect(0);
    assert_eq!(metrics(&ran).len(), 1);
    assert!(ran.stderr.starts_with("publishing: "), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
}

#[test]
fn only_the_daemon_logs_every_event_by_default() {
    let aws = Aws::start();
    put(&aws, seed());
    for arguments in [
        &["once", "--dry-run"][..],
        &["explain", "i-modest"],
        &["fixes"],
    ] {
        let ran = run(exposured_on(&aws)
            .env_remove("EXPOSURED_LOG")
            .args(arguments))
        .expect(0);
        assert_eq!(ran.stderr, "", "{arguments:?}");
    }
    // Warnings are logged.
    aws.account(HOME)
        .region("us-east-1")
        .disable(Service::Macie);
    let ran = run(exposured_on(&aws)
        .env_remove("EXPOSURED_LOG")
        .args(["once", "--dry-run"]))
    .expect(3);
    let collected = ran.events("target_collected");
    assert_eq!(collected.len(), 1, "{}", ran.stderr);
    assert_eq!(
        collected[0]["collection_target"],
        format!("macie {HOME} us-east-1")
    );
    let daemon = Daemon::start_with(&aws, NEVER_SOON, |command| {
        command.env_remove("EXPOSURED_LOG");
    });
    wait_until("a cycle", || aws.imported(HOME, "us-east-1").len() == 2);
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(10)).expect(0);
    assert_eq!(ran.events("cycle_started").len(), 1, "{}", ran.stderr);
}

#[test]
fn messages_of_the_sdk_have_the_form_of_events() {
    let aws = Aws::start();
    put(&aws, seed());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, "[profile not a name]\nregion = us-east-1\n").unwrap();
    let ran = run(exposured_on(&aws)
        .env("AWS_CONFIG_FILE", &path)
        .args(["once", "--dry-run"]))
    .expect(0);
    let messages = ran.events("library_message");
    assert!(!messages.is_empty(), "{}", ran.stderr);
    for message in messages {
        assert_eq!(message["level"], "WARN", "{message}");
        assert!(message["library"].is_string(), "{message}");
        assert!(message["message"].is_string(), "{message}");
    }
}

#[test]
fn the_daemon_prints_only_metrics_on_standard_output() {
    let aws = Aws::start();
    put(&aws, seed());
    let namespace = "[metrics]\nnamespace = \"team/staging\"\n";
    let daemon = Daemon::start(&aws, &format!("{EVERY_SECOND}{namespace}"));
    wait_until("two cycles", || {
        aws.requests_to(Operation::GetCallerIdentity).len() >= 3
    });
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(20)).expect(0);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() >= 2, "{}", ran.stdout);
    assert_eq!(
        (&lines[0]["Created"], &lines[1]["Created"]),
        (&json!(2), &json!(0))
    );
    for line in &lines {
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Namespace"],
            "team/staging"
        );
    }
}

#[test]
fn health_reports_whether_the_daemon_runs() {
    let aws = Aws::start();
    put(&aws, seed());
    let daemon = Daemon::start(&aws, NEVER_SOON);
    let folder = daemon.folder().to_owned();
    let file = folder.join("health.json");
    wait_until("a first cycle", || {
        health(&folder).stdout.contains("(complete)")
    });
    health(&folder).expect(0);
    // The file of a daemon that was killed long ago.
    let content = std::fs::read_to_string(&file).unwrap();
    let mut status: Value = serde_json::from_str(&content).unwrap();
    status["beat_at"] = json!("2026-01-01T00:00:00Z");
    let elsewhere = tempfile::tempdir().unwrap();
    let old = elsewhere.path().join("health.json");
    std::fs::write(&old, status.to_string()).unwrap();
    let text = format!("[schedule]\nhealth_file = \"{}\"\n", old.display());
    std::fs::write(elsewhere.path().join("exposured.toml"), text).unwrap();
    let ran = health(elsewhere.path()).expect(1);
    assert!(
        ran.stderr
            .contains("last heartbeat was at 2026-01-01T00:00:00Z"),
        "{}",
        ran.stderr
    );
    std::fs::write(&old, "{").unwrap();
    let ran = health(elsewhere.path()).expect(1);
    assert!(ran.stderr.contains("was not written by"), "{}", ran.stderr);
    // A daemon that has stopped is not healthy.
    daemon.signal("TERM");
    wait_until("the removal of the health file", || !file.exists());
    let ran = health(&folder).expect(1);
    assert!(ran.stderr.contains("reading"), "{}", ran.stderr);
    daemon.ended(Duration::from_secs(10)).expect(0);
}

#[test]
fn a_health_file_that_cannot_be_written_is_logged_once_and_stops_nothing() {
    let aws = Aws::start();
    put(&aws, seed());
    let daemon = Daemon::start(&aws, EVERY_SECOND);
    wait_until("a first cycle", || {
        aws.imported(HOME, "us-east-1").len() == 2
    });
    // The daemon may write a file while its folder is being removed.
    wait_until("the removal of the folder", || {
        std::fs::remove_dir_all(daemon.folder()).is_ok()
    });
    wait_until("three cycles", || {
        aws.requests_to(Operation::GetCallerIdentity).len() >= 4
    });
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(20)).expect(0);
    assert_eq!(ran.events("health_file_failed").len(), 1, "{}", ran.stderr);
}
