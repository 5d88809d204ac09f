//! The resources that the patterns of statements match, and those whose own policies name an identity.
//!
//! A fleet of roles with `"Resource": "*"` would otherwise make roles × buckets edges. A pattern without wildcards matches
//! its resource in any account. A pattern with wildcards matches only resources in the identity's account that have a
//! trait. They are grouped by their traits: propagation follows traits, and for that, a few buckets with the same traits
//! are as good as a thousand. The limit counts only resources that the identity has access to, so that no decision
//! depends on it.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::graph::index::ResourceIndex;
use crate::graph::view::View;
use crate::iam::Principal;
use crate::model::{AccountId, RelationKind, ResourceType, TraitSet, WildcardPattern};

/// The number of edges from an identity to resources with the same traits that patterns with wildcards add at most.
pub(super) const MAX_TARGETS_PER_GROUP: usize = 8;

type PatternKey = (ResourceType, AccountId, WildcardPattern);

/// Resources of which a few are as good as all.
pub(super) struct Group {
    /// The highest number of edges, or `None` for resources that are named.
    pub limit: Option<usize>,
    pub resources: Vec<ResourceIndex>,
}

/// Finds candidates. Each pattern is evaluated once per account.
pub(super) struct Candidates<'a> {
    view: &'a View,
    matches: HashMap<PatternKey, Rc<Vec<Group>>>,
    /// By type and account: all resources by their traits.
    owned: HashMap<ResourceType, HashMap<AccountId, BTreeMap<GroupKey, Vec<ResourceIndex>>>>,
    named: NamedPrincipals,
}

/// The traits of a resource, and whether it can read data.
type GroupKey = (bool, Vec<usize>);

/// The resources whose own policies name a principal.
#[derive(Default)]
struct NamedPrincipals {
    by_arn: HashMap<String, Vec<ResourceIndex>>,
    by_account: HashMap<AccountId, Vec<ResourceIndex>>,
}

impl NamedPrincipals {
    fn new(view: &View, types: &[ResourceType]) -> Self {
        let mut named = Self::default();
        for resource in types.iter().flat_map(|one| view.of_type(*one)) {
            let Some(permissions) = view.permissions(resource) else {
                continue;
            };
            for principal in permissions.named_principals() {
                match principal {
                    Principal::Identity(arn) => {
                        named.by_arn.entry(arn.clone()).or_default().push(resource);
                    }
                    Principal::Account(account) if *account != view.account(resource) => {
                        named.by_account.entry(*account).or_default().push(resource);
                    }
                    _ => {}
                }
            }
        }
        named
    }
}

impl<'a> Candidates<'a> {
    /// Finds candidates of the types.
    pub(super) fn new(view: &'a View, types: &[ResourceType]) -> Self {
        Self {
            view,
            matches: HashMap::new(),
            owned: HashMap::new(),
            named: NamedPrincipals::new(view, types),
        }
    }

    /// Returns the resources of a type whose own policies name the identity, or its account from another one.
    pub(super) fn naming(
        &self,
        resource_type: ResourceType,
        arn: &str,
        account: AccountId,
    ) -> Vec<ResourceIndex> {
        let by_arn = self.named.by_arn.get(arn).into_iter().flatten();
        let by_account = self.named.by_account.get(&account).into_iter().flatten();
        let mut resources: Vec<ResourceIndex> = by_arn
            .chain(by_account)
            .copied()
            .filter(|resource| self.view.resource_type(*resource) == resource_type)
            .collect();
        resources.sort_unstable();
        resources.dedup();
        resources
    }

    /// Returns the resources of a type that a pattern matches in a policy of the account. `readers` can read data.
    pub(super) fn matching(
        &mut self,
        resource_type: ResourceType,
        account: AccountId,
        pattern: WildcardPattern,
        readers: &impl Fn(ResourceIndex) -> bool,
    ) -> Rc<Vec<Group>> {
        let key = (resource_type, account, pattern);
        if let Some(found) = self.matches.get(&key) {
            return Rc::clone(found);
        }
        let found = Rc::new(self.find(&key, readers));
        self.matches.insert(key, Rc::clone(&found));
        found
    }

    fn find(
        &mut self,
        (resource_type, account, pattern): &PatternKey,
        readers: &impl Fn(ResourceIndex) -> bool,
    ) -> Vec<Group> {
        let view = self.view;
        if pattern.is_literal() {
            let resources = view.with_id(*resource_type, pattern.as_str()).collect();
            return vec![Group {
                limit: None,
                resources,
            }];
        }
        let owned = self.owned.entry(*resource_type).or_insert_with(|| {
            let mut owned: HashMap<AccountId, BTreeMap<GroupKey, Vec<ResourceIndex>>> =
                HashMap::new();
            for index in view.of_type(*resource_type) {
                let traits = traits_with_policies(view, index);
                let is_reader = readers(index);
                if traits == TraitSet::default() && !is_reader {
                    continue;
                }
                let traits = traits.iter().map(|one| one.get()).collect();
                let groups = owned.entry(view.account(index)).or_default();
                groups.entry((is_reader, traits)).or_default().push(index);
            }
            owned
        });
        let groups = owned.get(account).into_iter().flatten();
        groups
            .map(|(_, resources)| Group {
                limit: Some(MAX_TARGETS_PER_GROUP),
                resources: resources
                    .iter()
                    .copied()
                    .filter(|index| pattern.matches(&view.id(*index)))
                    .collect(),
            })
            .collect()
    }
}

/// Returns the traits of a resource. Those of a role include those of its policies.
fn traits_with_policies(view: &View, index: ResourceIndex) -> TraitSet {
    let mut traits = view.traits(index);
    for policy in view.related(index, RelationKind::GrantsPolicy) {
        traits.extend(&view.traits(policy));
    }
    traits
}
