//! What holds for every plan, whatever is published and whatever was found.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const NOW: i64 = 100;
const IDS: usize = 6;

/// What Security Hub does with a plan. Source: Security Hub User Guide, "Using BatchImportFindings"; API Reference,
/// `Workflow`.
fn apply(
    actual: &ActualState,
    plan: &Plan,
    desired: &[DesiredExposure],
    now: DateTime<Utc>,
) -> ActualState {
    let mut after = actual.clone();
    for step in plan.steps.iter().filter(|step| step.decision.writes()) {
        // A held finding is sent as it is published.
        let found = desired
            .iter()
            .find(|exposure| exposure.id == step.id)
            .filter(|_| step.decision.held().is_none());
        let before = actual.published.get(&step.key());
        assert!(before.is_none_or(|before| step.updated_at > before.updated_at));
        let reopened = step.record_state == RecordState::Active
            && (step.archive_first || before.is_some_and(PublishedExposure::is_archived));
        let before = before.cloned().unwrap_or_else(|| published("", NOW));
        let written = PublishedExposure {
            severity: found.map_or(before.severity, |_| step.severity),
            created_at: step.created_at,
            first_observed_at: step.first_observed_at,
            updated_at: step.updated_at,
            retained_from: now,
            record_state: step.record_state,
            workflow: if reopened && before.workflow == WorkflowStatus::Resolved {
                WorkflowStatus::Open
            } else {
                before.workflow
            },
            fingerprint: found.map_or(before.fingerprint.clone(), |found| {
                Some(found.fingerprint.clone())
            }),
            reopened: step.reopened,
            missed: step.missed,
            ..before
        };
        after.published.insert(step.key(), written);
    }
    after
}

prop_compose! {
    fn any_published()(
        fingerprint in "[ab]",
        updated in 0..NOW + 30,
        archived: bool,
        workflow in prop::sample::select(vec![
            WorkflowStatus::Open,
            WorkflowStatus::Resolved,
            WorkflowStatus::Suppressed,
        ]),
        severity in prop::sample::select(Severity::DESCENDING.to_vec()),
        reopened in 0_u32..3,
        missed in 0_u32..3,
        seen_by_macie: bool,
    ) -> PublishedExposure {
        let mut published = published(&fingerprint, updated);
        if archived {
            published.record_state = RecordState::Archived;
        }
        if seen_by_macie {
            published.seen_by.insert(target(SourceKind::Macie, "us-east-1"));
        }
        PublishedExposure { workflow, severity: Some(severity), reopened, missed, ..published }
    }
}

#[derive(Clone, Debug)]
struct Scenario {
    published: BTreeMap<usize, PublishedExposure>,
    found: BTreeMap<usize, (Severity, String)>,
    inspector: Coverage,
    settle_cycles: u32,
}

prop_compose! {
    fn any_scenario()(
        published in prop::collection::btree_map(0..IDS, any_published(), 0..IDS),
        found in prop::collection::btree_map(
            0..IDS,
            (prop::sample::select(Severity::DESCENDING.to_vec()), "[ab]"),
            0..IDS,
        ),
        inspector in prop::sample::select(vec![
            Coverage::Complete,
            Coverage::Complete,
            Coverage::Partial,
            Coverage::Failed,
        ]),
        settle_cycles in 0_u32..3,
    ) -> Scenario {
        Scenario { published, found, inspector, settle_cycles }
    }
}

impl Scenario {
    fn actual(&self) -> ActualState {
        let keyed = |(number, published): (&usize, &PublishedExposure)| {
            ((destination(), id(*number)), published.clone())
        };
        ActualState {
            published: self.published.iter().map(keyed).collect(),
            ..ActualState::default()
        }
    }

    fn desired(&self) -> Vec<DesiredExposure> {
        self.found
            .iter()
            .map(|(number, (severity, fingerprint))| {
                // The severity is part of the content.
                let fingerprint = format!("{fingerprint}{}", severity.as_str());
                desired(*number, *severity, &fingerprint)
            })
            .collect()
    }

    fn coverage(&self) -> Vec<CoverageRow> {
        vec![
            row(SourceKind::Inspector, "us-east-1", self.inspector),
            row(SourceKind::Macie, "us-east-1", Coverage::Complete),
        ]
    }

    fn is_complete(&self) -> bool {
        self.inspector == Coverage::Complete
    }

    fn options(&self) -> ReconcileOptions {
        ReconcileOptions {
            settle_cycles: self.settle_cycles,
            max_archive_percent: Some(25),
            forgotten: BTreeSet::new(),
        }
    }

    fn plan(&self, actual: &ActualState, now: DateTime<Utc>) -> Plan {
        plan(
            actual,
            &self.desired(),
            &self.coverage(),
            self.options(),
            now,
        )
    }
}

proptest! {
    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(scenario in any_scenario()) {
        let desired = scenario.desired();
        let cycle = |actual: &ActualState, number: i64| {
            let now = at(NOW) + Duration::hours(number);
            let plan = scenario.plan(actual, now);
            let after = apply(actual, &plan, &desired, now);
            (plan, after)
        };
        let mut actual = scenario.actual();
        // One cycle, and as many more as a flapping exposure is held for.
        for number in 0..=i64::from(scenario.settle_cycles) {
            actual = cycle(&actual, number).1;
        }
        let (last, after) = cycle(&actual, i64::from(scenario.settle_cycles));
        prop_assert_eq!(&after, &actual);
        for step in &last.steps {
            let is_held = !scenario.is_complete() && step.decision.action() == Action::Hold;
            prop_assert!(is_held || step.decision.action() == Action::Unchanged, "{step:?}");
        }
        // What was found is active, unless a user closed it; the rest is archived, unless its absence is unproven.
        for found in &desired {
            let published = &after.published[&(destination(), found.id.clone())];
            prop_assert!(
                !published.is_archived() || published.workflow != WorkflowStatus::Open
            );
            let is_decrease_unproven =
                !scenario.is_complete() && published.severity > Some(found.severity);
            prop_assert!(
                is_decrease_unproven || published.fingerprint.as_ref() == Some(&found.fingerprint)
            );
        }
        if scenario.is_complete() {
            for ((_, id), published) in &after.published {
                let was_found = desired.iter().any(|found| found.id == *id);
                prop_assert!(published.is_archived() || was_found);
            }
        }
    }

    #[test]
    fn times_and_the_work_of_users_survive_every_plan(scenario in any_scenario()) {
        let desired = scenario.desired();
        let actual = scenario.actual();
        let plan = scenario.plan(&actual, at(NOW));
        let after = apply(&actual, &plan, &desired, at(NOW));
        for (key, before) in &actual.published {
            let after = &after.published[key];
            prop_assert_eq!(after.created_at, before.created_at);
            prop_assert_eq!(after.first_observed_at, before.first_observed_at);
            // Nothing that a user closed is reopened, unless the severity rose.
            let is_reopened = before.workflow != WorkflowStatus::Open
                && (after.workflow == WorkflowStatus::Open
                    || before.is_archived() && !after.is_archived());
            prop_assert!(!is_reopened || after.severity > before.severity);
            // Nothing is archived while a target is incomplete.
            let is_archived = !before.is_archived() && after.is_archived();
            prop_assert!(!is_archived || scenario.is_complete());
            prop_assert!(!is_archived || !desired.iter().any(|found| found.id == key.1));
            // Nor does a severity decrease.
            let is_less_severe = !before.is_archived() && after.severity < before.severity;
            prop_assert!(!is_less_severe || scenario.is_complete());
        }
        let ids: BTreeSet<_> = plan.steps.iter().map(|step| &step.id).collect();
        prop_assert_eq!(ids.len(), plan.steps.len());
    }
}
