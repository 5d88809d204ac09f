//! Losing knowledge never raises a severity, reopens a finding, or creates one that a mute may cover.

use super::*;

/// Every way in which what AWS Config showed can be lost, with the reason that is given.
fn losses() -> Vec<(Vec<CoverageRow>, &'static str)> {
    let config = |coverage, reason: Option<CoverageReason>| {
        let mut rows = complete();
        rows.push(CoverageRow {
            reason,
            ..row(SourceKind::Config, "us-east-1", coverage)
        });
        rows
    };
    let denied = CoverageReason::Denied {
        action: "config:SelectResourceConfig".into(),
    };
    vec![
        (
            config(Coverage::Failed, Some(denied)),
            "config 111122223333 us-east-1 is not complete: failed (denied)",
        ),
        (
            config(Coverage::Failed, Some(CoverageReason::NotEnabled)),
            "config 111122223333 us-east-1 is not complete: failed (not-enabled)",
        ),
        (
            config(Coverage::Unavailable, Some(CoverageReason::NotInRegion)),
            "config 111122223333 us-east-1 is not complete: unavailable (not-in-region)",
        ),
        (
            config(Coverage::Partial, None),
            "config 111122223333 us-east-1 is not complete: partial",
        ),
        (complete(), "config 111122223333 us-east-1 was not read"),
    ]
}

fn with_config() -> Vec<CoverageRow> {
    let mut rows = complete();
    rows.push(row(SourceKind::Config, "us-east-1", Coverage::Complete));
    rows
}

fn config() -> BTreeSet<CollectionTarget> {
    [target(SourceKind::Config, "us-east-1")].into()
}

/// A finding that something in AWS Config makes less severe.
fn lowered(published: PublishedExposure) -> PublishedExposure {
    PublishedExposure {
        lowered_by: config(),
        ..published
    }
}

#[test]
fn a_severity_increases_only_if_that_is_proven() {
    for (coverage, reason) in losses() {
        let actual = actual(lowered(published("b", 70)));
        let held = plan_found_with(&actual, Severity::High, &coverage);
        assert_eq!(
            held.decision.to_string(),
            format!("the severity rose from LOW to HIGH, but {reason}")
        );
        assert!(!held.decision.writes());
        // The same severity is not an increase, and what is not read stays recorded.
        let same = plan_found_with(&actual, Severity::Low, &coverage);
        assert_eq!(same.decision, Decision::Update(UpdateReason::Changed));
        assert_eq!(same.unread.lowered_by, config());
        // Nothing that was lost lowers the severity of this finding.
        let independent = ActualState {
            published: [(key(), published("b", 70))].into(),
            ..ActualState::default()
        };
        let raised = plan_found_with(&independent, Severity::High, &coverage);
        assert_eq!(raised.decision, Decision::Update(UpdateReason::Changed));
    }
    let actual = actual(lowered(published("b", 70)));
    let raised = plan_found_with(&actual, Severity::High, &with_config());
    assert_eq!(raised.decision, Decision::Update(UpdateReason::Changed));
    assert_eq!(raised.unread, RecordedTargets::default());
}

#[test]
fn what_a_user_closed_is_reopened_only_if_the_increase_is_proven() {
    let closed_findings = || {
        [WorkflowStatus::Resolved, WorkflowStatus::Suppressed]
            .into_iter()
            .flat_map(|workflow| {
                [
                    closed(lowered(archived("b", 70)), workflow),
                    closed(lowered(published("b", 70)), workflow),
                ]
            })
    };
    for (coverage, _) in losses() {
        for finding in closed_findings() {
            let state = finding.record_state;
            let step = plan_found_with(&actual(finding), Severity::High, &coverage);
            assert_eq!(step.decision.action(), Action::Hold, "{step:?}");
            assert_eq!(step.record_state, state);
            assert!(!step.archive_first);
        }
    }
    for finding in closed_findings() {
        let step = plan_found_with(&actual(finding), Severity::High, &with_config());
        assert_ne!(step.decision.action(), Action::Hold);
    }
}

#[test]
fn an_archived_finding_that_is_held_is_refreshed_as_archived() {
    let old = closed(lowered(archived("b", 1)), WorkflowStatus::Suppressed);
    let step = plan_found_with(&actual(old), Severity::High, &complete());
    assert_eq!(step.decision.action(), Action::Refresh);
    assert!(step.decision.held().is_some());
    assert_eq!(step.record_state, RecordState::Archived);
}

/// Plans an exposure that a mute covers in case its resource has a tag.
fn plan_untagged(actual: &ActualState, coverage: &[CoverageRow]) -> PlanStep {
    let desired = [DesiredExposure {
        unlisted_tags: Some(UnlistedTags {
            region: "us-east-1".parse().unwrap(),
            are_reported: true,
        }),
        ..desired(0, Severity::Low, "a")
    }];
    let plan = plan(actual, &desired, coverage, OPTIONS, at(80));
    let step = plan.steps.into_iter().find(|step| step.id == id(0));
    step.unwrap()
}

#[test]
fn what_a_mute_by_tag_may_cover_is_neither_created_nor_reopened() {
    // Another exposure records that AWS Config was read.
    let other = PublishedExposure {
        seen_by: config(),
        ..published("a", 70)
    };
    let others = |mut state: ActualState| {
        let key = (destination(), id(1));
        state.published.insert(key, other.clone());
        state
    };
    for (coverage, reason) in losses() {
        for state in [ActualState::default(), actual(archived("b", 70))] {
            let step = plan_untagged(&others(state), &coverage);
            assert_eq!(
                step.decision.to_string(),
                format!(
                    "a mute by tag may cover it: the tags of the resource are unknown, because {reason}"
                )
            );
            assert!(!step.decision.writes());
        }
        // An exposure that is open already was not muted.
        let open = plan_untagged(&others(actual(published("b", 70))), &coverage);
        assert_eq!(open.decision, Decision::Update(UpdateReason::Changed));
    }
    let created = plan_untagged(&others(ActualState::default()), &with_config());
    assert_eq!(created.decision, Decision::Create);
    let reopened = plan_untagged(&others(actual(archived("b", 70))), &with_config());
    assert_eq!(reopened.decision.action(), Action::Reopen);
    // Nothing shows that AWS Config was ever read.
    let created = plan_untagged(&ActualState::default(), &complete());
    assert_eq!(created.decision, Decision::Create);
}

#[test]
fn targets_that_are_not_read_stay_recorded_through_an_update() {
    let before = PublishedExposure {
        seen_by: [
            target(SourceKind::Inspector, "us-east-1"),
            target(SourceKind::Config, "us-east-1"),
        ]
        .into(),
        ..published("b", 70)
    };
    let step = plan_found_with(&actual(before.clone()), Severity::Low, &complete());
    assert_eq!(step.decision, Decision::Update(UpdateReason::Changed));
    assert_eq!(step.unread.seen_by, config());
    let step = plan_found_with(&actual(before), Severity::Low, &with_config());
    assert_eq!(step.unread, RecordedTargets::default());
}
