//! The edges of all snapshots that still apply. Records of different ages describe the relations of a resource.
//!
//! - A record lists all edges of a kind that its resource has. An edge that an older record of the resource lists, and the
//!   newest does not, has ended.
//! - What a resource itself lists takes precedence over what older records of other resources mention: an instance has the
//!   security groups of its newest record.
//! - Of a relation that can have one target only, the newest one applies.
//! - The whole configuration of a resource lists all of its edges.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::{CollectionTarget, RelationKind, ResourceType};
use crate::records::{EdgeEnd, whole_configuration_lists};

use super::index::ResourceIndex;
use super::resource_times::{AllResourceTimes, MergedIndices};
use super::snapshot::{EdgeClaim, Snapshot, is_before};

/// An edge that a record lists or mentions.
#[derive(Clone, Copy, Debug)]
struct ClaimedEdge {
    from: ResourceIndex,
    kind: RelationKind,
    to: ResourceIndex,
    claim: EdgeClaim,
}

/// An edge: where it leads from, its kind, and where it leads to.
pub(super) type EdgeKey = (ResourceIndex, RelationKind, ResourceIndex);

/// The edges of all snapshots, and what is known about their age.
pub(super) struct EdgeClaims<'a> {
    /// Edges that the resource lists to which they lead.
    listed_by_target: Vec<ClaimedEdge>,
    others: Vec<ClaimedEdge>,
    /// The latest times at which a resource had no edges of a kind.
    empty_lists: FxHashMap<(ResourceIndex, RelationKind, EdgeEnd), u32>,
    times: &'a AllResourceTimes,
}

impl<'a> EdgeClaims<'a> {
    /// Collects the edges. Those from findings that were last updated before `cutoff` are left out.
    pub(super) fn new(
        snapshots: &[(CollectionTarget, Arc<Snapshot>)],
        indices: &MergedIndices,
        times: &'a AllResourceTimes,
        cutoff: u32,
    ) -> Self {
        let mut claims = Self {
            listed_by_target: Vec::new(),
            others: Vec::new(),
            empty_lists: FxHashMap::default(),
            times,
        };
        let is_outdated = |is_finding: bool, time: u32| is_finding && is_before(time, cutoff);
        for ((_, snapshot), indices) in snapshots.iter().zip(indices) {
            for row in &snapshot.relations {
                let claim = row.claim;
                let ends = (indices.get(row.from.get()), indices.get(row.to.get()));
                let (Some(from), Some(to)) = ends else {
                    continue;
                };
                if is_outdated(claim.is_finding, claim.updated_at) {
                    continue;
                }
                let edge = ClaimedEdge {
                    from: *from,
                    kind: row.kind,
                    to: *to,
                    claim,
                };
                if claim.listed_by == Some(EdgeEnd::To) {
                    claims.listed_by_target.push(edge);
                } else {
                    claims.others.push(edge);
                }
            }
            for row in &snapshot.empty_lists {
                let Some(resource) = indices.get(row.resource.get()) else {
                    continue;
                };
                if !is_outdated(row.is_finding, row.updated_at) {
                    let key = (*resource, row.list.kind, row.list.end);
                    let latest = claims.empty_lists.entry(key).or_default();
                    *latest = row.updated_at.max(*latest);
                }
            }
        }
        claims
    }

    /// Returns the edges that still apply, each once, sorted.
    pub(super) fn into_current(
        mut self,
        type_of: impl Fn(ResourceIndex) -> ResourceType,
    ) -> Vec<EdgeKey> {
        let mut edges = std::mem::take(&mut self.others);
        edges.extend(self.current_by_target());
        edges.sort_unstable_by_key(|edge| (edge.from, edge.kind, edge.to));
        let groups = edges.chunk_by(|one, other| (one.from, one.kind) == (other.from, other.kind));
        let mut current: Vec<EdgeKey> = groups
            .flat_map(|group| self.current_by_source(group, &type_of))
            .collect();
        current.dedup();
        current.shrink_to_fit();
        current
    }

    /// The edges that the newest record of their target lists.
    fn current_by_target(&mut self) -> Vec<ClaimedEdge> {
        let mut edges = std::mem::take(&mut self.listed_by_target);
        edges.sort_unstable_by_key(|edge| (edge.to, edge.kind));
        let groups = edges.chunk_by(|one, other| (one.to, one.kind) == (other.to, other.kind));
        let current = groups.flat_map(|group| {
            let latest = latest(group.iter()).max(self.latest_list(group, EdgeEnd::To));
            let is_current = move |edge: &&ClaimedEdge| edge.claim.updated_at >= latest;
            group.iter().filter(is_current).copied()
        });
        current.collect()
    }

    /// Those of the edges of one resource and kind that still apply.
    fn current_by_source(
        &self,
        group: &[ClaimedEdge],
        type_of: &impl Fn(ResourceIndex) -> ResourceType,
    ) -> Vec<EdgeKey> {
        let is_listed = |edge: &&ClaimedEdge| edge.claim.listed_by == Some(EdgeEnd::From);
        let latest_listed = latest(group.iter().filter(is_listed));
        let latest_list = self.latest_list(group, EdgeEnd::From);
        let Some(ClaimedEdge { from, kind, .. }) = group.first().copied() else {
            return Vec::new();
        };
        // A whole configuration replaces what other records mention only if its type has relations of this kind.
        let replaces_others = latest_list > latest_listed
            && (self.empty_list(from, kind, EdgeEnd::From) == latest_list
                || whole_configuration_lists(type_of(from), kind));
        let bound = if replaces_others {
            latest_list
        } else {
            latest_listed
        };
        let listed_bound = latest_listed.max(latest_list);
        let is_current = |edge: &&ClaimedEdge| {
            let bound = if is_listed(edge) { listed_bound } else { bound };
            edge.claim.updated_at >= bound
        };
        let current = || group.iter().filter(is_current);
        let newest = if kind.is_exclusive() {
            latest(current())
        } else {
            0
        };
        current()
            .filter(|edge| edge.claim.updated_at >= newest)
            .map(|edge| (edge.from, edge.kind, edge.to))
            .collect()
    }

    /// The latest time at which the resource at an end of the edges, which they share, listed its edges of their kind
    /// without them.
    fn latest_list(&self, group: &[ClaimedEdge], end: EdgeEnd) -> u32 {
        let Some(edge) = group.first() else { return 0 };
        let resource = match end {
            EdgeEnd::From => edge.from,
            EdgeEnd::To => edge.to,
        };
        let configured_at = self.times.of(resource).configured_at;
        configured_at.max(self.empty_list(resource, edge.kind, end))
    }

    fn empty_list(&self, resource: ResourceIndex, kind: RelationKind, end: EdgeEnd) -> u32 {
        let latest = self.empty_lists.get(&(resource, kind, end));
        latest.copied().unwrap_or(0)
    }
}

fn latest<'e>(edges: impl Iterator<Item = &'e ClaimedEdge>) -> u32 {
    edges.map(|edge| edge.claim.updated_at).max().unwrap_or(0)
}
