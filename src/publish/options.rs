//! What publishing needs to know from the user, independent of the configuration file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::aws::{RoleTemplate, Session};
use crate::model::{AccountId, Region, Resource};
use crate::reconcile::Destination;

/// Where exposures are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishOptions {
    /// How exposures are imported into Security Hub; `None` to import none.
    pub security_hub: Option<SecurityHubOptions>,
    /// The directory for OCSF files; `None` to write none.
    pub ocsf_directory: Option<PathBuf>,
}

/// How exposures are imported into Security Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityHubOptions {
    /// Which accounts import them.
    pub import_into: ImportInto,
    /// The Region whose Security Hub imports them; `None` for the first Region of the session.
    pub region: Option<Region>,
}

/// The accounts that import exposures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportInto {
    /// The account of the caller imports all of them.
    CallerAccount,
    /// The account of each exposed resource imports its own, through a role there.
    ResourceAccounts(RoleTemplate),
}

impl SecurityHubOptions {
    /// The Region whose Security Hub imports what has no Region of its own.
    pub(super) fn home_region<'a>(&'a self, session: &'a Session) -> &'a Region {
        self.region.as_ref().unwrap_or_else(|| session.home())
    }

    /// The destination of the exposures that the caller imports into its own account.
    pub(super) fn home(&self, session: &Session) -> Destination {
        Destination {
            account: session.account,
            region: self.home_region(session).clone(),
        }
    }

    /// The destination of an exposure. An account that no record is from is not `known`: a resource may name any account,
    /// and the caller must not assume a role there. Its exposures go into the account of the caller.
    ///
    /// The product ARN must be in the Region of the endpoint, but the resource may be in another Region.
    /// Source: Security Hub partner integration guide, FAQ.
    pub(super) fn destination(
        &self,
        session: &Session,
        resource: &Resource,
        known: &BTreeSet<AccountId>,
    ) -> Destination {
        match self.import_into {
            ImportInto::ResourceAccounts(_) if known.contains(&resource.account) => {
                let own = &resource.region;
                let imports_there = self.region.is_none() && session.regions.contains(own);
                Destination {
                    account: resource.account,
                    region: if imports_there {
                        own.clone()
                    } else {
                        self.home_region(session).clone()
                    },
                }
            }
            _ => self.home(session),
        }
    }

    /// The account that would import the exposure of a resource if it were known.
    pub(super) fn unknown_account(
        &self,
        resource: &Resource,
        known: &BTreeSet<AccountId>,
    ) -> Option<AccountId> {
        let is_unknown = matches!(self.import_into, ImportInto::ResourceAccounts(_))
            && !known.contains(&resource.account);
        is_unknown.then_some(resource.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_names_the_role_of_each_account() {
        let role = RoleTemplate {
            arn: "arn:aws:iam::{account}:role/exposured-publish".into(),
            external_id: String::new(),
        };
        assert_eq!(
            role.arn_in("012345678901".parse().unwrap()),
            "arn:aws:iam::012345678901:role/exposured-publish"
        );
    }
}
