//! Published exposures that were not found.

use super::*;

#[test]
fn a_finding_is_archived_only_if_its_exposure_is_proven_to_be_gone() {
    use Coverage::{Complete, Failed, Partial};
    let inspector = |coverage| row(SourceKind::Inspector, "us-east-1", coverage);
    let step = plan_missing(published("a", 70), &complete());
    assert_eq!(step.decision, Decision::Archive(ArchiveReason::Gone));
    assert_eq!(step.record_state, RecordState::Archived);
    let held = [
        (vec![], "inspector 111122223333 us-east-1 was not read"),
        (
            vec![inspector(Failed)],
            "inspector 111122223333 us-east-1 is not complete: failed (throttled)",
        ),
        (
            vec![inspector(Partial)],
            "inspector 111122223333 us-east-1 is not complete: partial",
        ),
        // A Region was removed from the configuration.
        (
            vec![row(SourceKind::Inspector, "eu-west-1", Complete)],
            "inspector 111122223333 us-east-1 was not read",
        ),
        // Another target could have shown the exposure.
        (
            vec![
                inspector(Complete),
                row(SourceKind::SecurityHub, "us-east-1", Failed),
            ],
            "security-hub 111122223333 us-east-1 is not complete: failed (throttled)",
        ),
    ];
    for (coverage, reason) in held {
        let step = plan_missing(published("a", 70), &coverage);
        assert_eq!(step.decision.action(), Action::Hold, "{step:?}");
        assert_eq!(step.decision.to_string(), reason);
        assert!(!step.decision.writes());
    }
    let mut without_targets = published("a", 70);
    without_targets.seen_by.clear();
    let step = plan_missing(without_targets, &complete());
    assert_eq!(step.decision, Decision::Hold(HoldReason::UnknownTargets));
}

#[test]
fn an_unavailable_service_holds_only_the_exposures_that_it_showed() {
    let shown_by = |source| PublishedExposure {
        seen_by: [target(source, "us-east-1")].into(),
        ..published("a", 70)
    };
    let gone = plan_missing(shown_by(SourceKind::Inspector), &complete()).decision;
    assert_eq!(gone, Decision::Archive(ArchiveReason::Gone));
    let held = plan_missing(shown_by(SourceKind::Macie), &complete()).decision;
    assert_eq!(
        held.to_string(),
        "macie 111122223333 us-east-1 is not complete: unavailable"
    );
}

#[test]
fn a_service_that_is_not_enabled_holds_only_the_exposures_that_it_showed() {
    let off = |source| CoverageRow {
        reason: Some(CoverageReason::NotEnabled),
        ..row(source, "us-east-1", Coverage::Failed)
    };
    let elsewhere = [complete().remove(0), off(SourceKind::Macie)];
    let decision = plan_missing(published("a", 70), &elsewhere).decision;
    assert_eq!(decision, Decision::Archive(ArchiveReason::Gone));
    let decision = plan_missing(published("a", 70), &[off(SourceKind::Inspector)]).decision;
    assert_eq!(decision.action(), Action::Hold);
}

#[test]
fn a_flapping_exposure_is_held_before_it_is_archived_again() {
    let flapping = |missed| PublishedExposure {
        reopened: 1,
        missed,
        ..published("a", 70)
    };
    for (before, expected) in [(0, 1), (1, 2)] {
        let step = plan_missing(flapping(before), &complete());
        let reason = HoldReason::Flapping {
            missed: expected,
            required: 2,
        };
        assert_eq!(step.decision, Decision::Hold(reason));
        assert!(
            step.decision.writes(),
            "a restart must not forget the count"
        );
        assert_eq!((step.missed, step.reopened), (expected, 1));
    }
    let step = plan_missing(flapping(2), &complete());
    assert_eq!(step.decision, Decision::Archive(ArchiveReason::Gone));
    // A cycle that proves nothing does not count.
    let step = plan_missing(flapping(1), &[]);
    assert_eq!((step.decision.writes(), step.missed), (false, 1));
    // Coming back is counted, and resets the number of missed cycles.
    let before = PublishedExposure {
        reopened: 1,
        ..archived("a", 70)
    };
    let step = plan_found(&actual(before), Severity::Low);
    assert_eq!((step.reopened, step.missed), (2, 0));
}

#[test]
fn a_held_finding_is_refreshed_before_security_hub_deletes_it() {
    let step = plan_missing(published("a", 1), &[]);
    assert_eq!(step.decision.action(), Action::Refresh);
    assert!(step.decision.held().is_some() && step.decision.writes());
    assert_eq!(step.record_state, RecordState::Active);
}

#[test]
fn an_archived_finding_whose_exposure_is_gone_needs_no_step() {
    let actual = actual(archived("a", 1));
    let plan = plan(&actual, &[], &complete(), OPTIONS, at(80));
    assert_eq!(plan, Plan::default());
}

#[test]
fn an_exposure_that_moves_is_archived_only_once_it_is_published_in_its_new_destination() {
    let to = Destination {
        account: "210987654321".parse().unwrap(),
        ..destination()
    };
    let desired = [DesiredExposure {
        destination: to.clone(),
        ..desired(0, Severity::Low, "a")
    }];
    let mut actual = actual(published("a", 70));
    let first = plan(&actual, &desired, &complete(), OPTIONS, at(80));
    let decisions: Vec<_> = first.steps.iter().map(|step| &step.decision).collect();
    let moving = Decision::Hold(HoldReason::Moving { to: to.clone() });
    assert_eq!(decisions, [&moving, &Decision::Create]);
    assert_eq!(first.steps[1].created_at, at(0));
    actual
        .published
        .insert((to.clone(), id(0)), published("a", 80));
    let second = plan(&actual, &desired, &complete(), OPTIONS, at(80));
    let moved = Decision::Archive(ArchiveReason::Moved { to });
    assert_eq!(second.steps[0].decision, moved);
}

/// Plans this many published exposures that are gone, and this many that are unchanged.
fn plan_many(gone: usize, unchanged: usize, options: ReconcileOptions) -> Plan {
    let desired: Vec<DesiredExposure> = (0..unchanged)
        .map(|number| desired(number, Severity::Low, "a"))
        .collect();
    let actual = ActualState {
        published: (0..unchanged + gone)
            .map(|number| ((destination(), id(number)), published("a", 70)))
            .collect(),
        ..ActualState::default()
    };
    plan(&actual, &desired, &complete(), options, at(80))
}

#[test]
fn nothing_is_archived_above_the_limit() {
    let strict = ReconcileOptions {
        max_archive_percent: Some(0),
        ..OPTIONS
    };
    let unlimited = ReconcileOptions {
        max_archive_percent: None,
        ..OPTIONS
    };
    // Gone, unchanged, options, and whether the gone ones are archived.
    let table = [
        (10, 0, OPTIONS, true),
        (11, 0, OPTIONS, false),
        (11, 33, OPTIONS, true),
        (11, 32, OPTIONS, false),
        (11, 0, unlimited, true),
        (10, 90, strict.clone(), true),
        (11, 989, strict, false),
    ];
    for (gone, unchanged, options, is_archived) in table {
        let plan = plan_many(gone, unchanged, options);
        let expected = if is_archived { (gone, 0) } else { (0, gone) };
        assert_eq!(
            (plan.count(Action::Archive), plan.held().count()),
            expected,
            "{gone} of {}",
            gone + unchanged
        );
        assert_eq!(plan.archive_refused.is_none(), is_archived);
    }
    let refused = plan_many(11, 0, OPTIONS);
    assert_eq!(
        refused.steps[0].decision.to_string(),
        "11 of 11 active exposures would be archived at once, more than 25%"
    );
}

/// An exposure that these Regions showed, if the user has released some Regions.
fn plan_released(seen_in: &[&str], forgotten: &[&str], coverage: &[CoverageRow]) -> PlanStep {
    let region = |name: &&str| name.parse().unwrap();
    let options = ReconcileOptions {
        forgotten: forgotten.iter().map(region).collect(),
        ..OPTIONS
    };
    let seen = |name: &&str| target(SourceKind::Inspector, name);
    let exposure = PublishedExposure {
        seen_by: seen_in.iter().map(seen).collect(),
        ..published("a", 70)
    };
    let actual = ActualState {
        published: [(key(), exposure)].into(),
        ..ActualState::default()
    };
    let mut plan = plan(&actual, &[], coverage, options, at(80));
    plan.steps.remove(0)
}

#[test]
fn a_region_that_is_released_is_no_longer_waited_for() {
    let held = plan_released(&["eu-west-1"], &[], &complete());
    assert_eq!(held.decision.action(), Action::Hold);
    let other = plan_released(&["eu-west-1"], &["eu-west-2"], &complete());
    assert_eq!(other.decision.action(), Action::Hold);
    let released = plan_released(&["eu-west-1"], &["eu-west-1"], &complete());
    assert_eq!(
        released.decision.to_string(),
        "last seen in eu-west-1, which --forget releases"
    );
    // What happens in the other Regions does not matter.
    let incomplete = [row(SourceKind::Inspector, "us-east-1", Coverage::Failed)];
    let released = plan_released(&["eu-west-1"], &["eu-west-1"], &incomplete);
    assert_eq!(released.decision.action(), Action::Archive);
    assert_eq!(released.record_state, RecordState::Archived);
    // Unless they showed the exposure, too.
    let both = ["eu-west-1", "us-east-1"];
    let held = plan_released(&both, &["eu-west-1"], &incomplete);
    assert_eq!(held.decision.action(), Action::Hold);
    let gone = plan_released(&both, &["eu-west-1"], &complete());
    assert_eq!(gone.decision, Decision::Archive(ArchiveReason::Gone));
    // A finding that does not record its targets belongs to the Region in which it is published.
    let released = plan_released(&[], &["us-east-1"], &[]);
    assert_eq!(released.decision.action(), Action::Archive);
}

#[test]
fn a_severity_that_a_released_region_raised_decreases() {
    let exposure = PublishedExposure {
        severity: Some(Severity::High),
        seen_by: ["us-east-1", "eu-west-1"]
            .map(|region| target(SourceKind::Inspector, region))
            .into(),
        ..published("a", 70)
    };
    let actual = ActualState {
        published: [(key(), exposure)].into(),
        ..ActualState::default()
    };
    let action = |forgotten: &[&str]| {
        let options = ReconcileOptions {
            forgotten: forgotten.iter().map(|name| name.parse().unwrap()).collect(),
            ..OPTIONS
        };
        let found = [desired(0, Severity::Low, "b")];
        let plan = plan(&actual, &found, &complete(), options, at(80));
        plan.steps[0].decision.action()
    };
    assert_eq!(action(&[]), Action::Hold);
    assert_eq!(action(&["eu-west-1"]), Action::Update);
}

#[test]
fn a_severity_that_a_released_region_lowered_increases() {
    let exposure = PublishedExposure {
        severity: Some(Severity::Low),
        lowered_by: [target(SourceKind::Config, "eu-west-1")].into(),
        ..published("a", 70)
    };
    let actual = ActualState {
        published: [(key(), exposure)].into(),
        ..ActualState::default()
    };
    let action = |forgotten: &[&str]| {
        let options = ReconcileOptions {
            forgotten: forgotten.iter().map(|name| name.parse().unwrap()).collect(),
            ..OPTIONS
        };
        let found = [desired(0, Severity::High, "b")];
        let plan = plan(&actual, &found, &complete(), options, at(80));
        plan.steps[0].decision.action()
    };
    assert_eq!(action(&[]), Action::Hold);
    assert_eq!(action(&["eu-west-1"]), Action::Update);
}

#[test]
fn old_copies_of_moved_exposures_do_not_count_as_gone() {
    let old = Destination {
        region: "eu-west-1".parse().unwrap(),
        ..destination()
    };
    let copies = |place: &Destination| {
        let place = place.clone();
        (0..20).map(move |number| ((place.clone(), id(number)), published("a", 70)))
    };
    let actual = ActualState {
        published: copies(&old).chain(copies(&destination())).collect(),
        ..ActualState::default()
    };
    let found: Vec<_> = (0..20)
        .map(|number| desired(number, Severity::Low, "a"))
        .collect();
    let plan = plan(&actual, &found, &complete(), OPTIONS, at(80));
    assert_eq!(plan.archive_refused, None);
    assert_eq!(
        (plan.count(Action::Archive), plan.count(Action::Unchanged)),
        (20, 20)
    );
}
