//! The IAM permissions that exposured needs.

use crate::model::{Partition, Region};

/// An IAM action that exposured needs, what for, and on which resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IamAction {
    /// The `Sid` of the statement that allows it. Actions of one statement have the same resource.
    pub statement: &'static str,
    /// The action as in a policy, such as `securityhub:GetFindings`.
    pub action: &'static str,
    /// What exposured does with it, as a phrase such as `read failed controls`.
    pub reason: &'static str,
    /// The narrowest `Resource` element that allows it, with the placeholders `{partition}`, `{region}`, and `{account}`.
    /// It is `*` if the action supports no resource types.
    pub resource: &'static str,
}

/// An IAM action, and the Regions in which it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The action.
    pub action: IamAction,
    /// The Regions.
    pub regions: CallRegions,
}

/// The Regions in which an action is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallRegions {
    /// One Region, by design.
    One(Region),
    /// Each of the Regions that the configuration names.
    Each(Vec<Region>),
}

impl CallRegions {
    /// Returns the first of the configured Regions.
    pub fn first_of(configured: &[Region]) -> Self {
        configured
            .first()
            .cloned()
            .map_or(Self::Each(Vec::new()), Self::One)
    }

    /// Returns the Regions as a list.
    pub fn as_slice(&self) -> &[Region] {
        match self {
            Self::One(region) => std::slice::from_ref(region),
            Self::Each(regions) => regions,
        }
    }
}

impl IamAction {
    /// Returns the `Resource` element. `region` and `account` may be `*`.
    pub fn resource_in(&self, partition: Partition, region: &str, account: &str) -> String {
        self.resource
            .replace("{partition}", partition.as_str())
            .replace("{region}", region)
            .replace("{account}", account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_no_placeholder_left() {
        let action = IamAction {
            statement: "ReadFindings",
            action: "securityhub:GetFindings",
            reason: "read findings",
            resource: "arn:{partition}:securityhub:{region}:{account}:hub/default",
        };
        assert_eq!(
            action.resource_in(Partition::default(), "*", "111122223333"),
            "arn:aws:securityhub:*:111122223333:hub/default"
        );
    }
}
