//! The policies and groups that identities have, found once.

use std::collections::HashMap;
use std::rc::Rc;

use crate::graph::index::ResourceIndex;
use crate::graph::view::View;
use crate::iam::{
    IdentityPolicies, NamedDocument, PrivilegeLevel, RequestingIdentity, managed_policy,
    privilege_level,
};
use crate::model::{AccountId, ResourceType};

/// Finds policies and groups.
pub(super) struct PolicyLookup<'a> {
    pub view: &'a View,
    /// The documents of AWS managed policies. `None` for policies that are not known.
    managed_policies: HashMap<String, Option<Rc<NamedDocument>>>,
    levels: HashMap<ResourceIndex, PrivilegeLevel>,
    /// The groups by their names, which are unique in an account.
    groups: HashMap<(AccountId, String), ResourceIndex>,
}

impl<'a> PolicyLookup<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        let mut lookup = Self {
            view,
            managed_policies: HashMap::new(),
            levels: HashMap::new(),
            groups: HashMap::new(),
        };
        for group in view.of_type(ResourceType::IamGroup) {
            if view.permissions(group).is_some() {
                let key = lookup.group_key(group);
                lookup.groups.insert(key, group);
            }
        }
        lookup
    }

    fn group_key(&self, group: ResourceIndex) -> (AccountId, String) {
        let id = self.view.id(group);
        let name = id.rsplit('/').next().unwrap_or_default();
        (self.view.account(group), name.to_owned())
    }

    /// The document of an AWS managed policy: the one that was read, or else the one that is part of the program.
    pub(super) fn managed_policy(&mut self, arn: &str) -> Option<Rc<NamedDocument>> {
        if let Some(known) = self.managed_policies.get(arn) {
            return known.clone();
        }
        let read = self.view.aws_policy(arn).cloned();
        let document = read.or_else(|| managed_policy(arn)).map(Rc::new);
        self.managed_policies
            .insert(arn.to_owned(), document.clone());
        document
    }

    /// The level that an AWS managed policy grants by itself.
    pub(super) fn level_of_managed_policy(
        &mut self,
        policy: ResourceIndex,
    ) -> Option<PrivilegeLevel> {
        if let Some(level) = self.levels.get(&policy) {
            return Some(*level);
        }
        let document = self.managed_policy(&self.view.id(policy))?;
        let policies = IdentityPolicies {
            statements: document.statements.iter().collect(),
            ..IdentityPolicies::default()
        };
        let identity = RequestingIdentity::any_of(self.view.account(policy));
        let (level, _) = privilege_level(&policies, &identity);
        self.levels.insert(policy, level);
        Some(level)
    }

    /// The group that a user is in. Records of users have its name only, and those of groups have its path.
    pub(super) fn group(&self, named: ResourceIndex) -> ResourceIndex {
        if self.view.permissions(named).is_some() {
            return named;
        }
        let key = self.group_key(named);
        self.groups.get(&key).copied().unwrap_or(named)
    }
}
