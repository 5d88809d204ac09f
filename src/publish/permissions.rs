//! The permissions that publishing needs.

use crate::aws::{CallRegions, Permission, RoleTemplate};
use crate::model::Region;

use super::options::{ImportInto, SecurityHubOptions};
use super::security_hub::{BATCH_IMPORT_FINDINGS, GET_FINDINGS};

/// The permissions that publishing needs in each account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishPermissions<'a> {
    /// In the account of the caller.
    pub caller: Vec<Permission>,
    /// In every other account, for the role that the caller assumes there.
    pub member: Option<MemberPermissions<'a>>,
}

/// The permissions of the role that is assumed in other accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPermissions<'a> {
    /// The role.
    pub role: &'a RoleTemplate,
    /// What it needs.
    pub permissions: Vec<Permission>,
}

/// Returns the permissions that publishing into Security Hub needs. `regions` are the Regions of the session.
pub fn permissions<'a>(
    options: &'a SecurityHubOptions,
    regions: &[Region],
) -> PublishPermissions<'a> {
    let home = options.region.as_ref().or(regions.first());
    // An exposure that was published in one of the Regions is archived there, even if it now belongs elsewhere.
    let mut all = regions.to_vec();
    all.extend(home.filter(|home| !regions.contains(home)).cloned());
    let permissions = read_and_import(&CallRegions::Each(all));
    match &options.import_into {
        ImportInto::CallerAccount => PublishPermissions {
            caller: permissions,
            member: None,
        },
        ImportInto::ResourceAccounts(role) => PublishPermissions {
            // The caller's own exposures need no role.
            caller: permissions.clone(),
            member: Some(MemberPermissions { role, permissions }),
        },
    }
}

fn read_and_import(regions: &CallRegions) -> Vec<Permission> {
    let permission = |action| Permission {
        action,
        regions: regions.clone(),
    };
    [GET_FINDINGS, BATCH_IMPORT_FINDINGS]
        .map(permission)
        .to_vec()
}
