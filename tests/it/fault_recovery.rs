//! Whatever goes wrong in a cycle: once it is over, the next cycle reaches the same state as if nothing had gone wrong.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::aws::{Aws, Fault, HOME, Operation};
use crate::end_to_end::put;
use crate::findings::{reachable, seed};
use crate::program::{Ran, concurrently, config, exposured_on, ran, run};

const MEMBER: &str = "210987654321";
const REGION: &str = "us-east-1";

/// Two accounts whose exposures are published in their own account, so that every API is called.
struct Scenario {
    aws: Aws,
    folder: tempfile::TempDir,
}

impl Scenario {
    /// After a first cycle, one finding of each account is removed, one is added, and one stays.
    fn after_first_cycle() -> Self {
        let aws = Aws::start();
        put(&aws, seed());
        aws.account(MEMBER).region(REGION);
        aws.administers(HOME, MEMBER);
        aws.role(&format!("arn:aws:iam::{MEMBER}:role/exposured-publish"));
        let folder = tempfile::tempdir().unwrap();
        config(folder.path(), "[publish.security_hub]\nmode = \"member\"\n");
        let scenario = Self { aws, folder };
        scenario.add_finding(&member_finding("i-stays"));
        scenario.add_finding(&member_finding("i-removed"));
        run(&mut scenario.cycle()).expect(0);
        for removed in [
            reachable("i-modest", Some("web")),
            member_finding("i-removed"),
        ] {
            let arn = removed["findingArn"].as_str().unwrap();
            scenario
                .aws
                .account(HOME)
                .region(REGION)
                .remove_finding(arn);
        }
        scenario.add_finding(&reachable("i-new", Some("web")));
        scenario.add_finding(&member_finding("i-added"));
        scenario
    }

    fn add_finding(&self, finding: &Value) {
        let region = self.aws.account(HOME).region(REGION);
        region.inspector_findings(vec![finding.clone()]);
    }

    fn cycle(&self) -> Command {
        let mut command = exposured_on(&self.aws);
        command
            .args(["once", "--publish", "--format", "json", "--config"])
            .arg(self.folder.path().join("exposured.toml"));
        command
    }

    /// The published findings of both accounts, without their times.
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

    /// When each published finding was created.
    fn creation_times(&self) -> Vec<(String, Value)> {
        let mut findings = self.aws.imported(HOME, REGION);
        findings.extend(self.aws.imported(MEMBER, REGION));
        let mut times: Vec<_> = findings
            .iter()
            .map(|finding| (finding["Id"].to_string(), finding["CreatedAt"].clone()))
            .collect();
        times.sort_by(|(id, _), (other, _)| id.cmp(other));
        times
    }

    /// Without faults, the next cycle reaches the expected state, and keeps the creation times.
    fn assert_recovers(&self, what: &str, created: &[(String, Value)], expected: &[Value]) {
        self.aws.clear_faults();
        run(&mut self.cycle()).expect(0);
        assert_eq!(self.state(), expected, "{what}");
        let times = self.creation_times();
        for time in created {
            assert!(times.contains(time), "{what}: {time:?} in {times:?}");
        }
    }
}

fn member_finding(instance: &str) -> Value {
    let text = reachable(instance, Some("web")).to_string();
    serde_json::from_str(&text.replace(HOME, MEMBER)).unwrap()
}

fn undisturbed_state() -> Vec<Value> {
    let scenario = Scenario::after_first_cycle();
    run(&mut scenario.cycle()).expect(0);
    let state = scenario.state();
    let archived = state
        .iter()
        .filter(|finding| finding["RecordState"] == "ARCHIVED");
    assert_eq!((state.len(), archived.count()), (6, 2));
    state
}

const OPERATIONS: [Operation; 7] = [
    Operation::GetCallerIdentity,
    Operation::GetFindings,
    Operation::InspectorListFindings,
    Operation::MacieListFindings,
    Operation::MacieGetFindings,
    Operation::AssumeRole,
    Operation::BatchImportFindings,
];

#[test]
fn calls_to_every_api_survive_a_transient_fault() {
    let undisturbed = undisturbed_state();
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
    concurrently(faults, |fault| {
        let scenario = Scenario::after_first_cycle();
        let created = scenario.creation_times();
        for operation in OPERATIONS {
            scenario.aws.fault(operation, fault.clone());
        }
        let ran = run(&mut scenario.cycle());
        assert_eq!(ran.code, 0, "{fault:?}: {}", ran.stderr);
        assert_eq!(scenario.state(), undisturbed, "{fault:?}");
        scenario.assert_recovers(&format!("{fault:?}"), &created, &undisturbed);
    });
}

/// The faults that do not pass, and the reason that is reported for a target.
fn permanent_faults() -> [(Fault, &'static str); 4] {
    [
        (Fault::expired_token().always(), "credentials"),
        (Fault::revoked_credentials().always(), "credentials"),
        (Fault::clock_skew().always(), "clock-skew"),
        (Fault::status(403).always(), "service-error"),
    ]
}

#[test]
fn a_permanent_fault_archives_nothing_by_mistake() {
    let undisturbed = undisturbed_state();
    concurrently(OPERATIONS, |operation| {
        for (fault, reason) in permanent_faults() {
            let what = format!("{operation:?} {fault:?}");
            let scenario = Scenario::after_first_cycle();
            let (before, created) = (scenario.state(), scenario.creation_times());
            // The first calls succeed, so the fault occurs in the middle of the cycle.
            let fault = match operation {
                Operation::GetFindings => fault.after(3),
                _ => fault,
            };
            scenario.aws.fault(operation, fault);
            let ran = run(&mut scenario.cycle());
            assert_ne!(ran.code, 0, "{what}");
            let failed = ran.events("target_collected").into_iter();
            for target in failed.filter(|target| target["coverage"] == "failed") {
                assert_eq!(target["reason"], reason, "{what}: {target}");
            }
            // A target that is not complete does not prove that anything is gone.
            let is_target = !matches!(
                operation,
                Operation::GetCallerIdentity
                    | Operation::AssumeRole
                    | Operation::BatchImportFindings
            );
            let archived = |state: &[Value]| {
                let archived = state
                    .iter()
                    .filter(|finding| finding["RecordState"] == "ARCHIVED");
                archived.count()
            };
            if is_target {
                assert_eq!(archived(&scenario.state()), archived(&before), "{what}");
            }
            scenario.assert_recovers(&what, &created, &undisturbed);
        }
    });
}

#[test]
fn an_expired_paging_token_restarts_every_listing() {
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
        // The published exposures: the second page.
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
fn a_minute_of_throttling_or_silence_is_survived_and_a_dead_service_is_unreachable() {
    let undisturbed = undisturbed_state();
    let minute = Duration::from_secs(60);
    // Each group has its own fake AWS, so that the minutes pass concurrently. Operations that wait for each other are in
    // different groups.
    let groups: [&[Operation]; 4] = [
        &[Operation::GetCallerIdentity],
        &[
            Operation::GetFindings,
            Operation::InspectorListFindings,
            Operation::MacieListFindings,
        ],
        &[Operation::MacieGetFindings],
        &[Operation::BatchImportFindings],
    ];
    let throttled = groups.map(|operations| (operations, Fault::throttle().lasting(minute)));
    // Longer than the read timeout.
    let silent = groups.map(|operations| (operations, Fault::hang(Duration::from_secs(22))));
    let slow: Vec<_> = throttled.into_iter().chain(silent).collect();
    std::thread::scope(|scope| {
        for (operations, fault) in &slow {
            let undisturbed = &undisturbed;
            scope.spawn(move || {
                let scenario = Scenario::after_first_cycle();
                for operation in *operations {
                    scenario.aws.fault(*operation, fault.clone());
                }
                let ran = run(&mut scenario.cycle());
                assert_eq!(ran.code, 0, "{operations:?} {fault:?}: {}", ran.stderr);
                assert_eq!(&scenario.state(), undisturbed, "{operations:?} {fault:?}");
            });
        }
        // This service accepts connections, and never responds.
        scope.spawn(|| {
            let scenario = Scenario::after_first_cycle();
            let silence = Fault::hang(Duration::from_secs(600)).always();
            scenario
                .aws
                .fault(Operation::InspectorListFindings, silence);
            let clock = Instant::now();
            let ran = run(&mut scenario.cycle()).expect(3);
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
fn a_target_that_is_not_read_by_the_deadline_fails() {
    let scenario = Scenario::after_first_cycle();
    let before = scenario.state();
    let text = "[schedule]\ndeadline = \"12s\"\n[publish.security_hub]\nmode = \"member\"\n";
    config(scenario.folder.path(), text);
    let hang = Fault::hang(Duration::from_secs(600)).always();
    scenario.aws.fault(Operation::MacieListFindings, hang);
    let ran = run(&mut scenario.cycle()).expect(3);
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
    // New exposures were published in the remaining time; exposures that are gone are held.
    assert_eq!(ran.json()["summary"]["published"]["created"], 2);
    assert_eq!(ran.json()["summary"]["published"]["held"], 2);
    assert_eq!(scenario.state().len(), before.len() + 2);
    // An import that does not end is stopped, too.
    scenario.aws.clear_faults();
    let hang = Fault::hang(Duration::from_secs(600)).always();
    scenario.aws.fault(Operation::BatchImportFindings, hang);
    let ran = run(&mut scenario.cycle()).expect(1);
    let failed = ran.events("batch_failed");
    assert!(
        failed[0]["why"].as_str().unwrap().contains("deadline"),
        "{failed:?}"
    );
}

/// Kills the process once the server has received this number of requests of an operation. The last request hangs.
fn kill_at(scenario: &Scenario, operation: Operation, requests: usize) {
    let before = scenario.aws.requests_to(operation).len();
    let hang = Fault::hang(Duration::from_secs(600)).after(requests - 1);
    scenario.aws.fault(operation, hang);
    let mut child = scenario
        .cycle()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while scenario.aws.requests_to(operation).len() < before + requests {
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
fn after_a_process_is_killed_the_next_cycle_recovers() {
    let undisturbed = undisturbed_state();
    concurrently(OPERATIONS, |operation| {
        // Imports: in the home account, and in the member account. Other calls: the first, and a later one.
        let points: &[usize] = match operation {
            Operation::GetFindings => &[1, 4],
            Operation::BatchImportFindings => &[1, 2],
            _ => &[1],
        };
        for point in points {
            let scenario = Scenario::after_first_cycle();
            let created = scenario.creation_times();
            kill_at(&scenario, operation, *point);
            scenario.assert_recovers(&format!("{operation:?} {point}"), &created, &undisturbed);
        }
    });
}

#[test]
fn findings_that_are_refused_are_sent_in_the_next_cycle() {
    let undisturbed = undisturbed_state();
    let scenario = Scenario::after_first_cycle();
    let created = scenario.creation_times();
    scenario
        .aws
        .fail_import("exposured", "InvalidInput", "no", 2);
    let ran = run(&mut scenario.cycle()).expect(1);
    assert_eq!(ran.events("finding_refused").len(), 2);
    assert_eq!(ran.json()["summary"]["published"]["failed"], 2);
    scenario.assert_recovers("some refused", &created, &undisturbed);
}

#[test]
fn a_full_disk_loses_the_ocsf_file_and_nothing_else() {
    let aws = Aws::start();
    put(&aws, seed());
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("exposures");
    let text = format!("[publish.ocsf]\ndirectory = \"{}\"\n", directory.display());
    let path = config(folder.path(), &text);
    // A file may have at most 512 or 1,024 bytes, which is less than one event. Writing fails as on a full disk.
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
    assert_eq!(files(), 0, "no incomplete file is left");
    // There is space again. What a killed process left long ago is removed; a file that another process writes stays.
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
