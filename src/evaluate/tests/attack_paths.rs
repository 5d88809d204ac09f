//! Attack paths: where they come from, where they lead, and that they stay small.

use super::*;
use crate::model::{AttackPath, AttackPathBuilder, PathEdge};

fn path_of(world: World<'_>, subject: &Resource) -> AttackPath {
    let mut exposures = world.evaluated().exposures;
    exposures.retain(|exposure| exposure.resource == *subject);
    exposures.remove(0).attack_path
}

/// `Internet -> b: public-read-allowed`
fn told(path: &AttackPath) -> Vec<String> {
    let label = |id: &str| {
        path.node(id)
            .unwrap_or_else(|| panic!("no node {id}"))
            .label
            .clone()
    };
    let edge =
        |edge: &PathEdge| format!("{} -> {}: {}", label(&edge.from), label(&edge.to), edge.by);
    path.edges.iter().map(edge).collect()
}

#[test]
fn a_role_that_reads_sensitive_data_leads_on_to_the_bucket() {
    let catalog = catalog();
    let (instance, bucket) = (instance("i-1"), resource(ResourceType::S3Bucket, "payroll"));
    let profile = resource(ResourceType::IamInstanceProfile, "web");
    let role = resource(ResourceType::IamRole, "web-role");
    let world = open_instance(&catalog)
        .shows(&instance, "instance-profile-attached")
        .relates(&instance, RelationKind::UsesInstanceProfile, &profile)
        .relates(&profile, RelationKind::ContainsRole, &role)
        .relates(&role, RelationKind::CanRead, &bucket)
        .shows(&bucket, "sensitive-data-reachable");
    let exposure = world.evaluated().exposures.remove(0);
    assert_eq!(
        (exposure.rule.as_str(), exposure.severity),
        (
            "ec2-internet-reachable-with-reachable-sensitive-data",
            Severity::High
        )
    );
    assert_eq!(
        told(&exposure.attack_path),
        [
            "Internet -> igw-1: TCP 0-65535",
            "igw-1 -> i-1: TCP 0-65535",
            "i-1 -> web: uses-instance-profile",
            "web -> web-role: contains-role",
            "web-role -> payroll: can-read (sensitive-data-reachable)",
        ]
    );
}

#[test]
fn what_is_public_is_entered_by_the_trait_that_says_so() {
    use ResourceType as T;
    let catalog = catalog();
    let table: [(ResourceType, &[&str], &[&str]); 6] = [
        (
            T::S3Bucket,
            &["public-read-allowed", "sensitive-data-present"],
            &["Internet -> x: public-read-allowed"],
        ),
        (
            T::S3Bucket,
            &["public-read-allowed", "public-write-allowed"],
            &["Internet -> x: public-read-allowed, public-write-allowed"],
        ),
        (
            T::S3Bucket,
            &["shared-externally", "sensitive-data-present"],
            &["Another AWS account -> x: shared-externally"],
        ),
        (
            T::LambdaFunction,
            &["publicly-invocable"],
            &["Internet -> x: publicly-invocable"],
        ),
        (
            T::RdsDbInstance,
            &["public-access-configured"],
            &["Internet -> x: public-access-configured"],
        ),
        (
            T::EksCluster,
            &["cluster-public-access"],
            &["Internet -> x: cluster-public-access"],
        ),
    ];
    for (resource_type, traits, expected) in table {
        let subject = resource(resource_type, "x");
        let world = traits.iter().fold(World::new(&catalog), |world, one| {
            world.shows(&subject, one)
        });
        assert_eq!(told(&path_of(world, &subject)), expected, "{traits:?}");
    }
}

#[test]
fn what_stands_before_the_resource_is_passed_on_the_way_in() {
    let catalog = catalog();
    let function = resource(ResourceType::LambdaFunction, "orders");
    let method = resource(ResourceType::ApiGatewayMethod, "GET-orders");
    let world = World::new(&catalog)
        .shows(&method, "api-gateway-no-authorization")
        .relates(&function, RelationKind::InvokedBy, &method);
    assert_eq!(
        told(&path_of(world, &function)),
        [
            "Internet -> GET-orders: api-gateway-no-authorization",
            "GET-orders -> orders: invoked-by"
        ]
    );
}

#[test]
fn a_path_from_a_peer_begins_in_a_private_network() {
    let catalog = catalog();
    let subject = instance("i-1");
    let steps = [
        ("AWS::EC2::VPCPeeringConnection", "pcx-1"),
        ("AWS::EC2::Instance", "i-1"),
    ];
    let world = World::new(&catalog)
        .reached(&subject, "vpc-reachable", &steps, 22)
        .shows(&subject, "high-priority-vulnerability");
    assert_eq!(
        told(&path_of(world, &subject)),
        ["Private network -> pcx-1: TCP 22", "pcx-1 -> i-1: TCP 22"]
    );
}

#[test]
fn thousands_of_findings_make_a_small_path_that_says_what_is_left_out() {
    let catalog = catalog();
    let subject = instance("i-1");
    let mut world = World::new(&catalog).shows(&subject, "instance-profile-attached");
    for port in 0..1_000_u16 {
        for gateway in ["igw-1".to_owned(), format!("igw-{port:05}")] {
            let steps = [
                ("AWS::EC2::InternetGateway", gateway.as_str()),
                ("AWS::EC2::Instance", "i-1"),
            ];
            world = world.reached(&subject, "internet-reachable", &steps, port);
        }
    }
    let path = path_of(world, &subject);
    assert_eq!(path.edges.len(), AttackPathBuilder::MAX_EDGES);
    assert!(path.left_out > 1_900, "{}", path.left_out);
    let first = &path.edges[0].by;
    assert!(first.ends_with("and 994 more"), "{first}");
    assert!(path.edges.iter().all(|edge| edge.by.len() < 200));
}

#[test]
fn components_of_one_id_and_two_types_stay_two_nodes() {
    let catalog = catalog();
    let subject = instance("i-1");
    let steps = [
        ("AWS::EC2::InternetGateway", "igw-1"),
        ("Proxy", "same"),
        ("Firewall", "same"),
        ("AWS::EC2::Instance", "i-1"),
    ];
    let world = World::new(&catalog)
        .reached(&subject, "internet-reachable", &steps, 22)
        .shows(&subject, "instance-profile-attached");
    let path = path_of(world, &subject);
    assert_eq!(
        path.nodes.iter().filter(|one| one.label == "same").count(),
        2
    );
    assert_eq!(path.edges.len(), 4);
}
