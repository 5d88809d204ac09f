//! A digest of the findings that show a trait of a resource, computed once when a snapshot is built.
//!
//! Whether a published exposure changed depends on all of its findings, which may be hundreds. Their digest makes it
//! unnecessary to visit them in every cycle.

use super::csr_rows::CsrRows;
use super::finding_digest::{FindingDigest, digest_of};
use super::index::LocalIndex;
use super::snapshot::Snapshot;

/// Returns the digests of the findings of a snapshot by resource, sorted by trait. Attributes are not included: there is
/// one finding for each at most.
pub(super) fn finding_digests(snapshot: &Snapshot) -> CsrRows<FindingDigest> {
    let evidence: Vec<u128> = snapshot.evidence.iter().map(digest_of).collect();
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
            Some(FindingDigest::new(trait_index, digest_of(&findings)))
        })
    });
    CsrRows::from_groups(groups, count)
}
