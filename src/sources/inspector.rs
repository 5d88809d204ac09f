//! Inspector: network paths and vulnerable packages.

use aws_sdk_inspector2::Client;
use aws_sdk_inspector2::types::{FilterCriteria, StringComparison, StringFilter};

use crate::aws::{CallError, Limiter, RawAnswer};

use super::api_target::{ApiTarget, Stopped};
use crate::records::inspector;

/// The IAM action.
const ACTION: &str = "inspector2:ListFindings";

/// The most that `ListFindings` gives at once. Source: the inspector2 model.
const PAGE: i32 = 100;

const DOING: &str = "reading Inspector's findings";

/// Reads the target to the end.
pub(super) async fn read(
    client: &Client,
    limiter: &Limiter,
    target: &ApiTarget<'_>,
) -> Result<(), Stopped> {
    target
        .read_listing(DOING, inspector::parse, async |token| {
            limiter.wait().await;
            page(client, PAGE, token).await
        })
        .await
}

async fn page(client: &Client, size: i32, token: Option<String>) -> Result<String, CallError> {
    let raw = RawAnswer::default();
    let result = client
        .list_findings()
        .filter_criteria(criteria())
        .max_results(size)
        .set_next_token(token)
        .customize()
        .interceptor(raw.interceptor())
        .send()
        .await;
    raw.body(result, ACTION)
}

/// Closed findings can be millions; an unfiltered call hangs on them.
fn criteria() -> FilterCriteria {
    FilterCriteria::builder()
        .set_finding_status(equals(&["ACTIVE"]))
        .set_finding_type(equals(&[
            "NETWORK_REACHABILITY",
            "PACKAGE_VULNERABILITY",
            "CODE_VULNERABILITY",
        ]))
        .build()
}

fn equals(values: &[&str]) -> Option<Vec<StringFilter>> {
    let filter = |value: &&str| {
        StringFilter::builder()
            .comparison(StringComparison::Equals)
            .value(*value)
            .build()
            .ok()
    };
    // Both members that the model requires are given, so each filter builds.
    values.iter().map(filter).collect()
}

/// The smallest request that shows whether the target can be read.
pub(super) async fn probe(client: &Client) -> Result<(), CallError> {
    page(client, 1, None).await.map(drop)
}
