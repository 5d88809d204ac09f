//! Security Hub CSPM: the failed controls that the catalogue uses.

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilter, StringFilterComparison};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::aws::{CallError, Failure, Limiter, RawAnswer};

use super::api_cell::{ApiCell, Stopped};
use super::record::asff;

/// The IAM action.
pub(super) const ACTION: &str = "securityhub:GetFindings";

/// The most that `GetFindings` gives at once. Source: the securityhub model.
const PAGE: i32 = 100;

/// The most values that one filter takes. Source: the securityhub model, `GetFindingsRequest`.
const VALUES_A_FILTER: usize = 20;

const DOING: &str = "reading the failed controls";

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, rename = "Findings", default)]
    findings: Vec<&'a RawValue>,
    #[serde(rename = "NextToken")]
    next_token: Option<String>,
}

/// Reads the cell to the end: a query for each 20 controls, all of them at once within the API's rate.
pub(super) async fn read(
    client: &Client,
    limiter: &Limiter,
    cell: &ApiCell<'_>,
) -> Result<(), Stopped> {
    let controls: Vec<&str> = cell.collection().catalogue.controls().collect();
    let queries = controls
        .chunks(VALUES_A_FILTER)
        .map(|some| read_controls(client, cell, limiter, some));
    futures_util::future::try_join_all(queries).await.map(drop)
}

async fn read_controls(
    client: &Client,
    cell: &ApiCell<'_>,
    limiter: &Limiter,
    controls: &[&str],
) -> Result<(), Stopped> {
    match read_pages(client, cell, limiter, controls).await {
        // A paging token that went stale is refused as bad input. From the first page on again, once: what was read
        // before is read again, and the same finding is kept once.
        Err(Stopped::Call { error, .. }) if error.failure == Failure::InvalidInput => {
            cell.collection()
                .log
                .query_restarted(&cell.cell, &error.message);
            read_pages(client, cell, limiter, controls).await
        }
        other => other,
    }
}

async fn read_pages(
    client: &Client,
    cell: &ApiCell<'_>,
    limiter: &Limiter,
    controls: &[&str],
) -> Result<(), Stopped> {
    let mut token: Option<String> = None;
    loop {
        let next = || async {
            limiter.wait().await;
            page(client, filters(controls), PAGE, token.clone()).await
        };
        let answer = cell.call(DOING, next).await?;
        let page: Page<'_> = parse(DOING, &answer)?;
        cell.read_page(&page.findings, asff::read);
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(());
        }
    }
}

async fn page(
    client: &Client,
    filters: AwsSecurityFindingFilters,
    size: i32,
    token: Option<String>,
) -> Result<String, CallError> {
    let raw = RawAnswer::default();
    let result = client
        .get_findings()
        .filters(filters)
        .max_results(size)
        .set_next_token(token)
        .customize()
        .interceptor(raw.interceptor())
        .send()
        .await;
    raw.body(result, ACTION)
}

/// Reads the envelope of an answer.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    doing: &'static str,
    answer: &'a str,
) -> Result<T, Stopped> {
    serde_json::from_str(answer).map_err(|error| Stopped::Call {
        doing,
        error: CallError {
            failure: Failure::BadAnswer,
            message: format!("the answer's form: {error}"),
        },
    })
}

/// What the server is to leave out. A product is told from its name, since the ARN differs by Region and the answer
/// of an aggregation Region spans many.
fn filters(controls: &[&str]) -> AwsSecurityFindingFilters {
    AwsSecurityFindingFilters::builder()
        .product_name(equals("Security Hub"))
        .product_name(equals("Security Hub CSPM"))
        .record_state(equals("ACTIVE"))
        .workflow_status(equals("NEW"))
        .workflow_status(equals("NOTIFIED"))
        .compliance_status(equals("FAILED"))
        .set_compliance_security_control_id(Some(
            controls.iter().map(|control| equals(control)).collect(),
        ))
        .build()
}

fn equals(value: &str) -> StringFilter {
    StringFilter::builder()
        .value(value)
        .comparison(StringFilterComparison::Equals)
        .build()
}

/// The smallest request that shows whether the cell can be read.
pub(super) async fn probe(client: &Client) -> Result<(), CallError> {
    page(
        client,
        AwsSecurityFindingFilters::builder()
            .product_name(equals("Security Hub"))
            .build(),
        1,
        None,
    )
    .await
    .map(drop)
}
