//! The IAM permissions that exposured needs.

use crate::model::{AccountId, Partition};

/// An IAM action that exposured needs, what for, and on which resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IamAction {
    /// The action as in a policy, such as `securityhub:GetFindings`.
    pub action: &'static str,
    /// What exposured does with it, as a phrase such as `read failed controls`.
    pub reason: &'static str,
    /// The narrowest `Resource` element that allows it, with the placeholders `{partition}`, `{region}`, and `{account}`.
    /// It is `*` if the action supports no resource types.
    pub resource: &'static str,
}

impl IamAction {
    /// Returns the `Resource` element for one account. `region` is a Region or `*`.
    pub fn resource_in(&self, partition: Partition, region: &str, account: AccountId) -> String {
        self.resource
            .replace("{partition}", partition.as_str())
            .replace("{region}", region)
            .replace("{account}", &account.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_no_placeholder_left() {
        let action = IamAction {
            action: "securityhub:GetFindings",
            reason: "read findings",
            resource: "arn:{partition}:securityhub:{region}:{account}:hub/default",
        };
        let account = "111122223333".parse().unwrap();
        assert_eq!(
            action.resource_in(Partition::default(), "*", account),
            "arn:aws:securityhub:*:111122223333:hub/default"
        );
    }
}
