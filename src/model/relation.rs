//! Typed edges between resources.

use serde::{Deserialize, Serialize};

use super::{FindingId, Resource};

/// How one resource hangs on another, read from the holder's side.
/// The names are those that AWS Config uses, where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationKind {
    /// Instance → network interface.
    HasNetworkInterface,
    /// Network interface, function, database, service → security group.
    MemberOfSecurityGroup,
    /// Instance, interface → subnet.
    InSubnet,
    /// Most things → VPC.
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
    /// Name of an image, by repository and tag → the image that carries the tag.
    PointsToImage,
    /// Function → what calls it from the outside: API method, target of an agent gateway.
    InvokedBy,
    /// Target of an agent gateway → the gateway.
    BehindGateway,
    /// Bucket → access point.
    HasAccessPoint,
    /// Cluster → instance.
    HasNode,
    /// Instance → the state of its patches.
    HasPatchCompliance,
    /// User, bucket → account.
    InAccount,
    /// Security group → security group that lets its members in.
    AdmittedBy,
    /// Security group → database.
    GuardsDatabase,
    /// Role, user, group, policy → data store whose contents it lets its holder read.
    CanRead,
    /// Role, user → role that it may assume.
    CanAssume,
}

impl RelationKind {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::HasNetworkInterface,
        Self::MemberOfSecurityGroup,
        Self::InSubnet,
        Self::InVpc,
        Self::GuardedByNetworkAcl,
        Self::UsesInstanceProfile,
        Self::ContainsRole,
        Self::AssumesRole,
        Self::GrantsPolicy,
        Self::MemberOfGroup,
        Self::RunsTaskDefinition,
        Self::RunsImage,
        Self::HasVolume,
        Self::MemberOfCluster,
        Self::HasSnapshot,
        Self::RoutedBy,
        Self::PointsToImage,
        Self::InvokedBy,
        Self::BehindGateway,
        Self::HasAccessPoint,
        Self::HasNode,
        Self::HasPatchCompliance,
        Self::InAccount,
        Self::AdmittedBy,
        Self::GuardsDatabase,
        Self::CanRead,
        Self::CanAssume,
    ];

    /// As the catalog writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HasNetworkInterface => "has-network-interface",
            Self::MemberOfSecurityGroup => "member-of-security-group",
            Self::InSubnet => "in-subnet",
            Self::InVpc => "in-vpc",
            Self::GuardedByNetworkAcl => "guarded-by-network-acl",
            Self::UsesInstanceProfile => "uses-instance-profile",
            Self::ContainsRole => "contains-role",
            Self::AssumesRole => "assumes-role",
            Self::GrantsPolicy => "grants-policy",
            Self::MemberOfGroup => "member-of-group",
            Self::RunsTaskDefinition => "runs-task-definition",
            Self::RunsImage => "runs-image",
            Self::HasVolume => "has-volume",
            Self::MemberOfCluster => "member-of-cluster",
            Self::HasSnapshot => "has-snapshot",
            Self::RoutedBy => "routed-by",
            Self::PointsToImage => "points-to-image",
            Self::InvokedBy => "invoked-by",
            Self::BehindGateway => "behind-gateway",
            Self::HasAccessPoint => "has-access-point",
            Self::HasNode => "has-node",
            Self::HasPatchCompliance => "has-patch-compliance",
            Self::InAccount => "in-account",
            Self::AdmittedBy => "admitted-by",
            Self::GuardsDatabase => "guards-database",
            Self::CanRead => "can-read",
            Self::CanAssume => "can-assume",
        }
    }

    /// What the held is to its holder, in words: a security group is "attached to" an interface.
    pub fn inverse_phrase(self) -> &'static str {
        match self {
            Self::HasNetworkInterface => "of",
            Self::MemberOfSecurityGroup => "attached to",
            Self::InSubnet | Self::InVpc => "around",
            Self::GuardedByNetworkAcl => "guarding",
            Self::UsesInstanceProfile => "used by",
            Self::ContainsRole => "contained in",
            Self::AssumesRole => "assumed by",
            Self::GrantsPolicy => "granted to",
            Self::MemberOfGroup => "with the member",
            Self::RunsTaskDefinition | Self::RunsImage => "run by",
            Self::HasVolume => "attached to",
            Self::MemberOfCluster => "with the member",
            Self::HasSnapshot => "taken of",
            Self::RoutedBy => "routing",
            Self::PointsToImage => "named by",
            Self::InvokedBy => "invoking",
            Self::BehindGateway => "in front of",
            Self::HasAccessPoint => "leading into",
            Self::HasNode => "a node of",
            Self::HasPatchCompliance => "of",
            Self::InAccount => "owning",
            Self::AdmittedBy => "admitting",
            Self::GuardsDatabase => "guarded by",
            Self::CanRead => "readable by",
            Self::CanAssume => "assumable by",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// An edge, and the finding that told of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The holder.
    pub from: Resource,
    /// How.
    pub kind: RelationKind,
    /// The held.
    pub to: Resource,
    /// Where it was read.
    pub finding: FindingId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_serialized_form() {
        for kind in RelationKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(RelationKind::named(kind.as_str()), Some(kind));
        }
    }
}
