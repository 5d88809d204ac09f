//! What stands: our findings, read back from Security Hub in all states.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilter, StringFilterComparison};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde::Deserialize;

use crate::aws::{CallError, CallRate, Envelope, raw_response, read_pages};
use crate::config::{Mode, SecurityHub};
use crate::formats::asff::{AsffFinding, GENERATOR_PREFIX, PRODUCT_NAME, product_arn};
use crate::model::{
    AccountId, Arn, CollectionTarget, ExposureId, Partition, Region, SourceKind, clean,
};
use crate::publish::Publisher;
use crate::reconcile::{Destination, Key, Previous, Published, Workflow};

use super::notes;

const ACTION: &str = "securityhub:GetFindings";
const PAGE: i32 = 100;

/// So many destinations are read at once; each has a rate of its own.
const AT_ONCE: usize = 8;

/// A finding that stands, and what the plan needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct StandingFinding {
    pub finding: AsffFinding,
    pub published: Published,
}

/// All that stands, as far as it was read.
#[derive(Debug, Default)]
pub struct Standing {
    pub(super) findings: BTreeMap<Key, StandingFinding>,
    unreadable: BTreeSet<Key>,
    read: BTreeSet<Destination>,
    unread: BTreeMap<Destination, CallError>,
}

impl Standing {
    /// For the plan.
    pub(super) fn previous(&self) -> Previous {
        let published =
            |(key, standing): (&Key, &StandingFinding)| (key.clone(), standing.published.clone());
        Previous {
            standing: self.findings.iter().map(published).collect(),
            unreadable: self.unreadable.clone(),
            unread: self.unread.keys().cloned().collect(),
        }
    }

    /// The destinations that could not be read, and why.
    pub(super) fn unread(&self) -> &BTreeMap<Destination, CallError> {
        &self.unread
    }

    /// Reads the destinations that were not read yet.
    pub(super) async fn read(
        &mut self,
        publisher: &Publisher<'_>,
        settings: &SecurityHub,
        destinations: &BTreeSet<Destination>,
    ) {
        let missing: Vec<Destination> = destinations.difference(&self.read).cloned().collect();
        let mut results = Vec::new();
        for some in missing.chunks(AT_ONCE) {
            let readings = some
                .iter()
                .map(|destination| read_destination(publisher, settings, destination));
            results.extend(join_all(readings).await);
        }
        for (destination, result) in missing.into_iter().zip(results) {
            match result {
                Ok(found) => {
                    self.findings.extend(found.findings);
                    self.unreadable.extend(found.unreadable);
                    self.unread.remove(&destination);
                    self.read.insert(destination);
                }
                Err(error) => drop(self.unread.insert(destination, error)),
            }
        }
    }
}

/// Where something of ours may stand, as far as that is known before anything was evaluated: at home, and, if each
/// exposure goes to its own account, wherever the administrator account sees a finding of ours. So an account that has
/// no exposure any more is still found.
pub(super) async fn known_destinations(
    publisher: &Publisher<'_>,
    settings: &SecurityHub,
) -> BTreeSet<Destination> {
    let session = publisher.session;
    let home = settings.region.as_ref().unwrap_or(session.home());
    let mut destinations: BTreeSet<Destination> = [Destination {
        account: session.account,
        region: home.clone(),
    }]
    .into();
    if settings.mode == Mode::Home {
        return destinations;
    }
    let regions: BTreeSet<&Region> = session.regions.iter().chain([home]).collect();
    let searches = regions.iter().map(|region| members(publisher, region));
    for (region, found) in regions.iter().zip(join_all(searches).await) {
        match found {
            Ok(found) => destinations.extend(
                found
                    .into_iter()
                    .filter(|destination| regions.contains(&destination.region)),
            ),
            Err(error) => publisher.log.members_unknown(
                &session.account.to_string(),
                region.as_str(),
                &format!("{error}; {}", error.remedy()),
            ),
        }
    }
    destinations
}

/// Where findings of ours stand, as the administrator account sees it in one Region.
async fn members(
    publisher: &Publisher<'_>,
    region: &Region,
) -> Result<BTreeSet<Destination>, CallError> {
    let own = Destination {
        account: publisher.session.account,
        region: region.clone(),
    };
    let client = publisher.session.security_hub(region);
    let filters = AwsSecurityFindingFilters::builder()
        .product_name(filter(PRODUCT_NAME, StringFilterComparison::Equals))
        .generator_id(filter(GENERATOR_PREFIX, StringFilterComparison::Prefix))
        .build();
    let mut destinations = BTreeSet::new();
    each_finding(publisher, &client, &own, &filters, |json| {
        destinations.extend(place(json));
    })
    .await?;
    Ok(destinations)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    aws_account_id: String,
    product_arn: String,
}

fn place(json: &str) -> Option<Destination> {
    let place: Place = serde_json::from_str(json).ok()?;
    let account: AccountId = place.aws_account_id.parse().ok()?;
    let product: Arn = place.product_arn.parse().ok()?;
    Some(Destination {
        account,
        region: product.region()?,
    })
}

async fn read_destination(
    publisher: &Publisher<'_>,
    settings: &SecurityHub,
    destination: &Destination,
) -> Result<Standing, CallError> {
    let client = super::client(publisher, settings, destination).await;
    let mut standing = Standing::default();
    let filters = own(destination);
    each_finding(
        publisher,
        &client,
        destination,
        &filters,
        |json| match standing_finding(json) {
            Ok((id, found)) => drop(standing.findings.insert((destination.clone(), id), found)),
            Err(why) => {
                if let Some(id) = id(json) {
                    standing.unreadable.insert((destination.clone(), id));
                }
                publisher.log.previous_unreadable(
                    &destination.account.to_string(),
                    destination.region.as_str(),
                    &clean(&why),
                );
            }
        },
    )
    .await?;
    Ok(standing)
}

const ENVELOPE: Envelope = Envelope {
    records: "Findings",
    next_token: "NextToken",
};

/// Reads a listing to its end. A paging token that has expired starts it again, once.
async fn each_finding(
    publisher: &Publisher<'_>,
    client: &Client,
    destination: &Destination,
    filters: &AwsSecurityFindingFilters,
    mut on_finding: impl FnMut(&str),
) -> Result<(), CallError> {
    let limiter = publisher.session.limiter(
        destination.account,
        &destination.region,
        CallRate::SECURITY_HUB_GET_FINDINGS,
    );
    let limiter = &limiter;
    let fetch = |token: Option<String>| async move {
        let call = || async {
            limiter.wait().await;
            page(client, filters.clone(), token.clone()).await
        };
        publisher.budget.call(call).await
    };
    let on_page = |body: String| {
        let page = ENVELOPE.open(&body)?;
        for record in page.records {
            on_finding(record.get());
        }
        Ok(page.next_token)
    };
    let log_restart = |error: &CallError| {
        let target = CollectionTarget::api(
            SourceKind::SecurityHub,
            destination.account,
            destination.region.clone(),
        );
        publisher.log.query_restarted(&target, &error.message);
    };
    read_pages(fetch, on_page, log_restart).await
}

async fn page(
    client: &Client,
    filters: AwsSecurityFindingFilters,
    token: Option<String>,
) -> Result<String, CallError> {
    let request = client
        .get_findings()
        .filters(filters)
        .max_results(PAGE)
        .set_next_token(token)
        .customize();
    raw_response(ACTION, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}

/// Our own: the default product of the account, and our generator. All states: archived ones may come back.
fn own(destination: &Destination) -> AwsSecurityFindingFilters {
    let partition = Partition::of_region(&destination.region);
    let product = product_arn(partition, &destination.region, destination.account);
    AwsSecurityFindingFilters::builder()
        .product_arn(filter(&product, StringFilterComparison::Equals))
        .generator_id(filter(GENERATOR_PREFIX, StringFilterComparison::Prefix))
        .build()
}

fn filter(value: &str, comparison: StringFilterComparison) -> StringFilter {
    StringFilter::builder()
        .value(value)
        .comparison(comparison)
        .build()
}

/// What is read beside the finding itself: times, and what users and Security Hub have added.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stored {
    created_at: DateTime<Utc>,
    first_observed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    processed_at: Option<DateTime<Utc>>,
    workflow: Option<StoredWorkflow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StoredWorkflow {
    status: Option<String>,
}

fn standing_finding(json: &str) -> Result<(ExposureId, StandingFinding), String> {
    let finding: AsffFinding = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let stored: Stored = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let id = ExposureId::parse(finding.id())
        .ok_or_else(|| format!("{:?} is not the id of an exposure", finding.id()))?;
    let status = stored.workflow.and_then(|workflow| workflow.status);
    let published = Published {
        title: clean(finding.title()),
        resource: clean(finding.exposed_resource()),
        severity: finding.provider_severity(),
        created_at: stored.created_at,
        first_observed_at: stored.first_observed_at.unwrap_or(stored.created_at),
        updated_at: stored.updated_at,
        retained_from: stored
            .processed_at
            .map_or(stored.updated_at, |time| time.min(stored.updated_at)),
        record_state: finding.record_state(),
        workflow: match status.as_deref() {
            Some("RESOLVED") => Workflow::Resolved,
            Some("SUPPRESSED") => Workflow::Suppressed,
            _ => Workflow::Open,
        },
        digest: None,
        seen_by: BTreeSet::new(),
        reopened: 0,
        missed: 0,
    };
    let published = notes::read(&finding, published);
    Ok((id, StandingFinding { finding, published }))
}

/// The id of a finding of which nothing else can be read.
fn id(json: &str) -> Option<ExposureId> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    ExposureId::parse(value.get("Id")?.as_str()?)
}
