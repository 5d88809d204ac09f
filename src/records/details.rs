//! What a resource's details tell: attributes, and the other resources that they name.
//!
//! The same attribute is spelt `IamInstanceProfileArn` in ASFF, `iamInstanceProfileArn` by Inspector, and stands under
//! `iamInstanceProfile.arn` in AWS Config: names are compared without regard to case.
//! Which places name other resources stands in `references`.

use serde_json::Value;

use crate::model::{Resource, ResourceMention, identify, is_clean_identifier};

use super::parsed::ParsedEdge;
use super::references::{Reference, back_references, references};
use super::{image, inferred, spelling};

/// The values at a path such as `MetadataOptions.HttpTokens`, in which `*` stands for each element of a list. One that
/// is absent, null or empty is unknown and not among them.
pub(super) fn attributes<'a>(details: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![details];
    for name in path.split('.') {
        found = match name {
            "*" => found.into_iter().flat_map(elements).collect(),
            name => found
                .into_iter()
                .filter_map(|value| member(value, name))
                .collect(),
        };
    }
    found.retain(|value| !is_empty(value));
    found
}

/// The elements of a list, or the values of an object that stands for one (AWS Config keys a bucket's notifications by
/// their names).
fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

/// The member of this name, whatever its case.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
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

/// All texts at a path.
pub(super) fn texts<'a>(details: &'a Value, path: &str) -> Vec<&'a str> {
    clean_texts(attributes(details, path))
}

fn clean_texts(values: Vec<&Value>) -> Vec<&str> {
    values
        .into_iter()
        .filter_map(Value::as_str)
        .filter(|text| is_clean_identifier(text))
        .collect()
}

/// The edges that a resource's details draw.
pub(super) fn relations(
    resource: &Resource,
    details: &Value,
    fallback_region: &crate::model::Region,
) -> Vec<ParsedEdge> {
    let named = |reference: &Reference| -> Vec<Resource> {
        // A global resource (a role) names regional ones by ARN only, so its own Region never has to stand in.
        let region = if resource.resource_type.is_global() {
            fallback_region
        } else {
            &resource.region
        };
        clean_texts(spelling::values(
            resource.resource_type,
            details,
            reference.path,
        ))
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
                .map(|to| ParsedEdge::new(resource.clone(), reference.kind, to))
        });
    let back = back_references(resource.resource_type)
        .iter()
        .flat_map(|reference| {
            named(reference)
                .into_iter()
                .map(|from| ParsedEdge::new(from, reference.kind, resource.clone()))
        });
    onward
        .chain(back)
        .chain(image::relations(resource, details))
        .chain(inferred::relations(resource, details))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ResourceType;

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
        .map(|ParsedEdge { from, kind, to }| {
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
        let values = |path| attributes(&details, path);
        assert_eq!(values("MetadataOptions.HttpTokens"), [&json!("optional")]);
        assert!(values("MetadataOptions.HttpEndpoint").is_empty());
        assert!(
            values("IamInstanceProfileArn").is_empty(),
            "empty is unknown"
        );
        assert!(attributes(&Value::Null, "A").is_empty());
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

    #[test]
    fn what_names_its_holder_is_found_from_it() {
        let back = |resource_type, id, details: Value| drawn(resource_type, id, &details);
        assert_eq!(
            back(
                ResourceType::RdsDbSnapshot,
                "s",
                json!({"DbInstanceIdentifier": "orders"})
            ),
            ["orders has-snapshot s"]
        );
        assert_eq!(
            back(
                ResourceType::RdsDbCluster,
                "c",
                json!({"DbClusterMembers": [{"DbInstanceIdentifier": "orders"}]})
            ),
            ["orders member-of-cluster c"]
        );
        assert_eq!(
            back(
                ResourceType::Ec2RouteTable,
                "rtb-1",
                json!({"AssociationSet": [{"SubnetId": "subnet-1"}, {"Main": true}]})
            ),
            ["subnet/subnet-1 routed-by route-table/rtb-1"]
        );
        let admits = json!({"IpPermissions": [{"UserIdGroupPairs": [{"GroupId": "sg-web"}]}]});
        assert_eq!(
            back(ResourceType::Ec2SecurityGroup, "sg-db", admits),
            ["security-group/sg-web admitted-by security-group/sg-db"]
        );
        let guarded = json!({"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}]});
        assert_eq!(
            back(ResourceType::RdsDbInstance, "orders", guarded),
            [
                "orders member-of-security-group security-group/sg-db",
                "security-group/sg-db guards-database orders"
            ]
        );
        assert_eq!(
            back(ResourceType::S3AccessPoint, "p", json!({"Bucket": "b"})),
            ["b has-access-point accesspoint/p"]
        );
    }

    #[test]
    fn a_function_is_found_from_what_calls_it() {
        let function = "arn:aws:lambda:us-east-1:111122223333:function:orders";
        let uri = format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
        );
        let method = json!({"Integration": {"Uri": uri}});
        assert_eq!(
            drawn(ResourceType::ApiGatewayMethod, "m", &method),
            ["orders invoked-by m"]
        );
        let target = json!({
            "GatewayIdentifier": "gateway/g",
            "TargetConfiguration": {"Mcp": {"Lambda": {"LambdaArn": function}}},
        });
        assert_eq!(
            drawn(ResourceType::BedrockAgentCoreGatewayTarget, "t", &target),
            ["t behind-gateway gateway/g", "orders invoked-by t"]
        );
    }
}
