//! The snapshot of one target, packed: each string and each evidence once, finding IDs as keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use string_interner::symbol::SymbolU32;

use crate::iam::{NamedDocument, Permissions};
use crate::model::{
    AccountId, Epss, Evidence, FindingId, Product, Region, RelationKind, Resource, ResourceType,
    TraitIndex,
};

use super::csr_rows::CsrRows;
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
    pub finding: FindingKey,
    pub evidence: EvidenceIndex,
}

/// The latest finding that reports an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AttributeRow {
    pub row: ObservationRow,
    /// In seconds since 1970, or 0 if unknown.
    pub updated_at: u32,
    /// Whether the attribute shows the trait.
    pub holds: bool,
}

/// An edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RelationRow {
    pub from: LocalIndex,
    pub kind: RelationKind,
    pub to: LocalIndex,
}

/// A tag of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TagRow {
    pub resource: LocalIndex,
    pub key: SymbolU32,
    pub value: SymbolU32,
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
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) strings: StringArena,
    /// Sorted by key.
    pub(super) resources: Vec<ResourceRow>,
    /// By resource, sorted by trait. Of the findings with the same trait, the first has the highest EPSS score.
    pub(super) observations: CsrRows<ObservationRow>,
    /// By resource, sorted by trait.
    pub(super) finding_digests: CsrRows<FindingDigest>,
    /// By resource: the latest finding for each attribute, sorted by trait.
    pub(super) attributes: CsrRows<AttributeRow>,
    /// The latest change of a finding that is used, in seconds since 1970, or 0 if unknown.
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
    /// By resource: the time of the latest record about it, in seconds since 1970, or 0 if unknown.
    pub(super) sightings: Vec<u32>,
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
            .map(|attribute| &attribute.row);
        self.observations_of(resource)
            .iter()
            .chain(attributes)
            .filter(move |row| row.trait_index == trait_index)
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
        self.id_prefixes
            .parts(row.finding, |symbol| self.strings.get(symbol))
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
            size_of::<ObservationRow>() <= 28,
            "{}",
            size_of::<ObservationRow>()
        );
    }
}
