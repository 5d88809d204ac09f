//! The IAM policies that exposured needs, made from the same table of actions that the calls use.

mod document;

use crate::aws::{CallRegions, Permission};
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
    "there is no member role: publish.security_hub.mode is not \"member\", so exposured assumes no role"
)]
pub struct NoMemberRole;

impl PolicyScope {
    /// Returns the policy of the role that exposured runs with.
    pub fn task_policy(&self) -> PolicyDocument {
        let mut permissions = sources::permissions(&self.sources, &self.regions);
        let publishing = self
            .security_hub
            .as_ref()
            .map(|options| publish::permissions(options, &self.regions));
        let mut assume_role = None;
        if let Some(publishing) = publishing {
            permissions.extend(publishing.caller);
            assume_role = publishing
                .member
                .map(|member| self.assume_role(&member.role.arn));
        }
        let mut statements = self.statements(permissions);
        statements.extend(assume_role);
        PolicyDocument::new(statements)
    }

    /// Returns the policy of the role that exposured assumes in other accounts.
    ///
    /// # Errors
    /// It assumes none.
    pub fn member_policy(&self) -> Result<PolicyDocument, NoMemberRole> {
        let options = self.security_hub.as_ref().ok_or(NoMemberRole)?;
        let member = publish::permissions(options, &self.regions)
            .member
            .ok_or(NoMemberRole)?;
        Ok(PolicyDocument::new(self.statements(member.permissions)))
    }

    /// Returns the trust policy of the role that exposured assumes in other accounts. `principal` is the ARN of the role
    /// that exposured runs with, or of its account.
    ///
    /// # Errors
    /// It assumes none.
    pub fn trust_policy(&self, principal: &str) -> Result<PolicyDocument, NoMemberRole> {
        let options = self.security_hub.as_ref().ok_or(NoMemberRole)?;
        let member = publish::permissions(options, &self.regions)
            .member
            .ok_or(NoMemberRole)?;
        let mut statement = Statement::allow("AssumeByExposured", ["sts:AssumeRole"]);
        statement.trust(principal);
        if let Some(organization) = &self.organization {
            statement.require("aws:PrincipalOrgID", Condition::Is(organization.clone()));
        }
        if !member.role.external_id.is_empty() {
            let external_id = member.role.external_id.clone();
            statement.require("sts:ExternalId", Condition::Is(external_id));
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
    fn assume_role(&self, template: &str) -> Statement {
        let mut statement = Statement::allow("AssumeMemberRole", ["sts:AssumeRole"]);
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
