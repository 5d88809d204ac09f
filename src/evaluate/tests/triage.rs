//! Mutes and criticality tags.

use super::*;
use crate::model::{
    Adjustment, Criticality, Impact, LevelChange, Mute, MutedItem, TagPattern, Triage,
    WildcardPattern,
};
use chrono::NaiveDate;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

fn mute(muted: MutedItem, resource: &str) -> Mute {
    Mute {
        muted,
        resource: Some(WildcardPattern::new(resource)),
        account: None,
        region: None,
        tag: None,
        reason: "r".into(),
        owner: "o".into(),
        until: day(),
    }
}

fn triaged(graph: TestGraph<'_>, triage: &Triage) -> FullEvaluation {
    let catalog = graph.catalog;
    evaluated(&graph.view(), catalog, triage.on(day()))
}

fn two_instances(catalog: &Catalog) -> TestGraph<'_> {
    ["i-1", "i-2"]
        .into_iter()
        .fold(TestGraph::new(catalog), |graph, id| {
            graph
                .with_trait(&instance(id), "internet-reachable")
                .with_trait(&instance(id), "instance-profile-attached")
                .with_trait(&instance(id), "low-priority-vulnerability")
                .with_trait(&instance(id), "low-priority-network-vulnerability")
        })
}

#[test]
fn a_muted_trait_is_ignored() {
    let catalog = catalog();
    let triage = Triage {
        mutes: vec![mute(
            MutedItem::Trait("internet-reachable".parse().unwrap()),
            "*/i-1",
        )],
        ..Triage::default()
    };
    let all = triaged(two_instances(&catalog), &triage);
    let ids = |exposure: &Exposure| -> Vec<String> {
        exposure
            .traits
            .iter()
            .map(|shown| shown.id.to_string())
            .collect()
    };
    let first = all
        .exposures
        .iter()
        .find(|exposure| exposure.resource == instance("i-1"))
        .unwrap();
    assert!(!ids(first).contains(&"internet-reachable".to_owned()));
    assert_eq!(
        all.evaluation.mutes[&0],
        MuteUse {
            resources: 1,
            hidden: 0,
            lowered: 1
        }
    );
}

#[test]
fn a_muted_rule_neither_matches_nor_nearly_matches() {
    let catalog = catalog();
    let rule = "ec2-internet-reachable-with-instance-profile";
    let triage = Triage {
        mutes: vec![
            mute(MutedItem::Exposure(rule.parse().unwrap()), "*"),
            mute(MutedItem::EveryExposure, "*/i-2"),
        ],
        ..Triage::default()
    };
    let all = triaged(two_instances(&catalog), &triage);
    assert_eq!(all.exposures.len(), 1);
    let left = &all.exposures[0];
    assert!(left.matched_rules.iter().all(|id| id.as_str() != rule));
    assert_eq!(all.evaluation.mutes[&0].resources, 2);
    assert_eq!(all.evaluation.mutes[&1].hidden, 1);
    assert_eq!(all.evaluation.near_misses, []);
}

#[test]
fn a_mute_that_removes_nothing_is_reported_as_unmatched() {
    let catalog = catalog();
    let triage = Triage {
        mutes: vec![
            mute(MutedItem::EveryExposure, "*/i-3"),
            mute(MutedItem::Trait("malicious-file".parse().unwrap()), "*"),
            // The instances have other exposures.
            mute(
                MutedItem::Exposure("ec2-malicious-file".parse().unwrap()),
                "*",
            ),
        ],
        ..Triage::default()
    };
    let all = triaged(two_instances(&catalog), &triage);
    assert_eq!(all.exposures.len(), 2);
    assert!(all.evaluation.mutes.is_empty());
    assert_eq!(
        all.evaluation.mute_states(&triage, day()),
        [MuteState::Unmatched; 3]
    );
    let later = day().succ_opt().unwrap();
    assert_eq!(
        all.evaluation.mute_states(&triage, later),
        [MuteState::Expired; 3]
    );
}

fn graded(traits: &[&str], tags: &[(&str, &str)]) -> Exposure {
    let catalog = catalog();
    let mut graph = TestGraph::new(&catalog);
    for trait_id in traits {
        graph = graph.with_trait(&instance("i-1"), trait_id);
    }
    let tags: Vec<(String, String)> = tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    graph.builder.add_tags(&instance("i-1"), &tags);
    let tag = |value: &str| TagPattern {
        key: "environment".into(),
        value: WildcardPattern::new(value),
    };
    let triage = Triage {
        criticality: Criticality {
            raise: vec![tag("production")],
            lower: vec![tag("sandbox")],
        },
        ..Triage::default()
    };
    triaged(graph, &triage).exposures.remove(0)
}

#[test]
fn criticality_does_not_make_a_low_impact_unknown() {
    let traits = [
        "internet-reachable",
        "instance-profile-attached",
        "permissions-limited",
    ];
    let exposure = graded(&traits, &[("environment", "sandbox")]);
    assert_eq!(exposure.impact, Some(crate::model::Impact::Low));
    let adjusted = &exposure.factors[4].adjustments;
    assert!(
        adjusted
            .iter()
            .all(|adjustment| matches!(adjustment, Adjustment::Mitigation { .. })),
        "{adjusted:?}"
    );
}

#[test]
fn criticality_moves_the_impact_by_one_step_and_records_the_reason() {
    use crate::model::Impact;
    let profile = &[
        "internet-reachable",
        "instance-profile-attached",
        "service-administrative-policy",
    ][..];
    let unknown = &["low-priority-vulnerability"][..];
    let cases = [
        (profile, "production", Some(Impact::High), true),
        (profile, "sandbox", Some(Impact::Low), true),
        (profile, "test", Some(Impact::Medium), false),
        // An unknown impact is graded like a medium one and is moved from there.
        (unknown, "production", Some(Impact::High), true),
        (unknown, "sandbox", Some(Impact::Low), true),
        (unknown, "test", None, false),
    ];
    for (traits, environment, impact, is_moved) in cases {
        let exposure = graded(traits, &[("environment", environment)]);
        assert_eq!(exposure.impact, impact, "{traits:?} {environment}");
        let adjusted = &exposure.factors[4].adjustments;
        assert_eq!(!adjusted.is_empty(), is_moved, "{traits:?} {environment}");
        if is_moved {
            let change = match environment {
                "production" => LevelChange::Raised,
                _ => LevelChange::Lowered,
            };
            let expected = Adjustment::Criticality {
                tag: "environment".into(),
                value: environment.into(),
                change,
            };
            assert_eq!(*adjusted, [expected]);
        }
    }
}

#[test]
fn a_tie_with_an_unknown_impact_keeps_what_is_known() {
    let catalog = catalog();
    let graph = TestGraph::new(&catalog)
        .with_trait(&instance("i-1"), "high-priority-vulnerability")
        .with_trait(&instance("i-1"), "service-administrative-policy");
    let all = triaged(graph, &Triage::default());
    let [exposure] = &all.exposures[..] else {
        panic!("{:?}", all.exposures)
    };
    // The matrix grades a medium impact and an unknown one the same.
    assert_eq!(exposure.impact, Some(Impact::Medium));
    let shown = exposure.traits.iter();
    let contributing = shown
        .filter(|shown| shown.contributing)
        .map(|shown| shown.id.to_string());
    assert!(
        contributing
            .collect::<Vec<_>>()
            .contains(&"service-administrative-policy".to_owned())
    );
}
