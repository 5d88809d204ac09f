//! How privileged the holder of a policy is.

use std::collections::BTreeSet;

use super::decision::{Answer, Decision, IdentityPolicies, ResourcePolicy};
use super::pattern::UNUSED_NAME;
use super::request::{RequestContext, RequestedTarget, RequestingIdentity};
use super::statement::RequestedResource;

/// How many privileges policies grant on all resources.
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

/// Returns the privilege level that the policies of an identity grant. As for the controls IAM.1 and IAM.21, only actions
/// that are allowed on all resources count; for actions of IAM, all of a type in the account are enough.
pub fn privilege_level(
    policies: &IdentityPolicies<'_>,
    identity: &RequestingIdentity,
) -> (PrivilegeLevel, BTreeSet<String>) {
    let decide_on = |action: &str, arn: &str| {
        let mut target = RequestedTarget::from_arn(arn);
        target.account = Some(identity.account);
        let context = RequestContext::new(identity, target);
        let resource = RequestedResource::Arn(arn);
        policies.decide(action, resource, ResourcePolicy::NotRead(""), &context)
    };
    let decide_all_actions =
        |service: &str| decide_on(&format!("{service}:{UNUSED_NAME}"), UNUSED_NAME);
    let iam = format!("arn:{}:iam::{}:", identity.partition(), identity.account);
    let all_of_iam = IAM_TYPES.iter().map(|resource_type| {
        let arn = format!("{iam}{resource_type}/{UNUSED_NAME}");
        decide_on(&format!("iam:{UNUSED_NAME}"), &arn)
    });
    let all_of_iam = all_of_iam.reduce(Answer::and).unwrap_or(Answer::DENIED);
    let any_service = decide_on(
        &format!("{UNUSED_NAME}:{UNUSED_NAME}"),
        &format!("arn:{}:{UNUSED_NAME}", identity.partition()),
    );
    let some_service = Answer::any(
        policies
            .statements
            .iter()
            .flat_map(|statement| statement.whole_services())
            .map(decide_all_actions),
    );
    let escalation = Answer::any(ESCALATIONS.iter().filter_map(|actions| {
        let answers = actions.iter().map(|action| match resource_type(action) {
            Some(resource_type) => {
                decide_on(action, &format!("{iam}{resource_type}/{UNUSED_NAME}"))
            }
            None => decide_on(action, UNUSED_NAME),
        });
        answers.reduce(Answer::and)
    }));
    let administrator = Answer::any([all_of_iam, escalation]);
    let service_administrator = Answer::any([any_service, some_service]);
    match (administrator.decision, service_administrator.decision) {
        (Decision::Allowed, _) => (PrivilegeLevel::Administrator, BTreeSet::new()),
        (Decision::Unknown, Decision::Allowed) | (Decision::Denied, Decision::Allowed) => {
            (PrivilegeLevel::ServiceAdministrator, BTreeSet::new())
        }
        (Decision::Denied, Decision::Denied) => (PrivilegeLevel::Limited, BTreeSet::new()),
        _ => {
            let mut unknown = administrator.unknown;
            unknown.extend(service_administrator.unknown);
            (PrivilegeLevel::Unknown, unknown)
        }
    }
}

/// The types of resources of IAM that policies and identities are.
const IAM_TYPES: [&str; 4] = ["group", "policy", "role", "user"];

/// The type of resource that an action of IAM is about.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".
fn resource_type(action: &str) -> Option<&'static str> {
    let action = action.strip_prefix("iam:")?;
    Some(match action {
        "CreatePolicyVersion" => "policy",
        "AddUserToGroup" => "group",
        "CreateAccessKey" | "CreateLoginProfile" | "UpdateLoginProfile" => "user",
        _ if action.contains("Group") => "group",
        _ if action.contains("User") => "user",
        _ => "role",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::iam::document::PolicyDocument;

    fn level_of(statements: &Value) -> PrivilegeLevel {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let document = PolicyDocument::parse(&document).unwrap();
        let policies = IdentityPolicies {
            statements: document.statements.iter().collect(),
            ..IdentityPolicies::default()
        };
        let identity = RequestingIdentity::any_of("111122223333".parse().unwrap());
        privilege_level(&policies, &identity).0
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
            (
                json!({"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:*"}),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:*"}),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "arn:aws:iam::111122223333:user/*"}),
                PrivilegeLevel::Administrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "arn:aws:iam::111122223333:user/bots/*"}),
                PrivilegeLevel::Limited,
            ),
            // No action begins with the name that stands for all of them.
            (
                json!({"Effect": "Allow", "Action": "iam:E*", "Resource": "*"}),
                PrivilegeLevel::Limited,
            ),
            (json!([]), PrivilegeLevel::Limited),
        ];
        for (document, expected) in table {
            assert_eq!(level_of(&document), expected, "{document}");
        }
    }
}
