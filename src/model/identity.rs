//! One resource, one name.
//!
//! Sources name the same resource by a short id, by its ARN, or by a near-ARN (`arn:aws:ec2:…:i-0abc`), and Lambda
//! functions with a version behind. This is the one place where those become one.

use std::borrow::Cow;

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
/// `None` where a short id does not determine the ARN, and every source gives the ARN.
fn arn_form(resource_type: ResourceType) -> Option<ArnForm> {
    use ResourceType as T;
    match resource_type {
        T::BedrockAgentCoreGateway => regional("bedrock-agentcore", "gateway/"),
        T::ClassicLoadBalancer | T::LoadBalancer => {
            regional("elasticloadbalancing", "loadbalancer/")
        }
        T::CloudFrontDistribution => global("cloudfront", "distribution/"),
        T::CodeBuildProject => regional("codebuild", "project/"),
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
        T::EcrImage | T::EcrRepository => regional("ecr", "repository/"),
        T::EcsCluster => regional("ecs", "cluster/"),
        T::EcsService => regional("ecs", "service/"),
        T::EcsTaskDefinition => regional("ecs", "task-definition/"),
        T::EksCluster => regional("eks", "cluster/"),
        T::EksNodegroup => regional("eks", "nodegroup/"),
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
        T::S3AccessPoint => regional("s3", "accesspoint/"),
        T::S3Bucket => Some(ArnForm {
            service: "s3",
            prefix: "",
            region: false,
            account: false,
        }),
        T::SageMakerNotebookInstance => regional("sagemaker", "notebook-instance/"),
        // The short id includes the six characters that AWS puts behind a secret's name.
        T::SecretsManagerSecret => regional("secretsmanager", "secret:"),
        T::SnsTopic => regional("sns", ""),
        T::SqsQueue => regional("sqs", ""),
        T::TargetGroup => regional("elasticloadbalancing", "targetgroup/"),
        T::Account
        | T::ApiGatewayMethod
        | T::AutoScalingGroup
        | T::BedrockAgentCoreGatewayTarget
        | T::LaunchConfiguration
        | T::SsmPatchCompliance => None,
    }
}

/// How controls name an account. Source: Security Hub User Guide, control findings of type `AwsAccount`.
const ACCOUNT_PREFIX: &str = "AWS::::Account:";

/// An account by its 12 digits, by its root user, or as controls write it.
fn account_of(id: &str, arn: Option<&Arn>) -> Option<AccountId> {
    match arn {
        Some(arn) if arn.service() == "iam" && arn.resource() == "root" => arn.account(),
        Some(_) => None,
        None => id.strip_prefix(ACCOUNT_PREFIX).unwrap_or(id).parse().ok(),
    }
}

/// The resource that is meant. What cannot be brought into the type's form keeps the id that it came with.
pub fn identify(mention: ResourceMention<'_>) -> Resource {
    let ResourceMention {
        resource_type, id, ..
    } = mention;
    let arn: Option<Arn> = id.parse().ok();
    if let (ResourceType::Account, Some(account)) = (resource_type, account_of(id, arn.as_ref())) {
        return Resource {
            resource_type,
            id: format!("{ACCOUNT_PREFIX}{account}"),
            account,
            region: Region::global(),
        };
    }
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
    let form = arn_form(resource_type).filter(|_| {
        // An alias points to a key and is none.
        !(resource_type == ResourceType::KmsKey && id.starts_with("alias/"))
    });
    let id = match (&arn, form) {
        (Some(arn), Some(form)) => canonical(arn, &form, resource_type, account, &region),
        (None, Some(form)) => {
            let partition = Partition::of_region(mention.region);
            let region = if form.region { region.as_str() } else { "" };
            let bare = bare_id(resource_type, id);
            let bare = bare.strip_prefix(form.prefix).unwrap_or(&bare);
            let resource = format!("{}{bare}", form.prefix);
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
            let bucket = resource.split('/').next().unwrap_or(&resource);
            Arn::new(arn.partition(), "s3", "", None, bucket)
                .as_str()
                .to_owned()
        }
        // `arn:aws:ec2:us-east-1:123456789012:i-0abc`, without `instance/`, is seen in published findings.
        _ if form.service == "ec2" => {
            let bare = resource.rsplit('/').next().unwrap_or(&resource);
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
        _ if resource == arn.resource() => arn.as_str().to_owned(),
        _ => Arn::new(
            arn.partition(),
            form.service,
            arn.region().as_ref().map_or("", Region::as_str),
            arn.account(),
            &resource,
        )
        .as_str()
        .to_owned(),
    }
}

/// The resource part of an ARN, or a short id, without what only some sources write.
fn bare_id(resource_type: ResourceType, id: &str) -> Cow<'_, str> {
    let respelt = |from: &str, to: &str| id.strip_prefix(from).map(|rest| format!("{to}{rest}"));
    let respelt = match resource_type {
        ResourceType::LambdaFunction => return Cow::Borrowed(without_version(id)),
        // A queue is also named by its URL, `https://sqs.us-east-1.amazonaws.com/111122223333/orders`.
        ResourceType::SqsQueue => id
            .starts_with("https://")
            .then(|| id.rsplit('/').next().unwrap_or(id).to_owned()),
        // Seen in findings of RDS.1 and RDS.4 beside the ARN's own spelling.
        ResourceType::RdsDbClusterSnapshot => respelt("dbclustersnapshot:", "cluster-snapshot:"),
        ResourceType::RdsDbSnapshot => respelt("dbsnapshot:", "snapshot:"),
        _ => None,
    };
    respelt.map_or(Cow::Borrowed(id), Cow::Owned)
}

/// Without the version or alias that Inspector puts behind a function's name (`:$LATEST`).
fn without_version(id: &str) -> &str {
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

    /// Of each type: its short ids and ARNs as the sources write them, and the one name that all become. `{}` is the
    /// partition, `<>` the Region.
    #[rustfmt::skip]
    const NAMES: &[(ResourceType, &[&str], &str)] = {
        use ResourceType as T;
        &[
            (T::Account, &["123456789012", "AWS::::Account:123456789012", "arn:{}:iam::123456789012:root"], "AWS::::Account:123456789012"),
            (T::AutoScalingGroup, &["arn:{}:autoscaling:<>:123456789012:autoScalingGroup:u-1:autoScalingGroupName/g"], "arn:{}:autoscaling:<>:123456789012:autoScalingGroup:u-1:autoScalingGroupName/g"),
            (T::LaunchConfiguration, &["arn:{}:autoscaling:<>:123456789012:launchConfiguration:u-1:launchConfigurationName/c"], "arn:{}:autoscaling:<>:123456789012:launchConfiguration:u-1:launchConfigurationName/c"),
            (T::ApiGatewayMethod, &["arn:{}:apigateway:<>::/restapis/a/resources/r/methods/GET"], "arn:{}:apigateway:<>::/restapis/a/resources/r/methods/GET"),
            (T::BedrockAgentCoreGateway, &["g-1", "gateway/g-1", "arn:{}:bedrock-agentcore:<>:123456789012:gateway/g-1"], "arn:{}:bedrock-agentcore:<>:123456789012:gateway/g-1"),
            (T::BedrockAgentCoreGatewayTarget, &["arn:{}:bedrock-agentcore:<>:123456789012:gateway/g-1/target/t"], "arn:{}:bedrock-agentcore:<>:123456789012:gateway/g-1/target/t"),
            (T::CloudFrontDistribution, &["E1", "distribution/E1", "arn:{}:cloudfront::123456789012:distribution/E1"], "arn:{}:cloudfront::123456789012:distribution/E1"),
            (T::CodeBuildProject, &["p", "project/p", "arn:{}:codebuild:<>:123456789012:project/p"], "arn:{}:codebuild:<>:123456789012:project/p"),
            (T::DynamoDbTable, &["t", "table/t", "arn:{}:dynamodb:<>:123456789012:table/t"], "arn:{}:dynamodb:<>:123456789012:table/t"),
            (T::Ec2Eip, &["eipalloc-1", "arn:{}:ec2:<>:123456789012:eipalloc-1", "arn:{}:ec2:<>:123456789012:elastic-ip/eipalloc-1"], "arn:{}:ec2:<>:123456789012:elastic-ip/eipalloc-1"),
            (T::Ec2Instance, &["i-0abc", "instance/i-0abc", "arn:{}:ec2:<>:123456789012:i-0abc", "arn:{}:ec2:<>:123456789012:instance/i-0abc"], "arn:{}:ec2:<>:123456789012:instance/i-0abc"),
            (T::Ec2InternetGateway, &["igw-1", "arn:{}:ec2:<>:123456789012:internet-gateway/igw-1"], "arn:{}:ec2:<>:123456789012:internet-gateway/igw-1"),
            (T::Ec2LaunchTemplate, &["lt-1", "arn:{}:ec2:<>:123456789012:launch-template/lt-1"], "arn:{}:ec2:<>:123456789012:launch-template/lt-1"),
            (T::Ec2NetworkAcl, &["acl-1", "arn:{}:ec2:<>:123456789012:network-acl/acl-1"], "arn:{}:ec2:<>:123456789012:network-acl/acl-1"),
            (T::Ec2NetworkInterface, &["eni-1", "arn:{}:ec2:<>:123456789012:eni-1", "arn:{}:ec2:<>:123456789012:network-interface/eni-1"], "arn:{}:ec2:<>:123456789012:network-interface/eni-1"),
            (T::Ec2RouteTable, &["rtb-1", "arn:{}:ec2:<>:123456789012:route-table/rtb-1"], "arn:{}:ec2:<>:123456789012:route-table/rtb-1"),
            (T::Ec2SecurityGroup, &["sg-1", "arn:{}:ec2:<>:123456789012:sg-1", "arn:{}:ec2:<>:123456789012:security-group/sg-1"], "arn:{}:ec2:<>:123456789012:security-group/sg-1"),
            (T::Ec2Subnet, &["subnet-1", "arn:{}:ec2:<>:123456789012:subnet/subnet-1"], "arn:{}:ec2:<>:123456789012:subnet/subnet-1"),
            (T::Ec2Volume, &["vol-1", "arn:{}:ec2:<>:123456789012:volume/vol-1"], "arn:{}:ec2:<>:123456789012:volume/vol-1"),
            (T::Ec2Vpc, &["vpc-1", "arn:{}:ec2:<>:123456789012:vpc/vpc-1"], "arn:{}:ec2:<>:123456789012:vpc/vpc-1"),
            (T::Ec2VpcPeeringConnection, &["pcx-1", "arn:{}:ec2:<>:123456789012:vpc-peering-connection/pcx-1"], "arn:{}:ec2:<>:123456789012:vpc-peering-connection/pcx-1"),
            (T::Ec2VpnGateway, &["vgw-1", "arn:{}:ec2:<>:123456789012:vpn-gateway/vgw-1"], "arn:{}:ec2:<>:123456789012:vpn-gateway/vgw-1"),
            (T::EcrImage, &["shop/sha256:abc", "repository/shop/sha256:abc", "arn:{}:ecr:<>:123456789012:repository/shop/sha256:abc"], "arn:{}:ecr:<>:123456789012:repository/shop/sha256:abc"),
            (T::EcrRepository, &["shop", "arn:{}:ecr:<>:123456789012:repository/shop"], "arn:{}:ecr:<>:123456789012:repository/shop"),
            (T::EcsCluster, &["c", "cluster/c", "arn:{}:ecs:<>:123456789012:cluster/c"], "arn:{}:ecs:<>:123456789012:cluster/c"),
            (T::EcsService, &["c/web", "service/c/web", "arn:{}:ecs:<>:123456789012:service/c/web"], "arn:{}:ecs:<>:123456789012:service/c/web"),
            (T::EcsTaskDefinition, &["web:3", "arn:{}:ecs:<>:123456789012:task-definition/web:3"], "arn:{}:ecs:<>:123456789012:task-definition/web:3"),
            (T::EksCluster, &["shop", "arn:{}:eks:<>:123456789012:cluster/shop"], "arn:{}:eks:<>:123456789012:cluster/shop"),
            (T::EksNodegroup, &["shop/n/u-1", "arn:{}:eks:<>:123456789012:nodegroup/shop/n/u-1"], "arn:{}:eks:<>:123456789012:nodegroup/shop/n/u-1"),
            (T::LoadBalancer, &["app/web/50dc", "loadbalancer/app/web/50dc", "arn:{}:elasticloadbalancing:<>:123456789012:loadbalancer/app/web/50dc"], "arn:{}:elasticloadbalancing:<>:123456789012:loadbalancer/app/web/50dc"),
            (T::ClassicLoadBalancer, &["web", "arn:{}:elasticloadbalancing:<>:123456789012:loadbalancer/web"], "arn:{}:elasticloadbalancing:<>:123456789012:loadbalancer/web"),
            (T::TargetGroup, &["web/50dc", "arn:{}:elasticloadbalancing:<>:123456789012:targetgroup/web/50dc"], "arn:{}:elasticloadbalancing:<>:123456789012:targetgroup/web/50dc"),
            (T::IamGroup, &["ops", "group/ops", "arn:{}:iam::123456789012:group/ops"], "arn:{}:iam::123456789012:group/ops"),
            (T::IamInstanceProfile, &["web", "arn:{}:iam::123456789012:instance-profile/web"], "arn:{}:iam::123456789012:instance-profile/web"),
            (T::IamPolicy, &["p", "policy/p", "arn:{}:iam::123456789012:policy/p"], "arn:{}:iam::123456789012:policy/p"),
            (T::IamRole, &["service/web", "role/service/web", "arn:{}:iam::123456789012:role/service/web"], "arn:{}:iam::123456789012:role/service/web"),
            (T::IamUser, &["alice", "user/alice", "arn:{}:iam::123456789012:user/alice"], "arn:{}:iam::123456789012:user/alice"),
            (T::KmsKey, &["k-1", "key/k-1", "arn:{}:kms:<>:123456789012:key/k-1"], "arn:{}:kms:<>:123456789012:key/k-1"),
            (T::LambdaFunction, &["f", "f:$LATEST", "function:f", "arn:{}:lambda:<>:123456789012:function:f", "arn:{}:lambda:<>:123456789012:function:f:$LATEST", "arn:{}:lambda:<>:123456789012:function:f:7"], "arn:{}:lambda:<>:123456789012:function:f"),
            (T::RdsDbCluster, &["c", "cluster:c", "arn:{}:rds:<>:123456789012:cluster:c"], "arn:{}:rds:<>:123456789012:cluster:c"),
            (T::RdsDbClusterSnapshot, &["s", "dbclustersnapshot:s", "arn:{}:rds:<>:123456789012:dbclustersnapshot:s", "arn:{}:rds:<>:123456789012:cluster-snapshot:s"], "arn:{}:rds:<>:123456789012:cluster-snapshot:s"),
            (T::RdsDbInstance, &["d", "db:d", "arn:{}:rds:<>:123456789012:db:d"], "arn:{}:rds:<>:123456789012:db:d"),
            (T::RdsDbSnapshot, &["s", "snapshot:s", "arn:{}:rds:<>:123456789012:snapshot:s"], "arn:{}:rds:<>:123456789012:snapshot:s"),
            (T::S3AccessPoint, &["p", "arn:{}:s3:<>:123456789012:accesspoint/p"], "arn:{}:s3:<>:123456789012:accesspoint/p"),
            (T::S3Bucket, &["b", "arn:{}:s3:::b", "arn:{}:s3:::b/key/of/object"], "arn:{}:s3:::b"),
            (T::SageMakerNotebookInstance, &["n", "arn:{}:sagemaker:<>:123456789012:notebook-instance/n"], "arn:{}:sagemaker:<>:123456789012:notebook-instance/n"),
            (T::SecretsManagerSecret, &["prod/db-AbCdEf", "arn:{}:secretsmanager:<>:123456789012:secret:prod/db-AbCdEf"], "arn:{}:secretsmanager:<>:123456789012:secret:prod/db-AbCdEf"),
            (T::SnsTopic, &["t", "arn:{}:sns:<>:123456789012:t"], "arn:{}:sns:<>:123456789012:t"),
            (T::SqsQueue, &["q", "https://sqs.<>.amazonaws.com/123456789012/q", "arn:{}:sqs:<>:123456789012:q"], "arn:{}:sqs:<>:123456789012:q"),
            (T::SsmPatchCompliance, &["arn:{}:ssm:<>:123456789012:patchcompliance/i-1"], "arn:{}:ssm:<>:123456789012:patchcompliance/i-1"),
        ]
    };

    #[test]
    fn all_forms_of_a_name_become_one_for_every_type_in_every_partition() {
        let partitions = [
            ("aws", "us-east-1"),
            ("aws-cn", "cn-north-1"),
            ("aws-us-gov", "us-gov-west-1"),
        ];
        for known in ResourceType::ALL {
            assert!(NAMES.iter().any(|(named, ..)| named == known), "{known}");
        }
        for (partition, region) in partitions {
            let filled = |text: &str| text.replace("{}", partition).replace("<>", region);
            for (resource_type, ids, expected) in NAMES {
                let resources: Vec<Resource> = ids
                    .iter()
                    .map(|id| identified(*resource_type, &filled(id), region))
                    .collect();
                assert_eq!(resources[0].id, filled(expected), "{resource_type}");
                for (id, resource) in ids.iter().zip(&resources) {
                    assert_eq!(*resource, resources[0], "{resource_type} {id}");
                }
            }
        }
    }

    #[test]
    fn an_alias_is_no_key() {
        let alias = identified(ResourceType::KmsKey, "alias/backup", "us-east-1");
        assert_eq!(alias.id, "alias/backup");
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
