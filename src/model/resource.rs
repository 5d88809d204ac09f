//! Resources and their types.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{AccountId, Region};

macro_rules! resource_types {
    ($($variant:ident $cloudformation:literal $asff:literal $(, $other:literal)*;)*) => {
        /// The resource types that exposured knows: those that can be exposed and those that are related to them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each variant is its CloudFormation type")]
        pub enum ResourceType { $($variant,)* }

        impl ResourceType {
            /// All types.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the CloudFormation type, such as `AWS::EC2::Instance`.
            pub fn cloudformation(self) -> &'static str {
                match self { $(Self::$variant => $cloudformation,)* }
            }

            /// Returns the type in `Resources[].Type` of ASFF, which is `Other` if ASFF has none.
            pub fn asff(self) -> &'static str {
                match self { $(Self::$variant => $asff,)* }
            }

            /// Returns the type with this name in CloudFormation, ASFF, or Inspector.
            pub fn from_any_name(text: &str) -> Option<Self> {
                match text {
                    $($cloudformation $(| $other)* => Some(Self::$variant),)*
                    "Other" => None,
                    _ => Self::ALL.iter().copied().find(|known| known.asff() == text),
                }
            }
        }
    };
}

// The name in CloudFormation, the name in ASFF ("Other" if the Security Hub API model has no details for the type), and
// further names, such as that of Inspector.
resource_types! {
    Account "AWS::::Account" "AwsAccount";
    AutoScalingGroup "AWS::AutoScaling::AutoScalingGroup" "AwsAutoScalingAutoScalingGroup";
    LaunchConfiguration "AWS::AutoScaling::LaunchConfiguration" "AwsAutoScalingLaunchConfiguration";
    ApiGatewayMethod "AWS::ApiGateway::Method" "Other";
    ApiGatewayV2Route "AWS::ApiGatewayV2::Route" "AwsApiGatewayV2Route";
    AppSyncGraphQlApi "AWS::AppSync::GraphQLApi" "AwsAppSyncGraphQlApi";
    BedrockAgentCoreGateway "AWS::BedrockAgentCore::Gateway" "Other";
    BedrockAgentCoreGatewayTarget "AWS::BedrockAgentCore::GatewayTarget" "Other";
    CloudFrontDistribution "AWS::CloudFront::Distribution" "AwsCloudFrontDistribution";
    CodeBuildProject "AWS::CodeBuild::Project" "AwsCodeBuildProject";
    CognitoIdentityPool "AWS::Cognito::IdentityPool" "AwsCognitoIdentityPool";
    DynamoDbTable "AWS::DynamoDB::Table" "AwsDynamoDbTable";
    Ec2Eip "AWS::EC2::EIP" "AwsEc2Eip";
    Ec2Instance "AWS::EC2::Instance" "AwsEc2Instance", "AWS_EC2_INSTANCE";
    Ec2InternetGateway "AWS::EC2::InternetGateway" "Other";
    Ec2LaunchTemplate "AWS::EC2::LaunchTemplate" "AwsEc2LaunchTemplate";
    Ec2NetworkAcl "AWS::EC2::NetworkAcl" "AwsEc2NetworkAcl";
    Ec2NetworkInterface "AWS::EC2::NetworkInterface" "AwsEc2NetworkInterface";
    Ec2RouteTable "AWS::EC2::RouteTable" "AwsEc2RouteTable";
    Ec2SecurityGroup "AWS::EC2::SecurityGroup" "AwsEc2SecurityGroup";
    Ec2Snapshot "AWS::EC2::Snapshot" "Other";
    Ec2Subnet "AWS::EC2::Subnet" "AwsEc2Subnet";
    Ec2Volume "AWS::EC2::Volume" "AwsEc2Volume";
    Ec2Vpc "AWS::EC2::VPC" "AwsEc2Vpc";
    Ec2VpcPeeringConnection "AWS::EC2::VPCPeeringConnection" "AwsEc2VpcPeeringConnection";
    Ec2VpnGateway "AWS::EC2::VPNGateway" "Other";
    EcrImage "AWS::ECR::Image" "AwsEcrContainerImage", "AWS_ECR_CONTAINER_IMAGE";
    EcrRepository "AWS::ECR::Repository" "AwsEcrRepository", "AWS_ECR_REPOSITORY";
    EcsCluster "AWS::ECS::Cluster" "AwsEcsCluster";
    EcsService "AWS::ECS::Service" "AwsEcsService";
    EcsTaskDefinition "AWS::ECS::TaskDefinition" "AwsEcsTaskDefinition";
    EksCluster "AWS::EKS::Cluster" "AwsEksCluster";
    EksNodegroup "AWS::EKS::Nodegroup" "Other";
    ClassicLoadBalancer "AWS::ElasticLoadBalancing::LoadBalancer" "AwsElbLoadBalancer";
    Listener "AWS::ElasticLoadBalancingV2::Listener" "Other";
    LoadBalancer "AWS::ElasticLoadBalancingV2::LoadBalancer" "AwsElbv2LoadBalancer";
    TargetGroup "AWS::ElasticLoadBalancingV2::TargetGroup" "Other";
    ElasticsearchDomain "AWS::Elasticsearch::Domain" "AwsElasticsearchDomain";
    IamGroup "AWS::IAM::Group" "AwsIamGroup";
    IamInstanceProfile "AWS::IAM::InstanceProfile" "Other";
    IamPolicy "AWS::IAM::Policy" "AwsIamPolicy", "AWS::IAM::ManagedPolicy";
    IamRole "AWS::IAM::Role" "AwsIamRole";
    IamUser "AWS::IAM::User" "AwsIamUser";
    KmsKey "AWS::KMS::Key" "AwsKmsKey";
    LambdaFunction "AWS::Lambda::Function" "AwsLambdaFunction", "AWS_LAMBDA_FUNCTION";
    OpenSearchDomain "AWS::OpenSearch::Domain" "AwsOpenSearchServiceDomain";
    RdsDbCluster "AWS::RDS::DBCluster" "AwsRdsDbCluster";
    RdsDbClusterSnapshot "AWS::RDS::DBClusterSnapshot" "AwsRdsDbClusterSnapshot";
    RdsDbInstance "AWS::RDS::DBInstance" "AwsRdsDbInstance";
    RdsDbSnapshot "AWS::RDS::DBSnapshot" "AwsRdsDbSnapshot";
    RedshiftCluster "AWS::Redshift::Cluster" "AwsRedshiftCluster";
    RedshiftServerlessWorkgroup "AWS::RedshiftServerless::Workgroup" "AwsRedshiftServerlessWorkgroup";
    S3AccessPoint "AWS::S3::AccessPoint" "AwsS3AccessPoint";
    S3Bucket "AWS::S3::Bucket" "AwsS3Bucket";
    SnsTopic "AWS::SNS::Topic" "AwsSnsTopic";
    SqsQueue "AWS::SQS::Queue" "AwsSqsQueue";
    SsmPatchCompliance "AWS::SSM::PatchCompliance" "AwsSsmPatchCompliance";
    SageMakerNotebookInstance "AWS::SageMaker::NotebookInstance" "AwsSageMakerNotebookInstance";
    SecretsManagerSecret "AWS::SecretsManager::Secret" "AwsSecretsManagerSecret";
}

impl ResourceType {
    /// Returns a noun for resources of the type, as in "this instance". For types that cannot be exposed it is "resource".
    pub fn noun(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::ApiGatewayV2Route => "route",
            Self::AppSyncGraphQlApi => "API",
            Self::CodeBuildProject => "project",
            Self::CognitoIdentityPool => "identity pool",
            Self::DynamoDbTable => "table",
            Self::Ec2Instance => "instance",
            Self::EcrRepository => "repository",
            Self::EcsService => "service",
            Self::EcsCluster | Self::EksCluster | Self::RedshiftCluster => "cluster",
            Self::ElasticsearchDomain | Self::OpenSearchDomain => "domain",
            Self::IamRole => "role",
            Self::IamUser => "user",
            Self::KmsKey => "key",
            Self::LambdaFunction => "function",
            Self::Ec2Snapshot | Self::RdsDbClusterSnapshot | Self::RdsDbSnapshot => "snapshot",
            Self::RdsDbInstance => "DB instance",
            Self::RedshiftServerlessWorkgroup => "workgroup",
            Self::S3Bucket => "bucket",
            Self::SageMakerNotebookInstance => "notebook instance",
            Self::SecretsManagerSecret => "secret",
            Self::SnsTopic => "topic",
            Self::SqsQueue => "queue",
            _ => "resource",
        }
    }

    /// Returns whether resources of the type belong to no Region. Findings about them come from every Region that records
    /// them.
    pub fn is_global(self) -> bool {
        matches!(
            self,
            Self::Account
                | Self::CloudFrontDistribution
                | Self::IamGroup
                | Self::IamInstanceProfile
                | Self::IamPolicy
                | Self::IamRole
                | Self::IamUser
        )
    }
}

/// The reason why a text is not a resource type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a resource type that exposured knows; did you mean `{nearest}`?",
    .text.escape_debug()
)]
pub struct ParseResourceTypeError {
    text: String,
    nearest: ResourceType,
}

impl FromStr for ResourceType {
    type Err = ParseResourceTypeError;

    /// Parses the CloudFormation type, which the catalog and the outputs use.
    fn from_str(text: &str) -> Result<Self, ParseResourceTypeError> {
        if let Some(known) = Self::ALL
            .iter()
            .copied()
            .find(|known| known.cloudformation() == text)
        {
            return Ok(known);
        }
        let distance = |known: &Self| {
            let name = known.cloudformation();
            (strsim::damerau_levenshtein(text, name), name)
        };
        let nearest = Self::ALL.iter().copied().min_by_key(distance);
        Err(ParseResourceTypeError {
            text: text.to_owned(),
            nearest: nearest.unwrap_or(Self::Ec2Instance),
        })
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.cloudformation())
    }
}

impl Serialize for ResourceType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.cloudformation())
    }
}

impl<'de> Deserialize<'de> for ResourceType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A resource. All four fields identify it. Lists are sorted by the type first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// The CloudFormation type.
    pub resource_type: ResourceType,
    /// The ARN, if the type has one, or another ID.
    pub id: String,
    /// The account that owns the resource.
    pub account: AccountId,
    /// The Region, or `global` for resources such as those of IAM.
    pub region: Region,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_type_is_known() {
        for known in ResourceType::ALL.iter().copied() {
            assert_eq!(known.cloudformation().parse(), Ok(known));
            assert_eq!(
                ResourceType::from_any_name(known.cloudformation()),
                Some(known)
            );
            if known.asff() != "Other" {
                assert_eq!(ResourceType::from_any_name(known.asff()), Some(known));
            }
        }
        assert_eq!(
            ResourceType::from_any_name("AWS_EC2_INSTANCE"),
            Some(ResourceType::Ec2Instance)
        );
        assert_eq!(ResourceType::from_any_name("Other"), None);
    }

    #[test]
    fn the_error_for_an_unknown_name_suggests_the_nearest_one() {
        let error = "AWS::EC2::Instanze".parse::<ResourceType>().unwrap_err();
        insta::assert_snapshot!(
            error,
            @"`AWS::EC2::Instanze` is not a resource type that exposured knows; did you mean `AWS::EC2::Instance`?"
        );
    }
}
