//! The edges that IAM policies create: which data stores an identity can read, which roles it can assume.
//!
//! Statements name resources by patterns, so these edges are only known once the snapshots of all targets are merged.
//! The decisions are made by `iam`. This pass finds the resources that there are to decide about.

mod candidates;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::rc::Rc;

use crate::iam::{
    ASSUME_ROLE, DATA_STORES, Decision, Effect, Permissions, Statement, can_assume,
    managed_policy_statements,
};
use crate::model::{RelationKind, ResourceType, WildcardPattern};

use super::index::ResourceIndex;
use super::merge::MergedSnapshots;
use super::view::{Edge, View};
use candidates::Candidates;

impl MergedSnapshots {
    /// Adds the edges that IAM policies create.
    pub fn with_iam_edges(self) -> View {
        let Self(mut view) = self;
        let mut edges = iam_edges(&view);
        if !edges.is_empty() {
            edges.sort_unstable();
            view.add_edges(edges);
        }
        view
    }
}

/// Returns the edges of all roles and users.
fn iam_edges(view: &View) -> Vec<Edge> {
    let mut pass = IamPass {
        view,
        managed_policies: HashMap::new(),
        candidates: Candidates::new(view),
        edges: Vec::new(),
    };
    for resource_type in [ResourceType::IamRole, ResourceType::IamUser] {
        for identity in view.of_type(resource_type) {
            pass.add_edges_of(identity);
        }
    }
    pass.edges
}

struct IamPass<'a> {
    view: &'a View,
    /// The statements of AWS managed policies. `None` for policies that are not known.
    managed_policies: HashMap<ResourceIndex, Option<Rc<Vec<Statement>>>>,
    candidates: Candidates<'a>,
    edges: Vec<Edge>,
}

/// A policy that applies to an identity.
enum AttachedPolicy<'a> {
    /// A policy whose document was read.
    Read(&'a Permissions),
    /// An AWS managed policy.
    Managed(Rc<Vec<Statement>>),
}

impl AttachedPolicy<'_> {
    fn statements(&self) -> &[Statement] {
        match self {
            Self::Read(permissions) => permissions.statements(),
            Self::Managed(statements) => statements,
        }
    }
}

impl<'a> IamPass<'a> {
    fn add_edges_of(&mut self, identity: ResourceIndex) {
        // What remains within a permissions boundary is unknown, which `GrantsNotKnown` of the identity shows.
        let is_bounded = |permissions: &Permissions| permissions.is_bounded;
        if self.view.permissions(identity).is_some_and(is_bounded) {
            return;
        }
        let policies = self.attached_policies(identity);
        let statements: Vec<&Statement> = policies
            .iter()
            .flat_map(AttachedPolicy::statements)
            .collect();
        if statements.is_empty() {
            return;
        }
        self.add_data_access(identity, &statements);
        self.add_assumable_roles(identity, &statements);
    }

    fn add_data_access(&mut self, identity: ResourceIndex, statements: &[&Statement]) {
        let account = self.view.account(identity);
        for store in &DATA_STORES {
            let patterns = allowed_patterns(statements, store.actions)
                .map(|pattern| store.store_pattern(&pattern));
            for candidate in self
                .candidates
                .matching(store.resource_type, account, patterns)
            {
                let decision = store.can_read(statements.iter().copied(), &self.view.id(candidate));
                if decision == Decision::Allowed {
                    self.edges.push(Edge {
                        from: identity,
                        kind: RelationKind::CanRead,
                        to: candidate,
                    });
                }
            }
        }
    }

    fn add_assumable_roles(&mut self, identity: ResourceIndex, statements: &[&Statement]) {
        let account = self.view.account(identity);
        let patterns = allowed_patterns(statements, &[ASSUME_ROLE]);
        for role in self
            .candidates
            .matching(ResourceType::IamRole, account, patterns)
        {
            let Some(permissions) = self.view.permissions(role) else {
                continue;
            };
            let decision = can_assume(
                statements.iter().copied(),
                account,
                &self.view.id(role),
                &permissions.trusted_accounts,
            );
            if role != identity && decision == Decision::Allowed {
                self.edges.push(Edge {
                    from: identity,
                    kind: RelationKind::CanAssume,
                    to: role,
                });
            }
        }
    }

    /// Returns the identity's own policies, those of its groups, and the managed policies that are attached to either. A
    /// policy whose document is not known adds nothing: what it may deny is not taken into account.
    fn attached_policies(&mut self, identity: ResourceIndex) -> Vec<AttachedPolicy<'a>> {
        let view = self.view;
        let groups = view.related(identity, RelationKind::MemberOfGroup);
        let mut attached = Vec::new();
        for holder in std::iter::once(identity).chain(groups) {
            attached.extend(view.permissions(holder).map(AttachedPolicy::Read));
            for policy in view.related(holder, RelationKind::GrantsPolicy) {
                match view.permissions(policy) {
                    Some(permissions) => attached.push(AttachedPolicy::Read(permissions)),
                    None => {
                        attached.extend(self.managed_policy(policy).map(AttachedPolicy::Managed));
                    }
                }
            }
        }
        attached
    }

    fn managed_policy(&mut self, policy: ResourceIndex) -> Option<Rc<Vec<Statement>>> {
        let view = self.view;
        self.managed_policies
            .entry(policy)
            .or_insert_with(|| managed_policy_statements(&view.id(policy)).map(Rc::new))
            .clone()
    }
}

/// Returns the resource patterns of the statements that allow any of the actions.
fn allowed_patterns<'a>(
    statements: &'a [&Statement],
    actions: &'a [&str],
) -> impl Iterator<Item = WildcardPattern> + 'a {
    statements
        .iter()
        .filter(|statement| {
            statement.effect == Effect::Allow && statement.covers_any_action(actions)
        })
        .flat_map(|statement| statement.resource_patterns())
}
