//! Attack paths: where they start, where they lead, and how they stay small.

use super::*;
use crate::model::{AttackPath, AttackPathBuilder, PathEdge};

fn path_of(graph: TestGraph<'_>, subject: &Resource) -> AttackPath {
    let mut exposures = graph.evaluated().exposures;
    exposures.retain(|exposure| exposure.resource == *subject);
    exposures.remove(0).attack_path
}

/// `Internet -> b: public-read-allowed`
fn edges(path: &AttackPath) -> Vec<String> {
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
fn a_role_that_can_read_sensitive_data_leads_to_the_bucket() {
    let catalog = catalog();
    let (instance, bucket) = (instance("i-1"), resource(ResourceType::S3Bucket, "payroll"));
    let profile = resource(ResourceType::IamInstanceProfile, "web");
    let role = resource(ResourceType::IamRole, "web-role");
    let graph = open_instance(&catalog)
        .with_trait(&instance, "instance-profile-attached")
        .with_relation(&instance, RelationKind::UsesInstanceProfile, &profile)
        .with_relation(&profile, RelationKind::ContainsRole, &role)
        .with_relation(&role, RelationKind::CanRead, &bucket)
        .with_trait(&bucket, "sensitive-data-reachable");
    let exposure = graph.evaluated().exposures.remove(0);
    assert_eq!(
        (exposure.rule.as_str(), exposure.severity),
        (
            "ec2-internet-reachable-with-reachable-sensitive-data",
            Severity::High
        )
    );
    assert_eq!(
        edges(&exposure.attack_path),
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
fn a_public_resource_is_entered_by_the_trait_that_makes_it_public() {
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
        let graph = traits
            .iter()
            .fold(TestGraph::new(&catalog), |graph, trait_id| {
                graph.with_trait(&subject, trait_id)
            });
        assert_eq!(edges(&path_of(graph, &subject)), expected, "{traits:?}");
    }
}

#[test]
fn the_way_in_passes_through_resources_in_front() {
    let catalog = catalog();
    let function = resource(ResourceType::LambdaFunction, "orders");
    let method = resource(ResourceType::ApiGatewayMethod, "GET-orders");
    let graph = TestGraph::new(&catalog)
        .with_trait(&method, "api-gateway-no-authorization")
        .with_relation(&function, RelationKind::InvokedBy, &method);
    assert_eq!(
        edges(&path_of(graph, &function)),
        [
            "Internet -> GET-orders: api-gateway-no-authorization",
            "GET-orders -> orders: invoked-by"
        ]
    );
}

#[test]
fn a_path_over_a_peering_connection_starts_in_a_private_network() {
    let catalog = catalog();
    let subject = instance("i-1");
    let steps = [
        ("AWS::EC2::VPCPeeringConnection", "pcx-1"),
        ("AWS::EC2::Instance", "i-1"),
    ];
    let graph = TestGraph::new(&catalog)
        .with_network_path(&subject, "vpc-reachable", &steps, 22)
        .with_trait(&subject, "high-priority-vulnerability");
    assert_eq!(
        edges(&path_of(graph, &subject)),
        ["Private network -> pcx-1: TCP 22", "pcx-1 -> i-1: TCP 22"]
    );
}

#[test]
fn thousands_of_findings_give_a_small_path_that_counts_what_is_left_out() {
    let catalog = catalog();
    let subject = instance("i-1");
    let mut graph = TestGraph::new(&catalog).with_trait(&subject, "instance-profile-attached");
    for port in 0..1_000_u16 {
        for gateway in ["igw-1".to_owned(), format!("igw-{port:05}")] {
            let steps = [
                ("AWS::EC2::InternetGateway", gateway.as_str()),
                ("AWS::EC2::Instance", "i-1"),
            ];
            graph = graph.with_network_path(&subject, "internet-reachable", &steps, port);
        }
    }
    let path = path_of(graph, &subject);
    assert_eq!(path.edges.len(), AttackPathBuilder::MAX_EDGES);
    assert!(path.left_out > 1_900, "{}", path.left_out);
    let first = &path.edges[0].by;
    assert!(first.ends_with("and 994 more"), "{first}");
    assert!(path.edges.iter().all(|edge| edge.by.len() < 200));
}

#[test]
fn components_with_the_same_id_and_different_types_are_two_nodes() {
    let catalog = catalog();
    let subject = instance("i-1");
    let steps = [
        ("AWS::EC2::InternetGateway", "igw-1"),
        ("Proxy", "same"),
        ("Firewall", "same"),
        ("AWS::EC2::Instance", "i-1"),
    ];
    let graph = TestGraph::new(&catalog)
        .with_network_path(&subject, "internet-reachable", &steps, 22)
        .with_trait(&subject, "instance-profile-attached");
    let path = path_of(graph, &subject);
    assert_eq!(
        path.nodes
            .iter()
            .filter(|node| node.label == "same")
            .count(),
        2
    );
    assert_eq!(path.edges.len(), 4);
}
