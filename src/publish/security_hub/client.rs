//! Clients for the Security Hub of each destination.

use crate::publish::options::{ImportInto, SecurityHubOptions};
use crate::publish::publisher::Publisher;
use crate::reconcile::Destination;

/// A client with the credentials of the caller for its own account, and of the role for every other account.
pub(super) async fn client(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    destination: &Destination,
) -> aws_sdk_securityhub::Client {
    let session = publisher.session;
    match &options.import_into {
        ImportInto::ResourceAccounts(role) if destination.account != session.account => {
            let arn = role.arn_in(destination.account);
            session
                .security_hub_as(&destination.region, &arn, &role.external_id)
                .await
        }
        _ => session.security_hub(&destination.region),
    }
}
