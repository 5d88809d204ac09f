//! The edges in a configuration item's `relationships`.
//!
//! Source: AWS Config Developer Guide, "Supported resource types", relationships of each type. Those between IAM
//! resources are left out: they name a policy by its unique id, and `configuration` has its ARN.

use serde::Deserialize;

use crate::model::{
    RelationKind as K, Resource, ResourceMention, ResourceType as T, identify, is_clean_identifier,
};

use super::parsed::ParsedEdge;

/// One of an item's relationships. In a query's answer `relationshipName` is missing; the two types tell enough.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relationship {
    resource_type: Option<String>,
    resource_id: Option<String>,
    resource_name: Option<String>,
}

/// Which of the two holds the other.
enum Direction {
    /// The item.
    Onward(K),
    /// The one that it names.
    Back(K),
}

fn direction(item: T, other: T) -> Option<Direction> {
    use Direction::{Back, Onward};
    Some(match (item, other) {
        (T::Ec2Instance, T::Ec2NetworkInterface) => Onward(K::HasNetworkInterface),
        (T::Ec2NetworkInterface, T::Ec2Instance) => Back(K::HasNetworkInterface),
        (
            T::Ec2Instance | T::Ec2NetworkInterface | T::LambdaFunction | T::RdsDbInstance,
            T::Ec2SecurityGroup,
        ) => Onward(K::MemberOfSecurityGroup),
        (
            T::Ec2SecurityGroup,
            T::Ec2Instance | T::Ec2NetworkInterface | T::LambdaFunction | T::RdsDbInstance,
        ) => Back(K::MemberOfSecurityGroup),
        (T::Ec2Instance, T::Ec2Volume) => Onward(K::HasVolume),
        (T::Ec2Volume, T::Ec2Instance) => Back(K::HasVolume),
        (T::Ec2Instance | T::Ec2NetworkInterface, T::Ec2Subnet) => Onward(K::InSubnet),
        (T::Ec2Instance, T::Ec2Vpc) => Onward(K::InVpc),
        (T::Ec2Subnet, T::Ec2NetworkAcl) => Onward(K::GuardedByNetworkAcl),
        (T::Ec2NetworkAcl, T::Ec2Subnet) => Back(K::GuardedByNetworkAcl),
        (T::Ec2Subnet, T::Ec2RouteTable) => Onward(K::RoutedBy),
        (T::Ec2RouteTable, T::Ec2Subnet) => Back(K::RoutedBy),
        (T::RdsDbInstance, T::RdsDbCluster) => Onward(K::MemberOfCluster),
        (T::RdsDbCluster, T::RdsDbInstance) => Back(K::MemberOfCluster),
        _ => return None,
    })
}

/// The edges of an item.
pub(super) fn relations(item: &Resource, relationships: &[Relationship]) -> Vec<ParsedEdge> {
    relationships
        .iter()
        .filter_map(|relationship| {
            let resource_type = T::from_any_name(relationship.resource_type.as_deref()?)?;
            let direction = direction(item.resource_type, resource_type)?;
            // Of databases the id is the resource id, which no ARN has.
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
            Some(match direction {
                Direction::Onward(kind) => ParsedEdge::new(item.clone(), kind, other),
                Direction::Back(kind) => ParsedEdge::new(other, kind, item.clone()),
            })
        })
        .collect()
}
