//! Any schedule of faults, fixes, users' work and restarts: once the faults are over, the next cycle reaches exactly the
//! state of a world that nothing disturbed.
//!
//! Each cycle is a new process, so each is a restart; some are killed, some run two at a time. How many schedules are
//! tried is `PROPTEST_CASES`.

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

/// Without `PROPTEST_CASES`: so many take less than half a minute.
const CASES: u32 = 8;

#[derive(Clone, Debug)]
enum Step {
    /// Something becomes exposed, or no longer is.
    Turn(usize),
    /// A user says something of a finding, if there is one.
    Suppress(usize),
    /// The next cycle meets these faults.
    Disturbed(Vec<(Operation, Trouble, usize)>),
    /// The next cycle is killed once so many requests have come.
    Killed(usize),
    /// Two at once.
    Twice,
}

/// What goes wrong. A test that waits for retries would wait long, so none are made: each of these ends its target.
#[derive(Clone, Copy, Debug)]
enum Trouble {
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

impl Trouble {
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

    fn strikes(self, aws: &Aws, operation: Operation, after: usize) {
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
    let trouble = prop::sample::select(Trouble::ALL.to_vec());
    // Most services are asked once or twice in a cycle, Security Hub a dozen times.
    let after = prop_oneof![3 => Just(0), 1 => 1..12_usize];
    let faults = prop::collection::vec((operation, trouble, after), 1..3);
    prop_oneof![
        4 => (0..INSTANCES).prop_map(Step::Turn),
        1 => (0..INSTANCES).prop_map(Step::Suppress),
        4 => faults.prop_map(Step::Disturbed),
        1 => (1..20_usize).prop_map(Step::Killed),
        1 => Just(Step::Twice),
    ]
}

/// What is exposed, beside what Security Hub says.
struct World {
    aws: Aws,
    exposed: [bool; INSTANCES],
    settle_cycles: u32,
    folder: tempfile::TempDir,
}

impl World {
    fn new(settle_cycles: u32, exposed: [bool; INSTANCES]) -> Self {
        let aws = Aws::start();
        let place = aws.account(HOME).region(REGION);
        place.macie_findings(vec![sensitive_data("backups")]);
        let folder = tempfile::tempdir().unwrap();
        config(
            folder.path(),
            &format!("[publish]\nsettle_cycles = {settle_cycles}\n"),
        );
        let mut world = Self {
            aws,
            exposed: [false; INSTANCES],
            settle_cycles,
            folder,
        };
        for (number, exposed) in exposed.into_iter().enumerate() {
            if exposed {
                world.turn(number);
            }
        }
        world
    }

    fn turn(&mut self, number: usize) {
        self.exposed[number] ^= true;
        let finding = instance(number);
        let place = self.aws.account(HOME).region(REGION);
        if self.exposed[number] {
            place.inspector_findings(vec![finding]);
        } else {
            place.remove_finding(finding["findingArn"].as_str().unwrap());
        }
    }

    fn suppress(&self, number: usize) {
        let stands = self.hub().remove(&number);
        if let Some(finding) = stands.filter(|finding| finding["RecordState"] == "ACTIVE") {
            let id = finding["Id"].as_str().unwrap();
            let place = self.aws.account(HOME).region(REGION);
            place.user_edits(id, |finding| {
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

    fn disturbed(&self, faults: &[(Operation, Trouble, usize)]) {
        for (operation, trouble, after) in faults {
            trouble.strikes(&self.aws, *operation, *after);
        }
        self.cycle().status().unwrap();
        self.aws.clear_faults();
    }

    fn killed(&self, requests: usize) {
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

    fn twice(&self) {
        let mut children = [(), ()].map(|()| self.cycle().spawn().unwrap());
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
    }

    /// The findings as they stand, by instance. An id that stands twice, or about nothing of ours, fails.
    fn hub(&self) -> BTreeMap<usize, Value> {
        let mut hub = BTreeMap::new();
        for finding in self.aws.imported(HOME, REGION) {
            let resource = finding["Resources"][0]["Id"].as_str().unwrap();
            let number: usize = resource.rsplit("/i-").next().unwrap().parse().unwrap();
            let before = hub.insert(number, finding);
            assert!(before.is_none(), "{number} stands twice");
        }
        hub
    }

    /// Does a step, and checks what no step may do.
    fn takes(&mut self, step: &Step) {
        let before = self.hub();
        match step {
            Step::Turn(number) => self.turn(*number),
            Step::Suppress(number) => self.suppress(*number),
            Step::Disturbed(faults) => self.disturbed(faults),
            Step::Killed(requests) => self.killed(*requests),
            Step::Twice => self.twice(),
        }
        let after = self.hub();
        for (number, stood) in &before {
            let stands = &after[number];
            assert_eq!(stands["CreatedAt"], stood["CreatedAt"], "{number}");
            assert_eq!(
                stands["FirstObservedAt"], stood["FirstObservedAt"],
                "{number}"
            );
            let archived = stood["RecordState"] == "ACTIVE" && stands["RecordState"] == "ARCHIVED";
            assert!(
                !(archived && self.exposed[*number]),
                "{number} is wrongly archived"
            );
            if !matches!(step, Step::Suppress(_)) {
                for users in ["Workflow", "Note"] {
                    assert_eq!(stands[users], stood[users], "{users} of {number}");
                }
            }
        }
    }

    /// What anybody sees of the exposures that are there and not closed by a user.
    fn seen(&self) -> BTreeMap<usize, Value> {
        let mut seen = self.hub();
        seen.retain(|_, finding| finding["RecordState"] == "ACTIVE");
        for finding in seen.values_mut() {
            let fields = finding.as_object_mut().unwrap();
            fields.retain(|field, _| {
                !field.ends_with("At") && field != "Workflow" && field != "Note"
            });
            let history = ["exposured/reopened", "exposured/missed"];
            let notes = fields["ProductFields"].as_object_mut().unwrap();
            notes.retain(|field, _| !history.contains(&field.as_str()));
        }
        seen
    }
}

fn instance(number: usize) -> Value {
    reachable(&format!("i-{number}"), Some("web"))
}

/// The state of a world in which nothing ever went wrong, for each thing that can be exposed. They do not depend on
/// each other, so one run is enough.
fn undisturbed() -> BTreeMap<usize, Value> {
    let world = World::new(0, [true; INSTANCES]);
    run(&mut world.cycle()).expect(0);
    let seen = world.seen();
    assert_eq!(seen.len(), INSTANCES);
    seen
}

#[test]
fn after_any_schedule_of_trouble_the_next_cycle_reaches_the_undisturbed_state() {
    let undisturbed = undisturbed();
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
        let mut world = World::new(settle_cycles, exposed);
        run(&mut world.cycle()).expect(0);
        for step in &steps {
            world.takes(step);
        }
        // The trouble is over. What has come and gone before is held for the cycles that it is given.
        for _ in 0..=world.settle_cycles {
            run(&mut world.cycle()).expect(0);
        }
        let hub = world.hub();
        let expected: BTreeMap<usize, Value> = undisturbed
            .iter()
            .filter(|(number, _)| world.exposed[**number])
            // What a user has closed while it was archived stays closed; it is as severe as it was.
            .filter(|(number, _)| {
                let stands = &hub[*number];
                !(stands["RecordState"] == "ARCHIVED" && stands["Workflow"]["Status"] == "SUPPRESSED")
            })
            .map(|(number, finding)| (*number, finding.clone()))
            .collect();
        prop_assert_eq!(world.seen(), expected);
        // And there is nothing more to say.
        let imports = world.aws.requests_to(Operation::BatchImportFindings).len();
        run(&mut world.cycle()).expect(0);
        prop_assert_eq!(world.aws.requests_to(Operation::BatchImportFindings).len(), imports);
    });
}
