//! The daemon: its schedule, one cycle at a time, and shutdown.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::aws::{Aws, Fault, HOME, Operation};
use crate::end_to_end::put;
use crate::findings::seed;
use crate::program::{Ran, config, events, exposured_on};

pub const EVERY_SECOND: &str = "[schedule]\ncron = \"* * * * * *\"\n";
pub const NEVER_SOON: &str = "[schedule]\ncron = \"0 0 0 1 1 *\"\n";

pub struct Daemon {
    child: Child,
    started: Instant,
    folder: tempfile::TempDir,
}

impl Daemon {
    pub fn start(aws: &Aws, text: &str) -> Self {
        Self::start_with(aws, text, |_| {})
    }

    /// Starts the daemon after the command was changed.
    pub fn start_with(aws: &Aws, text: &str, change: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let health = folder.path().join("health.json");
        let schedule = format!("[schedule]\nhealth_file = \"{}\"\n", health.display());
        let path = config(folder.path(), &text.replace("[schedule]\n", &schedule));
        let mut command = exposured_on(aws);
        command.args(["run", "--config"]).arg(path);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        Self::spawn(&mut command, folder)
    }

    fn spawn(command: &mut Command, folder: tempfile::TempDir) -> Self {
        let child = command.spawn().unwrap();
        Self {
            child,
            started: Instant::now(),
            folder,
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the daemon to end. A daemon that does not end is killed, and fails the test.
    pub fn ended(mut self, within: Duration) -> Ran {
        let deadline = Instant::now() + within;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if Instant::now() > deadline => break None,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        if status.is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let mut output = self.child.stdout.take().unwrap();
        output.read_to_string(&mut stdout).unwrap();
        // A test may have given it another standard error.
        if let Some(mut log) = self.child.stderr.take() {
            log.read_to_string(&mut stderr).unwrap();
        }
        let status = status.unwrap_or_else(|| panic!("the daemon did not end:\n{stderr}"));
        Ran {
            code: status.code().unwrap_or(-1),
            stdout,
            stderr,
        }
    }
}

/// Waits until the condition is true, and fails the test if that takes too long.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not happen in time");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_first_cycle_runs_immediately_and_the_signal_stops_the_daemon() {
    for signal in ["TERM", "INT"] {
        let aws = Aws::start();
        put(&aws, seed());
        let daemon = Daemon::start(&aws, NEVER_SOON);
        wait_until("two published exposures", || {
            aws.imported(HOME, "us-east-1").len() == 2
        });
        daemon.signal(signal);
        let ran = daemon.ended(Duration::from_secs(10)).expect(0);
        assert_eq!(ran.events("cycle_started").len(), 1);
        assert_eq!(
            ran.events("shutdown_started")[0]["signal"],
            format!("SIG{signal}")
        );
        assert_eq!(ran.events("shutdown_finished").len(), 1);
    }
}

#[test]
fn without_a_configuration_file_the_daemon_uses_the_defaults() {
    let aws = Aws::start();
    put(&aws, seed());
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::spawn(
        exposured_on(&aws)
            .arg("run")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
        folder,
    );
    wait_until("two published exposures", || {
        aws.imported(HOME, "us-east-1").len() == 2
    });
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(10)).expect(0);
    assert_eq!(ran.events("daemon_started")[0]["cron"], "0 0 */6 * * *");
}

#[test]
fn without_run_on_start_the_daemon_waits_for_the_first_tick() {
    let aws = Aws::start();
    put(&aws, seed());
    let daemon = Daemon::start(&aws, &format!("{NEVER_SOON}run_on_start = false\n"));
    wait_until("a heartbeat", || {
        daemon.folder().join("health.json").exists()
    });
    std::thread::sleep(Duration::from_millis(200));
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(10)).expect(0);
    assert_eq!(ran.events("daemon_started").len(), 1);
    assert_eq!(ran.events("cycle_started").len(), 0);
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn cycles_follow_the_schedule() {
    let aws = Aws::start();
    put(&aws, seed());
    let daemon = Daemon::start(&aws, &format!("{EVERY_SECOND}run_on_start = false\n"));
    wait_until("three cycles", || {
        aws.requests_to(Operation::GetCallerIdentity).len() >= 3
    });
    assert!(daemon.started.elapsed() > Duration::from_secs(1));
    daemon.signal("TERM");
    daemon.ended(Duration::from_secs(10)).expect(0);
}

#[test]
fn a_tick_during_a_cycle_is_skipped() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(
        Operation::InspectorListFindings,
        Fault::hang(Duration::from_secs(4)),
    );
    let daemon = Daemon::start(&aws, EVERY_SECOND);
    wait_until("a second cycle", || {
        aws.requests_to(Operation::GetCallerIdentity).len() >= 2
    });
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(20)).expect(0);
    assert!(ran.events("tick_skipped").len() >= 2, "{}", ran.stderr);
    // The cycles did not overlap: each ended before the next one started.
    let order: Vec<String> = ran
        .stderr
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|event| event["event"].as_str().map(str::to_owned))
        .filter(|name| {
            name == "cycle_started" || name == "cycle_finished" || name == "cycle_failed"
        })
        .collect();
    assert!(
        order.chunks(2).all(|pair| pair[0] == "cycle_started"),
        "{order:?}"
    );
}

#[test]
fn the_batch_in_flight_finishes_and_no_other_one_starts() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(
        Operation::BatchImportFindings,
        Fault::hang(Duration::from_secs(3)),
    );
    let daemon = Daemon::start(&aws, NEVER_SOON);
    wait_until("an import", || {
        !aws.requests_to(Operation::BatchImportFindings).is_empty()
    });
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(25)).expect(0);
    assert_eq!(ran.events("batch_published").len(), 1, "{}", ran.stderr);
    assert_eq!(aws.imported(HOME, "us-east-1").len(), 2);
}

#[test]
fn a_signal_during_collection_stops_the_daemon_without_publishing() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(
        Operation::InspectorListFindings,
        Fault::hang(Duration::from_secs(60)),
    );
    let daemon = Daemon::start(&aws, NEVER_SOON);
    wait_until("a hanging call", || {
        !aws.requests_to(Operation::InspectorListFindings).is_empty()
    });
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(10)).expect(0);
    assert_eq!(ran.events("cycle_failed").len(), 1, "{}", ran.stderr);
    assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 0);
}

#[test]
fn a_second_signal_stops_the_daemon_immediately() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(
        Operation::BatchImportFindings,
        Fault::hang(Duration::from_secs(60)),
    );
    let daemon = Daemon::start(&aws, NEVER_SOON);
    wait_until("an import", || {
        !aws.requests_to(Operation::BatchImportFindings).is_empty()
    });
    daemon.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(5)).expect(1);
    assert_eq!(events(&ran.stderr, "shutdown_finished").len(), 0);
}

#[test]
fn a_failed_cycle_does_not_stop_the_daemon() {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(Operation::GetCallerIdentity, Fault::expired_token());
    let daemon = Daemon::start(&aws, EVERY_SECOND);
    wait_until("two published exposures", || {
        aws.imported(HOME, "us-east-1").len() == 2
    });
    daemon.signal("TERM");
    let ran = daemon.ended(Duration::from_secs(20)).expect(0);
    assert_eq!(ran.events("cycle_failed").len(), 1, "{}", ran.stderr);
}
