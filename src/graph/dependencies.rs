//! Which collection targets a fact of a view depends on.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::model::{CollectionTarget, RelationKind, ResourceType, TraitSet};

use super::index::ResourceIndex;
use super::merge::merge_traits;
use super::snapshot::RelationRow;
use super::view::View;

impl View {
    /// Adds the targets that an edge depends on: those that report it, or those that report the policies that create it.
    pub fn add_targets_of_edge<'a>(
        &'a self,
        from: ResourceIndex,
        kind: RelationKind,
        to: ResourceIndex,
        targets: &mut BTreeSet<&'a CollectionTarget>,
    ) {
        targets.extend(self.reporting_targets(from, kind, to));
        if matches!(kind, RelationKind::CanRead | RelationKind::CanAssume) {
            self.add_policy_targets(from, targets);
            // Which accounts a role trusts is part of the role.
            targets.extend(self.targets_with_permissions(to));
        }
    }

    /// Returns the targets that report a tag of a resource.
    pub fn targets_with_tag(
        &self,
        index: ResourceIndex,
        tag: &(String, String),
    ) -> impl Iterator<Item = &CollectionTarget> {
        self.occurrences(index)
            .filter(move |(_, snapshot, resource)| {
                let (key, value) = tag;
                let mut tags = snapshot.tags_of(*resource);
                tags.any(|found| found == (key.as_str(), value.as_str()))
            })
            .map(|(target, ..)| target)
    }

    /// Returns the targets whose reports about a resource contradict each other: they disagree about an attribute, or one
    /// reports a fact that excludes another. Without one of them, the resource could have more or fewer traits.
    pub fn contradicting_targets(
        &self,
        catalog: &Catalog,
        index: ResourceIndex,
    ) -> BTreeSet<&CollectionTarget> {
        let mut shown = TraitSet::default();
        let mut excluded = TraitSet::default();
        for (_, snapshot, resource) in self.occurrences(index) {
            for row in snapshot.attributes_of(resource) {
                let values = if row.holds { &mut shown } else { &mut excluded };
                values.insert(row.row.trait_index);
            }
            for row in snapshot.observations_of(resource) {
                shown.insert(row.trait_index);
            }
        }
        let mut disputed = shown.intersection(&excluded);
        disputed.extend(&catalog.contradictions(&merge_traits(self, index)));
        if disputed.is_empty() {
            return BTreeSet::new();
        }
        self.occurrences(index)
            .filter(|(_, snapshot, resource)| {
                let mut attributes = snapshot.attributes_of(*resource).iter();
                let mut observations = snapshot.observations_of(*resource).iter();
                attributes.any(|row| disputed.contains(row.row.trait_index))
                    || observations.any(|row| disputed.contains(row.trait_index))
            })
            .map(|(target, ..)| target)
            .collect()
    }

    fn reporting_targets(
        &self,
        from: ResourceIndex,
        kind: RelationKind,
        to: ResourceIndex,
    ) -> impl Iterator<Item = &CollectionTarget> {
        self.occurrences_of(from).iter().filter_map(move |start| {
            let end = self
                .occurrences_of(to)
                .iter()
                .find(|end| end.snapshot == start.snapshot)?;
            let (target, snapshot) = self.snapshot(start.snapshot);
            let edge = (start.resource, kind, end.resource);
            let edge_of = |row: &RelationRow| (row.from, row.kind, row.to);
            // A row for each kind of record that reports the edge.
            let is_reported = snapshot
                .relations
                .binary_search_by_key(&edge, edge_of)
                .is_ok();
            is_reported.then_some(target)
        })
    }

    /// Adds the targets that report the policies of an identity: its own, those of its groups, and those attached to either.
    fn add_policy_targets<'a>(
        &'a self,
        identity: ResourceIndex,
        targets: &mut BTreeSet<&'a CollectionTarget>,
    ) {
        let groups: Vec<ResourceIndex> = self
            .related(identity, RelationKind::MemberOfGroup)
            .collect();
        for group in &groups {
            targets.extend(self.reporting_targets(identity, RelationKind::MemberOfGroup, *group));
        }
        for holder in std::iter::once(identity).chain(groups) {
            targets.extend(self.targets_with_permissions(holder));
            for policy in self.related(holder, RelationKind::GrantsPolicy) {
                targets.extend(self.reporting_targets(holder, RelationKind::GrantsPolicy, policy));
                targets.extend(self.targets_with_permissions(policy));
            }
        }
        let boundary = self
            .permissions(identity)
            .and_then(|permissions| permissions.boundary.as_deref());
        if let Some(arn) = boundary {
            for policy in self.with_id(ResourceType::IamPolicy, arn) {
                targets.extend(self.targets_with_permissions(policy));
            }
        }
    }

    fn targets_with_permissions(
        &self,
        index: ResourceIndex,
    ) -> impl Iterator<Item = &CollectionTarget> {
        self.occurrences(index)
            .filter(|(_, snapshot, resource)| snapshot.permissions.contains_key(resource))
            .map(|(target, ..)| target)
    }
}
