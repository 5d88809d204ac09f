//! Whatever goes wrong in a cycle: once it is over, the next cycle reaches the state of a run that nothing disturbed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::aws::{Aws, Fault, HOME, Operation};
use crate::end_to_end::put;
use crate::findings::{reachable, seed};
use crate::program::{Ran, config, exposured_on, ran, run};

const MEMBER: &str = "210987654321";
const REGION: &str = "us-east-1";

/// Two accounts, each published in its own, so that every API is used.
struct Stage {
    aws: Aws,
    folder: tempfile::TempDir,
}

impl Stage {
    /// After a first cycle something is gone, something is new, and something stays.
    fn set() -> Self {
        let aws = Aws::start();
        put(&aws, seed());
        aws.account(MEMBER).region(REGION);
        aws.administers(HOME, MEMBER);
        aws.role(&format!("arn:aws:iam::{MEMBER}:role/exposured-publish"));
        let folder = tempfile::tempdir().unwrap();
        config(folder.path(), "[publish.security_hub]\nmode = \"member\"\n");
        let stage = Self { aws, folder };
        stage.open(&of_member("i-stays"));
        stage.open(&of_member("i-goes"));
        run(&mut stage.cycle()).expect(0);
        for gone in [reachable("i-modest", Some("web")), of_member("i-goes")] {
            let arn = gone["findingArn"].as_str().unwrap();
            stage.aws.account(HOME).region(REGION).remove_finding(arn);
        }
        stage.open(&reachable("i-new", Some("web")));
        stage.open(&of_member("i-comes"));
        stage
    }

    fn open(&self, finding: &Value) {
        let place = self.aws.account(HOME).region(REGION);
        place.inspector_findings(vec![finding.clone()]);
    }

    fn cycle(&self) -> Command {
        let mut command = exposured_on(&self.aws);
        command
            .args(["once", "--publish", "--format", "json", "--config"])
            .arg(self.folder.path().join("exposured.toml"));
        command
    }

    /// What stands in both hubs, without the times of this run.
    fn state(&self) -> Vec<Value> {
        let mut findings = self.aws.imported(HOME, REGION);
        findings.extend(self.aws.imported(MEMBER, REGION));
        findings.sort_by_key(|finding| finding["Id"].to_string());
        for finding in &mut findings {
            let finding = finding.as_object_mut().unwrap();
            finding.retain(|field, _| !field.ends_with("At"));
        }
        findings
    }

    /// When each was made.
    fn made(&self) -> Vec<(String, Value)> {
        let mut findings = self.aws.imported(HOME, REGION);
        findings.extend(self.aws.imported(MEMBER, REGION));
        let mut made: Vec<_> = findings
            .iter()
            .map(|finding| (finding["Id"].to_string(), finding["CreatedAt"].clone()))
            .collect();
        made.sort_by(|one, other| one.0.cmp(&other.0));
        made
    }

    /// The next cycle, which nothing disturbs, reaches the state that it would have reached anyway.
    fn recovers(&self, what: &str, made: &[(String, Value)], undisturbed: &[Value]) {
        self.aws.clear_faults();
        run(&mut self.cycle()).expect(0);
        assert_eq!(self.state(), undisturbed, "{what}");
        let still = self.made();
        for one in made {
            assert!(still.contains(one), "{what}: {one:?} in {still:?}");
        }
    }
}

fn of_member(instance: &str) -> Value {
    let text = reachable(instance, Some("web")).to_string();
    serde_json::from_str(&text.replace(HOME, MEMBER)).unwrap()
}

fn undisturbed() -> Vec<Value> {
    let stage = Stage::set();
    run(&mut stage.cycle()).expect(0);
    let state = stage.state();
    let archived = state.iter().filter(|one| one["RecordState"] == "ARCHIVED");
    assert_eq!((state.len(), archived.count()), (6, 2));
    state
}

const EVERY: [Operation; 7] = [
    Operation::GetCallerIdentity,
    Operation::GetFindings,
    Operation::InspectorListFindings,
    Operation::MacieListFindings,
    Operation::MacieGetFindings,
    Operation::AssumeRole,
    Operation::BatchImportFindings,
];

#[test]
fn what_passes_is_waited_out_by_every_api() {
    let undisturbed = undisturbed();
    let faults = [
        Fault::throttle().times(2),
        Fault::status(500).times(2),
        Fault::status(503).times(2),
        Fault::reset_before_answer(),
        Fault::reset_mid_answer(),
        Fault::truncated_json(),
        Fault::not_json(),
        Fault::hang(Duration::from_millis(300)),
    ];
    for fault in faults {
        let stage = Stage::set();
        let made = stage.made();
        for operation in EVERY {
            stage.aws.fault(operation, fault.clone());
        }
        let ran = run(&mut stage.cycle());
        assert_eq!(ran.code, 0, "{fault:?}: {}", ran.stderr);
        assert_eq!(stage.state(), undisturbed, "{fault:?}");
        stage.recovers(&format!("{fault:?}"), &made, &undisturbed);
    }
}

/// The name of the fault, the reason that is told of a target.
fn lasting() -> [(Fault, &'static str); 4] {
    [
        (Fault::expired_token().always(), "credentials"),
        (Fault::revoked_credentials().always(), "credentials"),
        (Fault::clock_skew().always(), "clock-skew"),
        (Fault::status(403).always(), "service-error"),
    ]
}

#[test]
fn what_lasts_ends_what_it_hits_and_nothing_is_wrongly_archived() {
    let undisturbed = undisturbed();
    for operation in EVERY {
        for (fault, reason) in lasting() {
            let what = format!("{operation:?} {fault:?}");
            let stage = Stage::set();
            let (before, made) = (stage.state(), stage.made());
            // The first page passes: it strikes in the middle of the cycle.
            let fault = match operation {
                Operation::GetFindings => fault.after(3),
                _ => fault,
            };
            stage.aws.fault(operation, fault);
            let ran = run(&mut stage.cycle());
            assert_ne!(ran.code, 0, "{what}");
            let failed = ran.events("target_collected").into_iter();
            for target in failed.filter(|target| target["coverage"] == "failed") {
                assert_eq!(target["reason"], reason, "{what}: {target}");
            }
            // A target that is not complete proves nothing.
            let is_target = !matches!(
                operation,
                Operation::GetCallerIdentity
                    | Operation::AssumeRole
                    | Operation::BatchImportFindings
            );
            let archived = |state: &[Value]| {
                let archived = state.iter().filter(|one| one["RecordState"] == "ARCHIVED");
                archived.count()
            };
            if is_target {
                assert_eq!(archived(&stage.state()), archived(&before), "{what}");
            }
            stage.recovers(&what, &made, &undisturbed);
        }
    }
}

#[test]
fn a_paging_token_that_went_stale_costs_a_new_start_in_every_listing() {
    let aws = Aws::start();
    let many = |count: usize| (0..count).map(|number| format!("i-{number:04}"));
    let place = aws.account(HOME).region(REGION);
    place.inspector_findings(many(150).map(|id| reachable(&id, Some("web"))).collect());
    let macie = many(60).map(|bucket| crate::findings::sensitive_data(&bucket));
    place.macie_findings(macie.collect());
    let cycle = || run(exposured_on(&aws).args(["once", "--publish", "--format", "json"]));
    cycle().expect(0);
    let listings = [
        (Operation::InspectorListFindings, "", "inspector"),
        (Operation::MacieListFindings, "", "macie"),
        // Our own: their second page.
        (Operation::GetFindings, "GeneratorId", "security-hub"),
    ];
    for (operation, asking, source) in listings {
        let stale = Fault::stale_tokens().only_asking(asking).after(1);
        aws.fault(operation, stale);
        let ran = cycle().expect(0);
        let restarted = ran.events("query_restarted");
        let told = restarted.iter().any(|event| event["source"] == source);
        assert!(told, "{source}: {}", ran.stderr);
        assert_eq!(ran.json()["summary"]["published"]["unchanged"], 150);
    }
}

#[test]
fn a_minute_of_throttling_or_silence_is_outlasted_and_a_dead_service_is_not() {
    let undisturbed = undisturbed();
    let minute = Duration::from_secs(60);
    // Each has its own world, so that the minutes pass at once; what waits for another is not in the same.
    let worlds: [&[Operation]; 4] = [
        &[Operation::GetCallerIdentity],
        &[
            Operation::GetFindings,
            Operation::InspectorListFindings,
            Operation::MacieListFindings,
        ],
        &[Operation::MacieGetFindings],
        &[Operation::BatchImportFindings],
    ];
    let throttled = worlds.map(|operations| (operations, Fault::throttle().lasting(minute)));
    // Longer than an answer is waited for.
    let silent = worlds.map(|operations| (operations, Fault::hang(Duration::from_secs(22))));
    let slow: Vec<_> = throttled.into_iter().chain(silent).collect();
    std::thread::scope(|scope| {
        for (operations, fault) in &slow {
            let undisturbed = &undisturbed;
            scope.spawn(move || {
                let stage = Stage::set();
                for operation in *operations {
                    stage.aws.fault(*operation, fault.clone());
                }
                let ran = run(&mut stage.cycle());
                assert_eq!(ran.code, 0, "{operations:?} {fault:?}: {}", ran.stderr);
                assert_eq!(&stage.state(), undisturbed, "{operations:?} {fault:?}");
            });
        }
        // It takes connections, and never answers.
        scope.spawn(|| {
            let stage = Stage::set();
            let silence = Fault::hang(Duration::from_secs(600)).always();
            stage.aws.fault(Operation::InspectorListFindings, silence);
            let clock = Instant::now();
            let ran = run(&mut stage.cycle()).expect(3);
            let targets = ran.json()["coverage"].as_array().unwrap().clone();
            let target = targets
                .iter()
                .find(|target| target["source"] == "inspector");
            assert_eq!(target.unwrap()["reason"], "unreachable");
            assert!(
                clock.elapsed() < Duration::from_secs(100),
                "{:?}",
                clock.elapsed()
            );
        });
    });
}

#[test]
fn at_the_deadline_what_is_not_read_counts_as_failed() {
    let stage = Stage::set();
    let before = stage.state();
    let text = "[schedule]\ndeadline = \"5s\"\n[publish.security_hub]\nmode = \"member\"\n";
    config(stage.folder.path(), text);
    let hang = Fault::hang(Duration::from_secs(600)).always();
    stage.aws.fault(Operation::MacieListFindings, hang);
    let ran = run(&mut stage.cycle()).expect(3);
    let targets = ran.json()["coverage"].as_array().unwrap().clone();
    let coverage = |source: &str| {
        let target = targets
            .iter()
            .find(|target| target["source"] == source)
            .unwrap();
        (
            target["coverage"].clone(),
            target["reason"].clone(),
            target["detail"].clone(),
        )
    };
    let (failed, reason, detail) = coverage("macie");
    assert_eq!((failed, reason), ("failed".into(), "deadline".into()));
    assert_eq!(
        detail,
        "listing Macie's findings: the cycle's deadline passed; raise [schedule] deadline, or read fewer Regions; \
         the next cycle tries again"
    );
    assert_eq!(coverage("inspector").0, "complete");
    // What is new was published in the time that was left; what is gone is held.
    assert_eq!(ran.json()["summary"]["published"]["created"], 2);
    assert_eq!(ran.json()["summary"]["published"]["held"], 2);
    assert_eq!(stage.state().len(), before.len() + 2);
    // An import that comes to no end is ended too.
    stage.aws.clear_faults();
    let hang = Fault::hang(Duration::from_secs(600)).always();
    stage.aws.fault(Operation::BatchImportFindings, hang);
    let ran = run(&mut stage.cycle()).expect(1);
    let failed = ran.events("batch_failed");
    assert!(
        failed[0]["why"].as_str().unwrap().contains("deadline"),
        "{failed:?}"
    );
}

/// Kills the process without a word once the server has got so many requests of an operation, the last of which hangs.
fn killed_at(stage: &Stage, operation: Operation, requests: usize) {
    let before = stage.aws.requests_to(operation).len();
    let hang = Fault::hang(Duration::from_secs(600)).after(requests - 1);
    stage.aws.fault(operation, hang);
    let mut child = stage
        .cycle()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while stage.aws.requests_to(operation).len() < before + requests {
        assert!(Instant::now() < deadline, "{operation:?} {requests}");
        assert!(
            child.try_wait().unwrap().is_none(),
            "{operation:?} {requests}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_process_that_is_killed_at_any_point_leaves_nothing_to_mend() {
    let undisturbed = undisturbed();
    for operation in EVERY {
        // Imports: at home, and in the member's account; the other calls: the first and a later one.
        let points: &[usize] = match operation {
            Operation::GetFindings => &[1, 4],
            Operation::BatchImportFindings => &[1, 2],
            _ => &[1],
        };
        for point in points {
            let stage = Stage::set();
            let made = stage.made();
            killed_at(&stage, operation, *point);
            stage.recovers(&format!("{operation:?} {point}"), &made, &undisturbed);
        }
    }
}

#[test]
fn some_findings_of_a_batch_that_fail_are_sent_in_the_next_cycle() {
    let undisturbed = undisturbed();
    let stage = Stage::set();
    let made = stage.made();
    stage.aws.fail_import("exposured", "InvalidInput", "no", 2);
    let ran = run(&mut stage.cycle()).expect(1);
    assert_eq!(ran.events("finding_refused").len(), 2);
    assert_eq!(ran.json()["summary"]["published"]["failed"], 2);
    stage.recovers("some refused", &made, &undisturbed);
}

#[test]
fn a_full_disk_costs_the_ocsf_file_and_nothing_else() {
    let aws = Aws::start();
    put(&aws, seed());
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("exposures");
    let text = format!("[publish.ocsf]\ndirectory = \"{}\"\n", directory.display());
    let path = config(folder.path(), &text);
    // No file may grow beyond 512 or 1,024 bytes, which is less than one event; the write fails as on a full disk.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_exposured"))
        .args(["once", "--publish", "--config"])
        .arg(&path)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(aws.environment());
    let limited: Ran = ran(limited.output().unwrap()).expect(1);
    let failed = limited.events("ocsf_failed");
    assert!(
        failed[0]["why"]
            .as_str()
            .unwrap()
            .contains("File too large"),
        "{failed:?}"
    );
    assert_eq!(aws.imported(HOME, REGION).len(), 2);
    let files = || std::fs::read_dir(&directory).unwrap().count();
    assert_eq!(files(), 0, "no half of a file is left");
    // There is room again. What a killed process left long ago goes; another's file that is being written stays.
    let leave = |name: &str, age: u64| {
        let file = std::fs::File::create(directory.join(name)).unwrap();
        let then = std::time::SystemTime::now() - Duration::from_secs(age);
        file.set_modified(then).unwrap();
    };
    leave(".exposures-old.tmp", 25 * 3_600);
    leave(".exposures-new.tmp", 60);
    run(exposured_on(&aws)
        .args(["once", "--publish", "--config"])
        .arg(&path))
    .expect(0);
    assert_eq!(files(), 2);
    assert!(directory.join(".exposures-new.tmp").exists());
}
