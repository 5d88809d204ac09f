//! A role that is assumed in another account, limited to what its sessions do.

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use serde_json::{Value, json};

use crate::model::{AccountId, Partition, Region, clean_line};

use super::call_error::{CallError, Failure, classify};
use super::iam_action::IamAction;

/// The action that the caller needs.
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// The name of the sessions, as CloudTrail shows it.
const SESSION_NAME: &str = "exposured";

/// The role's credentials last an hour, the most that role chaining allows; the SDK renews them.
/// Source: IAM User Guide, "Methods to assume a role".
const SESSION_SECONDS: i32 = 3_600;

/// A role in another account, for all calls that one cycle makes there.
///
/// The session policy allows these actions in these Regions alone. The permissions of a session are the intersection of
/// those of the role and of this policy. Source: IAM User Guide, "Session policies".
#[derive(Clone, Debug)]
pub struct MemberRole {
    /// The ARN of the role.
    pub arn: String,
    /// The external ID that the trust policy of the role requires; empty for none.
    pub external_id: String,
    /// The account of the role.
    pub account: AccountId,
    /// The Regions of the calls.
    pub regions: BTreeSet<Region>,
    /// The actions that the session is for.
    pub actions: Vec<IamAction>,
}

/// The role that is assumed in each account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleTemplate {
    /// The ARN of the role, with `{account}` in place of the account ID.
    pub arn: String,
    /// The external ID that the trust policy of the role requires; empty for none.
    pub external_id: String,
}

impl RoleTemplate {
    /// The ARN of the role in an account.
    pub fn arn_in(&self, account: AccountId) -> String {
        self.arn.replace("{account}", &account.to_string())
    }
}

impl MemberRole {
    /// Returns the session policy. The Regions are in a condition, because a policy with all ARNs of all Regions would have
    /// more than the 2,048 characters that are allowed. Source: AWS STS API Reference, `AssumeRole`, `Policy`.
    fn session_policy(&self) -> String {
        let partition = self.regions.first().map(Partition::of_region);
        let account = self.account.to_string();
        let regions: Vec<&str> = self.regions.iter().map(Region::as_str).collect();
        let statement = |action: &IamAction| -> Value {
            json!({
                "Effect": "Allow",
                "Action": action.action,
                "Resource": action.resource_in(partition.unwrap_or_default(), "*", &account),
                "Condition": {"StringEquals": {"aws:RequestedRegion": regions}},
            })
        };
        let statements: Vec<Value> = self.actions.iter().map(statement).collect();
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }
}

/// The credentials of a member role.
#[derive(Debug)]
pub(super) struct MemberCredentials {
    pub(super) client: aws_sdk_sts::Client,
    pub(super) role: MemberRole,
}

impl MemberCredentials {
    async fn assume(&self) -> provider::Result {
        let role = &self.role;
        let external_id = Some(&role.external_id).filter(|id| !id.is_empty());
        let response = self
            .client
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(SESSION_NAME)
            .duration_seconds(SESSION_SECONDS)
            .policy(role.session_policy())
            .set_external_id(external_id.cloned())
            .send()
            .await;
        let response = response.map_err(|error| self.failed(classify(&error, ASSUME_ROLE)))?;
        let unreadable = |what: &str| {
            self.failed(CallError {
                failure: Failure::MalformedResponse,
                message: format!("the response has no {what}"),
            })
        };
        let issued = response
            .credentials
            .ok_or_else(|| unreadable("credentials"))?;
        let expires = issued.expiration.try_into();
        Ok(Credentials::new(
            issued.access_key_id,
            issued.secret_access_key,
            Some(issued.session_token),
            Some(expires.map_err(|_| unreadable("valid expiration"))?),
            "exposured::MemberCredentials",
        ))
    }

    /// The error of a call that needs the role: assuming the role is what failed.
    fn failed(&self, cause: CallError) -> CredentialsError {
        let CallError { failure, message } = cause;
        let role = clean_line(&self.role.arn);
        let account = self.role.account;
        CredentialsError::provider_error(CallError {
            failure: match failure {
                Failure::Denied { .. } => Failure::RoleDenied,
                other => other,
            },
            message: format!("assuming {role} in account {account} ({ASSUME_ROLE}): {message}"),
        })
    }
}

impl ProvideCredentials for MemberCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: IamAction = IamAction {
        statement: "ReadFindings",
        action: "securityhub:GetFindings",
        reason: "read findings",
        resource: "arn:{partition}:securityhub:{region}:{account}:hub/default",
    };

    fn role(regions: &[&str]) -> MemberRole {
        MemberRole {
            arn: "arn:aws-us-gov:iam::111122223333:role/exposured-publish".into(),
            external_id: String::new(),
            account: "111122223333".parse().unwrap(),
            regions: regions.iter().map(|name| name.parse().unwrap()).collect(),
            actions: vec![READ],
        }
    }

    #[test]
    fn a_session_may_make_its_calls_and_no_others() {
        let role = role(&["us-gov-west-1", "us-gov-east-1"]);
        let policy: Value = serde_json::from_str(&role.session_policy()).unwrap();
        let expected = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Action": "securityhub:GetFindings",
                "Resource": "arn:aws-us-gov:securityhub:*:111122223333:hub/default",
                "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-gov-east-1", "us-gov-west-1"]}},
            }],
        });
        assert_eq!(policy, expected);
    }

    #[test]
    fn a_session_policy_fits_with_forty_regions() {
        let regions: Vec<String> = (1..=40).map(|n| format!("ap-southeast-{n}")).collect();
        let regions: Vec<&str> = regions.iter().map(String::as_str).collect();
        let mut role = role(&regions);
        role.actions = vec![READ, READ];
        assert!(role.session_policy().len() <= 2_048);
    }
}
