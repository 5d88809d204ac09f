//! Builds a snapshot, finding by finding.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::iam::Permissions;
use crate::model::{Evidence, FindingId, Product, RelationKind, Resource, TraitIndex};

use super::finding_key::{SeriesBuilder, Strings};
use super::name::split;
use super::rows::{ByResource, Placed, Rows};
use super::snapshot::{
    AttributeRow, ObservationRow, RelationRow, ResourceRow, Snapshot, TagRow, name,
};
use super::texts::Texts;

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

/// Builds a [`Snapshot`].
#[derive(Debug, Default)]
pub struct SnapshotBuilder {
    strings: Strings,
    resources: Vec<ResourceRow>,
    places: FxHashMap<ResourceRow, u32>,
    observations: Rows<Placed<ObservationRow>>,
    /// The latest reading alone: every finding of a resource repeats them.
    attributes: FxHashMap<(u32, TraitIndex), AttributeRow>,
    latest_update: u32,
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
        };
        let updated_at = observation.updated_at.map_or(0, |time| {
            u32::try_from(time.timestamp()).unwrap_or_default()
        });
        self.latest_update = self.latest_update.max(updated_at);
        let holds = observation.holds;
        if !matches!(observation.evidence, Evidence::Attribute { .. }) {
            // Only an attribute can say that a trait is not there.
            if holds {
                self.observations.push(Placed { resource, row });
            }
            return;
        }
        let attribute = AttributeRow {
            row,
            updated_at,
            holds,
        };
        let latest = self
            .attributes
            .entry((resource, row.trait_index))
            .or_insert(attribute);
        // Of two of the same time the one that shows the trait counts, and of two that say the same always the same one,
        // whichever came first.
        let rank = |one: &AttributeRow| (one.updated_at, one.holds);
        let is_newer = rank(latest).cmp(&rank(&attribute)).then_with(|| {
            let (series, strings) = (self.series.series(), &self.strings);
            let text_of = |symbol| strings.resolve(symbol).unwrap_or_default();
            let text = |one: &AttributeRow| series.text(one.row.finding, text_of);
            text(&attribute).cmp(&text(latest))
        });
        if is_newer.is_lt() {
            *latest = attribute;
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
    pub fn finish(mut self) -> Snapshot {
        let places = self.sort_resources();
        let now_at = |place: &mut u32| *place = places[*place as usize];
        for placed in &mut self.observations.rows {
            now_at(&mut placed.resource);
        }
        let mut attributes: Vec<Placed<AttributeRow>> = std::mem::take(&mut self.attributes)
            .into_iter()
            .map(|((resource, _), row)| Placed {
                resource: places[resource as usize],
                row,
            })
            .collect();
        attributes.sort_unstable();
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
        let resources = self.resources.len();
        Snapshot {
            texts: Texts::of(&self.strings),
            resources: self.resources,
            observations: ByResource::of(observations, resources),
            attributes: ByResource::of(attributes, resources),
            latest_update: self.latest_update,
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
        let text_of = |symbol| self.strings.resolve(symbol).unwrap_or_default();
        let resources = &self.resources;
        let mut order: Vec<u32> = (0..=place_of(resources.len())).collect();
        order.truncate(resources.len());
        order.sort_unstable_by_key(|place| name(&resources[*place as usize], text_of));
        let mut places = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            places[*old as usize] = place_of(new + 1);
        }
        self.resources = order
            .iter()
            .map(|old| self.resources[*old as usize])
            .collect();
        places
    }

    fn resource(&mut self, resource: &Resource) -> u32 {
        let (beginning, rest) = split(&resource.id);
        let row = ResourceRow {
            id: (
                self.strings.get_or_intern(beginning),
                self.strings.get_or_intern(rest),
            ),
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
fn most_likely_first(observations: &mut [Placed<ObservationRow>], evidence: &[Arc<Evidence>]) {
    let of_one_trait = |one: &Placed<ObservationRow>, other: &Placed<ObservationRow>| {
        (one.resource, one.row.trait_index) == (other.resource, other.row.trait_index)
    };
    for rows in observations.chunk_by_mut(of_one_trait) {
        let score = |one: &Placed<ObservationRow>| evidence[one.row.evidence as usize].epss();
        let mut first = 0;
        for place in 1..rows.len() {
            if score(&rows[place]) > score(&rows[first]) {
                first = place;
            }
        }
        rows.swap(0, first);
    }
}

/// The place of the last of `count` rows. More than four billion rows do not fit into the memory of any machine that
/// this runs on, so the saturated case is never reached.
fn place_of(count: usize) -> u32 {
    u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX)
}
