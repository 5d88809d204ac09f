//! The places in the details of each type that name another resource.
//!
//! A path is written as ASFF writes it; where other sources keep the same thing stands in `spelling`.
//!
//! Source: the shapes of `Resources[].Details` in the securityhub model, of Inspector's `resources[].details`, and of
//! AWS Config's `configuration`.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::model::{RelationKind as K, ResourceType as T};

/// A place in the details of a type that names another resource.
pub(super) struct Reference {
    /// The path, in which `*` stands for each element of a list.
    pub path: &'static str,
    /// How the two hang together.
    pub kind: K,
    /// The type of the other.
    pub to: T,
}

const fn reference(path: &'static str, kind: K, to: T) -> Reference {
    Reference { path, kind, to }
}

const INSTANCE: &[Reference] = &[
    reference(
        "IamInstanceProfileArn",
        K::UsesInstanceProfile,
        T::IamInstanceProfile,
    ),
    reference(
        "NetworkInterfaces.*.NetworkInterfaceId",
        K::HasNetworkInterface,
        T::Ec2NetworkInterface,
    ),
    reference(
        "NetworkInterfaces.*.Groups.*.GroupId",
        K::MemberOfSecurityGroup,
        T::Ec2SecurityGroup,
    ),
    reference(
        "SecurityGroups.*.GroupId",
        K::MemberOfSecurityGroup,
        T::Ec2SecurityGroup,
    ),
    reference("SubnetId", K::InSubnet, T::Ec2Subnet),
    reference("VpcId", K::InVpc, T::Ec2Vpc),
];

const INTERFACE: &[Reference] = &[
    reference(
        "SecurityGroups.*.GroupId",
        K::MemberOfSecurityGroup,
        T::Ec2SecurityGroup,
    ),
    reference("SubnetId", K::InSubnet, T::Ec2Subnet),
];

const PRINCIPAL: &[Reference] = &[
    reference(
        "AttachedManagedPolicies.*.PolicyArn",
        K::GrantsPolicy,
        T::IamPolicy,
    ),
    reference("GroupList.*", K::MemberOfGroup, T::IamGroup),
];

const FUNCTION: &[Reference] = &[
    reference("Role", K::AssumesRole, T::IamRole),
    reference(
        "VpcConfig.SecurityGroupIds.*",
        K::MemberOfSecurityGroup,
        T::Ec2SecurityGroup,
    ),
];

const SERVICE: &[Reference] = &[
    reference(
        "TaskDefinition",
        K::RunsTaskDefinition,
        T::EcsTaskDefinition,
    ),
    reference(
        "NetworkConfiguration.AwsVpcConfiguration.SecurityGroups.*",
        K::MemberOfSecurityGroup,
        T::Ec2SecurityGroup,
    ),
    reference(
        "NetworkConfiguration.AwsVpcConfiguration.Subnets.*",
        K::InSubnet,
        T::Ec2Subnet,
    ),
];

const DATABASE: &[Reference] = &[
    reference(
        "VpcSecurityGroups.*.VpcSecurityGroupId",
        K::MemberOfSecurityGroup,
        T::Ec2SecurityGroup,
    ),
    reference("DBClusterIdentifier", K::MemberOfCluster, T::RdsDbCluster),
];

const NOTEBOOK: &[Reference] = &[
    reference("RoleArn", K::AssumesRole, T::IamRole),
    reference(
        "SecurityGroups.*",
        K::MemberOfSecurityGroup,
        T::Ec2SecurityGroup,
    ),
];

/// The relations that no single field names, of types whose configuration would else not be asked for.
const INFERRED: &[(T, K)] = &[(T::Ec2SecurityGroup, K::AdmittedBy)];

/// The types whose configuration the catalog needs, sorted: those that can be exposed, those on which a trait is found
/// by an attribute, and those that name others along its routes.
pub fn needed_types(catalog: &Catalog) -> Vec<T> {
    let kinds: BTreeSet<K> = catalog
        .types_with_rules()
        .flat_map(|exposed| catalog.routes(exposed))
        .flat_map(|route| route.steps.iter().copied())
        .collect();
    let exposed: BTreeSet<T> = catalog.types_with_rules().collect();
    T::ALL
        .iter()
        .copied()
        .filter(|one| {
            let mut named = references(*one).iter().chain(back_references(*one));
            exposed.contains(one)
                || !catalog.attribute_conditions(*one).is_empty()
                || named.any(|reference| kinds.contains(&reference.kind))
                || INFERRED
                    .iter()
                    .any(|(inferred, kind)| inferred == one && kinds.contains(kind))
        })
        .filter(|one| *one != T::Account)
        .collect()
}

/// What the details of a type name.
pub(super) fn references(resource_type: T) -> &'static [Reference] {
    match resource_type {
        T::Ec2Instance => INSTANCE,
        T::Ec2NetworkInterface => INTERFACE,
        T::IamRole | T::IamUser | T::IamGroup => PRINCIPAL,
        T::LambdaFunction => FUNCTION,
        T::EcsService => SERVICE,
        // Only the task's own role: the execution role's credentials stay with the agent.
        T::EcsTaskDefinition => const { &[reference("TaskRoleArn", K::AssumesRole, T::IamRole)] },
        T::RdsDbInstance => DATABASE,
        T::SageMakerNotebookInstance => NOTEBOOK,
        // AWS Config lists the names of the roles, of which IAM allows one.
        T::IamInstanceProfile => const { &[reference("Roles.*", K::ContainsRole, T::IamRole)] },
        T::BedrockAgentCoreGatewayTarget => {
            const {
                &[reference(
                    "GatewayIdentifier",
                    K::BehindGateway,
                    T::BedrockAgentCoreGateway,
                )]
            }
        }
        _ => &[],
    }
}

/// The same, where the details name the holder: an interface names its instance.
pub(super) fn back_references(resource_type: T) -> &'static [Reference] {
    match resource_type {
        T::Ec2NetworkInterface => {
            const {
                &[reference(
                    "Attachment.InstanceId",
                    K::HasNetworkInterface,
                    T::Ec2Instance,
                )]
            }
        }
        T::Ec2NetworkAcl => {
            const {
                &[reference(
                    "Associations.*.SubnetId",
                    K::GuardedByNetworkAcl,
                    T::Ec2Subnet,
                )]
            }
        }
        T::Ec2RouteTable => {
            const {
                &[reference(
                    "AssociationSet.*.SubnetId",
                    K::RoutedBy,
                    T::Ec2Subnet,
                )]
            }
        }
        T::Ec2Volume => {
            const {
                &[reference(
                    "Attachments.*.InstanceId",
                    K::HasVolume,
                    T::Ec2Instance,
                )]
            }
        }
        T::IamRole => {
            const {
                &[reference(
                    "InstanceProfileList.*.Arn",
                    K::ContainsRole,
                    T::IamInstanceProfile,
                )]
            }
        }
        T::RdsDbInstance => {
            const {
                &[reference(
                    "VpcSecurityGroups.*.VpcSecurityGroupId",
                    K::GuardsDatabase,
                    T::Ec2SecurityGroup,
                )]
            }
        }
        T::RdsDbCluster => {
            const {
                &[reference(
                    "DbClusterMembers.*.DbInstanceIdentifier",
                    K::MemberOfCluster,
                    T::RdsDbInstance,
                )]
            }
        }
        T::RdsDbSnapshot => {
            const {
                &[reference(
                    "DbInstanceIdentifier",
                    K::HasSnapshot,
                    T::RdsDbInstance,
                )]
            }
        }
        T::RdsDbClusterSnapshot => {
            const {
                &[reference(
                    "DbClusterIdentifier",
                    K::HasSnapshot,
                    T::RdsDbCluster,
                )]
            }
        }
        T::S3AccessPoint => const { &[reference("Bucket", K::HasAccessPoint, T::S3Bucket)] },
        T::BedrockAgentCoreGatewayTarget => {
            const {
                &[reference(
                    "TargetConfiguration.Mcp.Lambda.LambdaArn",
                    K::InvokedBy,
                    T::LambdaFunction,
                )]
            }
        }
        _ => &[],
    }
}
