//! IAM Access Analyzer: resources whose policies give access to outsiders.

use aws_sdk_accessanalyzer::Client;
use aws_sdk_accessanalyzer::types::Criterion;
use futures_util::future::{BoxFuture, try_join_all};
use serde::Deserialize;

use crate::aws::{
    CallError, CallRate, Envelope, Failure, IamAction, Session, raw_response, sdk_client,
};
use crate::model::{Region, SourceKind};
use crate::records::{RecordParser, access_analyzer};

use super::outcome::{CollectError, FailedCall};
use super::source::Source;
use super::target_reader::{Listing, TargetReader};

/// Source: Service Authorization Reference, "AWS IAM Access Analyzer".
const LIST_ANALYZERS: IamAction = IamAction {
    statement: "ReadAnalyzers",
    action: "access-analyzer:ListAnalyzers",
    reason: "find the analyzer of external access",
    resource: "*",
};

const LIST_FINDINGS: IamAction = IamAction {
    statement: "ReadExternalAccess",
    action: "access-analyzer:ListFindings",
    reason: "read which resources outsiders can access",
    resource: "arn:{partition}:access-analyzer:{region}:{account}:analyzer/*",
};

/// Access Analyzer documents no rate; this one is conservative.
const RATE: CallRate = CallRate::new("access-analyzer", 200, 5);

/// The largest page of `ListFindingsV2`. Source: IAM Access Analyzer API Reference.
const PAGE_SIZE: i32 = 100;

const LISTING: &str = "listing the analyzers of IAM Access Analyzer";

const FINDINGS: Envelope = Envelope {
    records: "findings",
    next_token: "nextToken",
};

const ANALYZERS: Envelope = Envelope {
    records: "analyzers",
    next_token: "nextToken",
};

const NO_ANALYZER: &str = "there is no active analyzer of external access in this Region; create one, or turn off \
                           `[collect] access_analyzer`";

/// A summary does not say whether anyone has access, but the filter knows.
const QUERIES: [(&str, RecordParser); 2] = [
    ("true", access_analyzer::parse_public),
    ("false", access_analyzer::parse_shared),
];

/// Access Analyzer's `ListFindingsV2`.
#[derive(Debug)]
pub(super) struct AccessAnalyzer;

#[derive(Deserialize)]
struct Analyzer {
    arn: String,
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

impl Source for AccessAnalyzer {
    fn kind(&self) -> SourceKind {
        SourceKind::AccessAnalyzer
    }

    fn actions(&self) -> &'static [IamAction] {
        const { &[LIST_ANALYZERS, LIST_FINDINGS] }
    }

    fn rate(&self) -> CallRate {
        RATE
    }

    fn collect<'a>(
        &'a self,
        reader: &'a TargetReader<'_>,
    ) -> BoxFuture<'a, Result<(), CollectError>> {
        Box::pin(async move {
            let client = sdk_client!(aws_sdk_accessanalyzer, reader.session(), reader.region());
            let body = reader.call(LISTING, || list_analyzers(&client)).await?;
            let analyzer = analyzer(&body).map_err(|error| FailedCall {
                activity: LISTING,
                error,
            })?;
            let analyzer = analyzer.ok_or(CollectError::NoData(NO_ANALYZER))?;
            let queries = QUERIES.map(|(is_public, parser)| {
                let (client, analyzer) = (&client, &analyzer);
                let fetch = move |token| list_findings(client, analyzer, is_public, token);
                async move { reader.read_listing(&listing(parser), fetch).await }
            });
            try_join_all(queries).await?;
            Ok(())
        })
    }

    fn probe<'a>(
        &'a self,
        session: &'a Session,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            let client = sdk_client!(aws_sdk_accessanalyzer, session, region);
            match analyzer(&list_analyzers(&client).await?)? {
                Some(analyzer) => list_findings(&client, &analyzer, "true", None)
                    .await
                    .map(drop),
                None => Ok(()),
            }
        })
    }
}

fn listing(parser: RecordParser) -> Listing {
    Listing {
        activity: "reading the findings of IAM Access Analyzer",
        envelope: FINDINGS,
        parser,
    }
}

/// Returns the analyzer to read. That of the organization covers all of its accounts, and does not report access within
/// the organization.
fn analyzer(body: &str) -> Result<Option<String>, CallError> {
    let page = ANALYZERS.open(body)?;
    let analyzers = page.records.iter();
    let analyzers = analyzers.map(|record| serde_json::from_str::<Analyzer>(record.get()));
    let analyzers: Vec<Analyzer> =
        analyzers
            .collect::<Result<_, _>>()
            .map_err(|error| CallError {
                failure: Failure::MalformedResponse,
                message: format!("an analyzer: {error}"),
            })?;
    let of_kind = |kind: &str| {
        let mut analyzers = analyzers.iter();
        analyzers.find(|analyzer| analyzer.kind == kind && analyzer.status == "ACTIVE")
    };
    let analyzer = of_kind("ORGANIZATION").or_else(|| of_kind("ACCOUNT"));
    Ok(analyzer.map(|analyzer| analyzer.arn.clone()))
}

/// An account has at most a few analyzers, so the first page has all of them. Source: IAM User Guide, "IAM Access Analyzer
/// quotas".
async fn list_analyzers(client: &Client) -> Result<String, CallError> {
    let request = client.list_analyzers().customize();
    raw_response(LIST_ANALYZERS.action, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}

async fn list_findings(
    client: &Client,
    analyzer: &str,
    is_public: &str,
    token: Option<String>,
) -> Result<String, CallError> {
    let equals = |value: &str| Criterion::builder().eq(value).build();
    let request = client
        .list_findings_v2()
        .analyzer_arn(analyzer)
        .filter("status", equals("ACTIVE"))
        .filter("isPublic", equals(is_public))
        .max_results(PAGE_SIZE)
        .set_next_token(token)
        .customize();
    raw_response(LIST_FINDINGS.action, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}
