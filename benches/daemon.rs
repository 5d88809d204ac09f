//! The daemon: its memory while it waits for the next cycle, and the time from its start to its first call.
//!
//! `cargo bench --bench daemon`

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "benchmarks report a failure by panicking, measure time, and read and write files"
)]

#[allow(unused, reason = "a benchmark uses only a part of the tests' server")]
#[path = "../tests/it/aws/mod.rs"]
mod aws;
#[allow(unused, reason = "a benchmark uses only a part of the tests' findings")]
#[path = "../tests/it/findings.rs"]
mod findings;
#[allow(
    unused,
    reason = "a benchmark uses only a part of the tests' functions"
)]
#[path = "../tests/it/program.rs"]
mod program;

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use aws::{Aws, HOME};
use findings::{control, ec2, reachable, sensitive_data};
use program::{config, events, exposured, exposured_on, run};

const RUNS: usize = 5;

/// The number of instances. Each has three findings.
const INSTANCES: usize = 12;

/// How long the daemon is idle before its memory is read.
const IDLE: Duration = Duration::from_secs(5);

/// How long to wait for a cycle, and for the process to exit.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let version = (0..RUNS).map(|_| version()).min().expect("there are runs");
    let daemons: Vec<Measured> = (0..RUNS).map(|_| daemon()).collect();
    let first_call = daemons.iter().map(|one| one.first_call).min();
    let first_call = first_call.expect("there are runs");
    let most = |of: fn(&Measured) -> f64| daemons.iter().map(of).fold(0.0, f64::max);
    println!(
        "| `--version` (baseline) ms | first call ms | ratio | idle, MB resident | peak, MB resident | threads |"
    );
    println!("|---|---|---|---|---|---|");
    println!(
        "| {:.1} | {:.1} | {:.1}× | {:.1} | {:.1} | {} |",
        milliseconds(version),
        milliseconds(first_call),
        first_call.as_secs_f64() / version.as_secs_f64(),
        most(|one| one.idle),
        most(|one| one.peak),
        most(|one| one.threads),
    );
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The baseline: the time from the start to the end of a process of the binary that does nothing.
fn version() -> Duration {
    let clock = Instant::now();
    let ran = run(exposured().arg("--version"));
    let took = clock.elapsed();
    ran.expect(0);
    took
}

/// The measurements of one daemon.
struct Measured {
    /// The time from its start to its first request.
    first_call: Duration,
    /// Resident memory after the first cycle, in MB.
    idle: f64,
    /// The peak of resident memory until then, in MB.
    peak: f64,
    threads: f64,
}

/// Runs a daemon for a small account: it runs its first cycle, waits, and is stopped.
fn daemon() -> Measured {
    let aws = small_account();
    let folder = tempfile::tempdir().expect("a folder");
    let health = folder.path().join("health.json");
    let log = folder.path().join("log");
    let text = format!(
        "[schedule]\ncron = \"0 0 0 1 1 *\"\nhealth_file = \"{}\"\n",
        health.display()
    );
    let mut command = exposured_on(&aws);
    command
        .args(["run", "--config"])
        .arg(config(folder.path(), &text))
        .stdout(Stdio::null())
        .stderr(File::create(&log).expect("the log can be written"));
    let started = Instant::now();
    let mut child = command.spawn().expect("the binary runs");
    wait_until("the end of the first cycle", || cycle_ended(&log));
    std::thread::sleep(IDLE);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.expect("the daemon runs");
    let measured = Measured {
        first_call: aws.requests()[0].at - started,
        idle: field(&status, "VmRSS") / 1024.0,
        peak: field(&status, "VmHWM") / 1024.0,
        threads: field(&status, "Threads"),
    };
    stop(&mut child);
    measured
}

/// Returns 36 findings about instances, and two about buckets.
fn small_account() -> Aws {
    let aws = Aws::start();
    let (mut security_hub, mut inspector) = (Vec::new(), Vec::new());
    for number in 0..INSTANCES {
        let name = format!("i-{number:04}");
        let arn = ec2("instance", &name);
        security_hub
            .extend(["EC2.8", "EC2.9"].map(|id| control(id, "AwsEc2Instance", &arn, json!({}))));
        inspector.push(reachable(&name, Some("web")));
    }
    aws.account(HOME)
        .region(findings::REGION)
        .security_hub_findings(security_hub)
        .inspector_findings(inspector)
        .macie_findings(vec![sensitive_data("orders"), sensitive_data("reports")]);
    aws
}

/// Fails if the cycle did not publish every exposure.
fn cycle_ended(log: &Path) -> bool {
    let log = std::fs::read_to_string(log).expect("the log can be read");
    let ended = events(&log, "cycle_finished");
    for event in &ended {
        assert_eq!(event["outcome"], "complete", "{log}");
        assert_eq!(event["created"], INSTANCES, "{log}");
    }
    !ended.is_empty()
}

/// Returns a number from `/proc/PID/status`; memory is in KB.
fn field(status: &str, name: &str) -> f64 {
    let value = status.lines().find_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix(':')?;
        value.split_whitespace().next()?.parse().ok()
    });
    value.unwrap_or_else(|| panic!("no {name} in {status}"))
}

/// Stops the daemon with SIGTERM, as ECS stops a container.
fn stop(child: &mut Child) {
    let sent = Command::new("kill")
        .args(["-s", "TERM", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
    let mut ended = None;
    wait_until("the daemon to exit", || {
        ended = child
            .try_wait()
            .expect("the state of the daemon can be read");
        ended.is_some()
    });
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
