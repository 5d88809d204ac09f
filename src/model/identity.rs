//! One resource, one name.
//!
//! Sources name the same resource by a short id, by its ARN, or by a near-ARN (`arn:aws:ec2:…:i-0abc`), and Lambda
//! functions with a version behind. This is the one place where those become one.

use super::{AccountId, Arn, Partition, Region, Resource, ResourceType};

/// A resource as a source names it, with what is known around it.
#[derive(Clone, Copy, Debug)]
pub struct ResourceMention<'a> {
    /// The type.
    pub resource_type: ResourceType,
    /// The id in any form.
    pub id: &'a str,
    /// The account to assume where the id does not say.
    pub account: AccountId,
    /// The Region to assume where the id does not say.
    pub region: &'a Region,
}

/// How the ARN of a type is put together from a bare id.
struct ArnForm {
    service: &'static str,
    /// What stands before the bare id in the ARN's resource part.
    prefix: &'static str,
    region: bool,
    account: bool,
}

const fn regional(service: &'static str, prefix: &'static str) -> Option<ArnForm> {
    Some(ArnForm {
        service,
        prefix,
        region: true,
        account: true,
    })
}

const fn global(service: &'static str, prefix: &'static str) -> Option<ArnForm> {
    Some(ArnForm {
        service,
        prefix,
        region: false,
        account: true,
    })
}

/// Source: Service Authorization Reference, "Resource types defined by …" of each service.
/// `None` where a bare id does not determine the ARN.
fn arn_form(resource_type: ResourceType) -> Option<ArnForm> {
    use ResourceType as T;
    match resource_type {
        T::DynamoDbTable => regional("dynamodb", "table/"),
        T::Ec2Eip => regional("ec2", "elastic-ip/"),
        T::Ec2Instance => regional("ec2", "instance/"),
        T::Ec2InternetGateway => regional("ec2", "internet-gateway/"),
        T::Ec2LaunchTemplate => regional("ec2", "launch-template/"),
        T::Ec2NetworkAcl => regional("ec2", "network-acl/"),
        T::Ec2NetworkInterface => regional("ec2", "network-interface/"),
        T::Ec2RouteTable => regional("ec2", "route-table/"),
        T::Ec2SecurityGroup => regional("ec2", "security-group/"),
        T::Ec2Subnet => regional("ec2", "subnet/"),
        T::Ec2Volume => regional("ec2", "volume/"),
        T::Ec2Vpc => regional("ec2", "vpc/"),
        T::Ec2VpcPeeringConnection => regional("ec2", "vpc-peering-connection/"),
        T::Ec2VpnGateway => regional("ec2", "vpn-gateway/"),
        T::EcrRepository => regional("ecr", "repository/"),
        T::EcsCluster => regional("ecs", "cluster/"),
        T::EcsTaskDefinition => regional("ecs", "task-definition/"),
        T::EksCluster => regional("eks", "cluster/"),
        T::IamGroup => global("iam", "group/"),
        T::IamInstanceProfile => global("iam", "instance-profile/"),
        T::IamPolicy => global("iam", "policy/"),
        T::IamRole => global("iam", "role/"),
        T::IamUser => global("iam", "user/"),
        T::KmsKey => regional("kms", "key/"),
        T::LambdaFunction => regional("lambda", "function:"),
        T::RdsDbCluster => regional("rds", "cluster:"),
        T::RdsDbClusterSnapshot => regional("rds", "cluster-snapshot:"),
        T::RdsDbInstance => regional("rds", "db:"),
        T::RdsDbSnapshot => regional("rds", "snapshot:"),
        T::S3Bucket => Some(ArnForm {
            service: "s3",
            prefix: "",
            region: false,
            account: false,
        }),
        T::SageMakerNotebookInstance => regional("sagemaker", "notebook-instance/"),
        T::SnsTopic => regional("sns", ""),
        T::SqsQueue => regional("sqs", ""),
        _ => None,
    }
}

/// The resource that is meant. What cannot be brought into the type's form keeps the id that it came with.
#[must_use]
pub fn identify(mention: ResourceMention<'_>) -> Resource {
    let ResourceMention {
        resource_type, id, ..
    } = mention;
    let arn: Option<Arn> = id.parse().ok();
    let account = arn
        .as_ref()
        .and_then(Arn::account)
        .unwrap_or(mention.account);
    let region = if resource_type.is_global() {
        Region::global()
    } else {
        arn.as_ref()
            .and_then(Arn::region)
            .unwrap_or_else(|| mention.region.clone())
    };
    let id = match (&arn, arn_form(resource_type)) {
        (Some(arn), Some(form)) => canonical(arn, &form, resource_type, account, &region),
        (None, Some(form)) => {
            let partition = Partition::of_region(mention.region);
            let region = if form.region { region.as_str() } else { "" };
            let bare = bare_id(resource_type, id);
            let resource = format!(
                "{}{}",
                form.prefix,
                bare.strip_prefix(form.prefix).unwrap_or(bare)
            );
            Arn::new(
                partition,
                form.service,
                region,
                form.account.then_some(account),
                &resource,
            )
            .as_str()
            .to_owned()
        }
        _ => id.to_owned(),
    };
    Resource {
        resource_type,
        id,
        account,
        region,
    }
}

fn canonical(
    arn: &Arn,
    form: &ArnForm,
    resource_type: ResourceType,
    account: AccountId,
    region: &Region,
) -> String {
    let resource = bare_id(resource_type, arn.resource());
    match resource_type {
        // An object's ARN names its bucket too.
        ResourceType::S3Bucket => {
            let bucket = resource.split('/').next().unwrap_or(resource);
            Arn::new(arn.partition(), "s3", "", None, bucket)
                .as_str()
                .to_owned()
        }
        // `arn:aws:ec2:us-east-1:123456789012:i-0abc`, without `instance/`, is seen in published findings.
        _ if form.service == "ec2" => {
            let bare = resource.rsplit('/').next().unwrap_or(resource);
            let resource = format!("{}{bare}", form.prefix);
            Arn::new(
                arn.partition(),
                "ec2",
                region.as_str(),
                Some(account),
                &resource,
            )
            .as_str()
            .to_owned()
        }
        ResourceType::LambdaFunction => Arn::new(
            arn.partition(),
            "lambda",
            region.as_str(),
            Some(account),
            resource,
        )
        .as_str()
        .to_owned(),
        _ => arn.as_str().to_owned(),
    }
}

/// Without the version or alias that Inspector puts behind a function's name (`:$LATEST`).
fn bare_id(resource_type: ResourceType, id: &str) -> &str {
    if resource_type != ResourceType::LambdaFunction {
        return id;
    }
    let name_starts = if id.starts_with("function:") {
        "function:".len()
    } else {
        0
    };
    match id[name_starts..].find(':') {
        Some(colon) => &id[..name_starts + colon],
        None => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identified(resource_type: ResourceType, id: &str, region: &str) -> Resource {
        let region: Region = region.parse().unwrap();
        identify(ResourceMention {
            resource_type,
            id,
            account: "123456789012".parse().unwrap(),
            region: &region,
        })
    }

    #[test]
    fn all_forms_of_a_name_become_one() {
        use ResourceType as T;
        let table: &[(T, &[&str], &str, &str)] = &[
            (
                T::Ec2Instance,
                &[
                    "i-0abc",
                    "arn:aws:ec2:us-east-1:123456789012:i-0abc",
                    "arn:aws:ec2:us-east-1:123456789012:instance/i-0abc",
                ],
                "us-east-1",
                "arn:aws:ec2:us-east-1:123456789012:instance/i-0abc",
            ),
            (
                T::Ec2Instance,
                &[
                    "i-0abc",
                    "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-0abc",
                ],
                "cn-north-1",
                "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-0abc",
            ),
            (
                T::Ec2SecurityGroup,
                &[
                    "sg-1",
                    "arn:aws-us-gov:ec2:us-gov-west-1:123456789012:security-group/sg-1",
                ],
                "us-gov-west-1",
                "arn:aws-us-gov:ec2:us-gov-west-1:123456789012:security-group/sg-1",
            ),
            (
                T::LambdaFunction,
                &[
                    "f",
                    "f:$LATEST",
                    "arn:aws:lambda:us-east-1:123456789012:function:f",
                    "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
                    "arn:aws:lambda:us-east-1:123456789012:function:f:7",
                ],
                "us-east-1",
                "arn:aws:lambda:us-east-1:123456789012:function:f",
            ),
            (
                T::S3Bucket,
                &["b", "arn:aws:s3:::b", "arn:aws:s3:::b/key/of/object"],
                "us-east-1",
                "arn:aws:s3:::b",
            ),
            (
                T::RdsDbInstance,
                &["d", "db:d", "arn:aws:rds:us-east-1:123456789012:db:d"],
                "us-east-1",
                "arn:aws:rds:us-east-1:123456789012:db:d",
            ),
            (
                T::IamUser,
                &[
                    "alice",
                    "user/alice",
                    "arn:aws:iam::123456789012:user/alice",
                ],
                "us-east-1",
                "arn:aws:iam::123456789012:user/alice",
            ),
        ];
        for (resource_type, ids, region, expected) in table {
            for id in *ids {
                assert_eq!(identified(*resource_type, id, region).id, *expected, "{id}");
            }
        }
    }

    #[test]
    fn the_arn_knows_account_and_region_better_than_its_surroundings() {
        let resource = identified(
            ResourceType::Ec2Instance,
            "arn:aws:ec2:eu-west-1:210987654321:instance/i-1",
            "us-east-1",
        );
        assert_eq!(resource.account.to_string(), "210987654321");
        assert_eq!(resource.region.as_str(), "eu-west-1");
    }

    #[test]
    fn iam_findings_of_every_region_are_about_one_user() {
        let one = identified(
            ResourceType::IamUser,
            "arn:aws:iam::123456789012:user/alice",
            "us-east-1",
        );
        let other = identified(
            ResourceType::IamUser,
            "arn:aws:iam::123456789012:user/alice",
            "eu-west-1",
        );
        assert_eq!(one, other);
        assert_eq!(one.region, Region::global());
    }

    #[test]
    fn the_same_id_with_another_type_is_another_resource() {
        let one = identified(
            ResourceType::EcsCluster,
            "arn:aws:ecs:us-east-1:123456789012:cluster/c",
            "us-east-1",
        );
        let other = identified(
            ResourceType::EcsService,
            "arn:aws:ecs:us-east-1:123456789012:cluster/c",
            "us-east-1",
        );
        assert_ne!(one, other);
    }
}
