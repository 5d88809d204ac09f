//! What is decided in each case.

use super::*;
use std::collections::BTreeSet;

use crate::model::{Exposure, SourceKind};

pub(super) fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::days(20_000 + day)
}

pub(super) fn destination() -> Destination {
    Destination {
        account: "111122223333".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    }
}

pub(super) fn target(source: SourceKind, region: &str) -> CollectionTarget {
    let account = "111122223333".parse().unwrap();
    CollectionTarget::api(source, account, region.parse().unwrap())
}

fn key() -> Key {
    (
        destination(),
        ExposureId::of(&crate::evaluate::tests::instance("i-1")),
    )
}

/// Active, shown by Inspector, last changed on that day.
pub(super) fn published(digest: &str, updated: i64) -> Published {
    Published {
        title: "Open instance".into(),
        resource: "i-1".into(),
        severity: Some(Severity::Low),
        created_at: at(0),
        first_observed_at: at(0),
        updated_at: at(updated),
        retained_from: at(updated),
        record_state: RecordState::Active,
        workflow: Workflow::Open,
        digest: Some(digest.into()),
        seen_by: [target(SourceKind::Inspector, "us-east-1")].into(),
        reopened: 0,
        missed: 0,
    }
}

fn archived(digest: &str, updated: i64) -> Published {
    Published {
        record_state: RecordState::Archived,
        ..published(digest, updated)
    }
}

fn closed(published: Published, workflow: Workflow) -> Published {
    Published {
        workflow,
        ..published
    }
}

fn standing(published: Published) -> Previous {
    Previous {
        standing: [(key(), published)].into(),
        ..Previous::default()
    }
}

fn row(source: SourceKind, region: &str, coverage: Coverage) -> CoverageRow {
    CoverageRow {
        target: target(source, region),
        coverage,
        reason: (coverage == Coverage::Failed).then_some(CoverageReason::Throttled),
        detail: None,
        records: 0,
        signals: 0,
        stale: false,
        collected_at: None,
    }
}

pub(super) fn complete() -> Vec<CoverageRow> {
    vec![
        row(SourceKind::Inspector, "us-east-1", Coverage::Complete),
        row(SourceKind::Macie, "us-east-1", Coverage::Unavailable),
    ]
}

pub(super) const POLICY: Policy = Policy {
    settle_cycles: 2,
    max_archive_percent: Some(25),
};

fn only(mut plan: Plan) -> Step {
    assert_eq!(plan.steps.len(), 1, "{plan:?}");
    plan.steps.remove(0)
}

/// It is there, at this severity.
fn found(previous: &Previous, severity: Severity) -> Step {
    found_with(previous, severity, &complete())
}

fn found_with(previous: &Previous, severity: Severity, coverage: &[CoverageRow]) -> Step {
    let mut exposure = crate::evaluate::tests::exposure("i-1");
    exposure.severity = severity;
    let current = Current::of(&exposure, destination(), "a".into());
    only(plan(previous, &[current], coverage, POLICY, at(80)))
}

fn missed(published: Published, coverage: &[CoverageRow]) -> Step {
    only(plan(&standing(published), &[], coverage, POLICY, at(80)))
}

#[test]
fn what_is_there_is_made_changed_refreshed_or_left_alone() {
    let same = Decision::Unchanged(UnchangedReason::Same);
    let returned = Published {
        missed: 1,
        reopened: 1,
        ..published("a", 70)
    };
    let table = [
        (Previous::default(), Decision::Create, at(80)),
        (standing(published("a", 70)), same, at(0)),
        (
            standing(published("b", 70)),
            Decision::Update(UpdateReason::Changed),
            at(0),
        ),
        (
            standing(published("a", 1)),
            Decision::Refresh(RefreshReason::StillThere),
            at(0),
        ),
        (
            standing(archived("a", 70)),
            Decision::Reopen(ReopenReason::Back),
            at(0),
        ),
        (
            standing(returned),
            Decision::Update(UpdateReason::Returned { missed: 1 }),
            at(0),
        ),
    ];
    for (previous, decision, created_at) in table {
        let step = found(&previous, Severity::Low);
        assert_eq!((&step.decision, step.created_at), (&decision, created_at));
        assert_eq!(step.record_state, RecordState::Active);
        assert_eq!(step.missed, 0);
    }
}

#[test]
fn what_a_user_has_closed_is_opened_only_by_a_severity_that_rose() {
    use Workflow::{Resolved, Suppressed};
    let rose = |closed| {
        Decision::Reopen(ReopenReason::SeverityRose {
            from: Severity::Low,
            to: Severity::High,
            closed,
        })
    };
    let table = [
        // Archived: content may change, and is kept from being deleted.
        (
            closed(archived("a", 70), Resolved),
            Severity::Low,
            Decision::Unchanged(UnchangedReason::Closed(Resolved)),
        ),
        (
            closed(archived("b", 70), Suppressed),
            Severity::Low,
            Decision::Update(UpdateReason::ChangedWhileClosed(Suppressed)),
        ),
        (
            closed(archived("a", 59), Suppressed),
            Severity::Low,
            Decision::Refresh(RefreshReason::Closed(Suppressed)),
        ),
        (
            closed(archived("b", 70), Resolved),
            Severity::High,
            rose(Resolved),
        ),
        (
            closed(archived("b", 70), Suppressed),
            Severity::High,
            rose(Suppressed),
        ),
        // Active: RESOLVED is opened by the way over ARCHIVED, SUPPRESSED stays what it is.
        (
            closed(published("b", 70), Resolved),
            Severity::Low,
            Decision::Update(UpdateReason::Changed),
        ),
        (
            closed(published("b", 70), Resolved),
            Severity::High,
            rose(Resolved),
        ),
        (
            closed(published("b", 70), Suppressed),
            Severity::High,
            Decision::Update(UpdateReason::Changed),
        ),
    ];
    for (published, severity, decision) in table {
        let was = published.record_state;
        let step = found(&standing(published), severity);
        assert_eq!(step.decision, decision);
        let reopens = matches!(decision, Decision::Reopen(_));
        let stays_archived = was == RecordState::Archived && !reopens;
        assert_eq!(step.record_state == RecordState::Archived, stays_archived);
        assert_eq!(step.archive_first, reopens && was == RecordState::Active);
    }
}

#[test]
fn what_is_gone_is_archived_only_if_that_is_known() {
    use Coverage::{Complete, Failed, Partial};
    let one = |coverage| row(SourceKind::Inspector, "us-east-1", coverage);
    let step = missed(published("a", 70), &complete());
    assert_eq!(step.decision, Decision::Archive(ArchiveReason::Gone));
    assert_eq!(step.record_state, RecordState::Archived);
    let held = [
        (vec![], "inspector 111122223333 us-east-1 was not read"),
        (
            vec![one(Failed)],
            "inspector 111122223333 us-east-1 is failed (throttled)",
        ),
        (
            vec![one(Partial)],
            "inspector 111122223333 us-east-1 is partial",
        ),
        // Another Region than the one that showed it: the configuration was narrowed.
        (
            vec![row(SourceKind::Inspector, "eu-west-1", Complete)],
            "inspector 111122223333 us-east-1 was not read",
        ),
        // Another target could have shown it, had it been read.
        (
            vec![
                one(Complete),
                row(SourceKind::SecurityHub, "us-east-1", Failed),
            ],
            "security-hub 111122223333 us-east-1 is failed (throttled)",
        ),
    ];
    for (coverage, reason) in held {
        let step = missed(published("a", 70), &coverage);
        assert_eq!(step.decision.action(), Action::Hold, "{step:?}");
        assert_eq!(step.decision.to_string(), reason);
        assert!(!step.decision.writes());
    }
    let mut unsaid = published("a", 70);
    unsaid.seen_by.clear();
    let step = missed(unsaid, &complete());
    assert_eq!(step.decision, Decision::Hold(HoldReason::ShownByUnknown));
}

#[test]
fn a_service_that_is_not_offered_has_nothing_to_show_unless_it_has_shown_it() {
    let shown_by = |source| Published {
        seen_by: [target(source, "us-east-1")].into(),
        ..published("a", 70)
    };
    let gone = missed(shown_by(SourceKind::Inspector), &complete()).decision;
    assert_eq!(gone, Decision::Archive(ArchiveReason::Gone));
    let held = missed(shown_by(SourceKind::Macie), &complete()).decision;
    assert_eq!(
        held.to_string(),
        "macie 111122223333 us-east-1 is unavailable"
    );
}

#[test]
fn a_severity_falls_only_if_that_is_known() {
    let high = || Published {
        severity: Some(Severity::High),
        ..published("b", 70)
    };
    let decided = |published, coverage: &[CoverageRow]| {
        found_with(&standing(published), Severity::Low, coverage).decision
    };
    let changed = Decision::Update(UpdateReason::Changed);
    assert_eq!(decided(high(), &complete()), changed);
    let failed = [
        complete().remove(0),
        row(SourceKind::Macie, "us-east-1", Coverage::Failed),
    ];
    let held = decided(high(), &failed);
    assert_eq!(
        held.to_string(),
        "found LOW and no more HIGH, but macie 111122223333 us-east-1 is failed (throttled)"
    );
    assert!(!held.writes());
    // As severe as it was, or more, it changes whatever was not read; and so does one that does not say who showed it.
    assert_eq!(decided(published("b", 70), &failed), changed);
    let silent = Published {
        seen_by: BTreeSet::new(),
        ..high()
    };
    assert_eq!(decided(silent, &failed), changed);
    // Held for long, it is kept from being deleted, as it stands.
    let old = Published {
        severity: Some(Severity::High),
        ..published("b", 1)
    };
    let kept = decided(old, &failed);
    assert_eq!(kept.action(), Action::Refresh);
    assert!(kept.held().is_some());
}

#[test]
fn a_service_that_is_not_enabled_has_nothing_to_show_unless_it_has_shown_it() {
    let off = |source| CoverageRow {
        reason: Some(CoverageReason::NotEnabled),
        ..row(source, "us-east-1", Coverage::Failed)
    };
    let elsewhere = [complete().remove(0), off(SourceKind::Macie)];
    let decision = missed(published("a", 70), &elsewhere).decision;
    assert_eq!(decision, Decision::Archive(ArchiveReason::Gone));
    let decision = missed(published("a", 70), &[off(SourceKind::Inspector)]).decision;
    assert_eq!(decision.action(), Action::Hold);
}

#[test]
fn one_that_has_come_back_before_is_held_before_it_is_archived_again() {
    let flapped = |missed| Published {
        reopened: 1,
        missed,
        ..published("a", 70)
    };
    for (before, expected) in [(0, 1), (1, 2)] {
        let step = missed(flapped(before), &complete());
        let settling = HoldReason::Settling {
            missed: expected,
            of: 2,
        };
        assert_eq!(step.decision, Decision::Hold(settling));
        assert!(
            step.decision.writes(),
            "a restart must not forget the count"
        );
        assert_eq!((step.missed, step.reopened), (expected, 1));
    }
    let step = missed(flapped(2), &complete());
    assert_eq!(step.decision, Decision::Archive(ArchiveReason::Gone));
    // A cycle that proves nothing does not count.
    let step = missed(flapped(1), &[]);
    assert_eq!((step.decision.writes(), step.missed), (false, 1));
    // Coming back counts, and ends the missing.
    let before = Published {
        reopened: 1,
        ..archived("a", 70)
    };
    let step = found(&standing(before), Severity::Low);
    assert_eq!((step.reopened, step.missed), (2, 0));
}

#[test]
fn one_that_is_held_is_kept_from_being_deleted() {
    let step = missed(published("a", 1), &[]);
    assert_eq!(step.decision.action(), Action::Refresh);
    assert!(step.decision.held().is_some() && step.decision.writes());
    assert_eq!(step.record_state, RecordState::Active);
}

#[test]
fn what_is_archived_already_stays_so_without_a_word() {
    let previous = standing(archived("a", 1));
    let plan = plan(&previous, &[], &complete(), POLICY, at(80));
    assert_eq!(plan, Plan::default());
}

#[test]
fn an_update_is_later_than_what_stands_even_if_the_clock_went_back() {
    let step = missed(published("a", 90), &complete());
    assert!(step.updated_at > at(90));
    assert_eq!(step.created_at, at(0));
    // And what cannot be counted further does not panic.
    let mut last = published("a", 0);
    last.updated_at = DateTime::<Utc>::MAX_UTC;
    missed(last, &complete());
}

#[test]
fn security_hubs_own_time_counts_for_its_retention() {
    // Our clock was a year ahead when it was sent.
    let mut ahead = published("a", 365);
    ahead.retained_from = at(1);
    let step = found(&standing(ahead), Severity::Low);
    assert_eq!(step.decision, Decision::Refresh(RefreshReason::StillThere));
    assert!(step.updated_at > at(365));
}

#[test]
fn what_cannot_be_read_back_is_not_overwritten() {
    let unread = Previous {
        unread: [destination()].into(),
        ..Previous::default()
    };
    let unreadable = Previous {
        unreadable: [key()].into(),
        ..Previous::default()
    };
    for (previous, reason) in [
        (unread, HoldReason::DestinationUnread),
        (unreadable, HoldReason::Unreadable),
    ] {
        let step = found(&previous, Severity::Low);
        assert_eq!(step.decision, Decision::Hold(reason));
        assert!(!step.decision.writes());
    }
}

#[test]
fn one_that_moves_is_archived_where_it_was_only_when_it_stands_where_it_goes() {
    let exposure = crate::evaluate::tests::exposure("i-1");
    let to = Destination {
        account: "210987654321".parse().unwrap(),
        ..destination()
    };
    let current = [Current::of(&exposure, to.clone(), "a".into())];
    let id = exposure.id.clone();
    let old = ((destination(), id.clone()), published("a", 70));
    let mut previous = Previous {
        standing: [old].into(),
        ..Previous::default()
    };
    let first = plan(&previous, &current, &complete(), POLICY, at(80));
    let decisions: Vec<_> = first.steps.iter().map(|step| &step.decision).collect();
    let moving = Decision::Hold(HoldReason::Moving { to: to.clone() });
    assert_eq!(decisions, [&moving, &Decision::Create]);
    assert_eq!(first.steps[1].created_at, at(0));
    previous
        .standing
        .insert((to.clone(), id), published("a", 80));
    let second = plan(&previous, &current, &complete(), POLICY, at(80));
    let moved = Decision::Archive(ArchiveReason::Moved { to });
    assert_eq!(second.steps[0].decision, moved);
}

/// So many that are active, none of which is there any more, and how many still are.
fn many(gone: usize, there: usize, policy: Policy) -> Plan {
    let template = crate::evaluate::tests::exposure("i-1");
    let exposures: Vec<Exposure> = (0..there)
        .map(|number| Exposure {
            id: id(number),
            ..template.clone()
        })
        .collect();
    let current: Vec<Current> = exposures
        .iter()
        .map(|exposure| Current::of(exposure, destination(), "a".into()))
        .collect();
    let previous = Previous {
        standing: (0..there + gone)
            .map(|number| ((destination(), id(number)), published("a", 70)))
            .collect(),
        ..Previous::default()
    };
    plan(&previous, &current, &complete(), policy, at(80))
}

pub(super) fn id(number: usize) -> ExposureId {
    ExposureId::of(&crate::evaluate::tests::instance(&format!("i-{number:05}")))
}

#[test]
fn too_many_at_once_are_not_archived() {
    let strict = Policy {
        max_archive_percent: Some(0),
        ..POLICY
    };
    let free = Policy {
        max_archive_percent: None,
        ..POLICY
    };
    // Gone, still there, policy; whether they are archived.
    let table = [
        (10, 0, POLICY, true),
        (11, 0, POLICY, false),
        (11, 33, POLICY, true),
        (11, 32, POLICY, false),
        (11, 0, free, true),
        (10, 90, strict, true),
        (11, 989, strict, false),
    ];
    for (gone, there, policy, is_archived) in table {
        let plan = many(gone, there, policy);
        let expected = if is_archived { (gone, 0) } else { (0, gone) };
        assert_eq!(
            (plan.count(Action::Archive), plan.held().count()),
            expected,
            "{gone} of {}",
            gone + there
        );
        assert_eq!(plan.refused.is_none(), is_archived);
    }
    let refused = many(11, 0, POLICY);
    assert_eq!(
        refused.steps[0].decision.to_string(),
        "11 of 11 would be archived at once, more than 25 %"
    );
}
