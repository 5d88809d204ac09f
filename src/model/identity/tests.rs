//! Identities of every resource type.

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

/// For each type: its IDs in the forms that sources write, and the canonical ID. `{}` stands for the partition and `<>` for
/// the Region.
#[rustfmt::skip]
const FORMS: &[(ResourceType, &[&str], &str)] = {
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
        (T::Ec2Snapshot, &["snap-1", "arn:{}:ec2:<>:123456789012:snapshot/snap-1"], "arn:{}:ec2:<>:123456789012:snapshot/snap-1"),
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
        (T::ElasticsearchDomain, &["d", "domain/d", "arn:{}:es:<>:123456789012:domain/d"], "arn:{}:es:<>:123456789012:domain/d"),
        (T::Listener, &["arn:{}:elasticloadbalancing:<>:123456789012:listener/app/a/1/2"], "arn:{}:elasticloadbalancing:<>:123456789012:listener/app/a/1/2"),
        (T::KmsKey, &["k-1", "key/k-1", "arn:{}:kms:<>:123456789012:key/k-1"], "arn:{}:kms:<>:123456789012:key/k-1"),
        (T::LambdaFunction, &["f", "f:$LATEST", "function:f", "arn:{}:lambda:<>:123456789012:function:f", "arn:{}:lambda:<>:123456789012:function:f:$LATEST", "arn:{}:lambda:<>:123456789012:function:f:7"], "arn:{}:lambda:<>:123456789012:function:f"),
        (T::OpenSearchDomain, &["d", "domain/d", "arn:{}:es:<>:123456789012:domain/d"], "arn:{}:es:<>:123456789012:domain/d"),
        (T::RdsDbCluster, &["c", "cluster:c", "arn:{}:rds:<>:123456789012:cluster:c"], "arn:{}:rds:<>:123456789012:cluster:c"),
        (T::RdsDbClusterSnapshot, &["s", "dbclustersnapshot:s", "arn:{}:rds:<>:123456789012:dbclustersnapshot:s", "arn:{}:rds:<>:123456789012:cluster-snapshot:s"], "arn:{}:rds:<>:123456789012:cluster-snapshot:s"),
        (T::RdsDbInstance, &["d", "db:d", "arn:{}:rds:<>:123456789012:db:d"], "arn:{}:rds:<>:123456789012:db:d"),
        (T::RdsDbSnapshot, &["s", "snapshot:s", "dbsnapshot:s", "arn:{}:rds:<>:123456789012:dbsnapshot:s", "arn:{}:rds:<>:123456789012:snapshot:s"], "arn:{}:rds:<>:123456789012:snapshot:s"),
        (T::RedshiftCluster, &["c", "cluster:c", "arn:{}:redshift:<>:123456789012:cluster:c"], "arn:{}:redshift:<>:123456789012:cluster:c"),
        (T::RedshiftServerlessWorkgroup, &["arn:{}:redshift-serverless:<>:123456789012:workgroup/w"], "arn:{}:redshift-serverless:<>:123456789012:workgroup/w"),
        (T::S3AccessPoint, &["p", "arn:{}:s3:<>:123456789012:accesspoint/p"], "arn:{}:s3:<>:123456789012:accesspoint/p"),
        (T::S3Bucket, &["b", "arn:{}:s3:::b", "arn:{}:s3:::b/key/of/object"], "arn:{}:s3:::b"),
        (T::SageMakerNotebookInstance, &["n", "arn:{}:sagemaker:<>:123456789012:notebook-instance/n"], "arn:{}:sagemaker:<>:123456789012:notebook-instance/n"),
        (T::SecretsManagerSecret, &["prod/db-AbCdEf", "arn:{}:secretsmanager:<>:123456789012:secret:prod/db-AbCdEf"], "arn:{}:secretsmanager:<>:123456789012:secret:prod/db-AbCdEf"),
        (T::SnsTopic, &["t", "arn:{}:sns:<>:123456789012:t"], "arn:{}:sns:<>:123456789012:t"),
        (T::SqsQueue, &["q", "https://sqs.<>.amazonaws.com/123456789012/q", "arn:{}:sqs:<>:123456789012:q"], "arn:{}:sqs:<>:123456789012:q"),
        (T::ApiGatewayV2Route, &["arn:{}:apigateway:<>::/apis/a/routes/r"], "arn:{}:apigateway:<>::/apis/a/routes/r"),
        (T::AppSyncGraphQlApi, &["a", "apis/a", "arn:{}:appsync:<>:123456789012:apis/a"], "arn:{}:appsync:<>:123456789012:apis/a"),
        (T::CognitoIdentityPool, &["<>:p", "identitypool/<>:p", "arn:{}:cognito-identity:<>:123456789012:identitypool/<>:p"], "arn:{}:cognito-identity:<>:123456789012:identitypool/<>:p"),
        (T::SsmPatchCompliance, &["arn:{}:ssm:<>:123456789012:patchcompliance/i-1"], "arn:{}:ssm:<>:123456789012:patchcompliance/i-1"),
    ]
};

#[test]
fn all_forms_of_an_id_become_one_for_every_type_in_every_partition() {
    let partitions = [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
    ];
    for known in ResourceType::ALL {
        assert!(FORMS.iter().any(|(named, ..)| named == known), "{known}");
    }
    for (partition, region) in partitions {
        let filled = |text: &str| text.replace("{}", partition).replace("<>", region);
        for (resource_type, ids, expected) in FORMS {
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
fn an_alias_is_not_a_key() {
    let alias = identified(ResourceType::KmsKey, "alias/backup", "us-east-1");
    assert_eq!(alias.id, "alias/backup");
}

#[test]
fn account_and_region_of_the_arn_take_precedence_over_the_context() {
    let resource = identified(
        ResourceType::Ec2Instance,
        "arn:aws:ec2:eu-west-1:210987654321:instance/i-1",
        "us-east-1",
    );
    assert_eq!(resource.account.to_string(), "210987654321");
    assert_eq!(resource.region.as_str(), "eu-west-1");
}

#[test]
fn iam_findings_of_every_region_are_about_the_same_user() {
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
