//! What one target showed, packed: strings once, findings as keys, evidence once.

use std::collections::BTreeMap;
use std::sync::Arc;

use string_interner::symbol::SymbolU32;

use crate::iam::Permissions;
use crate::model::{
    AccountId, Evidence, FindingId, Region, RelationKind, Resource, ResourceType, TraitIndex,
};

use super::finding_key::{FindingKey, Series};
use super::name::Name;
use super::rows::{ByResource, of_resource};
use super::texts::Texts;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ResourceRow {
    /// The id's two parts: see [`split`].
    pub id: (SymbolU32, SymbolU32),
    pub region: SymbolU32,
    pub account: AccountId,
    pub resource_type: ResourceType,
}

/// What one finding shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObservationRow {
    pub trait_index: TraitIndex,
    pub finding: FindingKey,
    /// Place in `evidence`.
    pub evidence: u32,
}

/// What the latest finding says that tells an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AttributeRow {
    pub row: ObservationRow,
    /// Seconds since 1970; 0 if unknown.
    pub updated_at: u32,
    /// Whether the attribute shows the trait.
    pub holds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RelationRow {
    pub from: u32,
    pub kind: RelationKind,
    pub to: u32,
}

/// A tag of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TagRow {
    pub resource: u32,
    pub key: SymbolU32,
    pub value: SymbolU32,
}

/// All that one target showed. Never changes once it is built.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) texts: Texts,
    /// Sorted by type, id, account and Region.
    pub(super) resources: Vec<ResourceRow>,
    /// Of each resource sorted by trait; of those of one trait the one first that is most likely to be exploited.
    pub(super) observations: ByResource<ObservationRow>,
    /// Of each resource the latest reading of each attribute, sorted by trait.
    pub(super) attributes: ByResource<AttributeRow>,
    /// When the source last changed a finding that is used here, in seconds since 1970; 0 if unknown.
    pub(super) latest_update: u32,
    pub(super) series: Series,
    /// Shared with the other snapshots of a store.
    pub(super) evidence: Vec<Arc<Evidence>>,
    /// Sorted.
    pub(super) relations: Vec<RelationRow>,
    /// Sorted by resource.
    pub(super) tags: Vec<TagRow>,
    /// Of identities and policies: what their documents allow, and as of when.
    pub(super) permissions: BTreeMap<u32, (i64, Permissions)>,
}

impl Snapshot {
    pub(super) fn string(&self, symbol: SymbolU32) -> &str {
        self.texts.get(symbol)
    }

    /// The id of a resource.
    pub(super) fn id(&self, row: &ResourceRow) -> String {
        [self.string(row.id.0), self.string(row.id.1)].concat()
    }

    pub(super) fn resource(&self, row: &ResourceRow) -> Resource {
        Resource {
            resource_type: row.resource_type,
            id: self.id(row),
            account: row.account,
            // Only what was a Region went in.
            region: self
                .string(row.region)
                .parse()
                .unwrap_or_else(|_| Region::global()),
        }
    }

    /// A resource's name; names are ordered as they are in a view.
    pub(super) fn name(&self, row: &ResourceRow) -> Name<'_> {
        name(row, |symbol| self.string(symbol))
    }

    /// How many traits it holds: one for each finding that shows one.
    pub(super) fn observations(&self) -> usize {
        self.observations.rows.len() + self.attributes.rows.len()
    }

    /// What findings show of one of its resources, but for attributes.
    pub(super) fn observations_of(&self, resource: u32) -> &[ObservationRow] {
        self.observations.of_resource(resource)
    }

    /// The attributes of one of its resources.
    pub(super) fn attributes_of(&self, resource: u32) -> &[AttributeRow] {
        self.attributes.of_resource(resource)
    }

    /// What shows a trait of one of its resources.
    pub(super) fn shown(
        &self,
        resource: u32,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = &ObservationRow> {
        let attributes = self.attributes_of(resource).iter();
        let attributes = attributes.filter(|one| one.holds).map(|one| &one.row);
        self.observations_of(resource)
            .iter()
            .chain(attributes)
            .filter(move |row| row.trait_index == trait_index)
    }

    /// A finding's id.
    pub(super) fn finding(&self, row: &ObservationRow) -> FindingId {
        FindingId(self.series.text(row.finding, |symbol| self.string(symbol)))
    }

    /// The tags of one of its resources.
    pub(super) fn tags_of(&self, resource: u32) -> &[TagRow] {
        of_resource(&self.tags, resource, |row| row.resource)
    }
}

/// A resource's name; `text_of` says what a symbol stands for.
pub(super) fn name<'a>(row: &ResourceRow, text_of: impl Fn(SymbolU32) -> &'a str) -> Name<'a> {
    Name {
        resource_type: row.resource_type,
        id: (text_of(row.id.0), text_of(row.id.1)),
        account: row.account,
        region: text_of(row.region),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_trait_is_small() {
        assert!(
            size_of::<ObservationRow>() <= 28,
            "{}",
            size_of::<ObservationRow>()
        );
    }
}
