//! Edges that no single field of a resource names: they follow from its id, its type or a text in its details.

use serde_json::Value;

use crate::model::{RelationKind, Resource, ResourceMention, ResourceType, identify};

use super::details::{attributes, texts};
use super::parsed::ParsedEdge;

/// The edges of a resource.
pub(super) fn relations(resource: &Resource, details: &Value) -> Vec<ParsedEdge> {
    match resource.resource_type {
        ResourceType::IamUser | ResourceType::S3Bucket => vec![in_account(resource)],
        ResourceType::SsmPatchCompliance => patched(resource).into_iter().collect(),
        ResourceType::ApiGatewayMethod => called(resource, details),
        ResourceType::Ec2SecurityGroup => admitted(resource, details),
        _ => Vec::new(),
    }
}

/// What holds for the account, such as its password policy or its block of public access, holds for each of its users
/// or buckets. Controls name the account `AWS::::Account:111122223333`.
/// Source: Security Hub User Guide, control findings of type `AwsAccount`.
fn in_account(held: &Resource) -> ParsedEdge {
    let account = identify(ResourceMention {
        resource_type: ResourceType::Account,
        id: &format!("AWS::::Account:{}", held.account),
        account: held.account,
        region: &held.region,
    });
    ParsedEdge::new(held.clone(), RelationKind::InAccount, account)
}

/// The state of patches names its instance somewhere in its id; where is not documented.
fn patched(state: &Resource) -> Option<ParsedEdge> {
    let is_id = |text: &&str| {
        text.strip_prefix("i-").is_some_and(|digits| {
            (8..=17).contains(&digits.len()) && digits.bytes().all(|one| one.is_ascii_hexdigit())
        })
    };
    let id = state.id.split(['/', ':']).find(is_id)?;
    let instance = identify(ResourceMention {
        resource_type: ResourceType::Ec2Instance,
        id,
        account: state.account,
        region: &state.region,
    });
    Some(ParsedEdge::new(
        instance,
        RelationKind::HasPatchCompliance,
        state.clone(),
    ))
}

/// A rule may let in the members of a group of another account, over a peering connection.
/// Source: EC2 API Reference, `UserIdGroupPair`, `UserId`.
fn admitted(group: &Resource, details: &Value) -> Vec<ParsedEdge> {
    attributes(details, "IpPermissions.*.UserIdGroupPairs.*")
        .into_iter()
        .filter_map(|pair| {
            let text = |path: &str| texts(pair, path).first().copied();
            let admitted = identify(ResourceMention {
                resource_type: ResourceType::Ec2SecurityGroup,
                id: text("GroupId")?,
                account: text("UserId")
                    .and_then(|account| account.parse().ok())
                    .unwrap_or(group.account),
                region: &group.region,
            });
            Some(ParsedEdge::new(
                admitted,
                RelationKind::AdmittedBy,
                group.clone(),
            ))
        })
        .collect()
}

/// A method calls a function by `arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<ARN>/invocations`.
/// Source: API Gateway API Reference, `Integration`, `uri`.
fn called(method: &Resource, details: &Value) -> Vec<ParsedEdge> {
    ["Integration.Uri", "MethodIntegration.Uri"]
        .into_iter()
        .flat_map(|path| texts(details, path))
        .filter_map(|uri| {
            let (_, rest) = uri.split_once("/functions/")?;
            let function = rest.strip_suffix("/invocations").unwrap_or(rest);
            // A stage variable in the place of a name names nothing.
            (!function.contains("${")).then(|| {
                let function = identify(ResourceMention {
                    resource_type: ResourceType::LambdaFunction,
                    id: function,
                    account: method.account,
                    region: &method.region,
                });
                ParsedEdge::new(function, RelationKind::InvokedBy, method.clone())
            })
        })
        .collect()
}

/// A node of a cluster is known by the tags that Kubernetes and EKS put on it.
/// Source: Amazon EKS User Guide, "Tag your resources", and "Self-managed nodes", `kubernetes.io/cluster/<name>`.
pub(super) fn node_of(instance: &Resource, tags: &[(String, String)]) -> Option<ParsedEdge> {
    if instance.resource_type != ResourceType::Ec2Instance {
        return None;
    }
    let name = tags.iter().find_map(|(key, value)| match key.as_str() {
        "eks:cluster-name" | "aws:eks:cluster-name" => Some(value.as_str()),
        key => key.strip_prefix("kubernetes.io/cluster/"),
    })?;
    let cluster = identify(ResourceMention {
        resource_type: ResourceType::EksCluster,
        id: name,
        account: instance.account,
        region: &instance.region,
    });
    Some(ParsedEdge::new(
        cluster,
        RelationKind::HasNode,
        instance.clone(),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Region;

    fn resource(resource_type: ResourceType, id: &str) -> Resource {
        let region: Region = "us-east-1".parse().unwrap();
        identify(ResourceMention {
            resource_type,
            id,
            account: "111122223333".parse().unwrap(),
            region: &region,
        })
    }

    #[test]
    fn a_user_is_in_the_account_that_controls_name() {
        let edges = relations(&resource(ResourceType::IamUser, "alice"), &Value::Null);
        assert_eq!(
            edges[0].to,
            resource(ResourceType::Account, "AWS::::Account:111122223333")
        );
    }

    #[test]
    fn a_group_of_another_account_stays_one() {
        let group = resource(ResourceType::Ec2SecurityGroup, "sg-db");
        let details = json!({"ipPermissions": [{"userIdGroupPairs": [
            {"groupId": "sg-web", "userId": "444455556666"},
            {"groupId": "sg-own", "userId": "111122223333"},
        ]}]});
        let admitted: Vec<String> = relations(&group, &details)
            .into_iter()
            .map(|edge| edge.from.id)
            .collect();
        assert_eq!(
            admitted,
            [
                "arn:aws:ec2:us-east-1:444455556666:security-group/sg-web",
                "arn:aws:ec2:us-east-1:111122223333:security-group/sg-own"
            ]
        );
    }

    #[test]
    fn patches_are_those_of_the_instance_in_the_id() {
        let instance = resource(ResourceType::Ec2Instance, "i-0123456789abcdef0");
        for id in [
            "arn:aws:ssm:us-east-1:111122223333:patchcompliance/i-0123456789abcdef0",
            "arn:aws:ssm:us-east-1:111122223333:managed-instance/i-0123456789abcdef0/Patch",
            "i-0123456789abcdef0",
        ] {
            let edges = relations(
                &resource(ResourceType::SsmPatchCompliance, id),
                &Value::Null,
            );
            assert_eq!(edges[0].from, instance, "{id}");
        }
        let hybrid = resource(
            ResourceType::SsmPatchCompliance,
            "managed-instance/mi-0123456789abcdef0",
        );
        assert!(relations(&hybrid, &Value::Null).is_empty());
    }

    #[test]
    fn a_node_is_known_by_its_tags() {
        let node = resource(ResourceType::Ec2Instance, "i-1");
        let tagged = |key: &str, value: &str| {
            node_of(&node, &[(key.to_owned(), value.to_owned())]).map(|edge| edge.from)
        };
        let cluster = Some(resource(ResourceType::EksCluster, "shop"));
        assert_eq!(tagged("eks:cluster-name", "shop"), cluster);
        assert_eq!(tagged("kubernetes.io/cluster/shop", "owned"), cluster);
        assert_eq!(tagged("Name", "shop"), None);
    }
}
