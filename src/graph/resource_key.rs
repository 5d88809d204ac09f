//! The keys by which resources are identified and sorted. Their IDs are split in two, because the ARNs of a fleet differ
//! only in their last part.

use std::cmp::Ordering;

use crate::model::{AccountId, ResourceType};

/// What identifies a resource. Keys are sorted by type, ID, account, and Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ResourceKey<'a> {
    pub resource_type: ResourceType,
    pub id: SplitId<'a>,
    pub account: AccountId,
    pub region: &'a str,
}

impl Ord for ResourceKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.resource_type
            .cmp(&other.resource_type)
            .then_with(|| self.id.cmp(&other.id))
            .then_with(|| self.account.cmp(&other.account))
            .then_with(|| self.region.cmp(other.region))
    }
}

impl PartialOrd for ResourceKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An ID in two parts: the prefix, which many resources share, and the rest, such as
/// `arn:aws:ec2:us-east-1:111122223333:instance/` and `i-0abc`. Split IDs are sorted as the whole IDs would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SplitId<'a> {
    pub prefix: &'a str,
    pub rest: &'a str,
}

impl<'a> SplitId<'a> {
    /// Splits an ID after its last slash or colon.
    pub(super) fn new(id: &'a str) -> Self {
        let (prefix, rest) = id.split_at(id.rfind(['/', ':']).map_or(0, |mark| mark + 1));
        Self { prefix, rest }
    }
}

impl Ord for SplitId<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (prefix, other_prefix) = (self.prefix.as_bytes(), other.prefix.as_bytes());
        let shared = prefix.len().min(other_prefix.len());
        let bytes_after = |id: &Self| {
            let (prefix, rest) = (id.prefix.bytes(), id.rest.bytes());
            prefix.chain(rest).skip(shared)
        };
        prefix
            .get(..shared)
            .cmp(&other_prefix.get(..shared))
            .then_with(|| {
                if prefix.len() == other_prefix.len() {
                    self.rest.cmp(other.rest)
                } else {
                    bytes_after(self).cmp(bytes_after(other))
                }
            })
    }
}

impl PartialOrd for SplitId<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn split_ids_are_sorted_as_whole_ones(one in "[ab:/ü]{0,6}", other in "[ab:/ü]{0,6}") {
            let (split, other_split) = (SplitId::new(&one), SplitId::new(&other));
            prop_assert_eq!(split.cmp(&other_split), one.cmp(&other));
            prop_assert_eq!(split == other_split, one == other);
        }
    }
}
