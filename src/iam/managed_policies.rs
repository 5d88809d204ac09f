//! The AWS managed policies that are attached most often. Neither findings nor AWS Config contain their documents.
//!
//! Source: AWS Managed Policy Reference, the default versions of these policies, limited to reading data and assuming
//! roles.

use serde_json::json;

use super::document::PolicyDocument;
use super::statement::Statement;

/// Returns the actions that an AWS managed policy allows on all resources, or `None` if the policy is not listed here.
fn allowed_actions(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "AdministratorAccess" => &["*"],
        "AmazonDynamoDBFullAccess" | "AmazonDynamoDBFullAccess_v2" => &["dynamodb:*"],
        "AmazonDynamoDBReadOnlyAccess" => &[
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        ],
        "AmazonS3FullAccess" => &["s3:*"],
        "AmazonS3ReadOnlyAccess" => &["s3:Get*", "s3:List*", "s3:Describe*"],
        "PowerUserAccess" => &["dynamodb:*", "s3:*", "secretsmanager:*", "sts:*"],
        "ReadOnlyAccess" => &[
            "dynamodb:BatchGet*",
            "dynamodb:Get*",
            "dynamodb:Query",
            "dynamodb:Scan",
            "s3:Get*",
            "s3:List*",
        ],
        "SecretsManagerReadWrite" => &["secretsmanager:*"],
        // These read no data, or only the data of their own service.
        "AmazonEC2ContainerRegistryReadOnly"
        | "AmazonEKSWorkerNodePolicy"
        | "AmazonEKS_CNI_Policy"
        | "AWSLambdaBasicExecutionRole"
        | "AWSLambdaVPCAccessExecutionRole"
        | "AWSXRayDaemonWriteAccess"
        | "CloudWatchAgentServerPolicy"
        | "SecurityAudit" => &[],
        _ => return None,
    })
}

/// Returns the statements of the AWS managed policy with this ARN, or `None` for any other policy and for AWS managed
/// policies that are not listed here.
pub fn managed_policy_statements(arn: &str) -> Option<Vec<Statement>> {
    let (_, name) = arn.split_once(":iam::aws:policy/")?;
    let actions = allowed_actions(name.rsplit('/').next()?)?;
    if actions.is_empty() {
        return Some(Vec::new());
    }
    let document = json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}});
    PolicyDocument::parse(&document)
        .ok()
        .map(|document| document.statements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::decision::{Decision, decide};
    use crate::iam::statement::RequestedResource;

    #[test]
    fn aws_managed_policies_are_known_in_every_partition() {
        let reads = |arn: &str| {
            managed_policy_statements(arn).map(|statements| {
                let objects = RequestedResource::SomeWithPrefix("arn:aws:s3:::b/");
                decide(&statements, "s3:GetObject", objects)
            })
        };
        assert_eq!(
            reads("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
            Some(Decision::Allowed)
        );
        assert_eq!(
            reads("arn:aws-cn:iam::aws:policy/AdministratorAccess"),
            Some(Decision::Allowed)
        );
        assert_eq!(
            reads("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
            Some(Decision::Denied)
        );
        assert_eq!(reads("arn:aws:iam::aws:policy/AmazonRDSFullAccess"), None);
        assert_eq!(
            reads("arn:aws:iam::111122223333:policy/AmazonS3FullAccess"),
            None
        );
    }
}
