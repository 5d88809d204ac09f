//! The fields in the details of a resource that name another resource.
//!
//! Source: the shapes of `Resources[].Details` in the securityhub model, of `resources[].details` in the inspector2
//! model, and of `configuration` in awslabs/aws-config-resource-schema.

use serde_json::Value;

use crate::model::{
    Region, RelationKind as K, Resource, ResourceMention, ResourceType as T, identify,
};
use crate::records::field_aliases;
use crate::records::json_path::{self, identifiers};
use crate::records::parsed::{EdgeEnd, EmptyList, ParsedEdge};

use super::direction::Direction;

/// A field that names another resource.
struct Reference {
    /// The type that has the field.
    resource_type: T,
    /// The path of the field, as ASFF writes it. `field_aliases` has the paths of other sources.
    path: &'static str,
    direction: Direction,
    kind: K,
    /// The type of the other resource.
    other: T,
}

/// A field that names a resource to which the edge leads.
const fn to(resource_type: T, path: &'static str, kind: K, other: T) -> Reference {
    Reference {
        resource_type,
        path,
        direction: Direction::ToOther,
        kind,
        other,
    }
}

/// A field that names a resource from which the edge leads.
const fn from(resource_type: T, path: &'static str, kind: K, other: T) -> Reference {
    Reference {
        resource_type,
        path,
        direction: Direction::FromOther,
        kind,
        other,
    }
}

#[rustfmt::skip]
const REFERENCES: &[Reference] = &[
    to(T::BedrockAgentCoreGatewayTarget, "GatewayIdentifier", K::BehindGateway, T::BedrockAgentCoreGateway),
    from(T::BedrockAgentCoreGatewayTarget, "TargetConfiguration.Mcp.Lambda.LambdaArn", K::InvokedBy, T::LambdaFunction),
    to(T::Ec2Instance, "IamInstanceProfileArn", K::UsesInstanceProfile, T::IamInstanceProfile),
    to(T::Ec2Instance, "NetworkInterfaces.*.NetworkInterfaceId", K::HasNetworkInterface, T::Ec2NetworkInterface),
    to(T::Ec2Instance, "NetworkInterfaces.*.Groups.*.GroupId", K::MemberOfSecurityGroup, T::Ec2SecurityGroup),
    to(T::Ec2Instance, "SecurityGroups.*.GroupId", K::MemberOfSecurityGroup, T::Ec2SecurityGroup),
    to(T::Ec2Instance, "SubnetId", K::InSubnet, T::Ec2Subnet),
    to(T::Ec2Instance, "VpcId", K::InVpc, T::Ec2Vpc),
    from(T::Ec2NetworkAcl, "Associations.*.SubnetId", K::GuardedByNetworkAcl, T::Ec2Subnet),
    to(T::Ec2NetworkInterface, "SecurityGroups.*.GroupId", K::MemberOfSecurityGroup, T::Ec2SecurityGroup),
    to(T::Ec2NetworkInterface, "SubnetId", K::InSubnet, T::Ec2Subnet),
    from(T::Ec2NetworkInterface, "Attachment.InstanceId", K::HasNetworkInterface, T::Ec2Instance),
    from(T::Ec2RouteTable, "AssociationSet.*.SubnetId", K::RoutedBy, T::Ec2Subnet),
    from(T::Ec2Volume, "Attachments.*.InstanceId", K::HasVolume, T::Ec2Instance),
    to(T::EcsService, "TaskDefinition", K::RunsTaskDefinition, T::EcsTaskDefinition),
    to(T::EcsService, "NetworkConfiguration.AwsVpcConfiguration.SecurityGroups.*", K::MemberOfSecurityGroup, T::Ec2SecurityGroup),
    to(T::EcsService, "NetworkConfiguration.AwsVpcConfiguration.Subnets.*", K::InSubnet, T::Ec2Subnet),
    to(T::EcsService, "LoadBalancers.*.TargetGroupArn", K::RegisteredWith, T::TargetGroup),
    to(T::EcsService, "LoadBalancers.*.LoadBalancerName", K::BehindLoadBalancer, T::ClassicLoadBalancer),
    // The execution role is left out: the container agent uses its credentials, and the containers have no access to them.
    to(T::EcsTaskDefinition, "TaskRoleArn", K::AssumesRole, T::IamRole),
    to(T::IamGroup, "AttachedManagedPolicies.*.PolicyArn", K::GrantsPolicy, T::IamPolicy),
    // AWS Config lists the names of the roles, of which IAM allows one.
    to(T::IamInstanceProfile, "Roles.*", K::ContainsRole, T::IamRole),
    to(T::IamRole, "AttachedManagedPolicies.*.PolicyArn", K::GrantsPolicy, T::IamPolicy),
    from(T::IamRole, "InstanceProfileList.*.Arn", K::ContainsRole, T::IamInstanceProfile),
    to(T::IamUser, "AttachedManagedPolicies.*.PolicyArn", K::GrantsPolicy, T::IamPolicy),
    to(T::IamUser, "GroupList.*", K::MemberOfGroup, T::IamGroup),
    to(T::LambdaFunction, "Role", K::AssumesRole, T::IamRole),
    to(T::LambdaFunction, "VpcConfig.SecurityGroupIds.*", K::MemberOfSecurityGroup, T::Ec2SecurityGroup),
    from(T::RdsDbCluster, "DbClusterMembers.*.DbInstanceIdentifier", K::MemberOfCluster, T::RdsDbInstance),
    from(T::RdsDbClusterSnapshot, "DbClusterIdentifier", K::HasSnapshot, T::RdsDbCluster),
    from(T::Listener, "DefaultActions.*.TargetGroupArn", K::ForwardedBy, T::TargetGroup),
    from(T::Listener, "DefaultActions.*.ForwardConfig.TargetGroups.*.TargetGroupArn", K::ForwardedBy, T::TargetGroup),
    to(T::Listener, "LoadBalancerArn", K::BehindLoadBalancer, T::LoadBalancer),
    to(T::RdsDbInstance, "VpcSecurityGroups.*.VpcSecurityGroupId", K::MemberOfSecurityGroup, T::Ec2SecurityGroup),
    to(T::RdsDbInstance, "DBClusterIdentifier", K::MemberOfCluster, T::RdsDbCluster),
    from(T::RdsDbInstance, "VpcSecurityGroups.*.VpcSecurityGroupId", K::GuardsDatabase, T::Ec2SecurityGroup),
    from(T::RdsDbSnapshot, "DbInstanceIdentifier", K::HasSnapshot, T::RdsDbInstance),
    from(T::S3AccessPoint, "Bucket", K::HasAccessPoint, T::S3Bucket),
    to(T::SageMakerNotebookInstance, "RoleArn", K::AssumesRole, T::IamRole),
    to(T::SageMakerNotebookInstance, "SecurityGroups.*", K::MemberOfSecurityGroup, T::Ec2SecurityGroup),
];

/// The edges that the details of a resource describe. `region` is that of the record.
pub(super) fn reference_edges(
    resource: &Resource,
    details: &Value,
    region: &Region,
) -> Vec<ParsedEdge> {
    // The Region of a global resource says nothing about its partition.
    let region = if resource.resource_type.is_global() {
        region
    } else {
        &resource.region
    };
    let mut edges = Vec::new();
    for reference in references(resource.resource_type) {
        let values = field_aliases::values_at(resource.resource_type, details, reference.path);
        for id in identifiers(values) {
            let other = identify(ResourceMention {
                resource_type: reference.other,
                id,
                account: resource.account,
                region,
            });
            edges.push(reference.direction.edge(resource, reference.kind, other));
        }
    }
    edges
}

/// The kinds of edges that the details of a resource list, and of which it has none: the list is there, and is empty. A
/// list in the elements of another list is not considered, because a record may leave it out.
pub(super) fn empty_lists(resource: &Resource, details: &Value) -> Vec<EmptyList> {
    let is_empty = |path: &str| {
        let list = path
            .split_once(".*")
            .filter(|(_, rest)| !rest.contains('*'));
        list.is_some_and(|(list, _)| json_path::is_empty_list(details, list))
    };
    let resource_type = resource.resource_type;
    references(resource_type)
        .filter(|reference| field_aliases::spellings(resource_type, reference.path).any(is_empty))
        .map(|reference| EmptyList {
            kind: reference.kind,
            end: reference.direction.subject_end(),
        })
        .collect()
}

/// Whether the details of a type, if they are whole, list all edges of a kind that lead from the resource.
pub(super) fn lists(resource_type: T, kind: K) -> bool {
    references(resource_type).any(|reference| {
        reference.kind == kind && reference.direction.subject_end() == EdgeEnd::From
    })
}

/// The kinds of the edges that the details of a type describe.
pub(super) fn kinds(resource_type: T) -> impl Iterator<Item = K> {
    references(resource_type).map(|reference| reference.kind)
}

fn references(resource_type: T) -> impl Iterator<Item = &'static Reference> {
    REFERENCES
        .iter()
        .filter(move |reference| reference.resource_type == resource_type)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::testing::{edge_names, resource};

    fn edges(resource_type: T, id: &str, details: &Value) -> Vec<String> {
        let region = "us-east-1".parse().unwrap();
        edge_names(&reference_edges(
            &resource(resource_type, id),
            details,
            &region,
        ))
    }

    #[test]
    fn an_instance_names_its_profile_interfaces_and_subnet() {
        let details = json!({
            "IamInstanceProfileArn": "arn:aws:iam::111122223333:instance-profile/web",
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}, {"NetworkInterfaceId": "eni-2"}],
            "SubnetId": "subnet-1",
        });
        assert_eq!(
            edges(T::Ec2Instance, "i-1", &details),
            [
                "instance/i-1 uses-instance-profile instance-profile/web",
                "instance/i-1 has-network-interface network-interface/eni-1",
                "instance/i-1 has-network-interface network-interface/eni-2",
                "instance/i-1 in-subnet subnet/subnet-1",
            ]
        );
    }

    #[test]
    fn the_resource_that_has_the_relation_may_be_the_one_that_is_named() {
        let cases = [
            (
                T::Ec2NetworkInterface,
                "eni-1",
                json!({"Attachment": {"InstanceId": "i-1"}}),
                "instance/i-1 has-network-interface network-interface/eni-1",
            ),
            (
                T::IamRole,
                "web",
                json!({"InstanceProfileList": [{"Arn": "arn:aws:iam::111122223333:instance-profile/web"}]}),
                "instance-profile/web contains-role role/web",
            ),
            (
                T::RdsDbSnapshot,
                "s",
                json!({"DbInstanceIdentifier": "orders"}),
                "orders has-snapshot s",
            ),
            (
                T::RdsDbCluster,
                "c",
                json!({"DbClusterMembers": [{"DbInstanceIdentifier": "orders"}]}),
                "orders member-of-cluster c",
            ),
            (
                T::Ec2RouteTable,
                "rtb-1",
                json!({"AssociationSet": [{"SubnetId": "subnet-1"}, {"Main": true}]}),
                "subnet/subnet-1 routed-by route-table/rtb-1",
            ),
            (
                T::S3AccessPoint,
                "p",
                json!({"Bucket": "b"}),
                "b has-access-point accesspoint/p",
            ),
            (
                T::BedrockAgentCoreGatewayTarget,
                "t",
                json!({"TargetConfiguration": {"Mcp": {"Lambda": {"LambdaArn": "orders"}}}}),
                "orders invoked-by t",
            ),
        ];
        for (resource_type, id, details, expected) in cases {
            assert_eq!(edges(resource_type, id, &details), [expected]);
        }
    }

    #[test]
    fn a_listener_leads_from_the_target_group_of_a_service_to_a_load_balancer() {
        let arn =
            |rest: &str| format!("arn:aws:elasticloadbalancing:us-east-1:111122223333:{rest}");
        let group = arn("targetgroup/web/1");
        let service = json!({"LoadBalancers": [{"TargetGroupArn": group}]});
        assert_eq!(
            edges(T::EcsService, "service/c/web", &service),
            ["service/c/web registered-with targetgroup/web/1"]
        );
        let listener = json!({
            "LoadBalancerArn": arn("loadbalancer/app/a/2"),
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}],
        });
        assert_eq!(
            edges(T::Listener, &arn("listener/app/a/2/3"), &listener),
            [
                "targetgroup/web/1 forwarded-by listener/app/a/2/3",
                "listener/app/a/2/3 behind-load-balancer loadbalancer/app/a/2"
            ]
        );
    }

    #[test]
    fn one_field_may_describe_two_edges() {
        let details = json!({"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}]});
        assert_eq!(
            edges(T::RdsDbInstance, "orders", &details),
            [
                "orders member-of-security-group security-group/sg-db",
                "security-group/sg-db guards-database orders"
            ]
        );
    }

    #[test]
    fn what_a_global_resource_names_is_in_the_partition_of_the_record() {
        let region = "cn-north-1".parse().unwrap();
        let details = json!({"InstanceProfileList": [{"Arn": "web"}]});
        let edges = reference_edges(&resource(T::IamRole, "web"), &details, &region);
        assert_eq!(
            edges[0].from.id,
            "arn:aws-cn:iam::111122223333:instance-profile/web"
        );
    }

    #[test]
    fn an_id_with_control_characters_names_nothing() {
        let details = json!({"SubnetId": "subnet\u{1b}[2J"});
        assert!(edges(T::Ec2Instance, "i-1", &details).is_empty());
    }
}
