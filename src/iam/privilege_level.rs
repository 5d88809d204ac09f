//! How privileged the holder of a policy is.

use super::decision::{Decision, decide};
use super::pattern::UNUSED_NAME;
use super::statement::{RequestedResource, Statement};

/// How many privileges a policy document grants on all resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrivilegeLevel {
    /// Not all actions of any service.
    Limited,
    /// The level depends on something that the document does not show.
    Unknown,
    /// All actions of some service, or of all services except IAM.
    ServiceAdministrator,
    /// All actions of all services, all actions of IAM, or actions with which the holder can grant itself everything else.
    Administrator,
}

impl PrivilegeLevel {
    /// Returns the name of the level in the catalog, or `None` for an unknown level.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Limited => Some("limited"),
            Self::Unknown => None,
            Self::ServiceAdministrator => Some("service-administrator"),
            Self::Administrator => Some("administrator"),
        }
    }
}

/// Sets of actions that, allowed on all resources, make their holder an administrator in one step: by changing policies,
/// by taking over another identity, or by running code with any role.
///
/// Source: Rhino Security Labs, "AWS IAM Privilege Escalation – Methods and Mitigation"; pathfinding.cloud.
const ESCALATIONS: &[&[&str]] = &[
    &["iam:CreatePolicyVersion"],
    &["iam:AttachUserPolicy"],
    &["iam:AttachRolePolicy"],
    &["iam:AttachGroupPolicy"],
    &["iam:PutUserPolicy"],
    &["iam:PutRolePolicy"],
    &["iam:PutGroupPolicy"],
    &["iam:AddUserToGroup"],
    &["iam:CreateAccessKey"],
    &["iam:CreateLoginProfile"],
    &["iam:UpdateLoginProfile"],
    &["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"],
    &["iam:PassRole", "ec2:RunInstances"],
    &["iam:PassRole", "lambda:CreateFunction"],
    &["iam:PassRole", "cloudformation:CreateStack"],
    &["iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"],
    &["iam:PassRole", "glue:CreateDevEndpoint"],
    &["iam:PassRole", "glue:CreateJob", "glue:StartJobRun"],
    &[
        "iam:PassRole",
        "codebuild:CreateProject",
        "codebuild:StartBuild",
    ],
    &["iam:PassRole", "sagemaker:CreateNotebookInstance"],
    &[
        "iam:PassRole",
        "datapipeline:CreatePipeline",
        "datapipeline:PutPipelineDefinition",
    ],
];

/// Returns the privilege level that the statements grant. As for the controls IAM.1 and IAM.21, only actions that are
/// allowed on all resources and without a condition count.
pub fn privilege_level(statements: &[Statement]) -> PrivilegeLevel {
    let decide_all_actions = |service: &str| {
        decide(
            statements,
            &format!("{service}:{UNUSED_NAME}"),
            RequestedResource::Arn(UNUSED_NAME),
        )
    };
    let iam = decide_all_actions("iam");
    let any_service = decide_all_actions(UNUSED_NAME);
    let some_service = statements
        .iter()
        .flat_map(Statement::whole_services)
        .map(decide_all_actions)
        .max()
        .unwrap_or(Decision::Denied);
    let escalation = ESCALATIONS
        .iter()
        .filter_map(|actions| {
            let decide_action =
                |action: &&str| decide(statements, action, RequestedResource::Arn(UNUSED_NAME));
            actions.iter().map(decide_action).min()
        })
        .max()
        .unwrap_or(Decision::Denied);
    if [iam, escalation].contains(&Decision::Allowed) {
        PrivilegeLevel::Administrator
    } else if any_service == Decision::Allowed || some_service == Decision::Allowed {
        PrivilegeLevel::ServiceAdministrator
    } else if [iam, escalation, any_service, some_service].contains(&Decision::Unknown) {
        PrivilegeLevel::Unknown
    } else {
        PrivilegeLevel::Limited
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::iam::document::PolicyDocument;

    fn statements(statements: Value) -> Vec<Statement> {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        PolicyDocument::parse(&document).unwrap().statements
    }

    #[test]
    fn the_level_depends_on_what_is_allowed_on_all_resources() {
        let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        let table = [
            (
                json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
                PrivilegeLevel::Administrator,
            ),
            (
                json!([{"Effect": "Allow", "Action": ["s3:Get*", "*:*"], "Resource": ["*"]}]),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "NotAction": "organizations:*", "Resource": "*"}),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}),
                PrivilegeLevel::ServiceAdministrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "S3:*", "Resource": "*"}),
                PrivilegeLevel::ServiceAdministrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}),
                PrivilegeLevel::Limited,
            ),
            (
                json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}),
                PrivilegeLevel::Limited,
            ),
            (
                json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": mfa}),
                PrivilegeLevel::Unknown,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": mfa},
                ]),
                PrivilegeLevel::Unknown,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "*", "Resource": "*"},
                ]),
                PrivilegeLevel::Limited,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
                ]),
                PrivilegeLevel::ServiceAdministrator,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "iam:DeleteRole", "Resource": "*"},
                ]),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*"}),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "Action": ["iam:Pass*", "lambda:Create*"], "Resource": "*"}),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "Action": ["iam:PassRole", "ec2:RunInstances"], "Resource": "*", "Condition": mfa}),
                PrivilegeLevel::Unknown,
            ),
            (
                json!({"Effect": "Allow", "Action": ["iam:PassRole", "s3:GetObject"], "Resource": "*"}),
                PrivilegeLevel::Limited,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"},
                    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/web"},
                ]),
                PrivilegeLevel::Limited,
            ),
            (json!([]), PrivilegeLevel::Limited),
        ];
        for (document, expected) in table {
            assert_eq!(
                privilege_level(&statements(document.clone())),
                expected,
                "{document}"
            );
        }
    }
}
