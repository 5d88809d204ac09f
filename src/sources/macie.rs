//! Macie: buckets that hold sensitive data.

use aws_sdk_macie2::Client;
use aws_sdk_macie2::types::{CriterionAdditionalProperties, FindingCriteria};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::aws::{CallError, Failure, Limiter, RawAnswer};

use super::api_target::{ApiTarget, Stopped, parse};
use crate::records::macie;

/// The IAM actions.
const LIST_ACTION: &str = "macie2:ListFindings";
const GET_ACTION: &str = "macie2:GetFindings";

/// The most ids that `GetFindings` takes. Source: the macie2 model.
const IDS_A_CALL: usize = 50;

/// The same, so that each page of ids is one call.
const PAGE: i32 = 50;

const LISTING: &str = "listing Macie's findings";
const GETTING: &str = "reading Macie's findings";

#[derive(Deserialize)]
struct Ids {
    #[serde(rename = "findingIds")]
    finding_ids: Vec<String>,
    #[serde(rename = "nextToken")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Findings<'a> {
    #[serde(borrow)]
    findings: Vec<&'a RawValue>,
}

/// Reads the target to the end: a page of ids, then the findings behind them.
pub(super) async fn read(
    client: &Client,
    limiter: &Limiter,
    target: &ApiTarget<'_>,
) -> Result<(), Stopped> {
    target
        .restarted_once(|| read_pages(client, limiter, target))
        .await
}

async fn read_pages(
    client: &Client,
    limiter: &Limiter,
    target: &ApiTarget<'_>,
) -> Result<(), Stopped> {
    let mut token: Option<String> = None;
    loop {
        let next = || async {
            limiter.wait().await;
            list(client, PAGE, token.clone()).await
        };
        let answer = target.call(LISTING, next).await?;
        let ids: Ids = parse(LISTING, &answer)?;
        for some in ids.finding_ids.chunks(IDS_A_CALL) {
            let next = || async {
                limiter.wait().await;
                get(client, some).await
            };
            let answer = target.call(GETTING, next).await?;
            let page: Findings<'_> = parse(GETTING, &answer)?;
            target.read_page(&page.findings, macie::parse);
        }
        token = ids.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(());
        }
    }
}

async fn list(client: &Client, size: i32, token: Option<String>) -> Result<String, CallError> {
    let raw = RawAnswer::default();
    let equals = |value: &str| CriterionAdditionalProperties::builder().eq(value).build();
    let criteria = FindingCriteria::builder()
        .criterion(
            "category",
            CriterionAdditionalProperties::builder()
                .eq("CLASSIFICATION")
                .eq("POLICY")
                .build(),
        )
        .criterion("archived", equals("false"))
        .criterion("sample", equals("false"))
        .build();
    let result = client
        .list_findings()
        .finding_criteria(criteria)
        .max_results(size)
        .set_next_token(token)
        .customize()
        .interceptor(raw.interceptor())
        .send()
        .await;
    raw.body(result, LIST_ACTION)
}

async fn get(client: &Client, ids: &[String]) -> Result<String, CallError> {
    let raw = RawAnswer::default();
    let result = client
        .get_findings()
        .set_finding_ids(Some(ids.to_vec()))
        .customize()
        .interceptor(raw.interceptor())
        .send()
        .await;
    raw.body(result, GET_ACTION)
}

/// The smallest requests that show whether the target can be read.
pub(super) async fn probe(client: &Client) -> Result<(), CallError> {
    let answer = list(client, 1, None).await?;
    let ids: Ids = serde_json::from_str(&answer).map_err(|error| CallError {
        failure: Failure::BadAnswer,
        message: error.to_string(),
    })?;
    // Without a finding there is no id to ask for; the service checks the permission before it looks for the id.
    let id = ids
        .finding_ids
        .into_iter()
        .next()
        .unwrap_or_else(|| "00000000000000000000000000000000".to_owned());
    get(client, &[id]).await.map(drop)
}
