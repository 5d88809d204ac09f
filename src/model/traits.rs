//! Traits: security properties of a resource.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of a trait. Source: AWS Security Hub User Guide, "Exposure findings", traits.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
pub enum TraitType {
    /// The resource has been given IAM permissions.
    Assumability,
    /// What an attacker could do from here on.
    Impact,
    /// The resource is configured in an unsafe way.
    Misconfiguration,
    /// There is an open network path to the resource.
    Reachability,
    /// The resource holds sensitive data.
    #[serde(rename = "Sensitive Data")]
    SensitiveData,
    /// The resource has a weakness that an attacker could exploit.
    Vulnerability,
}

impl TraitType {
    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assumability => "Assumability",
            Self::Impact => "Impact",
            Self::Misconfiguration => "Misconfiguration",
            Self::Reachability => "Reachability",
            Self::SensitiveData => "Sensitive Data",
            Self::Vulnerability => "Vulnerability",
        }
    }
}

macro_rules! kebab_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let sound = (1..=100).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                    && !text.starts_with('-')
                    && !text.ends_with('-');
                if sound {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(format!(
                        "{text:?} is not {}: lower-case words joined by hyphens are expected, 100 characters at most",
                        $what
                    ))
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
    /// The id of a trait in the catalog, such as `internet-reachable`.
    TraitId,
    "a trait id"
);
kebab_id!(
    /// The id of an exposure rule in the catalog.
    RuleId,
    "an exposure id"
);

/// The place of a trait in the loaded catalog, by which it is held in the store.
/// Means something only together with the catalog that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraitIndex(u16);

impl TraitIndex {
    /// How many traits a catalog may hold.
    pub const LIMIT: usize = 512;

    /// The index, if a catalog may be so large.
    pub fn new(index: usize) -> Option<Self> {
        (index < Self::LIMIT)
            .then(|| u16::try_from(index).ok().map(Self))
            .flatten()
    }

    /// As an index into the catalog's list.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of traits, as bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TraitSet([u64; TraitIndex::LIMIT / 64]);

impl TraitSet {
    /// Puts a trait in.
    pub fn insert(&mut self, index: TraitIndex) {
        self.0[index.get() / 64] |= 1 << (index.get() % 64);
    }

    /// Whether the trait is in.
    pub fn contains(&self, index: TraitIndex) -> bool {
        self.0[index.get() / 64] & (1 << (index.get() % 64)) != 0
    }

    /// Whether all of `other` is in.
    pub fn contains_all(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .all(|(mine, theirs)| mine & theirs == theirs)
    }

    /// Whether any of `other` is in.
    pub fn intersects(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .any(|(mine, theirs)| mine & theirs != 0)
    }

    /// What is in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = *self;
        both.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(mine, theirs)| *mine &= theirs);
        both
    }

    /// What is in, but not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = *self;
        left.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(mine, theirs)| *mine &= !theirs);
        left
    }

    /// Puts all of `other` in.
    pub fn extend(&mut self, other: &Self) {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Whether nothing is in.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many are in.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// What is in, in the catalog's order.
    pub fn iter(&self) -> impl Iterator<Item = TraitIndex> + '_ {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                // Takes the lowest bit away; of 64 zeros there is none.
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(place * 64 + bit)
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
        fn behaves_as_a_set(
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
    fn a_catalog_has_a_limit() {
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
