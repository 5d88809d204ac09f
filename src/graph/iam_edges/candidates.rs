//! The resources that the patterns of statements match.
//!
//! A fleet of roles with `"Resource": "*"` would otherwise make roles × buckets edges. A pattern without wildcards matches
//! its resource in any account. A pattern with wildcards matches only resources in the identity's account that have a
//! trait, and at most [`MAX_TARGETS_PER_TRAIT`] with the same trait: propagation follows traits, and for that one bucket
//! with a trait is as good as a thousand. So the cost is linear in the number of identities, whatever the patterns match.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::graph::index::ResourceIndex;
use crate::graph::view::View;
use crate::model::{AccountId, RelationKind, ResourceType, TraitIndex, WildcardPattern};

/// The number of resources with the same trait that a pattern with wildcards matches at most.
pub(super) const MAX_TARGETS_PER_TRAIT: usize = 8;

type PatternKey = (ResourceType, AccountId, WildcardPattern);

/// Finds the resources that patterns match. Each pattern is evaluated once per account.
pub(super) struct Candidates<'a> {
    view: &'a View,
    matches: HashMap<PatternKey, Rc<Vec<ResourceIndex>>>,
    /// By type and account: all resources, sorted.
    owned: HashMap<ResourceType, HashMap<AccountId, Vec<ResourceIndex>>>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        Self {
            view,
            matches: HashMap::new(),
            owned: HashMap::new(),
        }
    }

    /// Returns the resources of a type that any of the patterns matches in a policy of the account, sorted and without
    /// duplicates.
    pub(super) fn matching(
        &mut self,
        resource_type: ResourceType,
        account: AccountId,
        patterns: impl Iterator<Item = WildcardPattern>,
    ) -> Vec<ResourceIndex> {
        let mut candidates = Vec::new();
        for pattern in patterns {
            let key = (resource_type, account, pattern);
            let found = match self.matches.get(&key) {
                Some(found) => Rc::clone(found),
                None => {
                    let found = Rc::new(self.find(&key));
                    self.matches.insert(key, Rc::clone(&found));
                    found
                }
            };
            candidates.extend_from_slice(&found);
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    fn find(&mut self, (resource_type, account, pattern): &PatternKey) -> Vec<ResourceIndex> {
        let view = self.view;
        if pattern.is_literal() {
            return view.with_id(*resource_type, pattern.as_str()).collect();
        }
        let owned = self.owned.entry(*resource_type).or_insert_with(|| {
            let mut owned: HashMap<AccountId, Vec<ResourceIndex>> = HashMap::new();
            for index in view.of_type(*resource_type) {
                owned.entry(view.account(index)).or_default().push(index);
            }
            owned
        });
        owned
            .get(account)
            .map_or_else(Vec::new, |owned| with_traits(view, owned, pattern))
    }
}

/// Returns the resources that the pattern matches and that have a trait, up to the limit for each trait.
fn with_traits(
    view: &View,
    owned: &[ResourceIndex],
    pattern: &WildcardPattern,
) -> Vec<ResourceIndex> {
    let mut counts = BTreeMap::new();
    owned
        .iter()
        .copied()
        .filter(|index| pattern.matches(&view.id(*index)))
        .filter(|index| is_within_limit(view, *index, &mut counts))
        .collect()
}

/// Counts the traits of a resource and returns whether one of them is within the limit. The traits of a role include
/// those of its policies.
fn is_within_limit(
    view: &View,
    index: ResourceIndex,
    counts: &mut BTreeMap<TraitIndex, usize>,
) -> bool {
    let mut traits = view.traits(index);
    for policy in view.related(index, RelationKind::GrantsPolicy) {
        traits.extend(&view.traits(policy));
    }
    let mut is_within_limit = false;
    for trait_index in traits.iter() {
        let count = counts.entry(trait_index).or_default();
        *count += 1;
        is_within_limit |= *count <= MAX_TARGETS_PER_TRAIT;
    }
    is_within_limit
}
