//! Views of small snapshots.

use chrono::{DateTime, Utc};

use super::*;
use crate::graph::{MergedSnapshots, Observation, SnapshotBuilder};
use crate::model::{ControlId, RecordKind, Region};

fn instance(id: &str) -> Resource {
    Resource {
        resource_type: ResourceType::Ec2Instance,
        id: id.into(),
        account: "111122223333".parse().unwrap(),
        region: "us-east-1".parse::<Region>().unwrap(),
    }
}

fn index(place: usize) -> TraitIndex {
    TraitIndex::new(place).unwrap()
}

fn view_of(snapshots: Vec<Arc<Snapshot>>) -> View {
    let with_targets = snapshots
        .into_iter()
        .enumerate()
        .map(|(number, snapshot)| (CollectionTarget::file(format!("{number}.json")), snapshot));
    MergedSnapshots::new(with_targets.collect(), 0).with_iam_edges()
}

fn control() -> Evidence {
    Evidence::Control {
        id: ControlId::new("EC2.8"),
        title: "t".into(),
    }
}

fn attribute(value: &str) -> Evidence {
    Evidence::Attribute {
        path: "A".into(),
        value: value.into(),
        title: "t".into(),
    }
}

fn snapshot(rows: &[(&str, usize, bool, &str, Evidence, i64)]) -> Arc<Snapshot> {
    let mut builder = SnapshotBuilder::default();
    for (resource, trait_index, holds, finding, evidence, minute) in rows {
        builder.add_observation(Observation {
            record: RecordKind::OpenFinding,
            is_fallback: false,
            resource: &instance(resource),
            trait_index: index(*trait_index),
            holds: *holds,
            finding: &FindingId((*finding).into()),
            product: Product::SecurityHub,
            evidence,
            updated_at: DateTime::<Utc>::from_timestamp(minute * 60, 0),
        });
    }
    Arc::new(builder.finish())
}

#[test]
fn a_resource_of_two_targets_occurs_once() {
    let view = view_of(vec![
        snapshot(&[
            ("i-2", 1, true, "f1", control(), 1),
            ("i-1", 2, true, "f2", control(), 1),
        ]),
        snapshot(&[
            ("i-2", 3, true, "f3", control(), 1),
            ("i-2", 1, true, "f1", control(), 1),
        ]),
    ]);
    assert_eq!(view.len(), 2);
    let second = view.indices().nth(1).unwrap();
    assert_eq!(view.resource(second).id, "i-2");
    assert_eq!(
        view.traits(second),
        [index(1), index(3)].into_iter().collect()
    );
    assert_eq!(
        view.findings_with_trait(second, index(1)).len(),
        1,
        "one finding, seen by two targets"
    );
}

#[test]
fn the_latest_finding_decides_on_an_attribute() {
    let yes_then_no = snapshot(&[
        ("i-1", 1, true, "f1", attribute("optional"), 1),
        ("i-1", 1, false, "f2", attribute("required"), 2),
    ]);
    let no_then_yes = snapshot(&[
        ("i-1", 1, true, "f1", attribute("optional"), 2),
        ("i-1", 1, false, "f2", attribute("required"), 1),
    ]);
    let only = |snapshot| {
        let view = view_of(vec![snapshot]);
        view.traits(view.indices().next().unwrap())
            .contains(index(1))
    };
    assert!(!only(yes_then_no));
    assert!(only(no_then_yes));
}

#[test]
fn an_attribute_does_not_replace_what_a_control_shows() {
    let view = view_of(vec![snapshot(&[
        ("i-1", 1, true, "f1", control(), 1),
        ("i-1", 1, false, "f2", attribute("required"), 2),
    ])]);
    assert!(
        view.traits(view.indices().next().unwrap())
            .contains(index(1))
    );
}

#[test]
fn edges_of_two_targets_are_merged() {
    let mut one = SnapshotBuilder::default();
    one.add_edge(&instance("i-1"), RelationKind::InVpc, &instance("i-3"));
    let mut two = SnapshotBuilder::default();
    two.add_edge(&instance("i-1"), RelationKind::InVpc, &instance("i-2"));
    two.add_edge(&instance("i-1"), RelationKind::InVpc, &instance("i-3"));
    let view = view_of(vec![Arc::new(one.finish()), Arc::new(two.finish())]);
    let first = view.indices().next().unwrap();
    let led: Vec<_> = view
        .related(first, RelationKind::InVpc)
        .map(|to| view.resource(to).id)
        .collect();
    assert_eq!(led, ["i-2", "i-3"]);
    assert_eq!(view.related(first, RelationKind::InSubnet).count(), 0);
}
