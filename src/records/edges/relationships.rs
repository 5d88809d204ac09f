//! The edges in the `relationships` of a configuration item.
//!
//! Source: AWS Config Developer Guide, "Supported resource types", relationships of each type. Those between IAM
//! resources are left out: they name a policy by its unique ID, and `configuration` has its ARN.

use serde::Deserialize;

use crate::model::{
    RelationKind as K, Resource, ResourceMention, ResourceType as T, identify, is_clean_identifier,
};
use crate::records::parsed::ParsedEdge;

use super::direction::Direction;

/// A relationship of an item. Rows of a query have no `relationshipName`, so the two types decide on the kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::records) struct Relationship {
    resource_type: Option<String>,
    resource_id: Option<String>,
    resource_name: Option<String>,
}

/// The edges of an item.
pub(in crate::records) fn relationship_edges(
    item: &Resource,
    relationships: &[Relationship],
) -> Vec<ParsedEdge> {
    relationships
        .iter()
        .filter_map(|relationship| relationship_edge(item, relationship))
        .collect()
}

fn relationship_edge(item: &Resource, relationship: &Relationship) -> Option<ParsedEdge> {
    let resource_type = T::from_any_name(relationship.resource_type.as_deref()?)?;
    let (direction, kind) = kind(item.resource_type, resource_type)?;
    // The ID of a database is its resource ID, which is not part of the ARN.
    let id = match resource_type {
        T::RdsDbInstance | T::RdsDbCluster => relationship.resource_name.as_deref(),
        _ => relationship.resource_id.as_deref(),
    };
    let other = identify(ResourceMention {
        resource_type,
        id: id.filter(|id| is_clean_identifier(id))?,
        account: item.account,
        region: &item.region,
    });
    Some(direction.edge(item, kind, other))
}

/// Whether the relationships of an item list all edges of a kind that lead from it.
pub(super) fn lists(item: T, relation: K) -> bool {
    let leads_to = |other: &T| matches!(kind(item, *other), Some((Direction::ToOther, kind)) if kind == relation);
    T::ALL.iter().any(leads_to)
}

fn kind(item: T, other: T) -> Option<(Direction, K)> {
    use Direction::{FromOther, ToOther};
    Some(match (item, other) {
        (T::Ec2Instance, T::Ec2NetworkInterface) => (ToOther, K::HasNetworkInterface),
        (T::Ec2NetworkInterface, T::Ec2Instance) => (FromOther, K::HasNetworkInterface),
        (
            T::Ec2Instance | T::Ec2NetworkInterface | T::LambdaFunction | T::RdsDbInstance,
            T::Ec2SecurityGroup,
        ) => (ToOther, K::MemberOfSecurityGroup),
        (
            T::Ec2SecurityGroup,
            T::Ec2Instance | T::Ec2NetworkInterface | T::LambdaFunction | T::RdsDbInstance,
        ) => (FromOther, K::MemberOfSecurityGroup),
        (T::Ec2Instance, T::Ec2Volume) => (ToOther, K::HasVolume),
        (T::Ec2Volume, T::Ec2Instance) => (FromOther, K::HasVolume),
        (T::Ec2Instance | T::Ec2NetworkInterface, T::Ec2Subnet) => (ToOther, K::InSubnet),
        (T::Ec2Instance, T::Ec2Vpc) => (ToOther, K::InVpc),
        (T::Ec2Subnet, T::Ec2NetworkAcl) => (ToOther, K::GuardedByNetworkAcl),
        (T::Ec2NetworkAcl, T::Ec2Subnet) => (FromOther, K::GuardedByNetworkAcl),
        (T::Ec2Subnet, T::Ec2RouteTable) => (ToOther, K::RoutedBy),
        (T::Ec2RouteTable, T::Ec2Subnet) => (FromOther, K::RoutedBy),
        (T::RdsDbInstance, T::RdsDbCluster) => (ToOther, K::MemberOfCluster),
        (T::RdsDbCluster, T::RdsDbInstance) => (FromOther, K::MemberOfCluster),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::records::testing::{edge_names, resource};

    fn edges(item: &Resource, relationship: Value) -> Vec<String> {
        let relationship = serde_json::from_value(relationship).unwrap();
        edge_names(&relationship_edges(item, &[relationship]))
    }

    #[test]
    fn both_sides_of_a_relationship_describe_the_same_edge() {
        let instance = resource(T::Ec2Instance, "i-1");
        let volume = resource(T::Ec2Volume, "vol-1");
        let expected = ["instance/i-1 has-volume volume/vol-1"];
        let to_volume = json!({"resourceType": "AWS::EC2::Volume", "resourceId": "vol-1"});
        let to_instance = json!({"resourceType": "AWS::EC2::Instance", "resourceId": "i-1"});
        assert_eq!(edges(&instance, to_volume), expected);
        assert_eq!(edges(&volume, to_instance), expected);
    }

    #[test]
    fn every_kind_of_relationship_gives_its_edge_from_either_side() {
        for (from, kind, to) in [
            (
                T::Ec2Instance,
                K::HasNetworkInterface,
                T::Ec2NetworkInterface,
            ),
            (
                T::Ec2Instance,
                K::MemberOfSecurityGroup,
                T::Ec2SecurityGroup,
            ),
            (
                T::Ec2NetworkInterface,
                K::MemberOfSecurityGroup,
                T::Ec2SecurityGroup,
            ),
            (
                T::LambdaFunction,
                K::MemberOfSecurityGroup,
                T::Ec2SecurityGroup,
            ),
            (
                T::RdsDbInstance,
                K::MemberOfSecurityGroup,
                T::Ec2SecurityGroup,
            ),
            (T::Ec2Instance, K::HasVolume, T::Ec2Volume),
            (T::Ec2Subnet, K::GuardedByNetworkAcl, T::Ec2NetworkAcl),
            (T::Ec2Subnet, K::RoutedBy, T::Ec2RouteTable),
            (T::RdsDbInstance, K::MemberOfCluster, T::RdsDbCluster),
        ] {
            let (left, right) = (resource(from, "left"), resource(to, "right"));
            let names = |resource_type: T, id: &str| {
                json!({
                    "resourceType": resource_type.cloudformation(), "resourceId": id, "resourceName": id,
                })
            };
            let forwards = edges(&left, names(to, "right"));
            let [edge] = &forwards[..] else {
                panic!("{from} {to}: {forwards:?}")
            };
            assert!(edge.contains(&format!(" {} ", kind.as_str())), "{edge}");
            assert!(edge.ends_with("right"), "{edge}");
            assert_eq!(edges(&right, names(from, "left")), forwards, "{from} {to}");
        }
    }

    #[test]
    fn a_database_is_named_by_its_name() {
        let cluster = resource(T::RdsDbCluster, "orders");
        let member = json!({
            "resourceType": "AWS::RDS::DBInstance", "resourceId": "db-ABC", "resourceName": "orders-1",
        });
        assert_eq!(
            edges(&cluster, member),
            ["orders-1 member-of-cluster orders"]
        );
    }

    #[test]
    fn unrelated_types_have_no_edge() {
        let instance = resource(T::Ec2Instance, "i-1");
        for (resource_type, id) in [("AWS::EC2::Host", "h-1"), ("AWS::S3::Bucket", "b")] {
            let relationship = json!({"resourceType": resource_type, "resourceId": id});
            assert!(edges(&instance, relationship).is_empty());
        }
    }
}
