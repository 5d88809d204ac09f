//! The decision in each case.

mod absent;
mod increases;
mod properties;

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};

use super::*;
use crate::evaluate::tests::instance;
use crate::model::{
    CollectionTarget, Coverage, CoverageReason, CoverageRow, ExposureId, IgnoredRecords,
    RecordState, Severity, SourceKind,
};

const OPTIONS: ReconcileOptions = ReconcileOptions {
    settle_cycles: 2,
    max_archive_percent: Some(25),
    forgotten: BTreeSet::new(),
};

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::days(20_000 + day)
}

fn destination() -> Destination {
    Destination {
        account: "111122223333".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    }
}

fn target(source: SourceKind, region: &str) -> CollectionTarget {
    let account = "111122223333".parse().unwrap();
    CollectionTarget::api(source, account, region.parse().unwrap())
}

fn id(number: usize) -> ExposureId {
    ExposureId::of(&instance(&format!("i-{number:05}")))
}

fn key() -> ExposureKey {
    (destination(), id(0))
}

fn desired(number: usize, severity: Severity, fingerprint: &str) -> DesiredExposure {
    DesiredExposure {
        id: id(number),
        title: "Open instance".into(),
        resource: format!("i-{number:05}"),
        severity,
        destination: destination(),
        fingerprint: fingerprint.to_owned().into(),
        seen_by: [target(SourceKind::Inspector, "us-east-1")].into(),
        lowered_by: BTreeSet::new(),
        unlisted_tags: None,
    }
}

/// An active finding, shown by Inspector, last updated on this day.
fn published(fingerprint: &str, updated: i64) -> PublishedExposure {
    PublishedExposure {
        title: "Open instance".into(),
        resource: "i-00000".into(),
        severity: Some(Severity::Low),
        created_at: at(0),
        first_observed_at: at(0),
        updated_at: at(updated),
        retained_from: at(updated),
        record_state: RecordState::Active,
        workflow: WorkflowStatus::Open,
        fingerprint: Some(fingerprint.to_owned().into()),
        seen_by: [target(SourceKind::Inspector, "us-east-1")].into(),
        lowered_by: BTreeSet::new(),
        reopened: 0,
        missed: 0,
    }
}

fn archived(fingerprint: &str, updated: i64) -> PublishedExposure {
    PublishedExposure {
        record_state: RecordState::Archived,
        ..published(fingerprint, updated)
    }
}

fn closed(published: PublishedExposure, workflow: WorkflowStatus) -> PublishedExposure {
    PublishedExposure {
        workflow,
        ..published
    }
}

fn actual(published: PublishedExposure) -> ActualState {
    ActualState {
        published: [(key(), published)].into(),
        ..ActualState::default()
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
        ignored: IgnoredRecords::default(),
        accounts: BTreeSet::new(),
        stale: false,
        collected_at: None,
    }
}

fn complete() -> Vec<CoverageRow> {
    vec![
        row(SourceKind::Inspector, "us-east-1", Coverage::Complete),
        row(SourceKind::Macie, "us-east-1", Coverage::Unavailable),
    ]
}

fn only_step(mut plan: Plan) -> PlanStep {
    assert_eq!(plan.steps.len(), 1, "{plan:?}");
    plan.steps.remove(0)
}

/// Plans an exposure that was found with fingerprint `a` while everything was read completely.
fn plan_found(actual: &ActualState, severity: Severity) -> PlanStep {
    plan_found_with(actual, severity, &complete())
}

fn plan_found_with(actual: &ActualState, severity: Severity, coverage: &[CoverageRow]) -> PlanStep {
    let desired = [desired(0, severity, "a")];
    only_step(plan(actual, &desired, coverage, OPTIONS, at(80)))
}

/// Plans a published exposure that was not found.
fn plan_missing(published: PublishedExposure, coverage: &[CoverageRow]) -> PlanStep {
    only_step(plan(&actual(published), &[], coverage, OPTIONS, at(80)))
}

#[test]
fn an_exposure_is_created_updated_reopened_refreshed_or_unchanged() {
    let found_again = PublishedExposure {
        missed: 1,
        reopened: 1,
        ..published("a", 70)
    };
    let table = [
        (ActualState::default(), Decision::Create, at(80)),
        (
            actual(published("a", 70)),
            Decision::Unchanged(UnchangedReason::Same),
            at(0),
        ),
        (
            actual(published("b", 70)),
            Decision::Update(UpdateReason::Changed),
            at(0),
        ),
        (
            actual(published("a", 1)),
            Decision::Refresh(RefreshReason::StillExposed),
            at(0),
        ),
        (
            actual(archived("a", 70)),
            Decision::Reopen(ReopenReason::ExposedAgain),
            at(0),
        ),
        (
            actual(found_again),
            Decision::Update(UpdateReason::FoundAgain { missed: 1 }),
            at(0),
        ),
    ];
    for (actual, decision, created_at) in table {
        let step = plan_found(&actual, Severity::Low);
        assert_eq!((&step.decision, step.created_at), (&decision, created_at));
        assert_eq!(step.record_state, RecordState::Active);
        assert_eq!(step.missed, 0);
    }
}

#[test]
fn a_finding_without_a_readable_fingerprint_is_updated() {
    let unknown = PublishedExposure {
        fingerprint: None,
        ..published("a", 70)
    };
    let step = plan_found(&actual(unknown), Severity::Low);
    assert_eq!(step.decision, Decision::Update(UpdateReason::Changed));
}

#[test]
fn a_closed_finding_is_reopened_only_if_the_severity_rose() {
    use WorkflowStatus::{Resolved, Suppressed};
    let rose = |closed| {
        Decision::Reopen(ReopenReason::SeverityRose {
            from: Severity::Low,
            to: Severity::High,
            closed,
        })
    };
    let table = [
        // An archived finding: its content may change, and it is refreshed before it is deleted.
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
        // An active finding: RESOLVED is reopened by archiving it first, SUPPRESSED stays suppressed.
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
        let step = plan_found(&actual(published), severity);
        assert_eq!(step.decision, decision);
        let reopens = matches!(decision, Decision::Reopen(_));
        let stays_archived = was == RecordState::Archived && !reopens;
        assert_eq!(step.record_state == RecordState::Archived, stays_archived);
        assert_eq!(step.archive_first, reopens && was == RecordState::Active);
    }
}

#[test]
fn a_severity_decreases_only_if_that_is_proven() {
    let high = || PublishedExposure {
        severity: Some(Severity::High),
        ..published("b", 70)
    };
    let decide = |published, coverage: &[CoverageRow]| {
        plan_found_with(&actual(published), Severity::Low, coverage).decision
    };
    let changed = Decision::Update(UpdateReason::Changed);
    assert_eq!(decide(high(), &complete()), changed);
    let failed = [
        complete().remove(0),
        row(SourceKind::Macie, "us-east-1", Coverage::Failed),
    ];
    let held = decide(high(), &failed);
    assert_eq!(
        held.to_string(),
        "the severity fell from HIGH to LOW, but macie 111122223333 us-east-1 is not complete: failed (throttled)"
    );
    assert!(!held.writes());
    // If the severity is the same or higher, or the targets are unknown, the finding is updated whatever was read.
    assert_eq!(decide(published("b", 70), &failed), changed);
    let without_targets = PublishedExposure {
        seen_by: BTreeSet::new(),
        ..high()
    };
    assert_eq!(decide(without_targets, &failed), changed);
    // A finding that is held for long is refreshed as it is published.
    let old = PublishedExposure {
        severity: Some(Severity::High),
        ..published("b", 1)
    };
    let refreshed = decide(old, &failed);
    assert_eq!(refreshed.action(), Action::Refresh);
    assert!(refreshed.held().is_some());
}

#[test]
fn an_update_is_newer_than_the_published_finding_even_if_the_clock_went_back() {
    let step = plan_missing(published("a", 90), &complete());
    assert!(step.updated_at > at(90));
    assert_eq!(step.created_at, at(0));
    // The end of the calendar does not panic.
    let mut last = published("a", 0);
    last.updated_at = DateTime::<Utc>::MAX_UTC;
    plan_missing(last, &complete());
}

#[test]
fn retention_counts_from_the_time_of_security_hub() {
    // The clock was a year ahead when the finding was sent.
    let mut ahead = published("a", 365);
    ahead.retained_from = at(1);
    let step = plan_found(&actual(ahead), Severity::Low);
    assert_eq!(
        step.decision,
        Decision::Refresh(RefreshReason::StillExposed)
    );
    assert!(step.updated_at > at(365));
}

#[test]
fn a_finding_that_cannot_be_read_back_is_not_overwritten() {
    let unread = ActualState {
        unread: [destination()].into(),
        ..ActualState::default()
    };
    let unreadable = ActualState {
        unreadable: [key()].into(),
        ..ActualState::default()
    };
    for (actual, reason) in [
        (unread, HoldReason::DestinationUnread),
        (unreadable, HoldReason::Unreadable),
    ] {
        let step = plan_found(&actual, Severity::Low);
        assert_eq!(step.decision, Decision::Hold(reason));
        assert!(!step.decision.writes());
    }
}
