//! Clients for the Security Hub of each destination.

use crate::aws::{MemberRole, RoleTemplate};
use crate::model::AccountId;
use crate::publish::options::{ImportInto, SecurityHubOptions};
use crate::publish::publisher::Publisher;
use crate::reconcile::Destination;

use super::actions::{BATCH_IMPORT_FINDINGS, GET_FINDINGS};

/// A client with the credentials of the caller for its own account, and of the role for every other account.
pub(super) fn client(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    destination: &Destination,
) -> aws_sdk_securityhub::Client {
    let session = publisher.session;
    match &options.import_into {
        ImportInto::ResourceAccounts(role) if destination.account != session.account => {
            let role = member_role(publisher, options, role, destination.account);
            session.security_hub_as(role, &destination.region)
        }
        _ => session.security_hub(&destination.region),
    }
}

/// The role in an account, for all calls that this cycle may make there.
fn member_role(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    role: &RoleTemplate,
    account: AccountId,
) -> MemberRole {
    let session = publisher.session;
    let regions = session.regions.iter().chain(publisher.forgotten);
    MemberRole {
        arn: role.arn_in(account),
        external_id: role.external_id.clone(),
        account,
        regions: regions
            .chain([options.home_region(session)])
            .cloned()
            .collect(),
        actions: if publisher.imports {
            vec![GET_FINDINGS, BATCH_IMPORT_FINDINGS]
        } else {
            vec![GET_FINDINGS]
        },
    }
}
