//! One attribute, several spellings: catalog and table of references write a path as ASFF does, and this says where
//! AWS Config, Security Hub's inventory and Inspector keep the same thing.
//!
//! What differs by case alone (`MetadataOptions.HttpTokens`, `metadataOptions.httpTokens`) needs no entry: names are
//! compared without regard to case.
//!
//! Source: the shapes of `Resources[].Details` in the securityhub model; awslabs/aws-config-resource-schema; the
//! inspector2 model.

use serde_json::Value;

use crate::model::ResourceType as T;

/// Type, path as ASFF writes it, path as another source does.
const SPELLINGS: &[(T, &str, &str)] = &[
    (
        T::Ec2Instance,
        "IamInstanceProfileArn",
        "IamInstanceProfile.Arn",
    ),
    (
        T::Ec2NetworkInterface,
        "SecurityGroups.*.GroupId",
        "Groups.*.GroupId",
    ),
    (
        T::Ec2RouteTable,
        "AssociationSet.*.SubnetId",
        "Associations.*.SubnetId",
    ),
    (
        T::Ec2RouteTable,
        "RouteSet.*.GatewayId",
        "Routes.*.GatewayId",
    ),
    (T::LambdaFunction, "Role", "ExecutionRoleArn"),
    (
        T::S3Bucket,
        "BucketNotificationConfiguration.Configurations.*.Destination",
        "BucketNotificationConfiguration.Configurations.*.FunctionARN",
    ),
    (
        T::SageMakerNotebookInstance,
        "SecurityGroups.*",
        "SecurityGroupIds.*",
    ),
];

/// The values of an attribute, whatever the source calls it. One that is absent, null or empty is unknown and not among
/// them.
pub(super) fn values<'a>(resource_type: T, details: &'a Value, path: &str) -> Vec<&'a Value> {
    let found = super::details::attributes(details, path);
    if !found.is_empty() {
        return found;
    }
    SPELLINGS
        .iter()
        .filter(|(spelt, asff, _)| *spelt == resource_type && *asff == path)
        .flat_map(|(_, _, other)| super::details::attributes(details, other))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_attribute_is_found_as_each_source_spells_it() {
        let cases = [
            (
                T::Ec2Instance,
                "MetadataOptions.HttpTokens",
                json!({"MetadataOptions": {"HttpTokens": "x"}}),
                json!({"metadataOptions": {"httpTokens": "x"}}),
            ),
            (
                T::Ec2Instance,
                "IamInstanceProfileArn",
                json!({"IamInstanceProfileArn": "x"}),
                json!({"iamInstanceProfile": {"arn": "x", "id": "AIPA"}}),
            ),
            (
                T::Ec2NetworkInterface,
                "SecurityGroups.*.GroupId",
                json!({"SecurityGroups": [{"GroupId": "x"}]}),
                json!({"groups": [{"groupId": "x"}]}),
            ),
            (
                T::Ec2RouteTable,
                "RouteSet.*.GatewayId",
                json!({"RouteSet": [{"GatewayId": "x"}]}),
                json!({"routes": [{"gatewayId": "x"}]}),
            ),
            (
                T::S3Bucket,
                "BucketNotificationConfiguration.Configurations.*.Destination",
                json!({"BucketNotificationConfiguration": {"Configurations": [{"Destination": "x"}]}}),
                json!({"BucketNotificationConfiguration": {"configurations": {"mine": {"functionARN": "x"}}}}),
            ),
        ];
        for (resource_type, path, asff, config) in cases {
            assert_eq!(values(resource_type, &asff, path), ["x"], "{path}");
            assert_eq!(values(resource_type, &config, path), ["x"], "{path}");
            assert!(values(resource_type, &json!({}), path).is_empty());
        }
    }
}
