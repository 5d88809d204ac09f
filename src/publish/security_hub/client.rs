//! Clients for the Security Hub of each destination.

use crate::aws::{IamAction, MemberRole};
use crate::publish::options::{ImportInto, SecurityHubOptions};
use crate::publish::publisher::Publisher;
use crate::reconcile::Destination;

/// A client for calls of one action, with the credentials of the caller for its own account, and of the role for every
/// other account.
pub(super) async fn client(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    destination: &Destination,
    action: IamAction,
) -> aws_sdk_securityhub::Client {
    let session = publisher.session;
    match &options.import_into {
        ImportInto::ResourceAccounts(role) if destination.account != session.account => {
            let role = MemberRole {
                arn: &role.arn_in(destination.account),
                external_id: &role.external_id,
                account: destination.account,
                region: &destination.region,
                action,
            };
            session.security_hub_as(&role).await
        }
        _ => session.security_hub(&destination.region),
    }
}
