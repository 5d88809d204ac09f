//! Resource identity.
//!
//! Sources identify the same resource by a short ID, by its ARN, or by a similar text, such as `arn:aws:ec2:…:i-0abc` or
//! the ARN of a Lambda function with its version. This module brings them into one form.

use std::borrow::Cow;

use super::account::AccountId;
use super::arn::{Arn, Partition};
use super::region::Region;
use super::resource::{Resource, ResourceType};

/// A resource as a source identifies it, and its context.
#[derive(Clone, Copy, Debug)]
pub struct ResourceMention<'a> {
    /// The type.
    pub resource_type: ResourceType,
    /// The ID in any form.
    pub id: &'a str,
    /// The account, if the ID does not contain one.
    pub account: AccountId,
    /// The Region, if the ID does not contain one.
    pub region: &'a Region,
}

/// How the ARN of a resource type is composed.
#[derive(Clone, Copy)]
struct ArnForm {
    service: &'static str,
    /// The part of the ARN between the account and the short ID.
    prefix: &'static str,
    has_region: bool,
    has_account: bool,
}

const fn regional(service: &'static str, prefix: &'static str) -> Option<ArnForm> {
    Some(ArnForm {
        service,
        prefix,
        has_region: true,
        has_account: true,
    })
}

const fn global(service: &'static str, prefix: &'static str) -> Option<ArnForm> {
    Some(ArnForm {
        service,
        prefix,
        has_region: false,
        has_account: true,
    })
}

/// Returns the form of the ARN, or `None` if the short ID does not determine the ARN and every source reports the ARN.
///
/// Source: Service Authorization Reference, "Resource types defined by …" of each service.
fn arn_form(resource_type: ResourceType) -> Option<ArnForm> {
    use ResourceType as T;
    match resource_type {
        T::BedrockAgentCoreGateway => regional("bedrock-agentcore", "gateway/"),
        T::ClassicLoadBalancer | T::LoadBalancer => {
            regional("elasticloadbalancing", "loadbalancer/")
        }
        T::CloudFrontDistribution => global("cloudfront", "distribution/"),
        T::AppSyncGraphQlApi => regional("appsync", "apis/"),
        T::CodeBuildProject => regional("codebuild", "project/"),
        T::CognitoIdentityPool => regional("cognito-identity", "identitypool/"),
        T::DynamoDbTable => regional("dynamodb", "table/"),
        T::Ec2Eip => regional("ec2", "elastic-ip/"),
        T::Ec2Instance => regional("ec2", "instance/"),
        T::Ec2InternetGateway => regional("ec2", "internet-gateway/"),
        T::Ec2LaunchTemplate => regional("ec2", "launch-template/"),
        T::Ec2NetworkAcl => regional("ec2", "network-acl/"),
        T::Ec2NetworkInterface => regional("ec2", "network-interface/"),
        T::Ec2RouteTable => regional("ec2", "route-table/"),
        T::Ec2SecurityGroup => regional("ec2", "security-group/"),
        T::Ec2Snapshot => regional("ec2", "snapshot/"),
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
        T::ElasticsearchDomain | T::OpenSearchDomain => regional("es", "domain/"),
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
        T::RedshiftCluster => regional("redshift", "cluster:"),
        T::S3AccessPoint => regional("s3", "accesspoint/"),
        T::S3Bucket => Some(ArnForm {
            service: "s3",
            prefix: "",
            has_region: false,
            has_account: false,
        }),
        T::SageMakerNotebookInstance => regional("sagemaker", "notebook-instance/"),
        // The short ID includes the six characters that AWS appends to the name of a secret.
        T::SecretsManagerSecret => regional("secretsmanager", "secret:"),
        T::SnsTopic => regional("sns", ""),
        T::SqsQueue => regional("sqs", ""),
        T::TargetGroup => regional("elasticloadbalancing", "targetgroup/"),
        T::Account
        | T::ApiGatewayMethod
        // The ID of a route is unique within its API only.
        | T::ApiGatewayV2Route
        | T::AutoScalingGroup
        | T::BedrockAgentCoreGatewayTarget
        | T::LaunchConfiguration
        | T::Listener
        | T::RedshiftServerlessWorkgroup
        | T::SsmPatchCompliance => None,
    }
}

/// The prefix of the ID that control findings have for an account.
///
/// Source: Security Hub User Guide, control findings of type `AwsAccount`.
const ACCOUNT_PREFIX: &str = "AWS::::Account:";

/// Returns the resource that is meant. An ID that does not fit the form of its type is kept as it is.
pub fn identify(mention: ResourceMention<'_>) -> Resource {
    let ResourceMention {
        resource_type, id, ..
    } = mention;
    let arn: Option<Arn> = id.parse().ok();
    if resource_type == ResourceType::Account
        && let Some(account) = parse_account(id, arn.as_ref())
    {
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
    let id = match (arn, form_of(resource_type, id)) {
        (Some(arn), Some(form)) => canonical_arn(arn, form, resource_type, account, &region),
        (None, Some(form)) => arn_of_short_id(&mention, form, account, &region).to_string(),
        _ => id.to_owned(),
    };
    Resource {
        resource_type,
        id,
        account,
        region,
    }
}

/// Parses an account by its 12 digits, by its root user, or in the form of control findings.
fn parse_account(id: &str, arn: Option<&Arn>) -> Option<AccountId> {
    match arn {
        Some(arn) if arn.service() == "iam" && arn.resource() == "root" => arn.account(),
        Some(_) => None,
        None => id.strip_prefix(ACCOUNT_PREFIX).unwrap_or(id).parse().ok(),
    }
}

fn form_of(resource_type: ResourceType, id: &str) -> Option<ArnForm> {
    // An alias refers to a key and is not one.
    let is_alias = resource_type == ResourceType::KmsKey && id.starts_with("alias/");
    arn_form(resource_type).filter(|_| !is_alias)
}

fn arn_of_short_id(
    mention: &ResourceMention<'_>,
    form: ArnForm,
    account: AccountId,
    region: &Region,
) -> Arn {
    let short_id = normalized_id(mention.resource_type, mention.id);
    let short_id = short_id.strip_prefix(form.prefix).unwrap_or(&short_id);
    Arn::new(
        Partition::of_region(mention.region),
        form.service,
        if form.has_region { region.as_str() } else { "" },
        form.has_account.then_some(account),
        &format!("{}{short_id}", form.prefix),
    )
}

fn canonical_arn(
    arn: Arn,
    form: ArnForm,
    resource_type: ResourceType,
    account: AccountId,
    region: &Region,
) -> String {
    let resource = normalized_id(resource_type, arn.resource());
    let canonical = match resource_type {
        // The ARN of an object contains its bucket.
        ResourceType::S3Bucket => {
            let bucket = resource.split('/').next().unwrap_or(&resource);
            Arn::new(arn.partition(), "s3", "", None, bucket)
        }
        // Published findings contain `arn:aws:ec2:us-east-1:123456789012:i-0abc`, without `instance/`.
        _ if form.service == "ec2" => {
            let short_id = resource.rsplit('/').next().unwrap_or(&resource);
            let resource = format!("{}{short_id}", form.prefix);
            Arn::new(
                arn.partition(),
                "ec2",
                region.as_str(),
                Some(account),
                &resource,
            )
        }
        _ if resource == arn.resource() => return arn.to_string(),
        _ => Arn::new(
            arn.partition(),
            form.service,
            arn.region().as_ref().map_or("", Region::as_str),
            arn.account(),
            &resource,
        ),
    };
    canonical.to_string()
}

/// Returns a short ID, or the resource part of an ARN, without what only some sources write.
fn normalized_id(resource_type: ResourceType, id: &str) -> Cow<'_, str> {
    let with_prefix = |prefix: &str, replacement: &str| {
        id.strip_prefix(prefix)
            .map(|rest| format!("{replacement}{rest}"))
    };
    let normalized = match resource_type {
        ResourceType::LambdaFunction => return Cow::Borrowed(without_version(id)),
        // A queue is also identified by its URL, `https://sqs.us-east-1.amazonaws.com/111122223333/orders`.
        ResourceType::SqsQueue => id
            .starts_with("https://")
            .then(|| id.rsplit('/').next().unwrap_or(id).to_owned()),
        // Findings of RDS.1 and RDS.4 contain these beside the form of the ARN.
        ResourceType::RdsDbClusterSnapshot => {
            with_prefix("dbclustersnapshot:", "cluster-snapshot:")
        }
        ResourceType::RdsDbSnapshot => with_prefix("dbsnapshot:", "snapshot:"),
        _ => None,
    };
    normalized.map_or(Cow::Borrowed(id), Cow::Owned)
}

/// Removes the version or alias that Inspector appends to the name of a function, such as `:$LATEST`.
fn without_version(id: &str) -> &str {
    let prefix = "function:";
    let name = id.strip_prefix(prefix).unwrap_or(id);
    let version = name
        .split_once(':')
        .map_or(0, |(_, version)| version.len() + 1);
    id.get(..id.len() - version).unwrap_or(id)
}

#[cfg(test)]
mod tests;
