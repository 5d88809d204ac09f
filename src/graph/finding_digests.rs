//! A digest of the findings that show a trait of a resource, computed once when a snapshot is built.
//!
//! Whether a published exposure changed depends on all of its findings, which may be hundreds. Their digest makes it
//! unnecessary to visit them in every cycle.

use std::hash::Hash;

use crate::model::{StableHasher, TraitIndex};

use super::csr_rows::CsrRows;
use super::index::LocalIndex;
use super::snapshot::Snapshot;

/// The digest of the findings that show a trait. Its bytes are not aligned, which saves 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FindingDigest {
    pub trait_index: TraitIndex,
    digest: [u8; 16],
}

impl FindingDigest {
    pub(super) fn get(&self) -> u128 {
        u128::from_le_bytes(self.digest)
    }
}

/// Returns the digests of the findings of a snapshot by resource, sorted by trait. Attributes are not included: there is
/// one finding for each at most.
pub(super) fn finding_digests(snapshot: &Snapshot) -> CsrRows<FindingDigest> {
    let evidence: Vec<u128> = snapshot
        .evidence
        .iter()
        .map(|evidence| digest_of(evidence))
        .collect();
    let resources = || (0..snapshot.resources.len()).map(LocalIndex::new);
    let by_trait = |resource| {
        let rows = snapshot.observations_of(resource);
        rows.chunk_by(|one, other| one.trait_index == other.trait_index)
    };
    let count = resources().map(|resource| by_trait(resource).count()).sum();
    let groups = resources().map(|resource| {
        by_trait(resource).filter_map(|rows| {
            let trait_index = rows.first()?.trait_index;
            // Rows are sorted by indices, which differ between snapshots with the same findings.
            let mut findings: Vec<u128> = rows
                .iter()
                .map(|row| {
                    let evidence = evidence.get(row.evidence.get());
                    digest_of(&(snapshot.finding_parts(row), evidence))
                })
                .collect();
            findings.sort_unstable();
            Some(FindingDigest {
                trait_index,
                digest: digest_of(&findings).to_le_bytes(),
            })
        })
    });
    CsrRows::from_groups(groups, count)
}

/// Returns the digest of one value.
pub(super) fn digest_of(value: &impl Hash) -> u128 {
    let mut hasher = StableHasher::default();
    value.hash(&mut hasher);
    hasher.finish128()
}
