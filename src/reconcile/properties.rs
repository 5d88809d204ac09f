//! What holds of every plan, whatever stands and whatever was found.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::tests::{at, complete, destination, id, published, target};
use super::*;
use crate::model::{Exposure, SourceKind};

const NOW: i64 = 100;
const IDS: usize = 6;

/// To make one the catalog is compiled.
static TEMPLATE: LazyLock<Exposure> = LazyLock::new(|| crate::evaluate::tests::exposure("i-1"));

/// What Security Hub does with a step. Source: Security Hub User Guide, "Using BatchImportFindings"; API Reference,
/// `Workflow`.
fn apply(previous: &Previous, plan: &Plan, current: &[Current], now: DateTime<Utc>) -> Previous {
    let mut after = previous.clone();
    for step in plan.steps.iter().filter(|step| step.decision.writes()) {
        let key = (step.destination.clone(), step.id.clone());
        // What is held is sent as it stands.
        let found = current
            .iter()
            .find(|one| one.id == step.id)
            .filter(|_| step.decision.held().is_none());
        let stands = previous.standing.get(&key);
        assert!(stands.is_none_or(|one| step.updated_at > one.updated_at));
        let reopened = step.record_state == RecordState::Active
            && (step.archive_first || stands.is_some_and(is_archived));
        let workflow = stands.map_or(Workflow::Open, |one| one.workflow);
        let before = stands.cloned().unwrap_or_else(|| published("", NOW));
        let written = Published {
            severity: found.map_or(before.severity, |_| step.severity),
            created_at: step.created_at,
            first_observed_at: step.first_observed_at,
            updated_at: step.updated_at,
            retained_from: now,
            record_state: step.record_state,
            workflow: if reopened && workflow == Workflow::Resolved {
                Workflow::Open
            } else {
                workflow
            },
            digest: found.map_or(before.digest.clone(), |one| Some(one.digest.clone())),
            seen_by: before.seen_by.clone(),
            reopened: step.reopened,
            missed: step.missed,
            ..before
        };
        after.standing.insert(key, written);
    }
    after
}

prop_compose! {
    fn any_published()(
        digest in "[ab]",
        updated in 0..NOW + 30,
        archived: bool,
        workflow in prop::sample::select(vec![Workflow::Open, Workflow::Resolved, Workflow::Suppressed]),
        severity in prop::sample::select(Severity::DESCENDING.to_vec()),
        reopened in 0_u32..3,
        missed in 0_u32..3,
        macie: bool,
    ) -> Published {
        let mut one = published(&digest, updated);
        if archived {
            one.record_state = RecordState::Archived;
        }
        if macie {
            one.seen_by.insert(target(SourceKind::Macie, "us-east-1"));
        }
        Published { workflow, severity: Some(severity), reopened, missed, ..one }
    }
}

prop_compose! {
    fn any_world()(
        standing in prop::collection::btree_map(0..IDS, any_published(), 0..IDS),
        found in prop::collection::btree_map(0..IDS, (prop::sample::select(Severity::DESCENDING.to_vec()), "[ab]"), 0..IDS),
        broken in prop::option::of(prop::sample::select(vec![Coverage::Partial, Coverage::Failed])),
        settle_cycles in 0_u32..3,
    ) -> World {
        World { standing, found, broken, settle_cycles }
    }
}

#[derive(Clone, Debug)]
struct World {
    standing: BTreeMap<usize, Published>,
    found: BTreeMap<usize, (Severity, String)>,
    broken: Option<Coverage>,
    settle_cycles: u32,
}

impl World {
    fn previous(&self) -> Previous {
        let key = |number: &usize| (destination(), id(*number));
        Previous {
            standing: self
                .standing
                .iter()
                .map(|(number, one)| (key(number), one.clone()))
                .collect(),
            ..Previous::default()
        }
    }

    fn exposures(&self) -> Vec<Exposure> {
        self.found
            .iter()
            .map(|(number, (severity, _))| Exposure {
                id: id(*number),
                severity: *severity,
                ..TEMPLATE.clone()
            })
            .collect()
    }

    fn current(&self, exposures: &[Exposure]) -> Vec<Current> {
        exposures
            .iter()
            .zip(self.found.values())
            .map(|(exposure, (severity, digest))| {
                // The severity is part of the content.
                let digest = format!("{digest}{}", severity.as_str());
                Current::of(exposure, destination(), digest)
            })
            .collect()
    }

    fn coverage(&self) -> Vec<CoverageRow> {
        let mut coverage = complete();
        coverage[0].coverage = self.broken.unwrap_or(Coverage::Complete);
        // What has shown something is offered where it did.
        coverage[1].coverage = Coverage::Complete;
        coverage
    }

    fn policy(&self) -> Policy {
        Policy {
            settle_cycles: self.settle_cycles,
            max_archive_percent: Some(25),
        }
    }
}

proptest! {
    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(world in any_world()) {
        let exposures = world.exposures();
        let current = world.current(&exposures);
        let step = |previous: &Previous, cycle: i64| {
            let now = at(NOW) + Duration::hours(cycle);
            let plan = plan(previous, &current, &world.coverage(), world.policy(), now);
            let after = apply(previous, &plan, &current, now);
            (plan, after)
        };
        let mut previous = world.previous();
        // One cycle, and as many more as one that came back before is held for.
        for cycle in 0..=i64::from(world.settle_cycles) {
            previous = step(&previous, cycle).1;
        }
        let (last, after) = step(&previous, i64::from(world.settle_cycles));
        prop_assert_eq!(&after, &previous);
        for step in &last.steps {
            let held = world.broken.is_some() && step.decision.action() == Action::Hold;
            prop_assert!(held || step.decision.action() == Action::Unchanged, "{step:?}");
        }
        // What is there stands, unless a user has closed it; what is not is archived, unless that is not known.
        for one in &current {
            let stands = &after.standing[&(destination(), one.id.clone())];
            prop_assert!(!is_archived(stands) || stands.workflow != Workflow::Open);
            let is_less_known =
                world.broken.is_some() && stands.severity > Some(one.severity);
            prop_assert!(is_less_known || stands.digest.as_deref() == Some(one.digest.as_str()));
        }
        if world.broken.is_none() {
            for ((_, id), stands) in &after.standing {
                prop_assert!(is_archived(stands) || current.iter().any(|one| one.id == *id));
            }
        }
    }

    #[test]
    fn times_and_users_work_survive_every_plan(world in any_world()) {
        let exposures = world.exposures();
        let current = world.current(&exposures);
        let previous = world.previous();
        let plan = plan(&previous, &current, &world.coverage(), world.policy(), at(NOW));
        let after = apply(&previous, &plan, &current, at(NOW));
        for (key, stood) in &previous.standing {
            let stands = &after.standing[key];
            prop_assert_eq!(stands.created_at, stood.created_at);
            prop_assert_eq!(stands.first_observed_at, stood.first_observed_at);
            // Nothing that a user closed is opened, unless the severity rose.
            let opened = stood.workflow != Workflow::Open && stands.workflow == Workflow::Open
                || stood.workflow != Workflow::Open && is_archived(stood) && !is_archived(stands);
            prop_assert!(!opened || stands.severity > stood.severity);
            // Nothing is archived on the word of a target that is not complete.
            let archived = !is_archived(stood) && is_archived(stands);
            prop_assert!(!archived || world.broken.is_none());
            prop_assert!(!archived || !current.iter().any(|one| one.id == key.1));
            // Nor is anything called less severe on its word.
            let fell = !is_archived(stood) && stands.severity < stood.severity;
            prop_assert!(!fell || world.broken.is_none());
        }
        let each = plan.steps.iter().map(|step| &step.id).collect::<BTreeSet<_>>();
        prop_assert_eq!(each.len(), plan.steps.len());
    }
}
