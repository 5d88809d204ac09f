//! The titles of AWS's own traits, except those of type Impact.
//!
//! "The Amazon EKS cluster uses unencrypted Kubernetes secrets" is not among them: its control, EKS.3, is retired, since EKS
//! encrypts secrets by default from Kubernetes 1.28 on.
//!
//! Source: Security Hub User Guide, the pages "Remediating exposures for …", 2026.

use super::*;
use ResourceType as T;

const TITLES: [(ResourceType, &str); 70] = [
    (
        T::Ec2Instance,
        "The EC2 instance allows access to IMDS using version 1",
    ),
    (
        T::Ec2Instance,
        "The Amazon EC2 instance has a security group or network ACL that allows SSH or RDP access",
    ),
    (
        T::Ec2Instance,
        "The Amazon EC2 instance has an open security group",
    ),
    (
        T::Ec2Instance,
        "The EC2 instance is reachable over the internet",
    ),
    (
        T::Ec2Instance,
        "EC2 instance has network-exploitable software vulnerabilities with a high likelihood of exploitation",
    ),
    (
        T::Ec2Instance,
        "The Amazon EC2 instance has software vulnerabilities",
    ),
    (
        T::Ec2Instance,
        "The EC2 instance has an End-Of-Life operating system",
    ),
    (
        T::Ec2Instance,
        "The EC2 instance has malicious software packages",
    ),
    (T::Ec2Instance, "The EC2 instance has malicious files"),
    (
        T::LambdaFunction,
        "Lambda function is deployed outside of an Amazon VPC",
    ),
    (
        T::LambdaFunction,
        "The Lambda function is accessible through API Gateway without authorization",
    ),
    (
        T::LambdaFunction,
        "The Lambda function is exposed through an Amazon Bedrock AgentCore gateway with no authorizer configured",
    ),
    (
        T::LambdaFunction,
        "The Lambda function is exposed through an Amazon Bedrock AgentCore gateway that allows unauthenticated public access",
    ),
    (
        T::LambdaFunction,
        "The Lambda function can be publicly invoked",
    ),
    (
        T::LambdaFunction,
        "The Lambda function has network-exploitable software vulnerabilities",
    ),
    (
        T::LambdaFunction,
        "The Lambda function has software vulnerabilities",
    ),
    (
        T::LambdaFunction,
        "The Lambda function has malicious software packages",
    ),
    (
        T::LambdaFunction,
        "The Lambda function has code vulnerabilities",
    ),
    (T::S3Bucket, "The Amazon S3 bucket has versioning disabled"),
    (T::S3Bucket, "The Amazon S3 bucket has Object Lock disabled"),
    (
        T::S3Bucket,
        "Amazon S3 bucket is not encrypted at rest with AWS KMS keys",
    ),
    (
        T::S3Bucket,
        "Multi-factor authentication (MFA) delete is disabled on a versioned Amazon S3 bucket",
    ),
    (
        T::S3Bucket,
        "The Amazon S3 bucket allows principals from other AWS accounts to modify bucket permissions",
    ),
    (T::S3Bucket, "The Amazon S3 bucket has public read access"),
    (T::S3Bucket, "The Amazon S3 bucket has public write access"),
    (T::S3Bucket, "The Amazon S3 bucket contains sensitive data"),
    (T::IamUser, "The IAM user does not have MFA enabled"),
    (
        T::IamUser,
        "The AWS account for the IAM user has weak password policies",
    ),
    (T::IamUser, "The IAM user has unrotated access keys"),
    (
        T::IamUser,
        "The IAM user has a policy that allows unrestricted access to KMS key decryption",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance is configured with public access",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB cluster has a snapshot that is shared publicly",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance has a snapshot that is shared publicly",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance has a snapshot that is not encrypted at rest",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB cluster has a snapshot that is not encrypted at rest",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance has an open security group",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance has IAM database authentication disabled",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance uses the default admin username",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB cluster uses the default admin username",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance has automatic minor version upgrades disabled",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance has automated backups disabled",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance has deletion protection disabled",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB cluster has deletion protection disabled",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance uses the default port for the database engine",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance is not covered by a backup plan",
    ),
    (
        T::RdsDbInstance,
        "The Amazon RDS DB instance contains sensitive data",
    ),
    (
        T::EcsService,
        "The Amazon ECS service uses a task definition that allows containers to access the root file systems",
    ),
    (
        T::EcsService,
        "The Amazon ECS service uses a task definition configured to share a host's process namespace",
    ),
    (
        T::EcsService,
        "The Amazon ECS service uses a task definition configured with cleartext credentials in the environment variables",
    ),
    (
        T::EcsService,
        "The Amazon ECS service has an open security group",
    ),
    (
        T::EcsService,
        "The Amazon ECS service has public IP addresses",
    ),
    (
        T::EcsService,
        "The Amazon ECS service uses a task definition that is configured with host networking mode enabled",
    ),
    (
        T::EcsService,
        "The Amazon ECS service is reachable over the internet",
    ),
    (
        T::EcsService,
        "The Amazon ECS service has a container with network-exploitable software vulnerabilities with a high likelihood of exploitation",
    ),
    (
        T::EcsService,
        "The Amazon ECS service has a container with software vulnerabilities",
    ),
    (
        T::EcsService,
        "The Amazon ECS service has a container with an End-Of-Life operating system",
    ),
    (
        T::EcsService,
        "The Amazon ECS service has a container with malicious software packages",
    ),
    (T::EksCluster, "The Amazon EKS cluster allows public access"),
    (
        T::EksCluster,
        "The Amazon EKS cluster uses an unsupported Kubernetes version",
    ),
    (
        T::EksCluster,
        "The Amazon EKS cluster has a container with network-exploitable software vulnerabilities with a high likelihood of exploitation",
    ),
    (
        T::EksCluster,
        "The Amazon EKS cluster has a container with software vulnerabilities",
    ),
    (
        T::EksCluster,
        "The Amazon EKS cluster has a container with an End-Of-Life operating system",
    ),
    (
        T::EksCluster,
        "The Amazon EKS cluster has a container with malicious software packages",
    ),
    (T::EksCluster, "The Amazon EKS cluster has malicious files"),
    (
        T::DynamoDbTable,
        "The DynamoDB table has point-in-time recovery disabled",
    ),
    (
        T::DynamoDbTable,
        "The DynamoDB table is not covered by a backup plan",
    ),
    (
        T::DynamoDbTable,
        "The DynamoDB table has deletion protection disabled",
    ),
    (
        T::SageMakerNotebookInstance,
        "The Amazon SageMaker notebook instance has direct internet access enabled",
    ),
    (
        T::SageMakerNotebookInstance,
        "The Amazon SageMaker notebook instance has root access enabled",
    ),
    (
        T::SageMakerNotebookInstance,
        "The Amazon SageMaker notebook instance contains sensitive data",
    ),
];

#[test]
fn every_aws_title_belongs_to_a_trait_of_its_type() {
    let catalog = catalog();
    let missing: Vec<&str> = TITLES
        .iter()
        .filter(|(resource_type, title)| {
            !catalog.traits().iter().any(|definition| {
                definition.derivation.resource_types.contains(resource_type)
                    && definition.title_on(*resource_type) == *title
            })
        })
        .map(|(_, title)| *title)
        .collect();
    assert_eq!(missing, [""; 0]);
}
