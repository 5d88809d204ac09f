//! What one cell showed, packed: strings once, findings as keys, evidence once.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};
use string_interner::symbol::SymbolU32;

use crate::model::{
    AccountId, Evidence, FindingId, Product, Region, RelationKind, Resource, ResourceType,
    TraitIndex,
};

use crate::policy::Permissions;

use super::finding_key::{FindingKey, Series, SeriesBuilder, Strings};

/// What one finding shows of one resource.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The resource that the finding names.
    pub resource: &'a Resource,
    /// The trait.
    pub trait_index: TraitIndex,
    /// Whether the trait is there. A later "no" of an attribute takes back an earlier "yes".
    pub holds: bool,
    /// The finding.
    pub finding: &'a FindingId,
    /// Who made it.
    pub product: Product,
    /// What it says.
    pub evidence: &'a Evidence,
    /// When the source last changed it, if it can be told.
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ResourceRow {
    pub id: SymbolU32,
    pub region: SymbolU32,
    pub account: AccountId,
    pub resource_type: ResourceType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObservationRow {
    pub trait_index: TraitIndex,
    pub finding: FindingKey,
    /// Place in `evidence`.
    pub evidence: u32,
    /// Seconds since 1970; 0 if unknown.
    pub updated_at: u32,
    pub holds: bool,
}

/// An observation while they are not sorted by resource yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PlacedObservation {
    resource: u32,
    row: ObservationRow,
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

/// All that one cell showed. Never changes once it is built.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) strings: Strings,
    /// Sorted by type, id, account and Region.
    pub(super) resources: Vec<ResourceRow>,
    /// By resource, and after the last: where its observations begin.
    first_observation: Vec<u32>,
    /// Of each resource sorted by trait; of those of one trait the one first that is most likely to be exploited.
    pub(super) observations: Vec<ObservationRow>,
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
        self.strings.resolve(symbol).unwrap_or_default()
    }

    pub(super) fn resource(&self, row: ResourceRow) -> Resource {
        Resource {
            resource_type: row.resource_type,
            id: self.string(row.id).to_owned(),
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
        (
            row.resource_type,
            self.string(row.id),
            row.account,
            self.string(row.region),
        )
    }

    /// The observations of one of its resources.
    pub(super) fn observations_of(&self, resource: u32) -> &[ObservationRow] {
        let bounds = &self.first_observation[resource as usize..][..2];
        &self.observations[bounds[0] as usize..bounds[1] as usize]
    }

    /// A finding's id.
    pub(super) fn finding(&self, row: &ObservationRow) -> FindingId {
        FindingId(self.series.text(row.finding, &self.strings))
    }

    /// The tags of one of its resources.
    pub(super) fn tags_of(&self, resource: u32) -> &[TagRow] {
        of_resource(&self.tags, resource, |row| row.resource)
    }
}

/// Type, id, account, Region.
pub(super) type Name<'a> = (ResourceType, &'a str, AccountId, &'a str);

/// The rows of one resource among rows that are sorted by it.
fn of_resource<R>(rows: &[R], resource: u32, resource_of: impl Fn(&R) -> u32) -> &[R] {
    let start = rows.partition_point(|row| resource_of(row) < resource);
    let length = rows[start..].partition_point(|row| resource_of(row) == resource);
    &rows[start..start + length]
}

/// Rows of which many come more than once: each finding of a resource draws the same edges.
#[derive(Debug)]
struct Rows<R> {
    rows: Vec<R>,
    /// So many of the first are sorted, and each is there once.
    distinct: usize,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            distinct: 0,
        }
    }
}

impl<R: Ord> Rows<R> {
    /// So many there may be before it is worth looking for what is there twice.
    const FEW: usize = 1 << 12;

    fn push(&mut self, row: R) {
        // Twice what is needed at most is kept, and each row is sorted a number of times that hangs on no count.
        if self.rows.len() >= Self::FEW.max(2 * self.distinct) {
            self.tidy();
        }
        self.rows.push(row);
    }

    fn tidy(&mut self) {
        // A run that is sorted already is merged, not sorted again.
        self.rows.sort();
        self.rows.dedup();
        self.distinct = self.rows.len();
    }

    fn finish(mut self) -> Vec<R> {
        self.tidy();
        self.rows.shrink_to_fit();
        self.rows
    }
}

/// Builds a [`Snapshot`].
#[derive(Debug, Default)]
pub struct SnapshotBuilder {
    strings: Strings,
    resources: Vec<ResourceRow>,
    places: FxHashMap<ResourceRow, u32>,
    observations: Rows<PlacedObservation>,
    /// Of attributes the latest reading alone: every finding of a resource repeats them.
    attributes: FxHashMap<(u32, TraitIndex), ObservationRow>,
    series: SeriesBuilder,
    evidence: Vec<Arc<Evidence>>,
    evidence_places: HashTable<u32>,
    relations: Rows<RelationRow>,
    tags: Rows<TagRow>,
    permissions: BTreeMap<u32, (i64, Permissions)>,
}

impl SnapshotBuilder {
    /// Notes what a finding shows.
    pub fn observe(&mut self, observation: Observation<'_>) {
        let resource = self.resource(observation.resource);
        let (id, product) = (observation.finding.as_str(), observation.product);
        let row = ObservationRow {
            trait_index: observation.trait_index,
            finding: self.series.key(id, product, &mut self.strings),
            evidence: self.evidence(observation.evidence),
            updated_at: observation.updated_at.map_or(0, |time| {
                u32::try_from(time.timestamp()).unwrap_or_default()
            }),
            holds: observation.holds,
        };
        if !matches!(observation.evidence, Evidence::Attribute { .. }) {
            self.observations.push(PlacedObservation { resource, row });
            return;
        }
        let latest = self
            .attributes
            .entry((resource, row.trait_index))
            .or_insert(row);
        // Of two of the same time the one that shows the trait counts, and of two that say the same always the same one,
        // whichever came first.
        let rank = |row: &ObservationRow| (row.updated_at, row.holds);
        let is_newer = rank(latest).cmp(&rank(&row)).then_with(|| {
            let series = self.series.series();
            let text = |row: &ObservationRow| series.text(row.finding, &self.strings);
            text(&row).cmp(&text(latest))
        });
        if is_newer.is_lt() {
            *latest = row;
        }
    }

    /// Notes an edge.
    pub fn relate(&mut self, from: &Resource, kind: RelationKind, to: &Resource) {
        let row = RelationRow {
            from: self.resource(from),
            kind,
            to: self.resource(to),
        };
        self.relations.push(row);
    }

    /// Notes what an identity's or a policy's own documents allow. Of several readings the latest stays.
    pub fn permit(
        &mut self,
        resource: &Resource,
        permissions: Permissions,
        updated_at: Option<DateTime<Utc>>,
    ) {
        if permissions.is_empty() {
            return;
        }
        let as_of = updated_at.map_or(0, |time| time.timestamp());
        let place = self.resource(resource);
        let kept = self.permissions.get(&place);
        if kept.is_none_or(|(kept, _)| *kept <= as_of) {
            self.permissions.insert(place, (as_of, permissions));
        }
    }

    /// Notes a resource's tags. Where findings disagree, all their values stay, whichever came first.
    pub fn tag(&mut self, resource: &Resource, tags: &[(String, String)]) {
        if tags.is_empty() {
            return;
        }
        let resource = self.resource(resource);
        for (key, value) in tags {
            self.tags.push(TagRow {
                resource,
                key: self.strings.get_or_intern(key),
                value: self.strings.get_or_intern(value),
            });
        }
    }

    /// The snapshot.
    #[must_use]
    pub fn finish(mut self) -> Snapshot {
        for ((resource, _), row) in std::mem::take(&mut self.attributes) {
            self.observations.push(PlacedObservation { resource, row });
        }
        let places = self.sort_resources();
        let now_at = |place: &mut u32| *place = places[*place as usize];
        for row in &mut self.observations.rows {
            now_at(&mut row.resource);
        }
        for row in &mut self.relations.rows {
            now_at(&mut row.from);
            now_at(&mut row.to);
        }
        for row in &mut self.tags.rows {
            now_at(&mut row.resource);
        }
        self.evidence.shrink_to_fit();
        let mut observations = self.observations.finish();
        most_likely_first(&mut observations, &self.evidence);
        let (first_observation, observations) = by_resource(observations, self.resources.len());
        Snapshot {
            strings: self.strings,
            resources: self.resources,
            first_observation,
            observations,
            series: self.series.finish(),
            evidence: self.evidence,
            relations: self.relations.finish(),
            tags: self.tags.finish(),
            permissions: self
                .permissions
                .into_iter()
                .map(|(place, known)| (places[place as usize], known))
                .collect(),
        }
    }

    /// Sorts them by name, so that a view has only to merge; gives each one's new place by its old one.
    fn sort_resources(&mut self) -> Vec<u32> {
        self.places = FxHashMap::default();
        self.evidence_places = HashTable::new();
        self.strings.shrink_to_fit();
        let named = Snapshot {
            strings: std::mem::take(&mut self.strings),
            ..Snapshot::default()
        };
        let mut order: Vec<u32> = (0..=place_of(self.resources.len())).collect();
        order.truncate(self.resources.len());
        order.sort_unstable_by_key(|place| named.name(&self.resources[*place as usize]));
        let mut places = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            places[*old as usize] = place_of(new + 1);
        }
        self.resources = order
            .iter()
            .map(|old| self.resources[*old as usize])
            .collect();
        self.strings = named.strings;
        places
    }

    fn resource(&mut self, resource: &Resource) -> u32 {
        let row = ResourceRow {
            id: self.strings.get_or_intern(&resource.id),
            region: self.strings.get_or_intern(resource.region.as_str()),
            account: resource.account,
            resource_type: resource.resource_type,
        };
        let resources = &mut self.resources;
        *self.places.entry(row).or_insert_with(|| {
            resources.push(row);
            place_of(resources.len())
        })
    }

    fn evidence(&mut self, evidence: &Evidence) -> u32 {
        let all = &mut self.evidence;
        let hash = |evidence: &Evidence| FxBuildHasher.hash_one(evidence);
        let entry = self.evidence_places.entry(
            hash(evidence),
            |place| *all[*place as usize] == *evidence,
            |place| hash(&all[*place as usize]),
        );
        *entry
            .or_insert_with(|| {
                all.push(Arc::new(evidence.clone()));
                place_of(all.len())
            })
            .get()
    }
}

/// Of the vulnerabilities that show the same trait of a resource puts the one first that is most likely to be exploited:
/// it decides how severe an exposure is.
fn most_likely_first(observations: &mut [PlacedObservation], evidence: &[Arc<Evidence>]) {
    let of_one_trait = |one: &PlacedObservation, other: &PlacedObservation| {
        (one.resource, one.row.trait_index) == (other.resource, other.row.trait_index)
    };
    for rows in observations.chunk_by_mut(of_one_trait) {
        let score = |one: &PlacedObservation| evidence[one.row.evidence as usize].epss();
        let mut first = 0;
        for place in 1..rows.len() {
            if score(&rows[place]) > score(&rows[first]) {
                first = place;
            }
        }
        rows.swap(0, first);
    }
}

/// Where each resource's observations begin, and after the last; and the observations.
fn by_resource(
    observations: Vec<PlacedObservation>,
    resources: usize,
) -> (Vec<u32>, Vec<ObservationRow>) {
    let mut first = vec![0; resources + 1];
    for one in &observations {
        first[one.resource as usize + 1] += 1;
    }
    for place in 1..first.len() {
        first[place] += first[place - 1];
    }
    let mut rows: Vec<ObservationRow> = observations.into_iter().map(|one| one.row).collect();
    rows.shrink_to_fit();
    (first, rows)
}

/// The place of the last of `count` rows. More than four billion rows do not fit into the memory of any machine that
/// this runs on, so the saturated case is never reached.
fn place_of(count: usize) -> u32 {
    u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_trait_is_small() {
        assert!(
            size_of::<ObservationRow>() <= 32,
            "{}",
            size_of::<ObservationRow>()
        );
    }
}
