//! The IAM policies that exposured needs, made from the same table of actions that the calls use.

mod document;

use crate::aws::{CallRegions, Permission, RoleTemplate};
use crate::model::{AccountId, Partition, Region};
use crate::publish::{self, SecurityHubOptions};
use crate::sources::{self, SourceOptions};

pub use document::{PolicyDocument, Statement};

use document::Condition;

/// What the policies are for.
#[derive(Clone, Debug)]
pub struct PolicyScope {
    /// The sources that are read.
    pub sources: SourceOptions,
    /// How exposures are published in Security Hub; `None` if they are not.
    pub security_hub: Option<SecurityHubOptions>,
    /// The Regions that are read, the home Region first.
    pub regions: Vec<Region>,
    /// The account of the role; `None` for a policy that applies in any account.
    pub account: Option<AccountId>,
    /// The ID of the organization, if its members are to be named by it.
    pub organization: Option<String>,
}

/// The configuration has no member role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no member role: publish.security_hub.mode is not \"member\" and collect.member_role is not set, so \
     exposured assumes no role"
)]
pub struct NoMemberRole;

impl PolicyScope {
    /// Returns the policy of the role that exposured runs with.
    pub fn task_policy(&self) -> PolicyDocument {
        let mut permissions = sources::permissions(&self.sources, &self.regions);
        if let Some(options) = &self.security_hub {
            permissions.extend(publish::permissions(options, &self.regions).caller);
        }
        let mut statements = self.statements(permissions);
        let mut assumed: Vec<&str> = Vec::new();
        for (sid, role, _) in self.members() {
            if !assumed.contains(&role.arn.as_str()) {
                statements.push(self.assume_role(sid, &role.arn));
                assumed.push(&role.arn);
            }
        }
        PolicyDocument::new(statements)
    }

    /// The roles that exposured assumes in other accounts, the `Sid` under which it assumes them, and what they need.
    fn members(&self) -> Vec<(&'static str, &RoleTemplate, Vec<Permission>)> {
        let publishing = self.security_hub.as_ref().and_then(|options| {
            let member = publish::permissions(options, &self.regions).member?;
            Some(("AssumeMemberRole", member.role, member.permissions))
        });
        let reading = sources::member_permissions(&self.sources, &self.regions);
        let reading = reading.map(|(role, permission)| ("AssumeReadRole", role, vec![permission]));
        publishing.into_iter().chain(reading).collect()
    }

    /// Returns what the roles need that exposured assumes in other accounts.
    ///
    /// # Errors
    /// It assumes none.
    pub fn member_policy(&self) -> Result<PolicyDocument, NoMemberRole> {
        let members = self.members();
        if members.is_empty() {
            return Err(NoMemberRole);
        }
        let permissions = members
            .into_iter()
            .flat_map(|(.., permissions)| permissions);
        Ok(PolicyDocument::new(self.statements(permissions.collect())))
    }

    /// Returns the trust policy of the roles that exposured assumes in other accounts. `principal` is the ARN of the role
    /// that exposured runs with, or of its account.
    ///
    /// # Errors
    /// It assumes none.
    pub fn trust_policy(&self, principal: &str) -> Result<PolicyDocument, NoMemberRole> {
        let members = self.members();
        if members.is_empty() {
            return Err(NoMemberRole);
        }
        let mut statement = Statement::allow("AssumeByExposured", ["sts:AssumeRole"]);
        statement.trust(principal);
        if let Some(organization) = &self.organization {
            statement.require("aws:PrincipalOrgID", Condition::Is(organization.clone()));
        }
        let external_ids = members.iter().map(|(_, role, _)| role.external_id.clone());
        let mut external_ids: Vec<String> = external_ids.collect();
        external_ids.dedup();
        match &external_ids[..] {
            // A role without an external ID could not be assumed under this condition.
            ids if ids.iter().any(String::is_empty) => {}
            [id] => statement.require("sts:ExternalId", Condition::Is(id.clone())),
            ids => statement.require("sts:ExternalId", Condition::IsOneOf(ids.to_vec())),
        }
        Ok(PolicyDocument::new(vec![statement]))
    }

    /// One statement per `Sid`, in the order in which the actions need them.
    fn statements(&self, permissions: Vec<Permission>) -> Vec<Statement> {
        let mut merged: Vec<Permissions> = Vec::new();
        for permission in permissions {
            match merged
                .iter_mut()
                .find(|known| known.first.action.statement == permission.action.statement)
            {
                Some(known) => known.add(permission),
                None => merged.push(Permissions::new(permission)),
            }
        }
        merged.iter().map(|one| self.statement(one)).collect()
    }

    fn statement(&self, permissions: &Permissions) -> Statement {
        let action = &permissions.first.action;
        let actions = permissions.actions.iter().copied();
        let mut statement = Statement::allow(action.statement, actions);
        let partition = self.partition();
        let account = self
            .account
            .map_or("*".to_owned(), |account| account.to_string());
        let region = match &permissions.first.regions {
            CallRegions::One(region) if action.resource.contains("{region}") => region.as_str(),
            regions => {
                let names = regions.as_slice().iter().map(ToString::to_string);
                statement.require("aws:RequestedRegion", Condition::IsOneOf(names.collect()));
                "*"
            }
        };
        statement.on(action.resource_in(partition, region, &account));
        statement
    }

    /// The role is assumed in accounts of the caller's organization only.
    fn assume_role(&self, sid: &'static str, template: &str) -> Statement {
        let mut statement = Statement::allow(sid, ["sts:AssumeRole"]);
        statement.on(template.replace("{account}", "*"));
        let organization = self
            .organization
            .clone()
            .unwrap_or_else(|| "${aws:PrincipalOrgID}".to_owned());
        statement.require("aws:ResourceOrgID", Condition::Is(organization));
        statement
    }

    /// Returns the partition of the Regions.
    pub fn partition(&self) -> Partition {
        self.regions
            .first()
            .map(Partition::of_region)
            .unwrap_or_default()
    }
}

/// The permissions of one statement.
struct Permissions {
    first: Permission,
    actions: Vec<&'static str>,
}

impl Permissions {
    fn new(first: Permission) -> Self {
        Self {
            actions: vec![first.action.action],
            first,
        }
    }

    fn add(&mut self, other: Permission) {
        if !self.actions.contains(&other.action.action) {
            self.actions.push(other.action.action);
            self.actions.sort_unstable();
        }
        if self.first.regions != other.regions {
            let mut regions = self.first.regions.as_slice().to_vec();
            for region in other.regions.as_slice() {
                if !regions.contains(region) {
                    regions.push(region.clone());
                }
            }
            self.first.regions = CallRegions::Each(regions);
        }
    }
}

#[cfg(test)]
mod tests;
