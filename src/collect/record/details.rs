//! What a resource's details tell: attributes, and the other resources that they name.
//!
//! The same attribute is spelt `IamInstanceProfileArn` in ASFF, `iamInstanceProfileArn` by Inspector, and stands under
//! `iamInstanceProfile.arn` in AWS Config: names are compared without regard to case.

use serde_json::Value;

use crate::model::{
    RelationKind, Resource, ResourceMention, ResourceType, identify, is_clean_identifier,
};

/// The value at a path such as `MetadataOptions.HttpTokens`. `None` if it is absent, null or empty: unknown.
#[must_use]
pub fn attribute<'a>(details: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(details, member)
        .filter(|value| !is_empty(value))
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// All texts at a path in which `*` stands for each element of a list.
fn texts<'a>(details: &'a Value, path: &str) -> Vec<&'a str> {
    let mut found = vec![details];
    for name in path.split('.') {
        found = match name {
            "*" => found
                .into_iter()
                .filter_map(Value::as_array)
                .flatten()
                .collect(),
            name => found
                .into_iter()
                .filter_map(|value| member(value, name))
                .collect(),
        };
    }
    found
        .into_iter()
        .filter_map(Value::as_str)
        .filter(|text| is_clean_identifier(text))
        .collect()
}

/// A place in the details of a type that names another resource.
struct Reference {
    path: &'static str,
    kind: RelationKind,
    to: ResourceType,
}

const fn reference(path: &'static str, kind: RelationKind, to: ResourceType) -> Reference {
    Reference { path, kind, to }
}

/// Source: the shapes of `Resources[].Details` in the securityhub model, of Inspector's `resources[].details`, and of
/// AWS Config's `configuration`.
fn references(resource_type: ResourceType) -> &'static [Reference] {
    use RelationKind as K;
    use ResourceType as T;
    match resource_type {
        T::Ec2Instance => {
            const {
                &[
                    reference(
                        "IamInstanceProfileArn",
                        K::UsesInstanceProfile,
                        T::IamInstanceProfile,
                    ),
                    reference(
                        "IamInstanceProfile.Arn",
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
                ]
            }
        }
        T::Ec2NetworkInterface => {
            const {
                &[
                    reference(
                        "SecurityGroups.*.GroupId",
                        K::MemberOfSecurityGroup,
                        T::Ec2SecurityGroup,
                    ),
                    reference(
                        "Groups.*.GroupId",
                        K::MemberOfSecurityGroup,
                        T::Ec2SecurityGroup,
                    ),
                    reference("SubnetId", K::InSubnet, T::Ec2Subnet),
                ]
            }
        }
        T::IamRole | T::IamUser | T::IamGroup => {
            const {
                &[
                    reference(
                        "AttachedManagedPolicies.*.PolicyArn",
                        K::GrantsPolicy,
                        T::IamPolicy,
                    ),
                    reference("GroupList.*", K::MemberOfGroup, T::IamGroup),
                ]
            }
        }
        T::LambdaFunction => {
            const {
                &[
                    reference("Role", K::AssumesRole, T::IamRole),
                    reference("ExecutionRoleArn", K::AssumesRole, T::IamRole),
                    reference(
                        "VpcConfig.SecurityGroupIds.*",
                        K::MemberOfSecurityGroup,
                        T::Ec2SecurityGroup,
                    ),
                ]
            }
        }
        T::EcsService => {
            const {
                &[
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
                ]
            }
        }
        T::EcsTaskDefinition => const { &[reference("TaskRoleArn", K::AssumesRole, T::IamRole)] },
        T::RdsDbInstance => {
            const {
                &[
                    reference(
                        "VpcSecurityGroups.*.VpcSecurityGroupId",
                        K::MemberOfSecurityGroup,
                        T::Ec2SecurityGroup,
                    ),
                    reference("DBClusterIdentifier", K::MemberOfCluster, T::RdsDbCluster),
                ]
            }
        }
        T::SageMakerNotebookInstance => {
            const {
                &[
                    reference("RoleArn", K::AssumesRole, T::IamRole),
                    reference(
                        "SecurityGroups.*",
                        K::MemberOfSecurityGroup,
                        T::Ec2SecurityGroup,
                    ),
                ]
            }
        }
        _ => &[],
    }
}

/// The same, where the details name the holder: an interface names its instance.
fn back_references(resource_type: ResourceType) -> &'static [Reference] {
    use RelationKind as K;
    use ResourceType as T;
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
        T::RdsDbCluster => {
            const {
                &[reference(
                    "DbClusterMembers.*.DbInstanceIdentifier",
                    K::MemberOfCluster,
                    T::RdsDbInstance,
                )]
            }
        }
        _ => &[],
    }
}

/// An edge, from the holder.
pub type Edge = (Resource, RelationKind, Resource);

/// The edges that a resource's details draw.
#[must_use]
pub fn relations(
    resource: &Resource,
    details: &Value,
    fallback_region: &crate::model::Region,
) -> Vec<Edge> {
    let named = |reference: &Reference| -> Vec<Resource> {
        // A global resource (a role) names regional ones by ARN only, so its own Region never has to stand in.
        let region = if resource.resource_type.is_global() {
            fallback_region
        } else {
            &resource.region
        };
        texts(details, reference.path)
            .into_iter()
            .map(|id| {
                identify(ResourceMention {
                    resource_type: reference.to,
                    id,
                    account: resource.account,
                    region,
                })
            })
            .collect()
    };
    let onward = references(resource.resource_type)
        .iter()
        .flat_map(|reference| {
            named(reference)
                .into_iter()
                .map(|to| (resource.clone(), reference.kind, to))
        });
    let back = back_references(resource.resource_type)
        .iter()
        .flat_map(|reference| {
            named(reference)
                .into_iter()
                .map(|from| (from, reference.kind, resource.clone()))
        });
    onward.chain(back).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(resource_type: ResourceType, id: &str) -> Resource {
        let region = "us-east-1".parse().unwrap();
        identify(ResourceMention {
            resource_type,
            id,
            account: "111122223333".parse().unwrap(),
            region: &region,
        })
    }

    fn drawn(resource_type: ResourceType, id: &str, details: &Value) -> Vec<String> {
        relations(
            &resource(resource_type, id),
            details,
            &"us-east-1".parse().unwrap(),
        )
        .into_iter()
        .map(|(from, kind, to)| {
            let tail = |resource: &Resource| {
                resource
                    .id
                    .rsplit(':')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            format!("{} {} {}", tail(&from), kind.as_str(), tail(&to))
        })
        .collect()
    }

    #[test]
    fn attributes_are_found_whatever_their_case() {
        let details =
            json!({"metadataOptions": {"httpTokens": "optional"}, "IamInstanceProfileArn": ""});
        assert_eq!(
            attribute(&details, "MetadataOptions.HttpTokens"),
            Some(&json!("optional"))
        );
        assert_eq!(attribute(&details, "MetadataOptions.HttpEndpoint"), None);
        assert_eq!(
            attribute(&details, "IamInstanceProfileArn"),
            None,
            "empty is unknown"
        );
        assert_eq!(attribute(&Value::Null, "A"), None);
    }

    #[test]
    fn an_instance_names_its_profile_and_interfaces() {
        let details = json!({
            "IamInstanceProfileArn": "arn:aws:iam::111122223333:instance-profile/web",
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}, {"NetworkInterfaceId": "eni-2"}],
            "SubnetId": "subnet-1",
        });
        insta::assert_debug_snapshot!(drawn(ResourceType::Ec2Instance, "i-1", &details), @r#"
        [
            "instance/i-1 uses-instance-profile instance-profile/web",
            "instance/i-1 has-network-interface network-interface/eni-1",
            "instance/i-1 has-network-interface network-interface/eni-2",
            "instance/i-1 in-subnet subnet/subnet-1",
        ]
        "#);
    }

    #[test]
    fn edges_always_lead_from_the_holder() {
        let interface =
            json!({"Attachment": {"InstanceId": "i-1"}, "SecurityGroups": [{"GroupId": "sg-1"}]});
        insta::assert_debug_snapshot!(drawn(ResourceType::Ec2NetworkInterface, "eni-1", &interface), @r#"
        [
            "network-interface/eni-1 member-of-security-group security-group/sg-1",
            "instance/i-1 has-network-interface network-interface/eni-1",
        ]
        "#);
        let role = json!({
            "InstanceProfileList": [{"Arn": "arn:aws:iam::111122223333:instance-profile/web"}],
            "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
        });
        insta::assert_debug_snapshot!(drawn(ResourceType::IamRole, "web", &role), @r#"
        [
            "role/web grants-policy policy/AdministratorAccess",
            "instance-profile/web contains-role role/web",
        ]
        "#);
    }

    #[test]
    fn ids_with_control_characters_name_nothing() {
        assert!(
            drawn(
                ResourceType::Ec2Instance,
                "i-1",
                &json!({"SubnetId": "subnet\u{1b}[2J"})
            )
            .is_empty()
        );
    }
}
