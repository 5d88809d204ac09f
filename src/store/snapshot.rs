//! What one cell showed, packed: strings once, findings as keys, evidence once.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use string_interner::symbol::SymbolU32;

use crate::model::{
    AccountId, Evidence, FindingId, Product, Region, RelationKind, Resource, ResourceType,
    TraitIndex,
};

use crate::policy::Permissions;

use super::finding_key::{FindingKey, Strings};

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
    pub resource: u32,
    pub trait_index: TraitIndex,
    pub finding: FindingKey,
    /// Place in `evidence`.
    pub evidence: u32,
    /// Seconds since 1970; 0 if unknown.
    pub updated_at: u32,
    pub product: Product,
    pub holds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RelationRow {
    pub from: u32,
    pub kind: RelationKind,
    pub to: u32,
    pub finding: FindingKey,
}

/// All that one cell showed. Never changes once it is built.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) strings: Strings,
    pub(super) resources: Vec<ResourceRow>,
    /// Sorted by resource.
    pub(super) observations: Vec<ObservationRow>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) relations: Vec<RelationRow>,
    pub(super) tags: BTreeMap<u32, Vec<(SymbolU32, SymbolU32)>>,
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

    /// The observations of one of its resources.
    pub(super) fn observations_of(&self, resource: u32) -> &[ObservationRow] {
        let start = self
            .observations
            .partition_point(|row| row.resource < resource);
        let length = self.observations[start..].partition_point(|row| row.resource == resource);
        &self.observations[start..start + length]
    }
}

/// Builds a [`Snapshot`].
#[derive(Debug, Default)]
pub struct SnapshotBuilder {
    snapshot: Snapshot,
    places: HashMap<ResourceRow, u32>,
    evidence_places: HashMap<Evidence, u32>,
}

impl SnapshotBuilder {
    /// Notes what a finding shows.
    pub fn observe(&mut self, observation: Observation<'_>) {
        let row = ObservationRow {
            resource: self.resource(observation.resource),
            trait_index: observation.trait_index,
            finding: FindingKey::of(observation.finding.as_str(), &mut self.snapshot.strings),
            evidence: self.evidence(observation.evidence),
            updated_at: observation.updated_at.map_or(0, |time| {
                u32::try_from(time.timestamp()).unwrap_or_default()
            }),
            product: observation.product,
            holds: observation.holds,
        };
        self.snapshot.observations.push(row);
    }

    /// Notes an edge.
    pub fn relate(
        &mut self,
        from: &Resource,
        kind: RelationKind,
        to: &Resource,
        finding: &FindingId,
    ) {
        let row = RelationRow {
            from: self.resource(from),
            kind,
            to: self.resource(to),
            finding: FindingKey::of(finding.as_str(), &mut self.snapshot.strings),
        };
        self.snapshot.relations.push(row);
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
        let kept = self.snapshot.permissions.get(&place);
        if kept.is_none_or(|(kept, _)| *kept <= as_of) {
            self.snapshot
                .permissions
                .insert(place, (as_of, permissions));
        }
    }

    /// Notes a resource's tags. Where findings disagree, all their values stay, whichever came first.
    pub fn tag(&mut self, resource: &Resource, tags: &[(String, String)]) {
        if tags.is_empty() {
            return;
        }
        let place = self.resource(resource);
        let strings = &mut self.snapshot.strings;
        let known = self.snapshot.tags.entry(place).or_default();
        for (key, value) in tags {
            let tag = (strings.get_or_intern(key), strings.get_or_intern(value));
            if !known.contains(&tag) {
                known.push(tag);
            }
        }
    }

    /// The snapshot.
    #[must_use]
    pub fn finish(self) -> Snapshot {
        let mut snapshot = self.snapshot;
        // The same finding may arrive twice, by two overlapping queries.
        snapshot.observations.sort_unstable();
        snapshot.observations.dedup();
        snapshot.relations.sort_unstable();
        snapshot
            .relations
            .dedup_by_key(|row| (row.from, row.kind, row.to));
        snapshot.observations.shrink_to_fit();
        snapshot.relations.shrink_to_fit();
        snapshot.resources.shrink_to_fit();
        snapshot
    }

    fn resource(&mut self, resource: &Resource) -> u32 {
        let strings = &mut self.snapshot.strings;
        let row = ResourceRow {
            id: strings.get_or_intern(&resource.id),
            region: strings.get_or_intern(resource.region.as_str()),
            account: resource.account,
            resource_type: resource.resource_type,
        };
        let resources = &mut self.snapshot.resources;
        *self.places.entry(row).or_insert_with(|| {
            resources.push(row);
            place_of(resources.len())
        })
    }

    fn evidence(&mut self, evidence: &Evidence) -> u32 {
        if let Some(place) = self.evidence_places.get(evidence) {
            return *place;
        }
        self.snapshot.evidence.push(evidence.clone());
        let place = place_of(self.snapshot.evidence.len());
        self.evidence_places.insert(evidence.clone(), place);
        place
    }
}

/// The place of the last of `count` rows. More than four billion rows do not fit into the memory of any machine that
/// this runs on, so the saturated case is never reached.
fn place_of(count: usize) -> u32 {
    u32::try_from(count - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_trait_is_small() {
        assert!(
            size_of::<ObservationRow>() <= 48,
            "{}",
            size_of::<ObservationRow>()
        );
    }
}
