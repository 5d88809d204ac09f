//! The kinds of edges between resources.

use serde::Deserialize;
use strum::VariantArray;

/// How a resource is related to another, read in the direction of the edge: an instance `in-subnet` a subnet.
///
/// The names are those of AWS Config, where it has one.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum RelationKind {
    /// Instance → network interface.
    HasNetworkInterface,
    /// Network interface, function, database, service → security group.
    MemberOfSecurityGroup,
    /// Instance, network interface → subnet.
    InSubnet,
    /// Most resources in a VPC → VPC.
    InVpc,
    /// Subnet → network ACL.
    GuardedByNetworkAcl,
    /// Instance → instance profile.
    UsesInstanceProfile,
    /// Instance profile → role.
    ContainsRole,
    /// Function, task definition, notebook → role.
    AssumesRole,
    /// User, role, group → managed policy.
    GrantsPolicy,
    /// User → group.
    MemberOfGroup,
    /// Service → task definition.
    RunsTaskDefinition,
    /// Task definition → image.
    RunsImage,
    /// Instance → volume.
    HasVolume,
    /// Database → cluster.
    MemberOfCluster,
    /// Database → snapshot.
    HasSnapshot,
    /// Subnet → route table.
    RoutedBy,
    /// Image by its repository and tag → the image that has the tag.
    PointsToImage,
    /// Function → what invokes it from outside: an API method, the target of an agent gateway.
    InvokedBy,
    /// Target of an agent gateway → the gateway.
    BehindGateway,
    /// Bucket → access point.
    HasAccessPoint,
    /// Cluster → instance.
    HasNode,
    /// Instance → its patch compliance.
    HasPatchCompliance,
    /// User, bucket → account.
    InAccount,
    /// Security group → security group whose members it admits.
    AdmittedBy,
    /// Security group → database.
    GuardsDatabase,
    /// Role, user, group, policy → data store whose data it allows to read.
    CanRead,
    /// Role, user → role that it can assume.
    CanAssume,
    /// Service → target group.
    RegisteredWith,
    /// Target group → listener.
    ForwardedBy,
    /// Listener, service → load balancer.
    BehindLoadBalancer,
    /// Role, user → policy or group whose privileges a denial or a permissions boundary limits.
    LimitedGrant,
}

impl RelationKind {
    /// All kinds.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the name of the kind in the catalog.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns whether a resource has one relation of this kind at most, so that a newer one replaces an older one.
    ///
    /// Sources: IAM User Guide, "Use instance profiles": one profile for each instance, one role in each profile; Lambda
    /// Developer Guide, "Defining Lambda function permissions with an execution role"; ECS Developer Guide, "Task IAM role"
    /// and "ECS service definition parameters"; VPC User Guide, "Subnet route tables" and "Network ACL basics".
    pub fn is_exclusive(self) -> bool {
        matches!(
            self,
            Self::UsesInstanceProfile
                | Self::ContainsRole
                | Self::AssumesRole
                | Self::RunsTaskDefinition
                | Self::RoutedBy
                | Self::GuardedByNetworkAcl
        )
    }

    /// Returns how the target relates to the source: a security group is "attached to" a network interface.
    pub fn inverse_phrase(self) -> &'static str {
        match self {
            Self::HasNetworkInterface | Self::HasPatchCompliance => "of",
            Self::MemberOfSecurityGroup | Self::HasVolume => "attached to",
            Self::InSubnet | Self::InVpc => "around",
            Self::GuardedByNetworkAcl => "guarding",
            Self::UsesInstanceProfile => "used by",
            Self::ContainsRole => "contained in",
            Self::AssumesRole => "assumed by",
            Self::GrantsPolicy => "granted to",
            Self::LimitedGrant => "granted in part to",
            Self::MemberOfGroup | Self::MemberOfCluster => "with the member",
            Self::RunsTaskDefinition | Self::RunsImage => "run by",
            Self::HasSnapshot => "taken of",
            Self::RoutedBy => "routing",
            Self::PointsToImage => "named by",
            Self::InvokedBy => "invoking",
            Self::BehindGateway => "in front of",
            Self::HasAccessPoint => "leading into",
            Self::HasNode => "a node of",
            Self::InAccount => "owning",
            Self::AdmittedBy => "admitting",
            Self::GuardsDatabase => "guarded by",
            Self::CanRead => "readable by",
            Self::CanAssume => "assumable by",
            Self::RegisteredWith => "registering",
            Self::ForwardedBy => "forwarding to",
            Self::BehindLoadBalancer => "in front of",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_same_everywhere() {
        for kind in RelationKind::ALL {
            let read = serde_json::from_value::<RelationKind>(kind.as_str().into());
            assert_eq!(read.unwrap(), *kind);
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
    }
}
