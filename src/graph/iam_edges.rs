//! The facts that follow from all IAM policies together: which data stores an identity can read, which roles it can
//! assume, how privileged it is, and what is not known about that.
//!
//! Statements name resources by patterns, and permissions boundaries and groups are resources of their own, so these facts
//! are only known once the snapshots of all targets are merged. The decisions are made by `iam`. This pass finds the
//! documents and the resources that there are to decide about.

mod candidates;
mod identity;
mod key;
mod lookup;
mod question;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::catalog::Catalog;
use crate::iam::{
    ASSUME_ROLE, Answer, DATA_STORES, DataStore, Decision, Effect, RequestContext,
    RequestedResource, RequestedTarget, ResourcePolicy,
};
use crate::model::{RelationKind, ResourceType, WildcardPattern};

use super::iam_attributes::EffectiveGrants;
use super::index::ResourceIndex;
use super::merge::MergedSnapshots;
use super::view::{Edge, View};
use candidates::{Candidates, Group};
use identity::{IdentityDocuments, ReadIdentity};
use lookup::PolicyLookup;

pub use question::{AccessAnswer, AccessQuestion, NamedStatement};

impl MergedSnapshots {
    /// Adds the edges that IAM policies create.
    pub fn with_iam_edges(self) -> View {
        let Self(mut view) = self;
        let facts = iam_facts(&view);
        view.replace_edges(facts.added, &facts.removed);
        view
    }

    /// Adds the edges that IAM policies create, and what identities can do according to all of their policies.
    pub fn with_iam_facts(self, catalog: &Catalog) -> View {
        let Self(mut view) = self;
        let facts = iam_facts(&view);
        view.replace_edges(facts.added, &facts.removed);
        view.add_effective_grants(&facts.grants, catalog);
        view
    }
}

/// What the policies of all roles and users show.
#[derive(Default)]
struct IamFacts {
    /// Sorted.
    added: Vec<Edge>,
    /// Edges of single records that all policies together refute.
    removed: FxHashSet<Edge>,
    grants: Vec<EffectiveGrants>,
}

/// Returns what the policies of all roles and users show.
fn iam_facts(view: &View) -> IamFacts {
    let types: Vec<ResourceType> = DATA_STORES
        .iter()
        .map(|store| store.resource_type)
        .chain([ResourceType::IamRole])
        .collect();
    let mut pass = IamPass {
        view,
        candidates: Candidates::new(view, &types),
        readers: FxHashSet::default(),
        unknown: HashMap::new(),
        facts: IamFacts::default(),
    };
    let identities = || {
        let types = [ResourceType::IamRole, ResourceType::IamUser];
        types
            .into_iter()
            .flat_map(|resource_type| view.of_type(resource_type))
    };
    // Which roles can read data is known before it is decided who can assume them.
    let mut lookup = PolicyLookup::new(view);
    for identity in identities() {
        if let Some(documents) = IdentityDocuments::collect(&mut lookup, identity) {
            pass.add_data_access(&documents.identity(view));
        }
    }
    for identity in identities() {
        if let Some(documents) = IdentityDocuments::collect(&mut lookup, identity) {
            pass.facts.added.extend(documents.group_edges());
            let read = documents.identity(view);
            let mut unknown = pass.unknown.remove(&identity).unwrap_or_default();
            pass.add_assumable_roles(&read, &mut unknown);
            pass.facts.grants.extend(read.effective_grants(unknown));
        }
    }
    pass.facts.added.sort_unstable();
    pass.facts.added.dedup();
    pass.facts
}

struct IamPass<'a> {
    view: &'a View,
    candidates: Candidates<'a>,
    /// The identities that can read data.
    readers: FxHashSet<ResourceIndex>,
    /// By identity: what is not known about the data that it can read.
    unknown: HashMap<ResourceIndex, BTreeSet<String>>,
    facts: IamFacts,
}

impl<'a> IamPass<'a> {
    fn add_data_access(&mut self, identity: &ReadIdentity<'_>) {
        let mut unknown = BTreeSet::new();
        for store in &DATA_STORES {
            let actions: Vec<&str> = store.actions().collect();
            let decide = |pass: &Self, candidate| pass.can_read(identity, store, candidate);
            let pattern = |pattern: &_| store.store_pattern(pattern);
            let readable = self.decided(
                identity,
                store.resource_type,
                &actions,
                &pattern,
                &decide,
                &mut unknown,
            );
            for to in readable {
                self.readers.insert(identity.index);
                self.facts.added.push(Edge {
                    from: identity.index,
                    kind: RelationKind::CanRead,
                    to,
                });
            }
        }
        if !unknown.is_empty() {
            self.unknown.insert(identity.index, unknown);
        }
    }

    fn add_assumable_roles(&mut self, identity: &ReadIdentity<'_>, unknown: &mut BTreeSet<String>) {
        let decide = |pass: &Self, role| pass.can_assume(identity, role);
        let pattern = |pattern: &WildcardPattern| pattern.clone();
        let assumable = self.decided(
            identity,
            ResourceType::IamRole,
            &[ASSUME_ROLE],
            &pattern,
            &decide,
            unknown,
        );
        let edge = |to| Edge {
            from: identity.index,
            kind: RelationKind::CanAssume,
            to,
        };
        for role in self.view.related(identity.index, RelationKind::CanAssume) {
            if decide(self, role).decision != Decision::Allowed {
                self.facts.removed.insert(edge(role));
            }
        }
        self.facts.added.extend(assumable.into_iter().map(edge));
    }

    /// Returns the candidates that the identity has access to, and adds what is not known about others.
    fn decided(
        &mut self,
        identity: &ReadIdentity<'_>,
        resource_type: ResourceType,
        actions: &[&str],
        pattern_of: &dyn Fn(&WildcardPattern) -> WildcardPattern,
        decide: &dyn Fn(&Self, ResourceIndex) -> Answer,
        unknown: &mut BTreeSet<String>,
    ) -> BTreeSet<ResourceIndex> {
        let account = self.view.account(identity.index);
        let mut patterns: Vec<_> = identity
            .policies
            .statements
            .iter()
            .filter(|statement| {
                statement.effect == Effect::Allow && statement.covers_any_action(actions)
            })
            .flat_map(|statement| statement.resource_patterns())
            .map(|pattern| pattern_of(&pattern))
            .collect();
        patterns.sort();
        patterns.dedup();
        let arn = self.view.id(identity.index);
        let named = Group {
            limit: None,
            resources: self.candidates.naming(resource_type, &arn, account),
        };
        let mut groups = vec![Rc::new(vec![named])];
        for pattern in patterns {
            let readers = &self.readers;
            let is_reader = |index| readers.contains(&index);
            let candidates = &mut self.candidates;
            groups.push(candidates.matching(resource_type, account, pattern, &is_reader));
        }
        let mut allowed = BTreeSet::new();
        for group in groups.iter().flat_map(|groups| groups.iter()) {
            let mut count = 0;
            for candidate in &group.resources {
                if group.limit.is_some_and(|limit| count >= limit) {
                    break;
                }
                if *candidate == identity.index {
                    continue;
                }
                let answer = decide(self, *candidate);
                unknown.extend(answer.unknown);
                if answer.decision == Decision::Allowed {
                    count += 1;
                    allowed.insert(*candidate);
                }
            }
        }
        allowed
    }

    fn can_read(
        &self,
        identity: &ReadIdentity<'_>,
        store: &DataStore,
        candidate: ResourceIndex,
    ) -> Answer {
        let permissions = self.view.permissions(candidate);
        let context = self.context(identity, candidate);
        let name = format!("resource policy of {}", context.target.arn);
        let policy = permissions.and_then(|permissions| permissions.resource_policy.as_deref());
        let policy = policy.map_or(ResourcePolicy::NotRead(&name), ResourcePolicy::Read);
        let arn = context.target.arn.clone();
        let answer = store.can_read(&identity.policies, &arn, policy, &context);
        match permissions.and_then(|permissions| permissions.key.as_deref()) {
            Some(key) if answer.decision != Decision::Denied => {
                answer.and(key::can_decrypt(self.view, identity, candidate, key))
            }
            _ => answer,
        }
    }

    fn can_assume(&self, identity: &ReadIdentity<'_>, role: ResourceIndex) -> Answer {
        let context = self.context(identity, role);
        let arn = context.target.arn.clone();
        let name = format!("trust policy of {arn}");
        let permissions = self.view.permissions(role);
        let policy = permissions.and_then(|permissions| permissions.resource_policy.as_deref());
        let policy = policy.map_or(ResourcePolicy::NotRead(&name), ResourcePolicy::Required);
        let is_read = !matches!(policy, ResourcePolicy::NotRead(_));
        let resource = RequestedResource::Arn(&arn);
        let answer = identity
            .policies
            .decide(ASSUME_ROLE, resource, policy, &context);
        if is_read {
            return answer;
        }
        // Without its trust policy, nobody can assume a role.
        answer.and(Answer::unknown(name))
    }

    fn context<'i>(
        &self,
        identity: &'i ReadIdentity<'_>,
        target: ResourceIndex,
    ) -> RequestContext<'i> {
        let resource = self.view.resource(target);
        let region = resource.region.as_str();
        let is_regional = !resource.resource_type.is_global();
        RequestContext::new(
            &identity.requesting,
            RequestedTarget {
                account: Some(resource.account),
                region: is_regional.then(|| region.to_owned()),
                tags: self.view.tags(target),
                arn: resource.id,
            },
        )
    }
}
