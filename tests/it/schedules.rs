//! Any schedule of faults, fixes, edits by users, and restarts: once the faults are over, the next cycle reaches exactly the
//! state that it would have reached without them.
//!
//! Each cycle is a new process, so each is a restart. Some are killed, and some run concurrently. `PROPTEST_CASES` sets the
//! number of schedules.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation};
use crate::findings::{reachable, sensitive_data};
use crate::program::{config, exposured_on, run};

const REGION: &str = "us-east-1";
const INSTANCES: usize = 4;

/// The number of schedules without `PROPTEST_CASES`; they take less than half a minute.
const CASES: u32 = 8;

#[derive(Clone, Debug)]
enum Step {
    /// An instance becomes exposed, or is no longer exposed.
    Toggle(usize),
    /// A user suppresses a finding, if there is one.
    Suppress(usize),
    /// A cycle runs with these faults.
    Faulty(Vec<(Operation, FaultKind, usize)>),
    /// A cycle is killed once it has made this number of requests.
    Killed(usize),
    /// Two cycles run concurrently.
    Concurrent,
}

/// What goes wrong. There are no retries, which would take long, so each of these fails its target.
#[derive(Clone, Copy, Debug)]
enum FaultKind {
    Throttle,
    Status,
    Expired,
    Revoked,
    ClockSkew,
    StaleTokens,
    ResetBefore,
    ResetMid,
    Truncated,
    NotJson,
    SomeRefused,
}

impl FaultKind {
    const ALL: [Self; 11] = [
        Self::Throttle,
        Self::Status,
        Self::Expired,
        Self::Revoked,
        Self::ClockSkew,
        Self::StaleTokens,
        Self::ResetBefore,
        Self::ResetMid,
        Self::Truncated,
        Self::NotJson,
        Self::SomeRefused,
    ];

    fn inject(self, aws: &Aws, operation: Operation, after: usize) {
        let fault = match self {
            Self::Throttle => Fault::throttle(),
            Self::Status => Fault::status(503),
            Self::Expired => Fault::expired_token().always(),
            Self::Revoked => Fault::revoked_credentials().always(),
            Self::ClockSkew => Fault::clock_skew().always(),
            Self::StaleTokens => Fault::stale_tokens().always(),
            Self::ResetBefore => Fault::reset_before_answer(),
            Self::ResetMid => Fault::reset_mid_answer(),
            Self::Truncated => Fault::truncated_json().always(),
            Self::NotJson => Fault::not_json().always(),
            Self::SomeRefused => return aws.fail_import("exposured", "InvalidInput", "no", 1),
        };
        aws.fault(operation, fault.after(after));
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let operation = prop::sample::select(vec![
        Operation::GetCallerIdentity,
        Operation::GetFindings,
        Operation::InspectorListFindings,
        Operation::MacieListFindings,
        Operation::MacieGetFindings,
        Operation::BatchImportFindings,
    ]);
    let kind = prop::sample::select(FaultKind::ALL.to_vec());
    // A cycle calls most services once or twice, and Security Hub a dozen times.
    let after = prop_oneof![3 => Just(0), 1 => 1..12_usize];
    let faults = prop::collection::vec((operation, kind, after), 1..3);
    prop_oneof![
        4 => (0..INSTANCES).prop_map(Step::Toggle),
        1 => (0..INSTANCES).prop_map(Step::Suppress),
        4 => faults.prop_map(Step::Faulty),
        1 => (1..20_usize).prop_map(Step::Killed),
        1 => Just(Step::Concurrent),
    ]
}

/// The fake AWS, and which instances are exposed.
struct Scenario {
    aws: Aws,
    exposed: [bool; INSTANCES],
    settle_cycles: u32,
    folder: tempfile::TempDir,
}

impl Scenario {
    fn new(settle_cycles: u32, exposed: [bool; INSTANCES]) -> Self {
        let aws = Aws::start();
        let region = aws.account(HOME).region(REGION);
        region.macie_findings(vec![sensitive_data("backups")]);
        let folder = tempfile::tempdir().unwrap();
        config(
            folder.path(),
            &format!("[publish]\nsettle_cycles = {settle_cycles}\n"),
        );
        let mut scenario = Self {
            aws,
            exposed: [false; INSTANCES],
            settle_cycles,
            folder,
        };
        for (number, exposed) in exposed.into_iter().enumerate() {
            if exposed {
                scenario.toggle(number);
            }
        }
        scenario
    }

    fn toggle(&mut self, number: usize) {
        self.exposed[number] ^= true;
        let finding = instance(number);
        let region = self.aws.account(HOME).region(REGION);
        if self.exposed[number] {
            region.inspector_findings(vec![finding]);
        } else {
            region.remove_finding(finding["findingArn"].as_str().unwrap());
        }
    }

    fn suppress(&self, number: usize) {
        let published = self.hub().remove(&number);
        if let Some(finding) = published.filter(|finding| finding["RecordState"] == "ACTIVE") {
            let id = finding["Id"].as_str().unwrap();
            let region = self.aws.account(HOME).region(REGION);
            region.user_edits(id, |finding| {
                finding["Workflow"] = json!({"Status": "SUPPRESSED"});
                finding["Note"] = json!({"Text": "known", "UpdatedBy": "me", "UpdatedAt": "2026-11-20T06:00:00.000Z"});
            });
        }
    }

    fn cycle(&self) -> Command {
        let mut command = exposured_on(&self.aws);
        command
            .env("AWS_MAX_ATTEMPTS", "1")
            .args(["once", "--publish", "--format", "json", "--config"])
            .arg(self.folder.path().join("exposured.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn run_with_faults(&self, faults: &[(Operation, FaultKind, usize)]) {
        for (operation, kind, after) in faults {
            kind.inject(&self.aws, *operation, *after);
        }
        self.cycle().status().unwrap();
        self.aws.clear_faults();
    }

    fn run_and_kill(&self, requests: usize) {
        let before = self.aws.requests().len();
        let mut child = self.cycle().spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the cycle does not end");
            if self.aws.requests().len() >= before + requests {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn run_two(&self) {
        let mut children = [(), ()].map(|()| self.cycle().spawn().unwrap());
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
    }

    /// The published findings, by instance. A duplicate ID, or a finding about anything else, fails the test.
    fn hub(&self) -> BTreeMap<usize, Value> {
        let mut hub = BTreeMap::new();
        for finding in self.aws.imported(HOME, REGION) {
            let resource = finding["Resources"][0]["Id"].as_str().unwrap();
            let number: usize = resource.rsplit("/i-").next().unwrap().parse().unwrap();
            let before = hub.insert(number, finding);
            assert!(before.is_none(), "{number} is published twice");
        }
        hub
    }

    /// Does a step, and checks what no step may do.
    fn apply(&mut self, step: &Step) {
        let before = self.hub();
        match step {
            Step::Toggle(number) => self.toggle(*number),
            Step::Suppress(number) => self.suppress(*number),
            Step::Faulty(faults) => self.run_with_faults(faults),
            Step::Killed(requests) => self.run_and_kill(*requests),
            Step::Concurrent => self.run_two(),
        }
        let after = self.hub();
        for (number, old) in &before {
            let new = &after[number];
            assert_eq!(new["CreatedAt"], old["CreatedAt"], "{number}");
            assert_eq!(new["FirstObservedAt"], old["FirstObservedAt"], "{number}");
            let archived = old["RecordState"] == "ACTIVE" && new["RecordState"] == "ARCHIVED";
            assert!(
                !(archived && self.exposed[*number]),
                "{number} is archived by mistake"
            );
            if !matches!(step, Step::Suppress(_)) {
                for field in ["Workflow", "Note"] {
                    assert_eq!(new[field], old[field], "{field} of {number}");
                }
            }
        }
    }

    /// The active findings, without their times and what users and reconciliation add.
    fn active(&self) -> BTreeMap<usize, Value> {
        let mut active = self.hub();
        active.retain(|_, finding| finding["RecordState"] == "ACTIVE");
        for finding in active.values_mut() {
            let fields = finding.as_object_mut().unwrap();
            fields.retain(|field, _| {
                !field.ends_with("At") && field != "Workflow" && field != "Note"
            });
            let history = ["exposured/reopened", "exposured/missed"];
            let notes = fields["ProductFields"].as_object_mut().unwrap();
            notes.retain(|field, _| !history.contains(&field.as_str()));
        }
        active
    }
}

fn instance(number: usize) -> Value {
    reachable(&format!("i-{number}"), Some("web"))
}

/// The findings that are published without any fault. Instances do not depend on each other, so one run is enough for
/// every combination.
fn undisturbed_findings() -> BTreeMap<usize, Value> {
    let scenario = Scenario::new(0, [true; INSTANCES]);
    run(&mut scenario.cycle()).expect(0);
    let active = scenario.active();
    assert_eq!(active.len(), INSTANCES);
    active
}

#[test]
fn after_any_schedule_of_faults_the_next_cycle_reaches_the_undisturbed_state() {
    let undisturbed = undisturbed_findings();
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(CASES);
    let settings = ProptestConfig {
        cases,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let schedule = (
        0..2_u32,
        any::<[bool; INSTANCES]>(),
        prop::collection::vec(any_step(), 1..7),
    );
    proptest!(settings, |((settle_cycles, exposed, steps) in schedule)| {
        let mut scenario = Scenario::new(settle_cycles, exposed);
        run(&mut scenario.cycle()).expect(0);
        for step in &steps {
            scenario.apply(step);
        }
        // The faults are over. An exposure that was reopened before is held for the configured number of cycles.
        for _ in 0..=scenario.settle_cycles {
            run(&mut scenario.cycle()).expect(0);
        }
        let hub = scenario.hub();
        let expected: BTreeMap<usize, Value> = undisturbed
            .iter()
            .filter(|(number, _)| scenario.exposed[**number])
            // An archived finding that a user has suppressed stays archived, since it is not more severe than before.
            .filter(|(number, _)| {
                let finding = &hub[*number];
                !(finding["RecordState"] == "ARCHIVED" && finding["Workflow"]["Status"] == "SUPPRESSED")
            })
            .map(|(number, finding)| (*number, finding.clone()))
            .collect();
        prop_assert_eq!(scenario.active(), expected);
        // The next cycle has nothing to publish.
        let imports = scenario.aws.requests_to(Operation::BatchImportFindings).len();
        run(&mut scenario.cycle()).expect(0);
        prop_assert_eq!(scenario.aws.requests_to(Operation::BatchImportFindings).len(), imports);
    });
}
