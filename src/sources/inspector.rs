//! Inspector: network paths, vulnerable packages, and vulnerable code.

use aws_sdk_inspector2::Client;
use aws_sdk_inspector2::types::{FilterCriteria, StringComparison, StringFilter};
use futures_util::future::BoxFuture;

use crate::aws::{CallError, CallRate, Envelope, IamAction, Session, raw_response, sdk_client};
use crate::model::{Region, SourceKind};
use crate::records::inspector;

use super::outcome::CollectError;
use super::source::Source;
use super::target_reader::{Listing, TargetReader};

/// Inspector has no resource types. Source: Service Authorization Reference, "Amazon Inspector2".
const LIST_FINDINGS: IamAction = IamAction {
    statement: "ReadServices",
    action: "inspector2:ListFindings",
    reason: "read network paths, vulnerable packages, and vulnerable code",
    resource: "*",
};

/// Inspector documents no rate; this one is conservative.
const RATE: CallRate = CallRate::new("inspector2", 200, 5);

/// The largest page of `ListFindings`. Source: the inspector2 API model.
const PAGE_SIZE: i32 = 100;

const LISTING: Listing = Listing {
    activity: "reading Inspector's findings",
    envelope: Envelope {
        records: "findings",
        next_token: "nextToken",
    },
    parser: inspector::parse,
};

/// Inspector's `ListFindings`.
#[derive(Debug)]
pub(super) struct Inspector;

impl Source for Inspector {
    fn kind(&self) -> SourceKind {
        SourceKind::Inspector
    }

    fn actions(&self) -> &'static [IamAction] {
        const { &[LIST_FINDINGS] }
    }

    fn rate(&self) -> CallRate {
        RATE
    }

    fn collect<'a>(
        &'a self,
        reader: &'a TargetReader<'_>,
    ) -> BoxFuture<'a, Result<(), CollectError>> {
        Box::pin(async move {
            let client = sdk_client!(aws_sdk_inspector2, reader.session(), reader.region());
            let fetch = |token| list_findings(&client, PAGE_SIZE, token);
            Ok(reader.read_listing(&LISTING, fetch).await?)
        })
    }

    fn probe<'a>(
        &'a self,
        session: &'a Session,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            let client = sdk_client!(aws_sdk_inspector2, session, region);
            list_findings(&client, 1, None).await.map(drop)
        })
    }
}

async fn list_findings(
    client: &Client,
    page_size: i32,
    token: Option<String>,
) -> Result<String, CallError> {
    let request = client
        .list_findings()
        .filter_criteria(criteria())
        .max_results(page_size)
        .set_next_token(token)
        .customize();
    raw_response(LIST_FINDINGS.action, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}

/// There can be millions of closed findings; a call without a filter does not return in time.
fn criteria() -> FilterCriteria {
    FilterCriteria::builder()
        .set_finding_status(equals_any(&["ACTIVE"]))
        .set_finding_type(equals_any(&[
            "NETWORK_REACHABILITY",
            "PACKAGE_VULNERABILITY",
            "CODE_VULNERABILITY",
        ]))
        .build()
}

fn equals_any(values: &[&str]) -> Option<Vec<StringFilter>> {
    let filter = |value: &&str| {
        StringFilter::builder()
            .comparison(StringComparison::Equals)
            .value(*value)
            .build()
            .ok()
    };
    // Both required members are set, so every filter is built.
    values.iter().map(filter).collect()
}
