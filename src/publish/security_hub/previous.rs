//! What stands: our findings, read back from Security Hub in all states.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilter, StringFilterComparison};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::aws::{CallError, CallRate, Failure, RawAnswer};
use crate::config::SecurityHub;
use crate::model::{ExposureId, Partition, Region, Source};
use crate::publish::Publication;
use crate::publish::asff::{AsffFinding, GENERATOR_PREFIX, product_arn};
use crate::publish::plan::{Destination, Published};

/// The product field that holds [`crate::publish::content_digest`].
pub(super) const DIGEST: &str = "exposured/digest";

/// The product field that holds the cells in which contributing traits were seen.
pub(super) const SEEN_BY: &str = "exposured/seen-by";

const ACTION: &str = "securityhub:GetFindings";
const PAGE: i32 = 100;

/// A finding that stands, and what the plan needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub finding: AsffFinding,
    pub published: Published,
}

type AllStanding = BTreeMap<(Destination, ExposureId), Standing>;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, rename = "Findings", default)]
    findings: Vec<&'a RawValue>,
    #[serde(rename = "NextToken")]
    next_token: Option<String>,
}

/// Reads what stands at each destination; and the destinations where that could not be read.
pub(super) async fn read(
    publication: &Publication<'_>,
    settings: &SecurityHub,
    destinations: &BTreeSet<Destination>,
) -> (AllStanding, BTreeSet<Destination>) {
    let mut standing = AllStanding::new();
    let mut unknown = BTreeSet::new();
    for destination in destinations {
        let client = super::client(publication, settings, destination).await;
        let reading = read_destination(publication, &client, destination);
        let read = publication
            .cancel
            .run_until_cancelled(reading)
            .await
            .unwrap_or_else(|| {
                Err(CallError {
                    failure: Failure::Service,
                    message: "exposured was told to stop".into(),
                })
            });
        match read {
            Ok(found) => standing.extend(found),
            Err(error) => {
                let (account, region) = (
                    destination.account.to_string(),
                    destination.region.to_string(),
                );
                publication.log.previous_unknown(
                    &account,
                    &region,
                    &format!("{error}; {}", error.remedy()),
                );
                unknown.insert(destination.clone());
            }
        }
    }
    (standing, unknown)
}

async fn read_destination(
    publication: &Publication<'_>,
    client: &Client,
    destination: &Destination,
) -> Result<AllStanding, CallError> {
    let limiter = publication.session.limiter(
        destination.account,
        &destination.region,
        CallRate::GetFindings,
    );
    let mut standing = AllStanding::new();
    let mut token = None;
    loop {
        limiter.wait().await;
        let raw = RawAnswer::default();
        let result = client
            .get_findings()
            .filters(filters(destination))
            .max_results(PAGE)
            .set_next_token(token)
            .customize()
            .interceptor(raw.interceptor())
            .send()
            .await;
        let answer = raw.body(result, ACTION)?;
        let page: Page<'_> = serde_json::from_str(&answer).map_err(|error| CallError {
            failure: Failure::BadAnswer,
            message: error.to_string(),
        })?;
        for record in page.findings {
            match standing_finding(record.get()) {
                Ok(found) => {
                    if let Some(id) = ExposureId::parse(found.finding.id()) {
                        standing.insert((destination.clone(), id), found);
                    }
                }
                Err(why) => publication.log.previous_unreadable(
                    &destination.account.to_string(),
                    destination.region.as_str(),
                    &why.to_string(),
                ),
            }
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(standing);
        }
    }
}

/// Our own: the default product of the account, and our generator. All states: archived ones may come back.
fn filters(destination: &Destination) -> AwsSecurityFindingFilters {
    let partition = Partition::of_region(&destination.region);
    let product = product_arn(partition, &destination.region, destination.account);
    let filter = |value: &str, comparison| {
        StringFilter::builder()
            .value(value)
            .comparison(comparison)
            .build()
    };
    AwsSecurityFindingFilters::builder()
        .product_arn(filter(&product, StringFilterComparison::Equals))
        .generator_id(filter(GENERATOR_PREFIX, StringFilterComparison::Prefix))
        .build()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Times {
    created_at: DateTime<Utc>,
    first_observed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    record_state: Option<String>,
}

fn standing_finding(json: &str) -> Result<Standing, serde_json::Error> {
    let finding: AsffFinding = serde_json::from_str(json)?;
    let times: Times = serde_json::from_str(json)?;
    let published = Published {
        created_at: times.created_at,
        first_observed_at: times.first_observed_at.unwrap_or(times.created_at),
        updated_at: times.updated_at,
        active: times.record_state.as_deref() != Some("ARCHIVED"),
        digest: finding.product_field(DIGEST).map(str::to_owned),
        seen_by: seen_by(finding.product_field(SEEN_BY).unwrap_or_default()),
    };
    Ok(Standing { finding, published })
}

/// `inspector us-east-1, security-hub us-east-1`
fn seen_by(text: &str) -> BTreeSet<(Source, Region)> {
    text.split(", ")
        .filter_map(|cell| {
            let (source, region) = cell.split_once(' ')?;
            Some((
                Source::SERVICES
                    .into_iter()
                    .find(|known| known.as_str() == source)?,
                region.parse().ok()?,
            ))
        })
        .collect()
}
