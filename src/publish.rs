//! Publishing: exposures into Security Hub as ASFF, after reconciliation, and into files as OCSF.

mod ocsf_file;
mod options;
mod permissions;
mod publisher;
mod security_hub;

use std::collections::BTreeSet;

use crate::aws::{CallError, Session};
use crate::evaluate::Exposures;
use crate::model::{AccountId, CoverageRow};
use crate::reconcile::{Action, Destination, PublicationOutcome, ReconcileOptions};

pub use options::{ImportInto, PublishOptions, SecurityHubOptions};
pub use permissions::{MemberPermissions, PublishPermissions, permissions};
pub use publisher::Publisher;
pub use security_hub::{ImportedFindings, MemberAccounts, PublishedFindings, SecurityHubPlan};

impl Publisher<'_> {
    /// Reads the published findings back from Security Hub; `None` if nothing is published there.
    ///
    /// This happens at the start of the cycle, and every update carries the start of the cycle as its time. So an update
    /// by another daemon that started later is newer, and Security Hub keeps it.
    pub async fn read_published(&self) -> Option<PublishedFindings> {
        let options = self.options.security_hub.as_ref()?;
        Some(security_hub::read_published(self, options).await)
    }

    /// Plans what happens in Security Hub; `None` if nothing is published there.
    pub async fn plan(
        &self,
        published: Option<PublishedFindings>,
        exposures: &Exposures<'_>,
        coverage: &[CoverageRow],
        reconcile: ReconcileOptions,
    ) -> Option<SecurityHubPlan> {
        let options = self.options.security_hub.as_ref()?;
        let published = published.unwrap_or_default();
        let plan = security_hub::plan(self, options, published, exposures, coverage, reconcile);
        Some(plan.await)
    }

    /// Publishes to every destination of the options.
    pub async fn publish(
        &self,
        planned: Option<&SecurityHubPlan>,
        exposures: &Exposures<'_>,
    ) -> PublicationOutcome {
        let mut outcome = PublicationOutcome::default();
        if let (Some(options), Some(planned)) = (&self.options.security_hub, planned) {
            outcome.held = planned.plan.held().count();
            outcome.unchanged = planned.plan.count(Action::Unchanged);
            // Importing without knowing what is published could lose the time of creation, so these wait.
            outcome.failed = planned.plan.unplanned();
            security_hub::publish(self, options, planned, exposures, &mut outcome).await;
        }
        if let Some(directory) = &self.options.ocsf_directory {
            let plan = planned.map(|planned| &planned.plan);
            outcome.ocsf_failed = !ocsf_file::write(self, directory, exposures, plan);
        }
        outcome
    }
}

impl Publisher<'_> {
    /// Finds the accounts in which the member role would be assumed; `None` if there is no member role.
    ///
    /// # Errors
    /// The findings of the other accounts cannot be read.
    pub async fn member_accounts(&self) -> Option<Result<MemberAccounts, CallError>> {
        let options = self.options.security_hub.as_ref()?;
        match options.import_into {
            ImportInto::CallerAccount => None,
            ImportInto::ResourceAccounts(_) => {
                Some(security_hub::member_accounts(self, options).await)
            }
        }
    }

    /// Checks whether exposures can be read back and imported in these accounts, by calls that change nothing.
    pub async fn probe_members(
        &self,
        accounts: &BTreeSet<AccountId>,
    ) -> Vec<(Destination, Result<(), CallError>)> {
        match &self.options.security_hub {
            Some(options) => security_hub::probe_members(self, options, accounts).await,
            None => Vec::new(),
        }
    }
}

/// Checks whether the caller may import findings in its own account, by a call that imports none.
pub async fn probe(
    session: &Session,
    options: &SecurityHubOptions,
) -> (Destination, Result<(), CallError>) {
    let destination = options.home(session);
    let client = session.security_hub(&destination.region);
    let result = security_hub::probe(&client).await;
    (destination, result)
}
