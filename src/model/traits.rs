//! Traits, which are security properties of a resource.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of a trait.
///
/// Source: AWS Security Hub User Guide, "Exposure findings", traits.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    schemars::JsonSchema,
    strum::IntoStaticStr,
)]
pub enum TraitType {
    /// The resource has IAM permissions.
    Assumability,
    /// The resource gives an attacker access to more.
    Impact,
    /// The resource is configured in an unsafe way.
    Misconfiguration,
    /// An open network path leads to the resource.
    Reachability,
    /// The resource holds sensitive data.
    #[serde(rename = "Sensitive Data")]
    #[strum(serialize = "Sensitive Data")]
    SensitiveData,
    /// The resource has a weakness that an attacker could exploit.
    Vulnerability,
}

impl TraitType {
    /// Returns the name that AWS uses.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The reason why a text is not an ID of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not {expected}: use lower-case words joined by hyphens, at most 100 characters",
    .text.escape_debug()
)]
pub struct ParseIdError {
    text: String,
    expected: &'static str,
}

macro_rules! kebab_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(String);

        impl $name {
            /// Returns the ID as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let is_valid = (1..=100).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                    && !text.starts_with('-')
                    && !text.ends_with('-');
                if is_valid {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(ParseIdError {
                        text: text.to_owned(),
                        expected: $expected,
                    })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }
    };
}

kebab_id!(
    /// The ID of a trait in the catalog, such as `internet-reachable`.
    TraitId,
    "a trait ID"
);
kebab_id!(
    /// The ID of an exposure rule in the catalog.
    RuleId,
    "an exposure ID"
);

/// The index of a trait in the loaded catalog, by which snapshots refer to it. It is only valid for that catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraitIndex(u16);

impl TraitIndex {
    /// The maximum number of traits in a catalog.
    pub const LIMIT: usize = 512;

    /// Creates an index, if it is below the limit.
    pub fn new(index: usize) -> Option<Self> {
        (index < Self::LIMIT)
            .then(|| u16::try_from(index).ok().map(Self))
            .flatten()
    }

    /// Returns the index into the list of the catalog.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of traits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TraitSet([u64; TraitIndex::LIMIT / 64]);

impl TraitSet {
    /// Adds a trait.
    pub fn insert(&mut self, index: TraitIndex) {
        if let Some(word) = self.0.get_mut(index.get() / 64) {
            *word |= 1 << (index.get() % 64);
        }
    }

    /// Returns whether the set contains the trait.
    pub fn contains(&self, index: TraitIndex) -> bool {
        let word = self.0.get(index.get() / 64).copied().unwrap_or_default();
        word & (1 << (index.get() % 64)) != 0
    }

    /// Returns whether the set contains all traits of `other`.
    pub fn contains_all(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .all(|(mine, theirs)| mine & theirs == theirs)
    }

    /// Returns whether the sets have a trait in common.
    pub fn intersects(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .any(|(mine, theirs)| mine & theirs != 0)
    }

    /// Returns the traits that are in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = *self;
        both.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(mine, theirs)| *mine &= theirs);
        both
    }

    /// Returns the traits that are not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = *self;
        left.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(mine, theirs)| *mine &= !theirs);
        left
    }

    /// Adds all traits of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Returns whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Returns the number of traits.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns the traits in the order of the catalog.
    pub fn iter(&self) -> impl Iterator<Item = TraitIndex> + '_ {
        self.0.iter().enumerate().flat_map(|(number, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                // Clears the lowest bit. For 0 there is none, and `bit` is 64.
                rest &= rest.wrapping_sub(1);
                (bit < 64).then_some(number * 64 + bit)
            })
            .filter_map(TraitIndex::new)
        })
    }
}

impl FromIterator<TraitIndex> for TraitSet {
    fn from_iter<I: IntoIterator<Item = TraitIndex>>(indices: I) -> Self {
        let mut set = Self::default();
        indices.into_iter().for_each(|index| set.insert(index));
        set
    }
}

impl fmt::Debug for TraitSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.iter().map(TraitIndex::get))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(indices: &BTreeSet<usize>) -> TraitSet {
        indices
            .iter()
            .map(|index| TraitIndex::new(*index).unwrap())
            .collect()
    }

    proptest! {
        #[test]
        fn the_operations_are_those_of_a_set(
            one in prop::collection::btree_set(0..TraitIndex::LIMIT, 0..20),
            other in prop::collection::btree_set(0..TraitIndex::LIMIT, 0..20),
        ) {
            let (left, right) = (set(&one), set(&other));
            prop_assert_eq!(left.iter().map(TraitIndex::get).collect::<BTreeSet<_>>(), one.clone());
            prop_assert_eq!(left.len(), one.len());
            prop_assert_eq!(left.is_empty(), one.is_empty());
            prop_assert_eq!(left.contains_all(&right), other.is_subset(&one));
            prop_assert_eq!(left.intersects(&right), !one.is_disjoint(&other));
            prop_assert_eq!(left.intersection(&right), set(&one.intersection(&other).copied().collect()));
            prop_assert_eq!(left.difference(&right), set(&one.difference(&other).copied().collect()));
            let mut union = left;
            union.extend(&right);
            prop_assert_eq!(union, set(&one.union(&other).copied().collect()));
        }
    }

    #[test]
    fn an_index_has_a_limit() {
        assert!(TraitIndex::new(TraitIndex::LIMIT).is_none());
    }

    #[test]
    fn ids_are_kebab_case() {
        assert!("internet-reachable".parse::<TraitId>().is_ok());
        for text in ["", "Internet", "a_b", "-a", "a-", "a b"] {
            assert!(text.parse::<TraitId>().is_err(), "{text}");
        }
    }
}
