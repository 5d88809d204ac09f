//! Edges that no field names directly: they follow from the ID, the type, or the tags of a resource, or from a text in
//! its details.

use serde_json::Value;

use crate::model::{RelationKind, Resource, ResourceMention, ResourceType, identify};
use crate::records::json_path::{identifier_at, identifiers_at, member, values_at};
use crate::records::parsed::{EdgeEnd, EmptyList, ParsedEdge};

/// The derived edges of a resource.
pub(super) fn derived_edges(
    resource: &Resource,
    tags: &[(String, String)],
    details: &Value,
) -> Vec<ParsedEdge> {
    match resource.resource_type {
        ResourceType::IamUser | ResourceType::S3Bucket => vec![account_edge(resource)],
        ResourceType::SsmPatchCompliance => patch_compliance_edge(resource).into_iter().collect(),
        ResourceType::ApiGatewayMethod => integration_edges(resource, details),
        ResourceType::Ec2SecurityGroup => admission_edges(resource, details),
        ResourceType::Ec2Instance => node_edge(resource, tags).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The kinds of the derived edges that come from the details of a type.
pub(super) fn kinds(resource_type: ResourceType) -> impl Iterator<Item = RelationKind> {
    let kind = match resource_type {
        ResourceType::ApiGatewayMethod => Some(RelationKind::InvokedBy),
        ResourceType::Ec2SecurityGroup => Some(RelationKind::AdmittedBy),
        _ => None,
    };
    kind.into_iter()
}

/// A resource of the same account and Region.
fn neighbor(resource: &Resource, resource_type: ResourceType, id: &str) -> Resource {
    identify(ResourceMention {
        resource_type,
        id,
        account: resource.account,
        region: &resource.region,
    })
}

/// The settings of an account, such as its password policy or its block of public access, apply to all of its users or
/// buckets. Controls name the account `AWS::::Account:111122223333`.
/// Source: Security Hub User Guide, control findings of the type `AwsAccount`.
fn account_edge(resource: &Resource) -> ParsedEdge {
    let id = format!("AWS::::Account:{}", resource.account);
    let account = neighbor(resource, ResourceType::Account, &id);
    ParsedEdge::new(resource.clone(), RelationKind::InAccount, account)
}

/// The ID of a patch compliance contains that of its instance. AWS does not document where.
fn patch_compliance_edge(compliance: &Resource) -> Option<ParsedEdge> {
    let is_instance_id = |part: &&str| {
        part.strip_prefix("i-").is_some_and(|digits| {
            (8..=17).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    let id = compliance.id.split(['/', ':']).find(is_instance_id)?;
    let instance = neighbor(compliance, ResourceType::Ec2Instance, id);
    let kind = RelationKind::HasPatchCompliance;
    Some(ParsedEdge::new(instance, kind, compliance.clone()))
}

/// A rule of a security group may allow the members of another group, which may belong to another account if the VPCs
/// are peered. Source: EC2 API Reference, `UserIdGroupPair`, `UserId`.
fn admission_edges(group: &Resource, details: &Value) -> Vec<ParsedEdge> {
    values_at(details, "IpPermissions.*.UserIdGroupPairs.*")
        .into_iter()
        .filter_map(|pair| {
            let admitted = identify(ResourceMention {
                resource_type: ResourceType::Ec2SecurityGroup,
                id: identifier_at(pair, "GroupId")?,
                account: identifier_at(pair, "UserId")
                    .and_then(|account| account.parse().ok())
                    .unwrap_or(group.account),
                region: &group.region,
            });
            let kind = RelationKind::AdmittedBy;
            Some(ParsedEdge::new(admitted, kind, group.clone()))
        })
        .collect()
}

/// The admissions of a security group whose rules are known and allow no other group.
pub(super) fn empty_admissions(resource: &Resource, details: &Value) -> Option<EmptyList> {
    let is_group = resource.resource_type == ResourceType::Ec2SecurityGroup;
    let has_rules =
        member(details, "IpPermissions").is_some_and(|rules| rules.is_array() || rules.is_null());
    (is_group && has_rules && admission_edges(resource, details).is_empty()).then_some(EmptyList {
        kind: RelationKind::AdmittedBy,
        end: EdgeEnd::To,
    })
}

/// A method calls a function by `arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<ARN>/invocations`.
/// Source: API Gateway API Reference, `Integration`, `uri`.
fn integration_edges(method: &Resource, details: &Value) -> Vec<ParsedEdge> {
    ["Integration.Uri", "MethodIntegration.Uri"]
        .into_iter()
        .flat_map(|path| identifiers_at(details, path))
        .filter_map(|uri| {
            let (_, rest) = uri.split_once("/functions/")?;
            let function = rest.strip_suffix("/invocations").unwrap_or(rest);
            // The value of a stage variable is not known.
            if function.contains("${") {
                return None;
            }
            let function = neighbor(method, ResourceType::LambdaFunction, function);
            let kind = RelationKind::InvokedBy;
            Some(ParsedEdge::new(function, kind, method.clone()))
        })
        .collect()
}

/// Kubernetes and EKS tag the nodes of a cluster.
/// Source: Amazon EKS User Guide, "Tag your resources" and "Self-managed nodes", `kubernetes.io/cluster/<name>`.
fn node_edge(instance: &Resource, tags: &[(String, String)]) -> Option<ParsedEdge> {
    let name = tags.iter().find_map(|(key, value)| match key.as_str() {
        "eks:cluster-name" | "aws:eks:cluster-name" => Some(value.as_str()),
        key => key.strip_prefix("kubernetes.io/cluster/"),
    })?;
    let cluster = neighbor(instance, ResourceType::EksCluster, name);
    let kind = RelationKind::HasNode;
    Some(ParsedEdge::new(cluster, kind, instance.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::testing::{edge_names, resource};

    #[test]
    fn a_user_is_in_the_account_that_controls_name() {
        let edge = account_edge(&resource(ResourceType::IamUser, "alice"));
        assert_eq!(
            edge.to,
            resource(ResourceType::Account, "AWS::::Account:111122223333")
        );
    }

    #[test]
    fn a_rule_may_admit_a_group_of_another_account() {
        let group = resource(ResourceType::Ec2SecurityGroup, "sg-db");
        let details = json!({"ipPermissions": [{"userIdGroupPairs": [
            {"groupId": "sg-peer", "userId": "444455556666"},
            {"groupId": "sg-own", "userId": "111122223333"},
            {"groupId": "sg-web"},
        ]}]});
        let admitted: Vec<String> = admission_edges(&group, &details)
            .into_iter()
            .map(|edge| edge.from.id)
            .collect();
        assert_eq!(
            admitted,
            [
                "arn:aws:ec2:us-east-1:444455556666:security-group/sg-peer",
                "arn:aws:ec2:us-east-1:111122223333:security-group/sg-own",
                "arn:aws:ec2:us-east-1:111122223333:security-group/sg-web"
            ]
        );
    }

    #[test]
    fn a_patch_compliance_belongs_to_the_instance_in_its_id() {
        let instance = resource(ResourceType::Ec2Instance, "i-0123456789abcdef0");
        for id in [
            "arn:aws:ssm:us-east-1:111122223333:patchcompliance/i-0123456789abcdef0",
            "arn:aws:ssm:us-east-1:111122223333:managed-instance/i-0123456789abcdef0/Patch",
            "i-0123456789abcdef0",
        ] {
            let compliance = resource(ResourceType::SsmPatchCompliance, id);
            let edge = patch_compliance_edge(&compliance).unwrap();
            assert_eq!(edge.from, instance, "{id}");
        }
        let hybrid = "managed-instance/mi-0123456789abcdef0";
        let hybrid = resource(ResourceType::SsmPatchCompliance, hybrid);
        assert_eq!(patch_compliance_edge(&hybrid), None);
    }

    #[test]
    fn a_tag_of_a_node_names_its_cluster() {
        let node = resource(ResourceType::Ec2Instance, "i-1");
        let cluster_of = |key: &str, value: &str| {
            node_edge(&node, &[(key.to_owned(), value.to_owned())]).map(|edge| edge.from)
        };
        let cluster = Some(resource(ResourceType::EksCluster, "shop"));
        assert_eq!(cluster_of("eks:cluster-name", "shop"), cluster);
        assert_eq!(cluster_of("kubernetes.io/cluster/shop", "owned"), cluster);
        assert_eq!(cluster_of("Name", "shop"), None);
    }

    #[test]
    fn a_method_calls_the_function_in_its_integration() {
        let edges = |function: &str| {
            let uri = format!(
                "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
            );
            let details = json!({"Integration": {"Uri": uri}});
            let method = resource(ResourceType::ApiGatewayMethod, "m");
            edge_names(&integration_edges(&method, &details))
        };
        assert_eq!(
            edges("arn:aws:lambda:us-east-1:111122223333:function:orders"),
            ["orders invoked-by m"]
        );
        assert!(edges("${stageVariables.function}").is_empty());
    }
}
