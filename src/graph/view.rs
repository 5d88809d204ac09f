//! One consistent view of all snapshots: each resource once, whatever targets know of it.

use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustc_hash::FxHashMap;

use crate::model::{
    AccountId, CollectionTarget, Epss, Evidence, FindingId, Product, RelationKind, Resource,
    ResourceType, TraitIndex, TraitSet,
};

use crate::iam::Permissions;

use super::iam_edges;
use super::snapshot::Snapshot;

/// The place of a resource in a [`View`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceIndex(pub(super) u32);

impl ResourceIndex {
    /// As a place in a list of all resources of the view.
    pub fn place(self) -> usize {
        self.0 as usize
    }
}

/// Resources that stand together in a [`View`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRange(Range<u32>);

impl Iterator for ResourceRange {
    type Item = ResourceIndex;

    fn next(&mut self) -> Option<ResourceIndex> {
        self.0.next().map(ResourceIndex)
    }
}

/// The place of a set of traits in a [`View`]: equal sets have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraitSetIndex(u32);

impl TraitSetIndex {
    /// As a place in a list of [`View::trait_sets`].
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// What a finding shows of a resource.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The finding.
    pub finding: FindingId,
    /// Who made it.
    pub product: Product,
    /// What it says.
    pub evidence: &'a Arc<Evidence>,
    /// The target in which it was seen.
    pub target: &'a CollectionTarget,
}

/// Where a resource stands in the snapshots.
#[derive(Clone, Copy, Debug)]
struct Member {
    resource: ResourceIndex,
    snapshot: u32,
    place: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub from: ResourceIndex,
    pub kind: RelationKind,
    pub to: ResourceIndex,
}

/// All resources, sorted by type, id, account and Region.
#[derive(Debug, Default)]
pub struct View {
    snapshots: Vec<Arc<Snapshot>>,
    /// The target of each snapshot.
    targets: Vec<CollectionTarget>,
    /// Sorted by resource.
    members: Vec<Member>,
    /// By resource: its first member.
    first_member: Vec<u32>,
    /// By resource: its traits' place among the sets.
    traits: Vec<TraitSetIndex>,
    /// The sets that occur, the empty one first: a fleet's instances have few different ones.
    sets: Vec<TraitSet>,
    /// By resource, and after the last: where its edges begin.
    first_edge: Vec<u32>,
    /// Of each resource sorted by kind and end.
    edges: Vec<(RelationKind, ResourceIndex)>,
}

impl View {
    pub(super) fn of(targets: Vec<(CollectionTarget, Arc<Snapshot>)>) -> Self {
        let (targets, snapshots): (Vec<_>, Vec<_>) = targets.into_iter().unzip();
        let mut view = Self {
            members: merge(&snapshots),
            snapshots,
            targets,
            ..Self::default()
        };
        for (place, member) in view.members.iter().enumerate() {
            if view.first_member.len() == member.resource.0 as usize {
                view.first_member.push(narrow(place));
            }
        }
        view.number_traits();
        let mut edges = view.merged_edges();
        view.set_edges(&edges);
        let permitted = iam_edges::iam_edges(&view);
        if !permitted.is_empty() {
            edges.extend(permitted);
            edges.sort_unstable();
            edges.dedup();
            view.set_edges(&edges);
        }
        view
    }

    fn number_traits(&mut self) {
        let mut places: FxHashMap<TraitSet, TraitSetIndex> = FxHashMap::default();
        let mut sets = vec![TraitSet::default()];
        places.insert(TraitSet::default(), TraitSetIndex(0));
        let number = |traits: TraitSet| {
            *places.entry(traits).or_insert_with(|| {
                sets.push(traits);
                TraitSetIndex(narrow(sets.len() - 1))
            })
        };
        self.traits = self
            .indices()
            .map(|index| self.direct_traits(index))
            .map(number)
            .collect();
        self.sets = sets;
    }

    /// Takes over edges that are sorted.
    fn set_edges(&mut self, edges: &[Edge]) {
        self.first_edge = Vec::with_capacity(self.len() + 1);
        let mut place = 0;
        for index in self.indices() {
            self.first_edge.push(narrow(place));
            while edges.get(place).is_some_and(|edge| edge.from == index) {
                place += 1;
            }
        }
        self.first_edge.push(narrow(place));
        self.edges = edges.iter().map(|edge| (edge.kind, edge.to)).collect();
    }

    /// How many resources there are.
    pub fn len(&self) -> usize {
        self.first_member.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.first_member.is_empty()
    }

    /// All resources, sorted.
    pub fn indices(&self) -> impl Iterator<Item = ResourceIndex> + use<> {
        (0..narrow(self.len())).map(ResourceIndex)
    }

    /// A resource's type.
    pub fn resource_type(&self, index: ResourceIndex) -> ResourceType {
        let member = self.members[self.first_member[index.0 as usize] as usize];
        self.snapshots[member.snapshot as usize].resources[member.place as usize].resource_type
    }

    /// A resource's name.
    pub fn resource(&self, index: ResourceIndex) -> Resource {
        let member = self.members[self.first_member[index.0 as usize] as usize];
        let snapshot = &self.snapshots[member.snapshot as usize];
        snapshot.resource(&snapshot.resources[member.place as usize])
    }

    /// A resource's id.
    pub(super) fn id(&self, index: ResourceIndex) -> String {
        let member = self.members[self.first_member[index.0 as usize] as usize];
        let snapshot = &self.snapshots[member.snapshot as usize];
        snapshot.id(&snapshot.resources[member.place as usize])
    }

    /// The account that owns a resource.
    pub(super) fn account(&self, index: ResourceIndex) -> AccountId {
        let member = self.members[self.first_member[index.0 as usize] as usize];
        self.snapshots[member.snapshot as usize].resources[member.place as usize].account
    }

    /// The resources of a type, sorted by id, in so many parts of about the same size, none of which but the last has
    /// less than `least`.
    pub fn chunks_of(
        &self,
        resource_type: ResourceType,
        parts: usize,
        least: usize,
    ) -> Vec<(ResourceType, ResourceRange)> {
        let ResourceRange(all) = self.of_type(resource_type);
        let end = all.end;
        let most = all.len().div_ceil(parts.max(1)).max(least);
        all.step_by(most)
            .map(|start| {
                (
                    resource_type,
                    ResourceRange(start..end.min(start.saturating_add(narrow(most)))),
                )
            })
            .collect()
    }

    /// The resources of a type, which stand together, sorted by id.
    pub(super) fn of_type(&self, resource_type: ResourceType) -> ResourceRange {
        let count = narrow(self.len());
        let bound = |past: bool| {
            let (mut low, mut high) = (0, count);
            while low < high {
                let middle = low + (high - low) / 2;
                let found = self.resource_type(ResourceIndex(middle));
                if found < resource_type || (past && found == resource_type) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        ResourceRange(bound(false)..bound(true))
    }

    /// The resources of a type that have the id, in any account or Region.
    pub(super) fn with_id<'a>(
        &'a self,
        resource_type: ResourceType,
        id: &'a str,
    ) -> impl Iterator<Item = ResourceIndex> + 'a {
        let ResourceRange(all) = self.of_type(resource_type);
        let (mut low, mut high) = (all.start, all.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.id(ResourceIndex(middle)).as_str() < id {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        ResourceRange(low..all.end).take_while(move |index| self.id(*index) == id)
    }

    /// What an identity's or a policy's own documents allow: the latest reading of any target.
    pub(super) fn permissions(&self, index: ResourceIndex) -> Option<&Permissions> {
        self.members(index)
            .filter_map(|member| {
                let snapshot = &self.snapshots[member.snapshot as usize];
                snapshot.permissions.get(&member.place)
            })
            .max_by_key(|(as_of, _)| *as_of)
            .map(|(_, permissions)| permissions)
    }

    /// The traits that findings show of the resource itself.
    pub fn traits(&self, index: ResourceIndex) -> TraitSet {
        self.sets[self.traits[index.0 as usize].get()]
    }

    /// Which of the sets that occur those are.
    pub fn trait_set(&self, index: ResourceIndex) -> TraitSetIndex {
        self.traits[index.0 as usize]
    }

    /// All sets of traits that occur, by their index.
    pub fn trait_sets(&self) -> &[TraitSet] {
        &self.sets
    }

    /// All edges of a resource, sorted by kind and end.
    pub fn edges(&self, from: ResourceIndex) -> &[(RelationKind, ResourceIndex)] {
        let bounds = &self.first_edge[from.0 as usize..][..2];
        &self.edges[bounds[0] as usize..bounds[1] as usize]
    }

    /// Where the edges of a kind lead, sorted.
    pub fn related(
        &self,
        from: ResourceIndex,
        kind: RelationKind,
    ) -> impl Iterator<Item = ResourceIndex> + '_ {
        let edges = self.edges(from);
        let start = edges.partition_point(|edge| edge.0 < kind);
        edges[start..]
            .iter()
            .take_while(move |edge| edge.0 == kind)
            .map(|edge| edge.1)
    }

    /// The findings that show a trait of the resource itself, each once, sorted by id.
    pub fn observed(&self, index: ResourceIndex, trait_index: TraitIndex) -> Vec<Observed<'_>> {
        let mut all: Vec<Observed<'_>> = self
            .members(index)
            .flat_map(|member| {
                let snapshot = &self.snapshots[member.snapshot as usize];
                snapshot
                    .shown(member.place, trait_index)
                    .map(|row| Observed {
                        finding: snapshot.finding(row),
                        product: snapshot.series.product(row.finding),
                        evidence: &snapshot.evidence[row.evidence as usize],
                        target: &self.targets[member.snapshot as usize],
                    })
            })
            .collect();
        all.sort_by(|one, other| {
            (&one.finding, one.evidence, one.target).cmp(&(
                &other.finding,
                other.evidence,
                other.target,
            ))
        });
        all.dedup_by(|one, other| one.finding == other.finding);
        all
    }

    /// The targets in which a trait of the resource itself was seen, each once.
    pub fn seen_in(
        &self,
        index: ResourceIndex,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = &CollectionTarget> {
        self.members(index)
            .filter(move |member| {
                let snapshot = &self.snapshots[member.snapshot as usize];
                snapshot.shown(member.place, trait_index).next().is_some()
            })
            .map(|member| &self.targets[member.snapshot as usize])
    }

    /// What the findings that show a trait of the resource itself say, in no order that means anything, and without
    /// putting their ids together.
    pub fn evidence(
        &self,
        index: ResourceIndex,
        trait_index: TraitIndex,
    ) -> impl Iterator<Item = &Evidence> {
        self.members(index).flat_map(move |member| {
            let snapshot = &self.snapshots[member.snapshot as usize];
            snapshot
                .shown(member.place, trait_index)
                .map(|row| &*snapshot.evidence[row.evidence as usize])
        })
    }

    /// The highest EPSS score among the vulnerabilities that show a trait of the resource itself.
    pub fn highest_epss(&self, index: ResourceIndex, trait_index: TraitIndex) -> Option<Epss> {
        self.members(index)
            .filter_map(|member| {
                let snapshot = &self.snapshots[member.snapshot as usize];
                let rows = snapshot.observations_of(member.place);
                let first = rows.partition_point(|row| row.trait_index < trait_index);
                let row = rows.get(first)?;
                let is_of_it = row.trait_index == trait_index;
                is_of_it.then(|| snapshot.evidence[row.evidence as usize].epss())?
            })
            .max()
    }

    /// The resource's tags, sorted. Where targets disagree, all their values are there.
    pub fn tags(&self, index: ResourceIndex) -> Vec<(String, String)> {
        let mut tags: Vec<(String, String)> = self
            .members(index)
            .map(|member| {
                let snapshot = &self.snapshots[member.snapshot as usize];
                (snapshot, snapshot.tags_of(member.place))
            })
            .flat_map(|(snapshot, tags)| {
                tags.iter().map(|tag| {
                    (
                        snapshot.string(tag.key).to_owned(),
                        snapshot.string(tag.value).to_owned(),
                    )
                })
            })
            .collect();
        tags.sort();
        tags.dedup();
        tags
    }

    /// The latest time at which any source changed a finding that is used here.
    pub fn latest_update(&self) -> Option<DateTime<Utc>> {
        let seconds = self.snapshots.iter().map(|one| one.latest_update).max()?;
        DateTime::from_timestamp(i64::from(seconds), 0).filter(|_| seconds > 0)
    }

    fn members(&self, index: ResourceIndex) -> impl Iterator<Item = &Member> {
        let start = self.first_member[index.0 as usize] as usize;
        self.members[start..]
            .iter()
            .take_while(move |member| member.resource == index)
    }

    /// A trait is there if a finding shows it. Attributes are read in many findings of different ages: of those the
    /// latest decides, and a tie is decided for the trait.
    fn direct_traits(&self, index: ResourceIndex) -> TraitSet {
        let mut present = TraitSet::default();
        let mut attributes: Vec<(TraitIndex, u32, bool)> = Vec::new();
        for member in self.members(index) {
            let snapshot = &self.snapshots[member.snapshot as usize];
            for row in snapshot.observations_of(member.place) {
                present.insert(row.trait_index);
            }
            let read = snapshot.attributes_of(member.place).iter();
            attributes.extend(read.map(|one| (one.row.trait_index, one.updated_at, one.holds)));
        }
        attributes.sort_unstable();
        for (place, (trait_index, _, holds)) in attributes.iter().enumerate() {
            let is_last = attributes
                .get(place + 1)
                .is_none_or(|next| next.0 != *trait_index);
            if is_last && *holds {
                present.insert(*trait_index);
            }
        }
        present
    }

    fn merged_edges(&self) -> Vec<Edge> {
        let mut global: Vec<Vec<ResourceIndex>> = self
            .snapshots
            .iter()
            .map(|snapshot| vec![ResourceIndex(0); snapshot.resources.len()])
            .collect();
        for member in &self.members {
            global[member.snapshot as usize][member.place as usize] = member.resource;
        }
        let mut edges: Vec<Edge> = self
            .snapshots
            .iter()
            .zip(&global)
            .flat_map(|(snapshot, global)| {
                snapshot.relations.iter().map(|row| Edge {
                    from: global[row.from as usize],
                    kind: row.kind,
                    to: global[row.to as usize],
                })
            })
            .collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}

/// Every resource of every snapshot, sorted by its name, the same names numbered the same.
fn merge(snapshots: &[Arc<Snapshot>]) -> Vec<Member> {
    let mut named: Vec<_> = snapshots
        .iter()
        .enumerate()
        .flat_map(|(number, snapshot)| {
            snapshot
                .resources
                .iter()
                .enumerate()
                .map(move |(place, row)| (snapshot.name(row), narrow(number), narrow(place)))
        })
        .collect();
    // Each snapshot is sorted: these are runs, which a stable sort merges.
    named.sort();
    let mut resource = 0;
    let mut members = Vec::with_capacity(named.len());
    for (place, (name, snapshot, local)) in named.iter().enumerate() {
        if place > 0 && named[place - 1].0 != *name {
            resource += 1;
        }
        members.push(Member {
            resource: ResourceIndex(resource),
            snapshot: *snapshot,
            place: *local,
        });
    }
    members
}

/// Places in snapshots are 32 bits wide (see `builder::place_of`), so counts of them fit.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Observation, SnapshotBuilder};
    use crate::model::{ControlId, Region};

    fn instance(id: &str) -> Resource {
        Resource {
            resource_type: ResourceType::Ec2Instance,
            id: id.into(),
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse::<Region>().unwrap(),
        }
    }

    fn index(place: usize) -> TraitIndex {
        TraitIndex::new(place).unwrap()
    }

    fn targets(snapshots: Vec<Arc<Snapshot>>) -> Vec<(CollectionTarget, Arc<Snapshot>)> {
        snapshots
            .into_iter()
            .enumerate()
            .map(|(number, one)| (CollectionTarget::file(format!("{number}.json")), one))
            .collect()
    }

    fn control() -> Evidence {
        Evidence::Control {
            id: ControlId::new("EC2.8"),
            title: "t".into(),
        }
    }

    fn attribute(value: &str) -> Evidence {
        Evidence::Attribute {
            path: "A".into(),
            value: value.into(),
            title: "t".into(),
        }
    }

    fn snapshot(rows: &[(&str, usize, bool, &str, Evidence, i64)]) -> Arc<Snapshot> {
        let mut builder = SnapshotBuilder::default();
        for (resource, trait_index, holds, finding, evidence, minute) in rows {
            builder.observe(Observation {
                resource: &instance(resource),
                trait_index: index(*trait_index),
                holds: *holds,
                finding: &FindingId((*finding).into()),
                product: Product::SecurityHub,
                evidence,
                updated_at: DateTime::<Utc>::from_timestamp(minute * 60, 0),
            });
        }
        Arc::new(builder.finish())
    }

    #[test]
    fn a_resource_that_two_targets_know_is_one() {
        let view = View::of(targets(vec![
            snapshot(&[
                ("i-2", 1, true, "f1", control(), 1),
                ("i-1", 2, true, "f2", control(), 1),
            ]),
            snapshot(&[
                ("i-2", 3, true, "f3", control(), 1),
                ("i-2", 1, true, "f1", control(), 1),
            ]),
        ]));
        assert_eq!(view.len(), 2);
        let second = view.indices().nth(1).unwrap();
        assert_eq!(view.resource(second).id, "i-2");
        assert_eq!(
            view.traits(second),
            [index(1), index(3)].into_iter().collect()
        );
        assert_eq!(
            view.observed(second, index(1)).len(),
            1,
            "one finding, seen by two targets"
        );
    }

    #[test]
    fn the_latest_reading_of_an_attribute_decides() {
        let yes_then_no = snapshot(&[
            ("i-1", 1, true, "f1", attribute("optional"), 1),
            ("i-1", 1, false, "f2", attribute("required"), 2),
        ]);
        let no_then_yes = snapshot(&[
            ("i-1", 1, true, "f1", attribute("optional"), 2),
            ("i-1", 1, false, "f2", attribute("required"), 1),
        ]);
        let only = |snapshot| {
            let view = View::of(targets(vec![snapshot]));
            view.traits(view.indices().next().unwrap())
                .contains(index(1))
        };
        assert!(!only(yes_then_no));
        assert!(only(no_then_yes));
    }

    #[test]
    fn an_attribute_does_not_take_back_what_a_control_says() {
        let view = View::of(targets(vec![snapshot(&[
            ("i-1", 1, true, "f1", control(), 1),
            ("i-1", 1, false, "f2", attribute("required"), 2),
        ])]));
        assert!(
            view.traits(view.indices().next().unwrap())
                .contains(index(1))
        );
    }

    #[test]
    fn edges_lead_from_the_holder() {
        let mut one = SnapshotBuilder::default();
        one.relate(&instance("i-1"), RelationKind::InVpc, &instance("i-3"));
        let mut two = SnapshotBuilder::default();
        two.relate(&instance("i-1"), RelationKind::InVpc, &instance("i-2"));
        two.relate(&instance("i-1"), RelationKind::InVpc, &instance("i-3"));
        let view = View::of(targets(vec![
            Arc::new(one.finish()),
            Arc::new(two.finish()),
        ]));
        let first = view.indices().next().unwrap();
        let led: Vec<_> = view
            .related(first, RelationKind::InVpc)
            .map(|to| view.resource(to).id)
            .collect();
        assert_eq!(led, ["i-2", "i-3"]);
        assert_eq!(view.related(first, RelationKind::InSubnet).count(), 0);
    }
}
