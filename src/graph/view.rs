//! A consistent view of all snapshots, in which each resource occurs once.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::iam::{NamedDocument, Permissions};
use crate::model::{
    AccountId, CollectionTarget, Epss, Evidence, FindingId, Product, RelationKind, Resource,
    ResourceType, SourceKind, TraitIndex, TraitSet,
};

use super::csr_rows::CsrRows;
use super::index::{LocalIndex, ResourceIndex, ResourceRange, SnapshotIndex, TraitSetIndex};
use super::snapshot::{ResourceRow, Snapshot};

mod digests;

/// A finding that shows a trait of a resource.
#[derive(Clone, Debug)]
pub struct ObservedFinding<'a> {
    /// The finding.
    pub finding: FindingId,
    /// The service that made the finding.
    pub product: Product,
    /// What the finding reports.
    pub evidence: &'a Arc<Evidence>,
    /// The target that has the finding.
    pub target: &'a CollectionTarget,
}

/// The occurrence of a resource in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Occurrence {
    pub snapshot: SnapshotIndex,
    pub resource: LocalIndex,
}

/// An edge between two resources of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Edge {
    pub from: ResourceIndex,
    pub kind: RelationKind,
    pub to: ResourceIndex,
}

/// The sets of traits that occur. A fleet has few different ones.
#[derive(Debug, Default)]
pub(super) struct TraitSets {
    pub by_resource: Vec<TraitSetIndex>,
    /// The empty set first.
    pub sets: Vec<TraitSet>,
}

/// All resources, sorted by type, ID, account, and Region, with their edges and traits.
///
/// A view keeps the snapshots that it was made from, so that swapping in new ones does not change it.
#[derive(Debug, Default)]
pub struct View {
    pub(super) snapshots: Vec<(CollectionTarget, Arc<Snapshot>)>,
    /// By resource, at least one for each.
    pub(super) occurrences: CsrRows<Occurrence>,
    /// By resource, sorted by kind and target.
    pub(super) edges: CsrRows<(RelationKind, ResourceIndex)>,
    /// The resources that were deleted. They have no edges and no traits.
    pub(super) deleted: BTreeSet<ResourceIndex>,
    pub(super) outdated_findings: usize,
    pub(super) traits: TraitSets,
}

impl View {
    /// Returns the number of resources.
    pub fn len(&self) -> usize {
        self.occurrences.key_count()
    }

    /// Returns whether there are no resources.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns all resources, in their order.
    pub fn indices(&self) -> ResourceRange {
        ResourceRange::all(self.len())
    }

    /// Returns the type of a resource.
    pub fn resource_type(&self, index: ResourceIndex) -> ResourceType {
        self.row(index).resource_type
    }

    /// Returns a resource.
    pub fn resource(&self, index: ResourceIndex) -> Resource {
        let (snapshot, resource) = self.first_occurrence(index);
        snapshot.resource(resource)
    }

    pub(super) fn id(&self, index: ResourceIndex) -> String {
        let (snapshot, resource) = self.first_occurrence(index);
        snapshot.id(resource)
    }

    pub(super) fn account(&self, index: ResourceIndex) -> AccountId {
        self.row(index).account
    }

    /// Divides the resources of a type, sorted by ID, into `parts` parts of about the same size. Each except the last has at
    /// least `min_len` resources.
    pub fn chunks_of(
        &self,
        resource_type: ResourceType,
        parts: usize,
        min_len: usize,
    ) -> Vec<(ResourceType, ResourceRange)> {
        self.of_type(resource_type)
            .divide(parts, min_len)
            .map(|part| (resource_type, part))
            .collect()
    }

    /// Returns the resources of a type, sorted by ID.
    pub(super) fn of_type(&self, resource_type: ResourceType) -> ResourceRange {
        let from = self
            .indices()
            .skip_before(|index| self.resource_type(index) < resource_type);
        let after = from.skip_before(|index| self.resource_type(index) == resource_type);
        from.before(&after)
    }

    /// Returns the resources of a type with an ID, in any account and Region.
    pub(super) fn with_id<'a>(
        &'a self,
        resource_type: ResourceType,
        id: &'a str,
    ) -> impl Iterator<Item = ResourceIndex> + 'a {
        self.of_type(resource_type)
            .skip_before(|index| self.id(index).as_str() < id)
            .take_while(move |index| self.id(*index) == id)
    }

    /// Returns what the documents of an identity or a policy allow, according to the latest record of any target.
    pub(super) fn permissions(&self, index: ResourceIndex) -> Option<&Permissions> {
        if self.deleted.contains(&index) {
            return None;
        }
        self.occurrences(index)
            .filter_map(|(_, snapshot, resource)| snapshot.permissions.get(&resource))
            .max_by_key(|row| row.rank())
            .map(|row| &row.permissions)
    }

    /// Returns the traits that findings show of the resource itself.
    #[expect(
        clippy::indexing_slicing,
        reason = "a view has one index for each resource, and each is that of a set"
    )]
    pub fn traits(&self, index: ResourceIndex) -> TraitSet {
        self.traits.sets[self.trait_set(index).get()]
    }

    /// Returns the index of those traits among the sets that occur.
    #[expect(
        clippy::indexing_slicing,
        reason = "a view has one index for each resource"
    )]
    pub fn trait_set(&self, index: ResourceIndex) -> TraitSetIndex {
        self.traits.by_resource[index.get()]
    }

    /// Returns all sets of traits that occur, by their index.
    pub fn trait_sets(&self) -> &[TraitSet] {
        &self.traits.sets
    }

    /// Returns the edges of a resource, sorted by kind and target.
    pub fn edges(&self, from: ResourceIndex) -> &[(RelationKind, ResourceIndex)] {
        self.edges.of(from.get())
    }

    /// Returns the targets of a resource's edges of one kind, sorted.
    pub fn related(
        &self,
        from: ResourceIndex,
        kind: RelationKind,
    ) -> impl Iterator<Item = ResourceIndex> + '_ {
        let edges = self.edges(from);
        edges
            .iter()
            .skip(edges.partition_point(|edge| edge.0 < kind))
            .take_while(move |edge| edge.0 == kind)
            .map(|edge| edge.1)
    }

    /// Adds edges, which are sorted, and removes others. Edges that exist already are not added again.
    pub(super) fn replace_edges(&mut self, added: Vec<Edge>, removed: &FxHashSet<Edge>) {
        if added.is_empty() && removed.is_empty() {
            return;
        }
        let max_rows = self.edges.row_count() + added.len();
        let mut added = added.into_iter().peekable();
        let groups = self.indices().map(|from| {
            let edges = self.edges(from).iter().copied();
            let mut edges: Vec<(RelationKind, ResourceIndex)> = edges
                .filter(|(kind, to)| {
                    let edge = Edge {
                        from,
                        kind: *kind,
                        to: *to,
                    };
                    removed.is_empty() || !removed.contains(&edge)
                })
                .collect();
            while let Some(edge) = added.next_if(|edge| edge.from == from) {
                edges.push((edge.kind, edge.to));
            }
            edges.sort_unstable();
            edges.dedup();
            edges
        });
        self.edges = CsrRows::from_groups(groups, max_rows);
    }

    /// Returns the findings that show a trait of the resource itself, each once, sorted by ID.
    pub fn findings_with_trait(
        &self,
        index: ResourceIndex,
        trait_index: TraitIndex,
    ) -> Vec<ObservedFinding<'_>> {
        let mut findings: Vec<ObservedFinding<'_>> = self
            .occurrences(index)
            .flat_map(|(target, snapshot, resource)| {
                snapshot
                    .observations_of_trait(resource, trait_index)
                    .map(move |row| ObservedFinding {
                        finding: snapshot.finding_id(row),
                        product: snapshot.product(row),
                        evidence: snapshot.evidence(row.evidence),
                        target,
                    })
            })
            .collect();
        let order = |one: &ObservedFinding<'_>, other: &ObservedFinding<'_>| {
            (&one.finding, one.evidence, one.target).cmp(&(
                &other.finding,
                other.evidence,
                other.target,
            ))
        };
        findings.sort_by(order);
        findings.dedup_by(|one, other| one.finding == other.finding);
        findings
    }

    /// Returns the targets that have a finding that shows a trait of the resource itself, each once.
    pub fn targets_with_trait(
        &self,
        index: ResourceIndex,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = &CollectionTarget> {
        self.occurrences(index)
            .filter(move |(_, snapshot, resource)| {
                let mut rows = snapshot.observations_of_trait(*resource, trait_index);
                rows.next().is_some()
            })
            .map(|(target, ..)| target)
    }

    /// Returns the evidence of the findings that show a trait of the resource itself, in no particular order. This is
    /// faster than [`findings_with_trait`](Self::findings_with_trait).
    pub fn evidence(
        &self,
        index: ResourceIndex,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = &Evidence> {
        self.occurrences(index)
            .flat_map(move |(_, snapshot, resource)| {
                snapshot
                    .observations_of_trait(resource, trait_index)
                    .map(|row| &**snapshot.evidence(row.evidence))
            })
    }

    /// Returns the highest EPSS score of the vulnerabilities that show a trait of the resource itself.
    pub fn highest_epss(&self, index: ResourceIndex, trait_index: TraitIndex) -> Option<Epss> {
        self.occurrences(index)
            .filter_map(|(_, snapshot, resource)| snapshot.highest_epss(resource, trait_index))
            .max()
    }

    /// Returns the tags of a resource, sorted. If targets disagree, all values are returned.
    pub fn tags(&self, index: ResourceIndex) -> Vec<(String, String)> {
        let tags = self.tag_pairs(index).into_iter();
        tags.map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    /// Returns the same without copies.
    pub fn tag_pairs(&self, index: ResourceIndex) -> Vec<(&str, &str)> {
        let mut tags: Vec<(&str, &str)> = self
            .occurrences(index)
            .flat_map(|(_, snapshot, resource)| snapshot.tags_of(resource))
            .collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Returns the document of an AWS managed policy, as accounts use it.
    pub(super) fn aws_policy(&self, arn: &str) -> Option<&NamedDocument> {
        let rows = self.snapshots.iter();
        let rows = rows.filter_map(|(_, snapshot)| snapshot.aws_policies.get(arn));
        let latest = rows.max_by(|one, other| one.rank().cmp(&other.rank()));
        latest.map(|row| &row.document)
    }

    /// Returns whether an inventory lists the tags of a resource, or lists it without any.
    pub fn lists_tags(&self, index: ResourceIndex) -> bool {
        self.occurrences(index).any(|(target, snapshot, resource)| {
            let has_tags = || snapshot.tags_of(resource).next().is_some();
            snapshot.untagged.binary_search(&resource).is_ok()
                || (target.source.is_inventory() || target.source == SourceKind::Iam) && has_tags()
        })
    }

    /// Returns the number of findings that do not count because their services have not updated them for too long.
    pub fn outdated_findings(&self) -> usize {
        self.outdated_findings
    }

    /// Returns the snapshots with the resource, and its index in each.
    pub(super) fn occurrences(
        &self,
        index: ResourceIndex,
    ) -> impl Iterator<Item = (&CollectionTarget, &Snapshot, LocalIndex)> {
        self.occurrences_of(index).iter().map(|occurrence| {
            let (target, snapshot) = self.snapshot(occurrence.snapshot);
            (target, &**snapshot, occurrence.resource)
        })
    }

    pub(super) fn occurrences_of(&self, index: ResourceIndex) -> &[Occurrence] {
        self.occurrences.of(index.get())
    }

    fn row(&self, index: ResourceIndex) -> &ResourceRow {
        let (snapshot, resource) = self.first_occurrence(index);
        snapshot.row(resource)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a resource is in the view because it occurs in a snapshot"
    )]
    fn first_occurrence(&self, index: ResourceIndex) -> (&Snapshot, LocalIndex) {
        let occurrence = self.occurrences.of(index.get())[0];
        (&self.snapshot(occurrence.snapshot).1, occurrence.resource)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "an occurrence has the index of a snapshot of this view"
    )]
    pub(super) fn snapshot(&self, index: SnapshotIndex) -> &(CollectionTarget, Arc<Snapshot>) {
        &self.snapshots[index.get()]
    }
}

#[cfg(test)]
mod tests;
