//! The findings that exposured published, read back from Security Hub in every record state.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::builders::AwsSecurityFindingFiltersBuilder;
use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilter, StringFilterComparison};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde::Deserialize;

use crate::aws::{CallError, CallRate, Envelope, Failure, raw_response, read_pages};
use crate::formats::asff::{AsffFinding, GENERATOR_PREFIX, PRODUCT_NAME, product_arn};
use crate::model::{AccountId, Arn, CollectionTarget, ExposureId, Region, SourceKind, clean};
use crate::publish::options::{ImportInto, SecurityHubOptions};
use crate::publish::publisher::Publisher;
use crate::reconcile::{
    ActualState, Destination, ExposureKey, Plan, PublishedExposure, WorkflowStatus,
};

use super::actions::GET_FINDINGS;
use super::client::client;
use super::product_fields;

/// Source: the securityhub model, `GetFindingsRequest`, `MaxResults`.
const PAGE_SIZE: i32 = 100;

/// The number of destinations that are read at once; each has its own rate limit.
const CONCURRENT_READS: usize = 8;

/// A finding that was read back, and what reconciliation needs to know about it.
#[derive(Clone, Debug)]
struct PublishedFinding {
    finding: AsffFinding,
    exposure: PublishedExposure,
    /// The `UpdatedAt` that Security Hub returned; that of the exposure may be later.
    returned_at: DateTime<Utc>,
}

/// All findings that were read back so far.
#[derive(Debug, Default)]
pub struct PublishedFindings {
    findings: BTreeMap<ExposureKey, PublishedFinding>,
    unreadable: BTreeSet<ExposureKey>,
    read: BTreeSet<Destination>,
    unread: BTreeMap<Destination, CallError>,
    /// What this process imported and Security Hub does not return yet, not even an older version.
    unconfirmed: BTreeMap<ExposureKey, PublishedExposure>,
}

impl PublishedFindings {
    /// Adds a finding that was read back.
    ///
    /// # Errors
    /// Why it cannot be read. Its ID is kept, if it has one, so that the exposure is not created again.
    pub fn add(&mut self, destination: &Destination, json: &str) -> Result<(), String> {
        match parse_finding(json) {
            Ok((id, finding)) => {
                self.findings.insert((destination.clone(), id), finding);
                Ok(())
            }
            Err(why) => {
                let id = parse_id(json).map(|id| (destination.clone(), id));
                self.unreadable.extend(id);
                Err(why)
            }
        }
    }

    /// The actual state for the plan.
    pub fn actual_state(&self) -> ActualState {
        let exposure = |(key, published): (&ExposureKey, &PublishedFinding)| {
            (key.clone(), published.exposure.clone())
        };
        ActualState {
            published: self
                .findings
                .iter()
                .map(exposure)
                .chain(self.unconfirmed.clone())
                .collect(),
            unconfirmed: self.unconfirmed.keys().cloned().collect(),
            unreadable: self.unreadable.clone(),
            unread: self.unread.keys().cloned().collect(),
        }
    }

    /// The finding of a published exposure.
    pub(super) fn finding(&self, key: &ExposureKey) -> Option<&AsffFinding> {
        self.findings.get(key).map(|published| &published.finding)
    }

    /// The published exposure, as far as it is known.
    pub(super) fn exposure(&self, key: &ExposureKey) -> Option<&PublishedExposure> {
        let returned = self.findings.get(key).map(|published| &published.exposure);
        returned.or_else(|| self.unconfirmed.get(key))
    }

    /// Replaces what Security Hub returns by what this process has imported, where that is newer.
    fn overlay(&mut self, publisher: &Publisher<'_>) {
        let returned = |key: &ExposureKey| Some(self.findings.get(key)?.returned_at);
        let outstanding = publisher.imported.outstanding(publisher.now, returned);
        self.unconfirmed.clear();
        for (key, imported) in outstanding {
            if !self.read.contains(&key.0) || self.unreadable.contains(&key) {
                continue;
            }
            match self.findings.get_mut(&key) {
                Some(finding) => {
                    finding.exposure = PublishedExposure {
                        workflow: finding.exposure.workflow,
                        ..imported
                    }
                }
                None => drop(self.unconfirmed.insert(key, imported)),
            }
        }
    }

    /// The accounts of all destinations that were read, or could not be.
    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> {
        let destinations = self.read.iter().chain(self.unread.keys());
        destinations.map(|destination| destination.account)
    }

    /// The destinations that could not be read, and why.
    pub(super) fn unread(&self) -> &BTreeMap<Destination, CallError> {
        &self.unread
    }

    /// Where Security Hub is not enabled, nothing is published, except that the hub itself must be.
    fn forget_disabled_hubs(&mut self, home: &Destination) {
        self.unread.retain(|destination, error| {
            destination == home || error.failure != Failure::NotEnabled
        });
    }

    /// How many of the exposures that are held were seen in each Region that is not configured.
    pub(super) fn left_out(&self, plan: &Plan, configured: &[Region]) -> BTreeMap<Region, usize> {
        let is_left_out =
            |region: &&Region| !configured.contains(region) && **region != Region::global();
        let mut left_out = BTreeMap::new();
        for (step, _) in plan.held() {
            let Some(published) = self.findings.get(&step.key()) else {
                continue;
            };
            let seen_in: BTreeSet<&Region> = published
                .exposure
                .seen_by
                .iter()
                .filter_map(CollectionTarget::region)
                .filter(is_left_out)
                .collect();
            for region in seen_in {
                *left_out.entry(region.clone()).or_default() += 1;
            }
        }
        left_out
    }

    /// Reads the destinations that were not read yet.
    pub(super) async fn read(
        &mut self,
        publisher: &Publisher<'_>,
        options: &SecurityHubOptions,
        destinations: &BTreeSet<Destination>,
    ) {
        let missing: Vec<Destination> = destinations.difference(&self.read).cloned().collect();
        let mut results = Vec::new();
        for batch in missing.chunks(CONCURRENT_READS) {
            let reads = batch
                .iter()
                .map(|destination| read_destination(publisher, options, destination));
            results.extend(join_all(reads).await);
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
        self.overlay(publisher);
    }
}

/// Reads the published findings of every destination that is known before anything was evaluated.
pub(in crate::publish) async fn read_published(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
) -> PublishedFindings {
    let destinations = known_destinations(publisher, options).await;
    let mut published = PublishedFindings::default();
    published.read(publisher, options, &destinations).await;
    published.forget_disabled_hubs(&options.home(publisher.session));
    published
}

/// The destinations that may hold findings: the account of the caller in every Region, as the hub may have been in another
/// one, and, if every account imports its own exposures, every account of which the administrator account sees a finding.
/// So an account without any exposure left is still read.
async fn known_destinations(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
) -> BTreeSet<Destination> {
    let session = publisher.session;
    let home = options.home(session);
    let regions: BTreeSet<&Region> = session
        .regions
        .iter()
        .chain([&home.region])
        .chain(publisher.forgotten)
        .collect();
    let own = regions.iter().map(|region| Destination {
        account: session.account,
        region: (*region).clone(),
    });
    if options.import_into == ImportInto::CallerAccount {
        return own.collect();
    }
    let searches = regions
        .iter()
        .map(|region| search_destinations(publisher, region));
    let mut destinations: BTreeSet<Destination> = own.collect();
    for (region, found) in regions.iter().zip(join_all(searches).await) {
        match found {
            Ok(found) => destinations.extend(
                found
                    .into_iter()
                    .filter(|destination| regions.contains(&destination.region)),
            ),
            Err(error) => publisher.log.members_unknown(
                session.account,
                region,
                &format!("{error}; {}", error.remedy()),
            ),
        }
    }
    destinations
}

/// The destinations of all findings of exposured that the administrator account sees in one Region.
async fn search_destinations(
    publisher: &Publisher<'_>,
    region: &Region,
) -> Result<BTreeSet<Destination>, CallError> {
    let administrator = Destination {
        account: publisher.session.account,
        region: region.clone(),
    };
    let client = publisher.session.security_hub(region);
    let filters = AwsSecurityFindingFilters::builder()
        .product_name(filter(PRODUCT_NAME, StringFilterComparison::Equals))
        .generator_id(filter(GENERATOR_PREFIX, StringFilterComparison::Prefix))
        .build();
    let mut destinations = BTreeSet::new();
    for_each_finding(publisher, &client, &administrator, &filters, |json| {
        destinations.extend(destination_of(json));
    })
    .await?;
    Ok(destinations)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FindingLocation {
    aws_account_id: String,
    product_arn: String,
}

/// The account of a finding and the Region of its product, if the product is the default one of that account. Any other
/// product is not that of exposured, whatever its name is.
fn destination_of(json: &str) -> Option<Destination> {
    let location: FindingLocation = serde_json::from_str(json).ok()?;
    let account: AccountId = location.aws_account_id.parse().ok()?;
    let region = location.product_arn.parse::<Arn>().ok()?.region()?;
    let is_own = location.product_arn == product_arn(&region, account);
    is_own.then_some(Destination { account, region })
}

async fn read_destination(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    destination: &Destination,
) -> Result<PublishedFindings, CallError> {
    let client = client(publisher, options, destination);
    let mut published = PublishedFindings::default();
    let filters = own_findings(destination).build();
    for_each_finding(publisher, &client, destination, &filters, |json| {
        if let Err(why) = published.add(destination, json) {
            publisher.log.previous_unreadable(destination, &clean(&why));
        }
    })
    .await?;
    Ok(published)
}

pub(super) const ENVELOPE: Envelope = Envelope {
    records: "Findings",
    next_token: "NextToken",
};

/// Reads a listing to its end. If a paging token expires, the listing starts again, once.
pub(super) async fn for_each_finding(
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
            get_page(client, filters.clone(), token.clone()).await
        };
        publisher.budget.call(call).await
    };
    let on_page = |body: String| {
        let page = ENVELOPE.open(&body)?;
        for record in &page.records {
            on_finding(record.get());
        }
        Ok(page.end())
    };
    let log_restart = |error: &CallError| {
        let target = CollectionTarget::api(
            SourceKind::SecurityHub,
            destination.account,
            destination.region.clone(),
        );
        publisher.log.query_restarted(&target, &error.message);
    };
    read_pages(fetch, on_page, |error| error, log_restart).await
}

pub(super) async fn get_page(
    client: &Client,
    filters: AwsSecurityFindingFilters,
    token: Option<String>,
) -> Result<String, CallError> {
    let request = client
        .get_findings()
        .filters(filters)
        .max_results(PAGE_SIZE)
        .set_next_token(token)
        .customize();
    raw_response(GET_FINDINGS.action, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}

/// The findings of exposured: those of the default product of the account, by our generator, in every record state.
pub(super) fn own_findings(destination: &Destination) -> AwsSecurityFindingFiltersBuilder {
    let product = product_arn(&destination.region, destination.account);
    AwsSecurityFindingFilters::builder()
        .product_arn(filter(&product, StringFilterComparison::Equals))
        .generator_id(filter(GENERATOR_PREFIX, StringFilterComparison::Prefix))
}

pub(super) fn filter(value: &str, comparison: StringFilterComparison) -> StringFilter {
    StringFilter::builder()
        .value(value)
        .comparison(comparison)
        .build()
}

/// The fields that are read beside the finding itself: times, and what users and Security Hub added.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StoredFields {
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

fn parse_finding(json: &str) -> Result<(ExposureId, PublishedFinding), String> {
    let finding: AsffFinding = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let stored: StoredFields = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let id = ExposureId::parse(finding.id())
        .ok_or_else(|| format!("`{}` is not the ID of an exposure", finding.id()))?;
    let status = stored.workflow.and_then(|workflow| workflow.status);
    let exposure = PublishedExposure {
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
            Some("RESOLVED") => WorkflowStatus::Resolved,
            Some("SUPPRESSED") => WorkflowStatus::Suppressed,
            _ => WorkflowStatus::Open,
        },
        fingerprint: None,
        seen_by: BTreeSet::new(),
        lowered_by: BTreeSet::new(),
        reopened: 0,
        missed: 0,
    };
    let exposure = product_fields::read(&finding, exposure);
    let published = PublishedFinding {
        finding,
        exposure,
        returned_at: stored.updated_at,
    };
    Ok((id, published))
}

/// The ID of a finding of which nothing else can be parsed.
fn parse_id(json: &str) -> Option<ExposureId> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    ExposureId::parse(value.get("Id")?.as_str()?)
}
