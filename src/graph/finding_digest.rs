//! A digest of the findings that show a trait of a resource.

use std::hash::Hash;

use crate::model::{StableHasher, TraitIndex};

/// The digest of the findings that show a trait. Its bytes are not aligned, which saves 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FindingDigest {
    pub trait_index: TraitIndex,
    digest: [u8; 16],
}

impl FindingDigest {
    pub(super) fn new(trait_index: TraitIndex, digest: u128) -> Self {
        Self {
            trait_index,
            digest: digest.to_le_bytes(),
        }
    }

    pub(super) fn get(&self) -> u128 {
        u128::from_le_bytes(self.digest)
    }
}

/// Returns the digest of one value.
pub(super) fn digest_of(value: &impl Hash) -> u128 {
    let mut hasher = StableHasher::default();
    value.hash(&mut hasher);
    hasher.finish128()
}
