//! Builds a snapshot, finding by finding.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};
use string_interner::symbol::SymbolU32;

use crate::iam::{NamedDocument, Permissions};
use crate::model::{Evidence, FindingId, Product, RelationKind, Resource, TraitIndex};

use super::csr_rows::{CsrRows, Keyed};
use super::dedup_rows::DedupRows;
use super::finding_digests::finding_digests;
use super::finding_key::IdPrefixTableBuilder;
use super::index::{EvidenceIndex, LocalIndex};
use super::resource_key::SplitId;
use super::snapshot::{
    AttributeRow, AwsPolicyRow, ObservationRow, PermissionsRow, RelationRow, ResourceRow, Snapshot,
    TagRow,
};
use super::string_arena::{Interner, StringArena};

/// What a finding shows about a trait of a resource.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The resource.
    pub resource: &'a Resource,
    /// The trait.
    pub trait_index: TraitIndex,
    /// Whether the resource has the trait. A later "no" of an attribute replaces an earlier "yes".
    pub holds: bool,
    /// The finding.
    pub finding: &'a FindingId,
    /// The service that made the finding.
    pub product: Product,
    /// What the finding reports.
    pub evidence: &'a Evidence,
    /// When the source last changed the finding, if known.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Builds a [`Snapshot`].
#[derive(Debug, Default)]
pub struct SnapshotBuilder {
    interner: Interner,
    resources: Vec<ResourceRow>,
    resource_indices: FxHashMap<ResourceRow, LocalIndex>,
    observations: DedupRows<Keyed<LocalIndex, ObservationRow>>,
    /// Only the latest finding for each attribute, because every finding of a resource repeats them.
    attributes: FxHashMap<(LocalIndex, TraitIndex), AttributeRow>,
    latest_update: u32,
    id_prefixes: IdPrefixTableBuilder,
    evidence: EvidenceTable,
    relations: DedupRows<RelationRow>,
    tags: DedupRows<TagRow>,
    untagged: BTreeSet<LocalIndex>,
    permissions: BTreeMap<LocalIndex, PermissionsRow>,
    aws_policies: BTreeMap<String, AwsPolicyRow>,
    /// By resource: the time of the latest record about it, in seconds since 1970, or 0 if unknown.
    sightings: Vec<u32>,
    deletions: BTreeMap<LocalIndex, u32>,
}

impl SnapshotBuilder {
    /// Adds what a finding shows.
    pub fn add_observation(&mut self, observation: Observation<'_>) {
        let resource = self.index_of(observation.resource);
        let row = ObservationRow {
            trait_index: observation.trait_index,
            finding: self.id_prefixes.key(
                observation.finding.as_str(),
                observation.product,
                &mut self.interner,
            ),
            evidence: self.evidence.index_of(observation.evidence),
        };
        let updated_at = seconds(observation.updated_at);
        self.latest_update = self.latest_update.max(updated_at);
        let holds = observation.holds;
        if matches!(observation.evidence, Evidence::Attribute { .. }) {
            self.add_attribute(
                resource,
                AttributeRow {
                    row,
                    updated_at,
                    holds,
                },
            );
        } else if holds {
            // Only an attribute can show that a resource does not have a trait.
            self.observations.push(Keyed { key: resource, row });
        }
    }

    fn add_attribute(&mut self, resource: LocalIndex, attribute: AttributeRow) {
        let latest = self
            .attributes
            .entry((resource, attribute.row.trait_index))
            .or_insert(attribute);
        // Of two findings with the same time, the one that shows the trait wins, and then the lower ID, so that the result
        // does not depend on their order.
        let rank = |row: &AttributeRow| (row.updated_at, row.holds);
        let is_newer = rank(&attribute).cmp(&rank(latest)).then_with(|| {
            let resolve = |symbol| self.interner.resolve(symbol).unwrap_or_default();
            let id = |row: &AttributeRow| self.id_prefixes.table().id(row.row.finding, resolve);
            id(latest).cmp(&id(&attribute))
        });
        if is_newer.is_gt() {
            *latest = attribute;
        }
    }

    /// Adds an edge.
    pub fn add_edge(&mut self, from: &Resource, kind: RelationKind, to: &Resource) {
        let row = RelationRow {
            from: self.index_of(from),
            kind,
            to: self.index_of(to),
        };
        self.relations.push(row);
    }

    /// Adds what the documents of an identity or a policy allow. Of several, the latest of those without a missing
    /// document is kept.
    pub fn add_permissions(
        &mut self,
        resource: &Resource,
        permissions: Permissions,
        updated_at: Option<DateTime<Utc>>,
    ) {
        if permissions.is_empty() {
            return;
        }
        let index = self.index_of(resource);
        let updated_at = updated_at.map_or(0, |time| time.timestamp());
        let former = self.permissions.get(&index);
        let row = PermissionsRow {
            updated_at,
            permissions,
        };
        if former.is_none_or(|former| former.rank() <= row.rank()) {
            self.permissions.insert(index, row);
        }
    }

    /// Adds the document of an AWS managed policy. Of several, the latest is kept.
    pub fn add_aws_policy(
        &mut self,
        arn: String,
        document: NamedDocument,
        updated_at: Option<DateTime<Utc>>,
    ) {
        let row = AwsPolicyRow {
            updated_at: seconds(updated_at),
            document,
        };
        match self.aws_policies.get(&arn) {
            Some(known) if known.rank() >= row.rank() => {}
            _ => {
                self.aws_policies.insert(arn, row);
            }
        }
    }

    /// Adds the tags of a resource. If findings disagree, all values are kept.
    pub fn add_tags(&mut self, resource: &Resource, tags: &[(String, String)]) {
        if tags.is_empty() {
            return;
        }
        let resource = self.index_of(resource);
        for (key, value) in tags {
            self.tags.push(TagRow {
                resource,
                key: self.interner.get_or_intern(key),
                value: self.interner.get_or_intern(value),
            });
        }
    }

    /// Adds that a record describes the resource, so that it existed at this time.
    pub fn add_sighting(&mut self, resource: &Resource, updated_at: Option<DateTime<Utc>>) {
        let index = self.index_of(resource);
        if let Some(latest) = self.sightings.get_mut(index.get()) {
            *latest = seconds(updated_at).max(*latest);
        }
    }

    /// Adds that the resource was deleted.
    pub fn add_deletion(&mut self, resource: &Resource, deleted_at: Option<DateTime<Utc>>) {
        let index = self.index_of(resource);
        let latest = self.deletions.entry(index).or_default();
        *latest = seconds(deleted_at).max(*latest);
    }

    /// Records that a resource is known to have no tags.
    pub fn add_untagged(&mut self, resource: &Resource) {
        let index = self.index_of(resource);
        self.untagged.insert(index);
    }

    /// Returns the snapshot.
    pub fn finish(mut self) -> Snapshot {
        self.resource_indices = FxHashMap::default();
        let evidence = self.evidence.finish();
        let (resources, sorted) = sort_resources(&self.resources, &self.interner);
        self.observations
            .for_each_mut(|row| row.key = sorted.index_of(row.key));
        let mut observations = self.observations.finish();
        move_highest_epss_first(&mut observations, &evidence);
        let mut attributes: Vec<Keyed<LocalIndex, AttributeRow>> = self
            .attributes
            .into_iter()
            .map(|((resource, _), row)| Keyed {
                key: sorted.index_of(resource),
                row,
            })
            .collect();
        attributes.sort_unstable();
        self.relations.for_each_mut(|row| {
            row.from = sorted.index_of(row.from);
            row.to = sorted.index_of(row.to);
        });
        self.tags
            .for_each_mut(|row| row.resource = sorted.index_of(row.resource));
        let untagged: BTreeSet<LocalIndex> = self
            .untagged
            .iter()
            .map(|index| sorted.index_of(*index))
            .collect();
        let permissions = self.permissions.into_iter();
        let deletions = self.deletions.into_iter();
        let sightings = sorted.sort(&self.sightings);
        let count = resources.len();
        let mut snapshot = Snapshot {
            strings: StringArena::new(&self.interner),
            resources,
            observations: CsrRows::from_sorted(observations, count, |key| key.get()),
            attributes: CsrRows::from_sorted(attributes, count, |key| key.get()),
            latest_update: self.latest_update,
            id_prefixes: self.id_prefixes.finish(),
            evidence,
            relations: self.relations.finish(),
            tags: self.tags.finish(),
            untagged: untagged.into_iter().collect(),
            permissions: permissions
                .map(|(resource, row)| (sorted.index_of(resource), row))
                .collect(),
            aws_policies: self.aws_policies,
            sightings,
            deletions: deletions
                .map(|(resource, time)| (sorted.index_of(resource), time))
                .collect(),
            ..Snapshot::default()
        };
        snapshot.finding_digests = finding_digests(&snapshot);
        snapshot
    }

    fn index_of(&mut self, resource: &Resource) -> LocalIndex {
        let id = SplitId::new(&resource.id);
        let row = ResourceRow {
            id_prefix: self.interner.get_or_intern(id.prefix),
            id_rest: self.interner.get_or_intern(id.rest),
            region: self.interner.get_or_intern(resource.region.as_str()),
            account: resource.account,
            resource_type: resource.resource_type,
        };
        let (resources, sightings) = (&mut self.resources, &mut self.sightings);
        *self.resource_indices.entry(row).or_insert_with(|| {
            resources.push(row);
            sightings.push(0);
            LocalIndex::new(resources.len() - 1)
        })
    }
}

/// A time in seconds since 1970, or 0 if unknown.
fn seconds(time: Option<DateTime<Utc>>) -> u32 {
    time.map_or(0, |time| {
        u32::try_from(time.timestamp()).unwrap_or_default()
    })
}

/// The indices of resources after sorting, by their indices before.
struct SortedIndices(Vec<LocalIndex>);

impl SortedIndices {
    #[expect(
        clippy::indexing_slicing,
        reason = "there is one entry for each resource"
    )]
    fn index_of(&self, before: LocalIndex) -> LocalIndex {
        self.0[before.get()]
    }

    /// Returns the values of the resources after sorting.
    fn sort(&self, before: &[u32]) -> Vec<u32> {
        let mut after = vec![0; before.len()];
        for (index, value) in self.0.iter().zip(before) {
            if let Some(slot) = after.get_mut(index.get()) {
                *slot = *value;
            }
        }
        after
    }
}

/// Sorts the resources by key, so that a view only has to merge those of all snapshots.
fn sort_resources(
    resources: &[ResourceRow],
    interner: &Interner,
) -> (Vec<ResourceRow>, SortedIndices) {
    let resolve = |symbol: SymbolU32| interner.resolve(symbol).unwrap_or_default();
    let row_of = |index: &LocalIndex| resources.get(index.get());
    let mut order: Vec<LocalIndex> = (0..resources.len()).map(LocalIndex::new).collect();
    order.sort_unstable_by_key(|index| row_of(index).map(|row| row.key(resolve)));
    let mut indices = vec![LocalIndex::new(0); order.len()];
    for (after, before) in order.iter().enumerate() {
        if let Some(index) = indices.get_mut(before.get()) {
            *index = LocalIndex::new(after);
        }
    }
    let mut sorted = Vec::with_capacity(order.len());
    sorted.extend(order.iter().filter_map(row_of).copied());
    (sorted, SortedIndices(indices))
}

/// Moves the finding with the highest EPSS score to the front of those that show the same trait of a resource: it decides
/// the severity of an exposure.
fn move_highest_epss_first(
    observations: &mut [Keyed<LocalIndex, ObservationRow>],
    evidence: &[Arc<Evidence>],
) {
    type Row = Keyed<LocalIndex, ObservationRow>;
    let shows_same_trait = |one: &Row, other: &Row| {
        (one.key, one.row.trait_index) == (other.key, other.row.trait_index)
    };
    let epss = |row: &Row| evidence.get(row.row.evidence.get())?.epss();
    for rows in observations.chunk_by_mut(shows_same_trait) {
        let highest = rows
            .iter()
            .enumerate()
            .max_by_key(|(index, row)| (epss(row), Reverse(*index)));
        if let Some((index, _)) = highest {
            rows.swap(0, index);
        }
    }
}

/// The evidence of a snapshot, each once.
#[derive(Debug, Default)]
struct EvidenceTable {
    evidence: Vec<Arc<Evidence>>,
    indices: HashTable<EvidenceIndex>,
}

impl EvidenceTable {
    fn index_of(&mut self, evidence: &Evidence) -> EvidenceIndex {
        let known = &mut self.evidence;
        let hash = |evidence: &Evidence| FxBuildHasher.hash_one(evidence);
        let entry = self.indices.entry(
            hash(evidence),
            |index| {
                known
                    .get(index.get())
                    .is_some_and(|known| **known == *evidence)
            },
            |index| known.get(index.get()).map_or(0, |known| hash(known)),
        );
        *entry
            .or_insert_with(|| {
                known.push(Arc::new(evidence.clone()));
                EvidenceIndex::new(known.len() - 1)
            })
            .get()
    }

    fn finish(mut self) -> Vec<Arc<Evidence>> {
        self.evidence.shrink_to_fit();
        self.evidence
    }
}
