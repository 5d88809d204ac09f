//! Builds a snapshot, finding by finding.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};
use string_interner::symbol::SymbolU32;

use crate::iam::{NamedDocument, Permissions};
use crate::model::{Evidence, FindingId, Product, RecordKind, RelationKind, Resource, TraitIndex};
use crate::records::{EdgeEnd, EmptyList, ParsedEdge};

use super::csr_rows::{CsrRows, Keyed};
use super::dedup_rows::DedupRows;
use super::finding_digests::finding_digests;
use super::finding_key::{FindingKey, IdPrefixTableBuilder};
use super::highest_epss::move_highest_epss_first;
use super::index::{EvidenceIndex, LocalIndex};
use super::resource_key::SplitId;
use super::snapshot::{
    AttributeRow, AwsPolicyRow, EdgeClaim, EmptyListRow, FindingState, ObservationRow,
    PermissionsRow, RelationRow, ResourceRow, Snapshot, StateRow, TagRow, WholeRow,
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
    /// What the record is that the trait is from.
    pub record: RecordKind,
    /// Whether it is an attribute that counts only until any other record has it.
    pub is_fallback: bool,
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
    /// Findings and configurations each have one, because only findings become outdated.
    attributes: FxHashMap<(LocalIndex, TraitIndex, bool), AttributeRow>,
    states: DedupRows<StateRow>,
    latest_update: u32,
    id_prefixes: IdPrefixTableBuilder,
    evidence: EvidenceTable,
    relations: DedupRows<RelationRow>,
    tags: DedupRows<TagRow>,
    untagged: BTreeSet<LocalIndex>,
    permissions: BTreeMap<LocalIndex, PermissionsRow>,
    aws_policies: BTreeMap<String, AwsPolicyRow>,
    empty_lists: DedupRows<EmptyListRow>,
    whole: DedupRows<WholeRow>,
    deletions: BTreeMap<LocalIndex, u32>,
}

impl SnapshotBuilder {
    /// Adds what a finding shows.
    pub fn add_observation(&mut self, observation: Observation<'_>) {
        let resource = self.index_of(observation.resource);
        let row = ObservationRow {
            trait_index: observation.trait_index,
            record: observation.record,
            finding: self.key(observation.finding, observation.product),
            evidence: self.evidence.index_of(observation.evidence),
            updated_at: seconds(observation.updated_at),
        };
        let Observation {
            is_fallback, holds, ..
        } = observation;
        if matches!(observation.evidence, Evidence::Attribute { .. }) {
            self.add_attribute(
                resource,
                AttributeRow {
                    row,
                    is_fallback,
                    holds,
                },
            );
        } else if holds {
            // Only an attribute can show that a resource does not have a trait.
            self.observations.push(Keyed { key: resource, row });
        }
    }

    fn add_attribute(&mut self, resource: LocalIndex, attribute: AttributeRow) {
        let key = (
            resource,
            attribute.row.trait_index,
            attribute.row.record.is_finding(),
        );
        let latest = self.attributes.entry(key).or_insert(attribute);
        // Of two findings with the same rank, the one with the lower ID wins, so that the result does not depend on their
        // order.
        let is_newer = attribute.rank().cmp(&latest.rank()).then_with(|| {
            let resolve = |symbol| self.interner.resolve(symbol).unwrap_or_default();
            let id = |row: &AttributeRow| self.id_prefixes.table().id(row.row.finding, resolve);
            id(latest).cmp(&id(&attribute))
        });
        if is_newer.is_gt() {
            *latest = attribute;
        }
    }

    /// Adds the state of a finding, so that it replaces what an older state showed.
    pub fn add_state(
        &mut self,
        finding: &FindingId,
        product: Product,
        updated_at: Option<DateTime<Utc>>,
        is_ended: bool,
    ) {
        let row = StateRow {
            finding: self.key(finding, product),
            state: FindingState {
                updated_at: seconds(updated_at),
                is_ended,
            },
        };
        self.states.push(row);
    }

    /// Adds the time of a record, whether or not the record is used.
    pub fn add_time(&mut self, updated_at: Option<DateTime<Utc>>) {
        self.latest_update = self.latest_update.max(seconds(updated_at));
    }

    /// Adds an edge whose time is unknown.
    pub fn add_edge(&mut self, from: &Resource, kind: RelationKind, to: &Resource) {
        self.add_claimed_edge(from, kind, to, EdgeClaim::default());
    }

    /// Adds an edge that a record lists or mentions. `listed_by` is the end that the record is about.
    pub fn add_dated_edge(
        &mut self,
        edge: &ParsedEdge,
        listed_by: Option<EdgeEnd>,
        record: RecordKind,
        updated_at: Option<DateTime<Utc>>,
    ) {
        let claim = EdgeClaim {
            listed_by,
            is_finding: record.is_finding(),
            updated_at: seconds(updated_at),
        };
        self.add_claimed_edge(&edge.from, edge.kind, &edge.to, claim);
    }

    fn add_claimed_edge(
        &mut self,
        from: &Resource,
        kind: RelationKind,
        to: &Resource,
        claim: EdgeClaim,
    ) {
        let row = RelationRow {
            from: self.index_of(from),
            kind,
            to: self.index_of(to),
            claim,
        };
        self.relations.push(row);
    }

    /// Adds that a record lists the edges of a kind, and that the resource has none.
    pub fn add_empty_list(
        &mut self,
        resource: &Resource,
        list: EmptyList,
        record: RecordKind,
        updated_at: Option<DateTime<Utc>>,
    ) {
        let row = EmptyListRow {
            resource: self.index_of(resource),
            list,
            is_finding: record.is_finding(),
            updated_at: seconds(updated_at),
        };
        self.empty_lists.push(row);
    }

    /// Adds that a record is the whole configuration of a resource.
    pub fn add_whole_configuration(
        &mut self,
        resource: &Resource,
        updated_at: Option<DateTime<Utc>>,
    ) {
        let row = WholeRow {
            resource: self.index_of(resource),
            updated_at: seconds(updated_at),
        };
        self.whole.push(row);
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
        let mut states = self.states.finish();
        remove_older_states(&mut observations, &mut self.attributes, &mut states);
        observations.shrink_to_fit();
        let mut attributes: Vec<Keyed<LocalIndex, AttributeRow>> = self
            .attributes
            .into_iter()
            .map(|((resource, ..), row)| Keyed {
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
        self.empty_lists
            .for_each_mut(|row| row.resource = sorted.index_of(row.resource));
        self.whole
            .for_each_mut(|row| row.resource = sorted.index_of(row.resource));
        let count = resources.len();
        let mut observations = CsrRows::from_sorted(observations, count, |key| key.get());
        observations.reorder(|rows| move_highest_epss_first(rows, &evidence));
        let mut snapshot = Snapshot {
            strings: StringArena::new(&self.interner),
            resources,
            observations,
            attributes: CsrRows::from_sorted(attributes, count, |key| key.get()),
            states,
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
            empty_lists: self.empty_lists.finish(),
            whole: self.whole.finish(),
            deletions: deletions
                .map(|(resource, time)| (sorted.index_of(resource), time))
                .collect(),
            ..Snapshot::default()
        };
        snapshot.finding_digests = finding_digests(&snapshot);
        snapshot
    }

    fn key(&mut self, finding: &FindingId, product: Product) -> FindingKey {
        self.id_prefixes
            .key(finding.as_str(), product, &mut self.interner)
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
        let resources = &mut self.resources;
        *self.resource_indices.entry(row).or_insert_with(|| {
            resources.push(row);
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

/// Removes what findings showed before their newest state.
fn remove_older_states(
    observations: &mut Vec<Keyed<LocalIndex, ObservationRow>>,
    attributes: &mut FxHashMap<(LocalIndex, TraitIndex, bool), AttributeRow>,
    states: &mut Vec<StateRow>,
) {
    let state_row = |row: &ObservationRow| {
        let finding = row.finding;
        row.state().map(|state| StateRow { finding, state })
    };
    let rows = observations.iter().map(|row| &row.row);
    let rows = rows.chain(attributes.values().map(|attribute| &attribute.row));
    let mut shown: Vec<StateRow> = rows.filter_map(state_row).collect();
    shown.sort_unstable();
    shown.dedup();
    // Most findings are read once.
    let is_read_once = shown.is_sorted_by(|one, next| one.finding < next.finding);
    if is_read_once && states.is_empty() {
        return;
    }
    let newest = newest_states(&shown, states);
    let is_newest = |row: &ObservationRow| {
        state_row(row).is_none_or(|state_row| newest.binary_search(&state_row).is_ok())
    };
    observations.retain(|row| is_newest(&row.row));
    attributes.retain(|_, attribute| is_newest(&attribute.row));
    // A row that remains shows the state as well.
    states.retain(|row| newest.binary_search(row).is_ok() && shown.binary_search(row).is_err());
    states.shrink_to_fit();
}

/// The newest state of each finding, sorted by finding.
fn newest_states(shown: &[StateRow], states: &[StateRow]) -> Vec<StateRow> {
    let mut newest = [shown, states].concat();
    newest.sort_unstable();
    newest.dedup_by(|next, kept| {
        let is_same = next.finding == kept.finding;
        if is_same {
            *kept = *next;
        }
        is_same
    });
    newest
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
