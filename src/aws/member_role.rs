//! A role that is assumed in another account, limited to what its session does.

use serde_json::json;

use crate::model::{AccountId, Partition, Region};

use super::iam_action::IamAction;

/// A role in another account, for calls of one action in one Region.
///
/// The session policy allows this action alone. The permissions of a session are the intersection of those of the role
/// and of this policy. Source: IAM User Guide, "Session policies".
#[derive(Clone, Copy, Debug)]
pub struct MemberRole<'a> {
    /// The ARN of the role.
    pub arn: &'a str,
    /// The external ID that the trust policy of the role requires; empty for none.
    pub external_id: &'a str,
    /// The account of the role.
    pub account: AccountId,
    /// The Region of the calls.
    pub region: &'a Region,
    /// The action that the session is for.
    pub action: IamAction,
}

impl MemberRole<'_> {
    /// Returns the session policy.
    pub(super) fn session_policy(&self) -> String {
        let partition = Partition::of_region(self.region);
        let account = self.account.to_string();
        let resource = self
            .action
            .resource_in(partition, self.region.as_str(), &account);
        json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": self.action.action, "Resource": resource}],
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_may_make_its_calls_and_no_others() {
        let action = IamAction {
            statement: "ReadFindings",
            action: "securityhub:GetFindings",
            reason: "read findings",
            resource: "arn:{partition}:securityhub:{region}:{account}:hub/default",
        };
        let role = MemberRole {
            arn: "arn:aws-us-gov:iam::111122223333:role/exposured-publish",
            external_id: "",
            account: "111122223333".parse().unwrap(),
            region: &"us-gov-west-1".parse().unwrap(),
            action,
        };
        let policy: serde_json::Value = serde_json::from_str(&role.session_policy()).unwrap();
        let expected = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Action": "securityhub:GetFindings",
                "Resource": "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:hub/default",
            }],
        });
        assert_eq!(policy, expected);
    }
}
