//! Nothing stops a cycle, or makes it wait forever: not the reader of its log, and not a signal that comes at the wrong
//! time.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, PipeReader, Read, Write, pipe};
use std::process::{Command, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::aws::{Aws, Fault, HOME, Operation};
use crate::daemon::{Daemon, EVERY_SECOND, wait_until};
use crate::end_to_end::put;
use crate::findings::seed;
use crate::program::{events, exposured, exposured_on, run};

/// The capacity of a pipe. Source: Linux, pipe(7).
const PIPE_CAPACITY: usize = 65_536;

/// How long a process may take to end; it fails the test rather than waiting forever.
const LONG: Duration = Duration::from_secs(60);

/// Outputs that cannot be written, by name. The reader of the pipe that blocks must be kept.
fn unwritable() -> Vec<(&'static str, Stdio, Option<PipeReader>)> {
    let full_disk = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (reader, closed) = pipe().unwrap();
    drop(reader);
    let (reader, mut blocked) = pipe().unwrap();
    blocked.write_all(&vec![b'x'; PIPE_CAPACITY]).unwrap();
    vec![
        ("full disk", full_disk.into(), None),
        ("closed pipe", closed.into(), None),
        ("no reader", blocked.into(), Some(reader)),
    ]
}

#[test]
fn a_log_that_cannot_be_written_stops_no_cycle() {
    for (name, stderr, _reader) in unwritable() {
        let aws = Aws::start();
        put(&aws, seed());
        let ended = exposured_on(&aws)
            .args(["once", "--publish", "--format", "none"])
            .stderr(stderr)
            .status()
            .unwrap();
        assert_eq!(ended.code(), Some(0), "{name}");
        assert_eq!(aws.imported(HOME, "us-east-1").len(), 2, "{name}");
    }
}

#[test]
fn the_daemon_goes_on_without_its_log_and_counts_what_is_lost() {
    for (name, stderr, reader) in unwritable() {
        let aws = Aws::start();
        put(&aws, seed());
        let mut stderr = Some(stderr);
        let daemon = Daemon::start_with(&aws, EVERY_SECOND, |command| {
            command.stderr(stderr.take().unwrap());
        });
        wait_until("three cycles", || {
            aws.requests_to(Operation::GetCallerIdentity).len() >= 3
        });
        daemon.signal("TERM");
        let ran = daemon.ended(LONG).expect(0);
        let metrics = events(&ran.stdout, "cycle_metrics");
        assert!(metrics.len() >= 2, "{name}: {}", ran.stdout);
        // A pipe without a reader holds lines back, and loses them only once the queue is full.
        if reader.is_none() {
            let lost = metrics
                .iter()
                .filter_map(|line| line["DroppedLogLines"].as_u64())
                .sum::<u64>();
            assert!(lost > 0, "{name}: {}", ran.stdout);
        }
    }
}

#[test]
fn no_command_panics_when_its_output_cannot_be_written() {
    for arguments in [
        &["check"][..],
        &["--help"],
        &["--version"],
        &["once", "--sample"],
        &["explain", "--sample", "i-0"],
        &["fixes", "--sample"],
        &["catalog", "list"],
        &["policy"],
        &["schema"],
        &["man"],
        &["health"],
        &["completions", "bash"],
    ] {
        for both in [false, true] {
            let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
            let mut command = exposured();
            command
                .env("AWS_REGION", "us-east-1")
                .args(arguments)
                .stdout(full());
            if both {
                command.stderr(full());
            }
            let ran = run(&mut command);
            assert!((0..=3).contains(&ran.code), "{arguments:?}: {}", ran.code);
            assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
            if !both && arguments == ["check"] {
                assert_eq!(ran.code, 1);
                assert!(
                    ran.stderr.contains("writing to standard output"),
                    "{}",
                    ran.stderr
                );
            }
        }
    }
}

#[test]
fn a_signal_stops_a_command_that_reads_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("findings.json.gz");
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    let line = "{\"SchemaVersion\":\"2018-10-08\",\"Id\":\"x\"}\n";
    member.write_all(line.repeat(100_000).as_bytes()).unwrap();
    // Hours of reading.
    std::fs::write(&path, member.finish().unwrap().repeat(2_000)).unwrap();
    let mut child = exposured()
        .env("EXPOSURED_LOG", "info")
        .args(["once", "--format", "none", "--input"])
        .arg(&path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut log = String::new();
    stderr.read_line(&mut log).unwrap();
    assert_eq!(events(&log, "cycle_started").len(), 1, "{log}");
    let sent = Command::new("kill")
        .args(["-s", "TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    wait_until("the end", || child.try_wait().unwrap().is_some());
    stderr.read_to_string(&mut log).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{log}");
    assert!(
        log.contains("stopped before the cycle was finished"),
        "{log}"
    );
}

/// The operations that return pages or bodies, and the source that reads them.
const READS: [(Operation, &str); 4] = [
    (Operation::GetFindings, "security-hub"),
    (Operation::InspectorListFindings, "inspector"),
    (Operation::MacieListFindings, "macie"),
    (Operation::MacieGetFindings, "macie"),
];

/// Runs a cycle in which every response of an operation has this fault, and returns the number of requests to it. The
/// source must end as `bad-answer`, long before the deadline of the cycle. Publishing is off, because
/// reading published findings back uses the same operation as collecting findings.
fn requests_with_fault(operation: Operation, source: &str, fault: Fault) -> usize {
    let aws = Aws::start();
    put(&aws, seed());
    aws.fault(operation, fault.always());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("exposured.toml");
    std::fs::write(&config, "[publish.security_hub]\nenabled = false\n").unwrap();
    let ran = run(exposured_on(&aws)
        .args(["once", "--format", "none", "--config"])
        .arg(&config))
    .expect(3);
    let collected = ran.events("target_collected");
    let target = collected.iter().find(|event| event["source"] == source);
    assert_eq!(
        target.unwrap()["reason"],
        "bad-answer",
        "{operation:?}: {}",
        ran.stderr
    );
    aws.requests_to(operation).len()
}

#[test]
fn a_body_that_stalls_ends_as_a_bad_answer() {
    std::thread::scope(|scope| {
        for (operation, source) in READS {
            scope.spawn(move || {
                let requests = requests_with_fault(operation, source, Fault::stall_mid_answer());
                // Security Hub has a dozen queries, of which the first that fails ends the others.
                let most = if operation == Operation::GetFindings {
                    60
                } else {
                    3
                };
                assert!((1..=most).contains(&requests), "{operation:?}: {requests}");
            });
        }
    });
}

#[test]
fn a_response_that_is_not_json_is_requested_three_times() {
    for (operation, source) in &READS[1..] {
        let requests = requests_with_fault(*operation, source, Fault::not_json());
        assert_eq!(requests, 3, "{operation:?}");
    }
}

#[test]
fn a_listing_without_an_end_is_a_bad_answer() {
    for (operation, source) in &READS[..3] {
        for fault in [Fault::same_token(), Fault::same_page()] {
            let requests = requests_with_fault(*operation, source, fault);
            // Security Hub has a dozen queries.
            let most = if *operation == Operation::GetFindings {
                60
            } else {
                3
            };
            assert!((2..=most).contains(&requests), "{operation:?}: {requests}");
        }
    }
}
