//! What AWS's own policies allow, for those that are attached most and of which no source of ours has the document:
//! neither findings nor AWS Config hold AWS managed policies.
//!
//! Source: AWS Managed Policy Reference, the default versions of these policies, as far as reading data and becoming
//! other roles goes.

use serde_json::json;

use super::document::{Document, Statement};

/// The actions, all on all resources, of an AWS managed policy. `None` of one that is not known here.
fn actions(name: &str) -> Option<&'static [&'static str]> {
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
        // These read no data, or only their own service's.
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

/// The statements of an AWS managed policy, by its ARN; `None` if it is none, or not known here.
pub fn managed(arn: &str) -> Option<Vec<Statement>> {
    let (_, name) = arn.split_once(":iam::aws:policy/")?;
    let actions = actions(name.rsplit('/').next()?)?;
    if actions.is_empty() {
        return Some(Vec::new());
    }
    let document = json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}});
    Document::read(&document)
        .ok()
        .map(|document| document.statements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::{Answer, Target, decide};

    #[test]
    fn aws_own_policies_are_known_in_every_partition() {
        let reads = |arn: &str| {
            managed(arn).map(|statements| {
                let bucket = Target::Within("arn:aws:s3:::b/");
                decide(statements.iter(), "s3:GetObject", bucket)
            })
        };
        assert_eq!(
            reads("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
            Some(Answer::Allows)
        );
        assert_eq!(
            reads("arn:aws-cn:iam::aws:policy/AdministratorAccess"),
            Some(Answer::Allows)
        );
        assert_eq!(
            reads("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
            Some(Answer::Denies)
        );
        assert_eq!(reads("arn:aws:iam::aws:policy/AmazonRDSFullAccess"), None);
        assert_eq!(
            reads("arn:aws:iam::111122223333:policy/AmazonS3FullAccess"),
            None
        );
    }
}
