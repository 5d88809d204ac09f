//! Fields that other sources write differently. The catalog and the table of references write a path as ASFF does; this
//! table has the paths of AWS Config, Security Hub's inventory, and Inspector.
//!
//! Names that differ only in case need no entry, because `json_path` ignores case.
//!
//! Source: the shapes of `Resources[].Details` in the securityhub model; awslabs/aws-config-resource-schema; the
//! inspector2 model.

use serde_json::Value;

use crate::model::ResourceType as T;

use super::json_path;

/// A type, a path as ASFF writes it, and the path of another source.
#[rustfmt::skip]
const ALIASES: &[(T, &str, &str)] = &[
    (T::Ec2Instance, "IamInstanceProfileArn", "IamInstanceProfile.Arn"),
    (T::Ec2NetworkInterface, "SecurityGroups.*.GroupId", "Groups.*.GroupId"),
    (T::Ec2RouteTable, "AssociationSet.*.SubnetId", "Associations.*.SubnetId"),
    (T::Ec2RouteTable, "RouteSet.*.GatewayId", "Routes.*.GatewayId"),
    (T::LambdaFunction, "Role", "ExecutionRoleArn"),
    (T::S3Bucket, "BucketNotificationConfiguration.Configurations.*.Destination", "BucketNotificationConfiguration.Configurations.*.FunctionARN"),
    (T::SageMakerNotebookInstance, "SecurityGroups.*", "SecurityGroupIds.*"),
];

/// The values at a path, as ASFF writes it, in the details of any source. A value that is absent, null, or empty is
/// unknown and not among them.
pub(super) fn values_at<'a>(resource_type: T, details: &'a Value, path: &str) -> Vec<&'a Value> {
    let values = json_path::values_at(details, path);
    if !values.is_empty() {
        return values;
    }
    spellings(resource_type, path)
        .skip(1)
        .flat_map(|alias| json_path::values_at(details, alias))
        .collect()
}

/// A path as ASFF writes it, and the paths of other sources for the same.
pub(super) fn spellings(resource_type: T, path: &str) -> impl Iterator<Item = &str> {
    let aliases = ALIASES
        .iter()
        .filter(move |(aliased, asff, _)| *aliased == resource_type && *asff == path)
        .map(|(_, _, alias)| *alias);
    std::iter::once(path).chain(aliases)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_found_under_the_name_that_each_source_uses() {
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
            assert_eq!(values_at(resource_type, &asff, path), ["x"], "{path}");
            assert_eq!(values_at(resource_type, &config, path), ["x"], "{path}");
            assert!(values_at(resource_type, &json!({}), path).is_empty());
        }
    }
}
