//! Names of resources, split: of a fleet's ARNs only the last part differs.

use std::cmp::Ordering;

use crate::model::{AccountId, ResourceType};

/// A resource's name, ordered by type, id, account and Region. The id is split where [`split`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub resource_type: ResourceType,
    pub id: (&'a str, &'a str),
    pub account: AccountId,
    pub region: &'a str,
}

impl Ord for Name<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.resource_type
            .cmp(&other.resource_type)
            .then_with(|| as_one(self.id, other.id))
            .then_with(|| self.account.cmp(&other.account))
            .then_with(|| self.region.cmp(other.region))
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An id's beginning, which many share, and the rest: `arn:aws:ec2:us-east-1:111122223333:instance/` and `i-0abc`.
pub(super) fn split(id: &str) -> (&str, &str) {
    id.split_at(id.rfind(['/', ':']).map_or(0, |mark| mark + 1))
}

/// As the ids would be ordered if they were not split.
fn as_one(one: (&str, &str), other: (&str, &str)) -> Ordering {
    let (beginning, other_beginning) = (one.0.as_bytes(), other.0.as_bytes());
    let both = beginning.len().min(other_beginning.len());
    let rest = || {
        let bytes = |id: (&str, &str)| -> Vec<u8> {
            let joined = id.0.bytes().chain(id.1.bytes());
            joined.skip(both).collect()
        };
        if beginning.len() == other_beginning.len() {
            one.1.cmp(other.1)
        } else {
            bytes(one).cmp(&bytes(other))
        }
    };
    beginning[..both]
        .cmp(&other_beginning[..both])
        .then_with(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn split_ids_are_ordered_as_whole_ones(one in "[ab:/ü]{0,6}", other in "[ab:/ü]{0,6}") {
            prop_assert_eq!(as_one(split(&one), split(&other)), one.cmp(&other));
            prop_assert_eq!(split(&one) == split(&other), one == other);
        }
    }
}
