//! IAM edges of small graphs.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::candidates::MAX_TARGETS_PER_GROUP;
use super::*;
use crate::graph::{Observation, SnapshotBuilder};
use crate::iam::{NamedDocument, Permissions, PolicyDocument, Statement};
use crate::model::{
    CollectionTarget, ControlId, Evidence, FindingId, Product, RecordKind, Resource,
    ResourceMention, TraitIndex, identify,
};

fn resource_in(account: &str, resource_type: ResourceType, id: &str) -> Resource {
    identify(ResourceMention {
        resource_type,
        id,
        account: account.parse().unwrap(),
        region: &"us-east-1".parse().unwrap(),
    })
}

fn resource(resource_type: ResourceType, id: &str) -> Resource {
    resource_in("111122223333", resource_type, id)
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

/// The permissions of an identity with these statements. A role trusts the accounts.
fn permissions(statements: &[Value], trusts: &[&str]) -> Permissions {
    let document = parse(&json!(statements));
    let trust = json!({"Effect": "Allow", "Action": ASSUME_ROLE, "Principal": {"AWS": trusts}});
    Permissions {
        documents: vec![NamedDocument {
            name: "p".into(),
            statements: document,
        }],
        is_listed: true,
        resource_policy: Some(parse(&trust)),
        ..Permissions::default()
    }
}

fn parse(statements: &Value) -> Vec<Statement> {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    PolicyDocument::parse(&document).unwrap().statements
}

/// Gives the resource a trait.
fn add_trait(builder: &mut SnapshotBuilder, resource: &Resource) {
    builder.add_observation(Observation {
        record: RecordKind::OpenFinding,
        is_fallback: false,
        resource,
        trait_index: TraitIndex::new(0).unwrap(),
        holds: true,
        finding: &FindingId(resource.id.clone()),
        product: Product::Macie,
        evidence: &Evidence::Control {
            id: ControlId::new("S3.1"),
            title: String::new(),
        },
        updated_at: None,
    });
}

fn view(builder: SnapshotBuilder) -> View {
    view_of_targets([builder])
}

/// The view of snapshots, each of a target of its own.
fn view_of_targets<const N: usize>(builders: [SnapshotBuilder; N]) -> View {
    let snapshots = builders.into_iter().enumerate().map(|(number, builder)| {
        let target = CollectionTarget::file(format!("{number}.json"));
        (target, Arc::new(builder.finish()))
    });
    MergedSnapshots::new(snapshots.collect(), 0).0
}

fn edges_in(view: &View) -> Vec<String> {
    let tail = |index| {
        let id = view.id(index);
        id.rsplit([':', '/']).next().unwrap_or_default().to_owned()
    };
    iam_facts(view)
        .added
        .into_iter()
        .map(|edge| {
            format!(
                "{} {} {}",
                tail(edge.from),
                edge.kind.as_str(),
                tail(edge.to)
            )
        })
        .collect()
}

#[test]
fn a_role_reads_what_its_own_and_its_attached_policies_allow() {
    use ResourceType as T;
    let mut builder = SnapshotBuilder::default();
    let role = resource(T::IamRole, "app");
    let policy = resource(T::IamPolicy, "tables");
    for store in [
        resource(T::S3Bucket, "data"),
        resource(T::S3Bucket, "other"),
        resource(T::DynamoDbTable, "orders"),
        resource(T::SecretsManagerSecret, "db-AbCdEf"),
    ] {
        add_trait(&mut builder, &store);
    }
    builder.add_permissions(
        &role,
        permissions(
            &[
                allow("s3:Get*", "arn:aws:s3:::data/*"),
                allow(
                    "secretsmanager:*",
                    "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-??????",
                ),
            ],
            &[],
        ),
        None,
    );
    builder.add_permissions(
        &policy,
        permissions(&[allow("dynamodb:Query", "*")], &[]),
        None,
    );
    builder.add_edge(&role, RelationKind::GrantsPolicy, &policy);
    assert_eq!(
        edges_in(&view(builder)),
        [
            "app can-read orders",
            "app can-read data",
            "app can-read db-AbCdEf"
        ]
    );
}

#[test]
fn a_deny_in_any_of_the_documents_counts() {
    use ResourceType as T;
    let mut builder = SnapshotBuilder::default();
    let user = resource(T::IamUser, "alice");
    let group = resource(T::IamGroup, "staff");
    let managed = resource(
        T::IamPolicy,
        "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    );
    add_trait(&mut builder, &resource(T::S3Bucket, "data"));
    add_trait(&mut builder, &resource(T::S3Bucket, "private"));
    let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::private/*"});
    builder.add_permissions(&user, permissions(&[deny], &[]), None);
    builder.add_permissions(&group, permissions(&[], &[]), None);
    builder.add_edge(&user, RelationKind::MemberOfGroup, &group);
    builder.add_edge(&group, RelationKind::GrantsPolicy, &managed);
    assert_eq!(edges_in(&view(builder)), ["alice can-read data"]);
}

/// The permissions of a bucket whose policy allows an account to read it.
fn bucket_policy(account: &str) -> Permissions {
    let mut allow = allow("s3:GetObject", "*");
    allow["Principal"] = json!({"AWS": account});
    Permissions {
        resource_policy: Some(parse(&json!([allow]))),
        ..Permissions::default()
    }
}

#[test]
fn a_wildcard_matches_within_the_account_and_an_arn_in_any() {
    use ResourceType as T;
    let mut builder = SnapshotBuilder::default();
    let theirs = resource_in("444455556666", T::S3Bucket, "theirs");
    let named = resource_in("444455556666", T::S3Bucket, "named");
    for (bucket, account) in [(&theirs, "777788889999"), (&named, "111122223333")] {
        add_trait(&mut builder, bucket);
        builder.add_permissions(bucket, bucket_policy(account), None);
    }
    let role = resource(T::IamRole, "app");
    let statements = [
        allow("s3:GetObject", "arn:aws:s3:::*"),
        allow("s3:GetObject", "arn:aws:s3:::named/*"),
    ];
    builder.add_permissions(&role, permissions(&statements, &[]), None);
    assert_eq!(edges_in(&view(builder)), ["app can-read named"]);
}

#[test]
fn assuming_a_role_requires_both_sides() {
    use ResourceType as T;
    let mut builder = SnapshotBuilder::default();
    let assume = allow("sts:AssumeRole", "arn:aws:iam::*:role/*");
    for (name, statements, trusts) in [
        ("app", vec![assume.clone()], vec![]),
        ("weak", vec![], vec!["111122223333"]),
        ("open", vec![assume], vec!["111122223333"]),
        ("closed", vec![], vec!["444455556666"]),
    ] {
        let role = resource(T::IamRole, name);
        add_trait(&mut builder, &role);
        builder.add_permissions(&role, permissions(&statements, &trusts), None);
    }
    assert_eq!(
        edges_in(&view(builder)),
        [
            "app can-assume open",
            "app can-assume weak",
            "open can-assume weak"
        ]
    );
}

#[test]
fn a_boundary_limits_edges_and_one_that_was_not_read_makes_them_unknown() {
    use ResourceType as T;
    let arn = "arn:aws:iam::111122223333:policy/b";
    for (boundary, edges, unknown) in [
        (Some(allow("s3:*", "*")), 1, vec![]),
        (Some(allow("ec2:*", "*")), 0, vec![]),
        (None, 0, vec![format!("permissions boundary {arn}")]),
    ] {
        let mut builder = SnapshotBuilder::default();
        add_trait(&mut builder, &resource(T::S3Bucket, "data"));
        let mut bounded = permissions(&[allow("s3:*", "*")], &[]);
        bounded.boundary = Some(arn.into());
        builder.add_permissions(&resource(T::IamRole, "app"), bounded, None);
        if let Some(statement) = boundary {
            let policy = permissions(&[statement], &[]);
            builder.add_permissions(&resource(T::IamPolicy, arn), policy, None);
        }
        let view = view(builder);
        assert_eq!(edges_in(&view).len(), edges);
        let grants = iam_facts(&view).grants;
        let names = grants.iter().flat_map(|grants| &grants.unknown);
        assert_eq!(names.cloned().collect::<Vec<_>>(), unknown);
    }
}

#[test]
fn an_edge_depends_on_the_target_that_reports_the_boundary() {
    use ResourceType as T;
    let arn = "arn:aws:iam::111122223333:policy/b";
    let (bucket, role) = (resource(T::S3Bucket, "data"), resource(T::IamRole, "app"));
    let mut identities = SnapshotBuilder::default();
    add_trait(&mut identities, &bucket);
    let mut bounded = permissions(&[allow("s3:*", "*")], &[]);
    bounded.boundary = Some(arn.into());
    identities.add_permissions(&role, bounded, None);
    let mut policies = SnapshotBuilder::default();
    let boundary = permissions(&[allow("s3:*", "*")], &[]);
    policies.add_permissions(&resource(T::IamPolicy, arn), boundary, None);

    let view = view_of_targets([identities, policies]);
    let index_of = |resource: &Resource| {
        view.with_id(resource.resource_type, &resource.id)
            .next()
            .unwrap()
    };
    let mut targets = BTreeSet::new();
    let (from, to) = (index_of(&role), index_of(&bucket));
    view.add_targets_of_edge(from, RelationKind::CanRead, to, &mut targets);
    assert_eq!(targets.len(), 2, "{targets:?}");
}

#[test]
fn the_policies_of_an_identity_refute_what_a_trust_policy_alone_shows() {
    use ResourceType as T;
    let mut builder = SnapshotBuilder::default();
    let target = resource_in("444455556666", T::IamRole, "target");
    for (name, statements) in [
        ("allowed", vec![allow(ASSUME_ROLE, "*")]),
        ("silent", vec![]),
    ] {
        let user = resource(T::IamUser, name);
        builder.add_permissions(&user, permissions(&statements, &[]), None);
        builder.add_edge(&user, RelationKind::CanAssume, &target);
    }
    let users = ["allowed", "silent"].map(|name| resource(T::IamUser, name).id);
    builder.add_permissions(&target, permissions(&[], &[&users[0], &users[1]]), None);
    let facts = iam_facts(&view(builder));
    assert_eq!((facts.added.len(), facts.removed.len()), (1, 1));
}

#[test]
fn no_limit_counts_resources_to_which_there_is_no_access() {
    use ResourceType as T;
    let mut builder = SnapshotBuilder::default();
    for number in 0..=MAX_TARGETS_PER_GROUP {
        add_trait(&mut builder, &resource(T::S3Bucket, &format!("b{number}")));
    }
    let last = format!("arn:aws:s3:::b{MAX_TARGETS_PER_GROUP}/*");
    let deny = json!({"Effect": "Deny", "Action": "s3:*", "NotResource": last});
    let statements = [allow("s3:GetObject", "*"), deny];
    let role = resource(T::IamRole, "app");
    builder.add_permissions(&role, permissions(&statements, &[]), None);
    assert_eq!(edges_in(&view(builder)), ["app can-read b8"]);
}

#[test]
fn a_fleet_that_can_read_everything_stays_linear() {
    use ResourceType as T;
    const FLEET: usize = 2_000;
    let mut builder = SnapshotBuilder::default();
    for number in 0..FLEET {
        add_trait(
            &mut builder,
            &resource(T::S3Bucket, &format!("bucket-{number:05}")),
        );
        let role = resource(T::IamRole, &format!("role-{number:05}"));
        builder.add_permissions(&role, permissions(&[allow("s3:*", "*")], &[]), None);
    }
    let view = view(builder);
    assert_eq!(
        iam_facts(&view).added.len(),
        FLEET * MAX_TARGETS_PER_GROUP,
        "and not roles × buckets"
    );
}

#[test]
fn a_resource_that_is_named_by_its_arn_is_found_at_any_position() {
    use ResourceType as T;
    for wanted in 0..7 {
        let mut builder = SnapshotBuilder::default();
        for number in 0..7 {
            add_trait(&mut builder, &resource(T::S3Bucket, &format!("b{number}")));
            let secret = format!("s{number}-AbCdEf");
            add_trait(&mut builder, &resource(T::SecretsManagerSecret, &secret));
        }
        let secret =
            format!("arn:aws:secretsmanager:us-east-1:111122223333:secret:s{wanted}-AbCdEf");
        let statements = [
            allow("s3:GetObject", &format!("arn:aws:s3:::b{wanted}/*")),
            allow("secretsmanager:GetSecretValue", &secret),
        ];
        let role = resource(T::IamRole, "app");
        builder.add_permissions(&role, permissions(&statements, &[]), None);
        let mut edges = edges_in(&view(builder));
        edges.sort();
        let expected = [
            format!("app can-read b{wanted}"),
            format!("app can-read s{wanted}-AbCdEf"),
        ];
        assert_eq!(edges, expected);
    }
}
