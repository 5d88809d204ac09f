//! Macie: buckets with sensitive data, and buckets that are shared or replicated.

use std::collections::BTreeSet;

use aws_sdk_macie2::Client;
use aws_sdk_macie2::types::{CriterionAdditionalProperties, FindingCriteria};
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use crate::aws::{
    CallError, CallRate, Envelope, Failure, IamAction, Page, PageEnd, Session, raw_response,
    sdk_client,
};
use crate::model::{Region, SourceKind};
use crate::records::{macie, record_id};

use super::outcome::{CollectError, FailedCall};
use super::source::Source;
use super::target_reader::TargetReader;

/// Macie's findings have no resource type. Source: Service Authorization Reference, "Amazon Macie".
const LIST_FINDINGS: IamAction = IamAction {
    statement: "ReadServices",
    action: "macie2:ListFindings",
    reason: "list findings about sensitive data and about shared or replicated buckets",
    resource: "*",
};

const GET_FINDINGS: IamAction = IamAction {
    statement: "ReadServices",
    action: "macie2:GetFindings",
    reason: "read findings about sensitive data and about shared or replicated buckets",
    resource: "*",
};

/// Macie documents no rate; this one is conservative.
const RATE: CallRate = CallRate::new("macie2", 200, 5);

/// The most IDs that `GetFindings` takes. Source: the macie2 API model.
const IDS_PER_CALL: usize = 50;

/// A page of IDs is one call of `GetFindings`.
const PAGE_SIZE: i32 = 50;

const LISTING: &str = "listing Macie's findings";
const READING: &str = "reading Macie's findings";

/// `ListFindings` returns IDs.
const IDS: Envelope = Envelope {
    records: "findingIds",
    next_token: "nextToken",
};

/// `GetFindings` has no pages.
const FINDINGS: Envelope = Envelope {
    records: "findings",
    next_token: "nextToken",
};

/// The Regions in which Macie has an endpoint. Source: `endpoints.json` of botocore 1.44.5. Security Hub and Inspector are
/// in every Region that is enabled by default.
const REGIONS: [&str; 22] = [
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Macie's `ListFindings` and `GetFindings`.
#[derive(Debug)]
pub(super) struct Macie;

impl Source for Macie {
    fn kind(&self) -> SourceKind {
        SourceKind::Macie
    }

    fn actions(&self) -> &'static [IamAction] {
        const { &[LIST_FINDINGS, GET_FINDINGS] }
    }

    fn rate(&self) -> CallRate {
        RATE
    }

    fn is_offered_in(&self, region: &Region) -> bool {
        REGIONS.contains(&region.as_str())
    }

    fn collect<'a>(
        &'a self,
        reader: &'a TargetReader<'_>,
    ) -> BoxFuture<'a, Result<(), CollectError>> {
        Box::pin(async move {
            let client = sdk_client!(aws_sdk_macie2, reader.session(), reader.region());
            let read_page = |token| read_page(&client, reader, token);
            Ok(reader.read_pages(LISTING, read_page).await?)
        })
    }

    fn probe<'a>(
        &'a self,
        session: &'a Session,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            let client = sdk_client!(aws_sdk_macie2, session, region);
            let body = list_findings(&client, 1, None).await?;
            let mut ids = finding_ids(&IDS.open(&body)?)?;
            if ids.is_empty() {
                // Without a finding there is no ID to ask for. Macie checks the permission before it looks for the ID.
                ids.push("00000000000000000000000000000000".to_owned());
            }
            get_findings(&client, &ids).await.map(drop)
        })
    }
}

/// Reads a page of IDs, and the findings with these IDs.
async fn read_page(
    client: &Client,
    reader: &TargetReader<'_>,
    token: Option<String>,
) -> Result<PageEnd, FailedCall> {
    let failed = |activity| move |error| FailedCall { activity, error };
    let fetch = || list_findings(client, PAGE_SIZE, token.clone());
    let body = reader.call(LISTING, fetch).await?;
    let page = IDS.open(&body).map_err(failed(LISTING))?;
    let ids = finding_ids(&page).map_err(failed(LISTING))?;
    for ids in ids.chunks(IDS_PER_CALL) {
        let body = reader.call(READING, || get_findings(client, ids)).await?;
        let findings = FINDINGS.open(&body).map_err(failed(READING))?;
        reader.parse_records(&findings.records, macie::parse);
        for id in missing(ids, &findings) {
            reader.skip_record("Macie listed this finding and did not return it", id);
        }
    }
    Ok(page.end())
}

/// Returns the IDs whose findings are not in the response. The response has no member for IDs that were not found.
/// Source: the macie2 API model, `GetFindingsResponse`.
fn missing<'a>(ids: &'a [String], findings: &Page<'_>) -> impl Iterator<Item = &'a str> {
    let found: BTreeSet<String> = findings
        .records
        .iter()
        .filter_map(|finding| record_id(finding.get()))
        .collect();
    let is_missing = move |id: &&str| !found.contains(*id);
    ids.iter().map(String::as_str).filter(is_missing)
}

fn finding_ids(page: &Page<'_>) -> Result<Vec<String>, CallError> {
    let id = |id: &&RawValue| serde_json::from_str(id.get());
    let ids: Result<Vec<String>, _> = page.records.iter().map(id).collect();
    ids.map_err(|error| CallError {
        failure: Failure::MalformedResponse,
        message: format!("the ID of a finding: {error}"),
    })
}

async fn list_findings(
    client: &Client,
    page_size: i32,
    token: Option<String>,
) -> Result<String, CallError> {
    let request = client
        .list_findings()
        .finding_criteria(criteria())
        .max_results(page_size)
        .set_next_token(token)
        .customize();
    raw_response(LIST_FINDINGS.action, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}

fn criteria() -> FindingCriteria {
    let equals = |value: &str| CriterionAdditionalProperties::builder().eq(value).build();
    let category = CriterionAdditionalProperties::builder()
        .eq("CLASSIFICATION")
        .eq("POLICY")
        .build();
    FindingCriteria::builder()
        .criterion("category", category)
        .criterion("archived", equals("false"))
        .criterion("sample", equals("false"))
        .build()
}

async fn get_findings(client: &Client, ids: &[String]) -> Result<String, CallError> {
    let request = client
        .get_findings()
        .set_finding_ids(Some(ids.to_vec()))
        .customize();
    raw_response(GET_FINDINGS.action, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}
