//! Security Hub CSPM: the failed controls that the catalogue uses.

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilter, StringFilterComparison};
use futures_util::future::try_join_all;

use crate::aws::{CallError, Limiter, RawAnswer};

use super::api_cell::{ApiCell, Stopped};
use super::record::asff;

/// The IAM action.
const ACTION: &str = "securityhub:GetFindings";

/// The most that `GetFindings` gives at once. Source: the securityhub model.
const PAGE: i32 = 100;

/// The most values that one filter takes. Source: the securityhub model, `GetFindingsRequest`.
const VALUES_A_FILTER: usize = 20;

const DOING: &str = "reading the failed controls";

/// Reads the cell to the end: a query for each 20 controls, all of them at once within the API's rate.
pub(super) async fn read(
    client: &Client,
    limiter: &Limiter,
    cell: &ApiCell<'_>,
) -> Result<(), Stopped> {
    let controls: Vec<&str> = cell.collection().catalogue.controls().collect();
    let queries = controls.chunks(VALUES_A_FILTER).map(|some| {
        cell.read_listing(DOING, asff::read, async |token| {
            limiter.wait().await;
            page(client, filters(some), PAGE, token).await
        })
    });
    try_join_all(queries).await.map(drop)
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
