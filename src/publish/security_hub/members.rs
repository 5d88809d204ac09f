//! Whether exposures can be imported in the other accounts.

use std::collections::BTreeSet;

use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilterComparison};
use futures_util::future::join_all;
use serde::Deserialize;

use crate::aws::{CallError, CallRate};
use crate::model::AccountId;
use crate::publish::options::SecurityHubOptions;
use crate::publish::publisher::Publisher;
use crate::reconcile::Destination;

use super::client::client;
use super::import;
use super::published::{ENVELOPE, filter, get_page, own_findings};

/// Source: AWS Security Hub API Reference, `AwsSecurityFindingFilters`: up to 20 values for each attribute.
const MAX_EXCLUDED: usize = 20;

/// Enough for a few hundred accounts; a check should end within a minute.
const MAX_PAGES: usize = 100;

/// The other accounts whose findings the caller sees.
#[derive(Debug, Default)]
pub struct MemberAccounts {
    /// The accounts.
    pub accounts: BTreeSet<AccountId>,
    /// Whether there may be more of them.
    pub may_be_more: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FindingAccount {
    aws_account_id: String,
}

/// Finds the accounts whose findings the administrator account sees in the home Region. `AwsAccountId` is the account that
/// imported a finding, so no other text in a finding can name an account here.
///
/// Accounts that are known are excluded from the next request, so a few accounts take a few requests.
pub(in crate::publish) async fn member_accounts(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
) -> Result<MemberAccounts, CallError> {
    let session = publisher.session;
    let home = options.home(session);
    let client = session.security_hub(&home.region);
    let limiter = session.limiter(
        home.account,
        &home.region,
        CallRate::SECURITY_HUB_GET_FINDINGS,
    );
    let mut known = BTreeSet::from([home.account]);
    let mut excluded = known.clone();
    let mut token: Option<String> = None;
    let mut found = MemberAccounts {
        may_be_more: true,
        ..MemberAccounts::default()
    };
    for _ in 0..MAX_PAGES {
        let filters = findings_of_others(&excluded);
        let call = || async {
            limiter.wait().await;
            get_page(&client, filters.clone(), token.clone()).await
        };
        let body = publisher.budget.call(call).await?;
        let page = ENVELOPE.open(&body)?;
        for record in &page.records {
            let finding = serde_json::from_str::<FindingAccount>(record.get());
            let account = finding
                .ok()
                .map(|finding| finding.aws_account_id.parse::<AccountId>());
            known.extend(account.and_then(Result::ok));
        }
        if known.len() <= MAX_EXCLUDED && known != excluded {
            excluded.clone_from(&known);
            token = None;
        } else if page.next_token.is_none() {
            found.may_be_more = false;
            break;
        } else {
            token = page.next_token;
        }
    }
    known.remove(&home.account);
    found.accounts = known;
    Ok(found)
}

fn findings_of_others(excluded: &BTreeSet<AccountId>) -> AwsSecurityFindingFilters {
    let other =
        |account: &AccountId| filter(&account.to_string(), StringFilterComparison::NotEquals);
    AwsSecurityFindingFilters::builder()
        .set_aws_account_id(Some(excluded.iter().map(other).collect()))
        .record_state(filter("ACTIVE", StringFilterComparison::Equals))
        .build()
}

/// Checks whether published findings can be read and imported in each account, by one page and by an import of none.
pub(in crate::publish) async fn probe_members(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    accounts: &BTreeSet<AccountId>,
) -> Vec<(Destination, Result<(), CallError>)> {
    let mut results = Vec::new();
    let accounts: Vec<AccountId> = accounts.iter().copied().collect();
    for batch in accounts.chunks(8) {
        let probes = batch.iter().map(|account| async {
            let destination = Destination {
                account: *account,
                region: options.home_region(publisher.session).clone(),
            };
            let result = probe_member(publisher, options, &destination).await;
            (destination, result)
        });
        results.extend(join_all(probes).await);
    }
    results
}

async fn probe_member(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    destination: &Destination,
) -> Result<(), CallError> {
    let client = client(publisher, options, destination);
    let read = || get_page(&client, own_findings(destination).build(), None);
    publisher.budget.call(read).await?;
    publisher.budget.wait(import::probe(&client)).await
}
