//! The snapshot of one target, packed: each string and each evidence once, finding IDs as keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use string_interner::symbol::SymbolU32;

use crate::iam::{NamedDocument, Permissions};
use crate::model::{
    AccountId, Epss, Evidence, FindingId, Product, RecordKind, Region, RelationKind, Resource,
    ResourceType, TraitIndex,
};
use crate::records::{EdgeEnd, EmptyList};

use super::csr_rows::{CsrRows, Keyed};
use super::dedup_rows::DedupRow;
use super::finding_digest::{FindingDigest, digest_of};
use super::finding_key::{FindingKey, FindingParts, IdPrefixTable};
use super::index::{EvidenceIndex, LocalIndex};
use super::resource_key::{ResourceKey, SplitId};
use super::string_arena::StringArena;

/// A resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ResourceRow {
    /// The two parts of the ID, see [`SplitId`].
    pub id_prefix: SymbolU32,
    pub id_rest: SymbolU32,
    pub region: SymbolU32,
    pub account: AccountId,
    pub resource_type: ResourceType,
}

impl ResourceRow {
    /// Returns the key of the resource, where `resolve` returns the string of a symbol.
    pub(super) fn key<'a>(&self, resolve: impl Fn(SymbolU32) -> &'a str) -> ResourceKey<'a> {
        ResourceKey {
            resource_type: self.resource_type,
            id: SplitId {
                prefix: resolve(self.id_prefix),
                rest: resolve(self.id_rest),
            },
            account: self.account,
            region: resolve(self.region),
        }
    }
}

/// A finding that shows a trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObservationRow {
    pub trait_index: TraitIndex,
    /// What the record is that shows the trait.
    pub record: RecordKind,
    pub finding: FindingKey,
    pub evidence: EvidenceIndex,
    /// In seconds since 1970, or 0 if unknown.
    pub updated_at: u32,
}

impl ObservationRow {
    /// Returns the state of the finding that the row is from. A configuration has none.
    pub(super) fn state(&self) -> Option<FindingState> {
        self.record.is_finding().then_some(FindingState {
            updated_at: self.updated_at,
            is_ended: self.record == RecordKind::EndedFinding,
        })
    }

    /// Returns whether the row is from a finding that was last updated before this time.
    pub(super) fn is_outdated(&self, cutoff: u32) -> bool {
        self.record.is_finding() && is_before(self.updated_at, cutoff)
    }
}

impl DedupRow for Keyed<LocalIndex, ObservationRow> {
    fn is_same(&self, other: &Self) -> bool {
        let updated_at = 0;
        let undated = |row: &Self| {
            (
                row.key,
                ObservationRow {
                    updated_at,
                    ..row.row
                },
            )
        };
        undated(self) == undated(other)
    }
}

/// Returns whether a known time is before another.
pub(super) fn is_before(time: u32, cutoff: u32) -> bool {
    (1..cutoff).contains(&time)
}

/// The state of a finding at a time. The greatest one is the newest; that a finding has ended is newer than what it showed
/// at the same time, because Security Hub keeps the time of a finding that a user suppresses or resolves.
/// Source: Security Hub API Reference, `BatchUpdateFindings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FindingState {
    /// In seconds since 1970, or 0 if unknown.
    pub updated_at: u32,
    pub is_ended: bool,
}

/// The newest state of a finding that shows no trait in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StateRow {
    pub finding: FindingKey,
    pub state: FindingState,
}

impl DedupRow for StateRow {
    fn is_same(&self, other: &Self) -> bool {
        self.finding == other.finding
    }
}

/// The latest finding that reports an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AttributeRow {
    pub row: ObservationRow,
    /// Whether the attribute counts only until any other record has it.
    pub is_fallback: bool,
    /// Whether the attribute shows the trait.
    pub holds: bool,
}

impl AttributeRow {
    /// Returns the rank of the attribute among those for the same trait, of which the highest counts: the latest, and of
    /// several with the same time, one that shows the trait.
    pub(super) fn rank(&self) -> (u32, bool) {
        let updated_at = if self.is_fallback {
            0
        } else {
            self.row.updated_at
        };
        (updated_at, self.holds)
    }
}

/// An edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RelationRow {
    pub from: LocalIndex,
    pub kind: RelationKind,
    pub to: LocalIndex,
    pub claim: EdgeClaim,
}

impl DedupRow for RelationRow {
    fn is_same(&self, other: &Self) -> bool {
        let updated_at = 0;
        let undated = |row: &Self| {
            let claim = EdgeClaim {
                updated_at,
                ..row.claim
            };
            Self { claim, ..*row }
        };
        undated(self) == undated(other)
    }
}

/// What an edge is known from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EdgeClaim {
    /// The end that the record is about. Such a record lists all edges of the kind that the resource has. `None` if the
    /// record merely mentions the edge.
    pub listed_by: Option<EdgeEnd>,
    /// Whether the record is a finding, which its service updates as long as it applies.
    pub is_finding: bool,
    /// In seconds since 1970, or 0 if unknown.
    pub updated_at: u32,
}

/// A kind of edges of which a resource has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EmptyListRow {
    pub resource: LocalIndex,
    pub list: EmptyList,
    pub is_finding: bool,
    /// In seconds since 1970, or 0 if unknown.
    pub updated_at: u32,
}

impl DedupRow for EmptyListRow {
    fn is_same(&self, other: &Self) -> bool {
        let updated_at = 0;
        let undated = |row: &Self| Self { updated_at, ..*row };
        undated(self) == undated(other)
    }
}

/// The time of a resource's latest whole configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WholeRow {
    pub resource: LocalIndex,
    /// In seconds since 1970, or 0 if unknown.
    pub updated_at: u32,
}

impl DedupRow for WholeRow {
    fn is_same(&self, other: &Self) -> bool {
        self.resource == other.resource
    }
}

/// A tag of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TagRow {
    pub resource: LocalIndex,
    pub key: SymbolU32,
    pub value: SymbolU32,
}

impl DedupRow for TagRow {
    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

/// What the documents of an identity or a policy allow.
#[derive(Clone, Debug)]
pub(super) struct PermissionsRow {
    /// In seconds since 1970, or 0 if unknown.
    pub updated_at: i64,
    pub permissions: Permissions,
}

impl PermissionsRow {
    /// Of several rows, the one with the highest rank counts.
    pub(super) fn rank(&self) -> (bool, i64) {
        (self.permissions.not_read.is_empty(), self.updated_at)
    }
}

/// The document of an AWS managed policy.
#[derive(Clone, Debug)]
pub(super) struct AwsPolicyRow {
    /// In seconds since 1970, or 0 if unknown.
    pub updated_at: u32,
    pub document: NamedDocument,
}

impl AwsPolicyRow {
    /// Of several rows, the one with the highest rank counts.
    pub(super) fn rank(&self) -> (u32, &str) {
        (self.updated_at, &self.document.name)
    }
}

/// Everything that was collected from one target. A snapshot never changes once it is built.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) strings: StringArena,
    /// Sorted by key.
    pub(super) resources: Vec<ResourceRow>,
    /// By resource, sorted by trait. Of the findings with the same trait, the first has the highest EPSS score.
    pub(super) observations: CsrRows<ObservationRow>,
    /// By resource, sorted by trait.
    pub(super) finding_digests: CsrRows<FindingDigest>,
    /// By resource: the latest finding and the latest configuration for each attribute, sorted by trait.
    pub(super) attributes: CsrRows<AttributeRow>,
    /// Sorted by finding. Findings whose newest state shows a trait have none.
    pub(super) states: Vec<StateRow>,
    /// The time of the newest record, in seconds since 1970, or 0 if unknown.
    pub(super) latest_update: u32,
    pub(super) id_prefixes: IdPrefixTable,
    /// Shared with the other snapshots of a store.
    pub(super) evidence: Vec<Arc<Evidence>>,
    /// Sorted.
    pub(super) relations: Vec<RelationRow>,
    /// Sorted by resource.
    pub(super) tags: Vec<TagRow>,
    /// The resources that an inventory lists without any tag, sorted.
    pub(super) untagged: Vec<LocalIndex>,
    pub(super) permissions: BTreeMap<LocalIndex, PermissionsRow>,
    /// The AWS managed policies that the account uses, by ARN.
    pub(super) aws_policies: BTreeMap<String, AwsPolicyRow>,
    /// Sorted by resource.
    pub(super) empty_lists: Vec<EmptyListRow>,
    /// Sorted by resource.
    pub(super) whole: Vec<WholeRow>,
    /// The resources that were deleted, and when, in seconds since 1970, or 0 if unknown.
    pub(super) deletions: BTreeMap<LocalIndex, u32>,
}

impl Snapshot {
    #[expect(
        clippy::indexing_slicing,
        reason = "an index of this snapshot is below the number of its resources"
    )]
    pub(super) fn row(&self, resource: LocalIndex) -> &ResourceRow {
        &self.resources[resource.get()]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "an index of this snapshot is below the number of its evidence"
    )]
    pub(super) fn evidence(&self, index: EvidenceIndex) -> &Arc<Evidence> {
        &self.evidence[index.get()]
    }

    pub(super) fn id(&self, resource: LocalIndex) -> String {
        let row = self.row(resource);
        [
            self.strings.get(row.id_prefix),
            self.strings.get(row.id_rest),
        ]
        .concat()
    }

    pub(super) fn resource(&self, resource: LocalIndex) -> Resource {
        let row = self.row(resource);
        Resource {
            resource_type: row.resource_type,
            id: self.id(resource),
            account: row.account,
            // The builder stores the names of Regions only.
            region: self
                .strings
                .get(row.region)
                .parse()
                .unwrap_or_else(|_| Region::global()),
        }
    }

    pub(super) fn key(&self, row: &ResourceRow) -> ResourceKey<'_> {
        row.key(|symbol| self.strings.get(symbol))
    }

    /// Returns the number of stored traits, which is one for each finding that shows a trait.
    pub(super) fn observation_count(&self) -> usize {
        self.observations.row_count() + self.attributes.row_count()
    }

    /// Returns the findings that show traits of a resource, except for attributes.
    pub(super) fn observations_of(&self, resource: LocalIndex) -> &[ObservationRow] {
        self.observations.of(resource.get())
    }

    pub(super) fn attributes_of(&self, resource: LocalIndex) -> &[AttributeRow] {
        self.attributes.of(resource.get())
    }

    /// Returns the findings that show a trait of a resource.
    pub(super) fn observations_of_trait(
        &self,
        resource: LocalIndex,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = &ObservationRow> {
        let attributes = self
            .attributes_of(resource)
            .iter()
            .filter(|attribute| attribute.holds)
            .map(|attribute| &attribute.row)
            .filter(move |row| row.trait_index == trait_index);
        // Sorted by trait. A resource may have hundreds.
        let rows = self.observations_of(resource);
        rows.iter()
            .skip(rows.partition_point(|row| row.trait_index < trait_index))
            .take_while(move |row| row.trait_index == trait_index)
            .chain(attributes)
    }

    /// Returns digests of the findings that show a trait of a resource.
    pub(super) fn finding_digests(
        &self,
        resource: LocalIndex,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = u128> {
        let digests = self.finding_digests.of(resource.get()).iter();
        let attributes = self
            .attributes_of(resource)
            .iter()
            .filter(move |attribute| attribute.holds && attribute.row.trait_index == trait_index)
            .map(|attribute| {
                let row = &attribute.row;
                digest_of(&(self.finding_parts(row), self.evidence(row.evidence)))
            });
        digests
            .filter(move |digest| digest.trait_index == trait_index)
            .map(FindingDigest::get)
            .chain(attributes)
    }

    /// Returns the highest EPSS score of the findings that show a trait of a resource.
    pub(super) fn highest_epss(
        &self,
        resource: LocalIndex,
        trait_index: TraitIndex,
    ) -> Option<Epss> {
        let rows = self.observations_of(resource);
        let first = rows.partition_point(|row| row.trait_index < trait_index);
        let row = rows
            .get(first)
            .filter(|row| row.trait_index == trait_index)?;
        self.evidence(row.evidence).epss()
    }

    pub(super) fn finding_id(&self, row: &ObservationRow) -> FindingId {
        FindingId(
            self.id_prefixes
                .id(row.finding, |symbol| self.strings.get(symbol)),
        )
    }

    pub(super) fn finding_parts(&self, row: &ObservationRow) -> FindingParts<'_> {
        self.parts_of(row.finding)
    }

    pub(super) fn parts_of(&self, finding: FindingKey) -> FindingParts<'_> {
        self.id_prefixes
            .parts(finding, |symbol| self.strings.get(symbol))
    }

    /// Returns what the findings of each prefix have in common, by the index of the prefix.
    pub(super) fn common_parts(&self) -> impl Iterator<Item = FindingParts<'_>> {
        self.id_prefixes
            .common_parts(|symbol| self.strings.get(symbol))
    }

    /// Returns the state of each finding, at least once.
    pub(super) fn all_states(&self) -> impl Iterator<Item = StateRow> {
        let observations = self.observations.all().iter();
        let attributes = self.attributes.all().iter();
        let rows = observations.chain(attributes.map(|attribute| &attribute.row));
        let shown = rows.filter_map(|row| {
            let finding = row.finding;
            row.state().map(|state| StateRow { finding, state })
        });
        shown.chain(self.states.iter().copied())
    }

    pub(super) fn product(&self, row: &ObservationRow) -> Product {
        self.id_prefixes.product(row.finding)
    }

    /// Returns the keys and values of a resource's tags.
    pub(super) fn tags_of(&self, resource: LocalIndex) -> impl Iterator<Item = (&str, &str)> {
        let first = self.tags.partition_point(|tag| tag.resource < resource);
        self.tags
            .iter()
            .skip(first)
            .take_while(move |tag| tag.resource == resource)
            .map(|tag| (self.strings.get(tag.key), self.strings.get(tag.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_observation_is_small() {
        assert!(
            size_of::<ObservationRow>() <= 32,
            "{}",
            size_of::<ObservationRow>()
        );
    }
}
