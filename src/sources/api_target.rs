//! What the reading of one service's target needs, and how it ends.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::aws::{CallError, Failure};
use crate::graph::{SnapshotWriter, TargetOutcome};
use crate::model::{CollectionTarget, Coverage, CoverageReason, Region, SourceKind, clean};

use super::Collection;
use crate::records::RecordParser;

/// Why a target was not read to the end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// A call failed: what was being done, and why.
    Call {
        doing: &'static str,
        error: CallError,
    },
    /// The service answers, but knows nothing: why, and what to do.
    NothingKnown(&'static str),
}

/// A page of a listing, as Security Hub, Inspector and AWS Config spell it. An answer without the list is none: it must not pass
/// for an empty one.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, alias = "Findings", alias = "Resources", alias = "Results")]
    findings: Vec<&'a RawValue>,
    #[serde(rename = "nextToken", alias = "NextToken")]
    next_token: Option<String>,
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

/// A target that is being read.
pub(super) struct ApiTarget<'a> {
    collection: &'a Collection,
    pub(super) target: CollectionTarget,
    writer: Mutex<SnapshotWriter<'a>>,
    read: AtomicU64,
    unreadable: AtomicU64,
}

impl<'a> ApiTarget<'a> {
    pub(super) fn new(collection: &'a Collection, target: CollectionTarget) -> Self {
        let writer = Mutex::new(SnapshotWriter::new(&collection.catalog));
        Self {
            collection,
            target,
            writer,
            read: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
        }
    }

    /// How many records were read so far.
    pub(super) fn records(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    pub(super) fn collection(&self) -> &'a Collection {
        self.collection
    }

    /// Makes a call and waits for its answer, but no longer than the cycle may take.
    pub(super) async fn call<T, C: Future<Output = Result<T, CallError>>>(
        &self,
        doing: &'static str,
        call: impl Fn() -> C,
    ) -> Result<T, Stopped> {
        let answer = self.collection.budget.call(call).await;
        answer.map_err(|error| Stopped::Call { doing, error })
    }

    /// Reads a listing of records to its end.
    pub(super) async fn read_listing<C: Future<Output = Result<String, CallError>>>(
        &self,
        doing: &'static str,
        parse_record: RecordParser,
        page: impl Fn(Option<String>) -> C,
    ) -> Result<(), Stopped> {
        self.restarted_once(|| self.read_pages(doing, parse_record, &page))
            .await
    }

    /// A paging token that went stale is refused as bad input: then the listing begins anew, once; what was read before
    /// is read again, and the same finding is kept once.
    pub(super) async fn restarted_once<L: Future<Output = Result<(), Stopped>>>(
        &self,
        listing: impl Fn() -> L,
    ) -> Result<(), Stopped> {
        match listing().await {
            Err(Stopped::Call { error, .. }) if error.failure == Failure::InvalidInput => {
                self.collection
                    .log
                    .query_restarted(&self.target, &error.message);
                listing().await
            }
            ended => ended,
        }
    }

    async fn read_pages<C: Future<Output = Result<String, CallError>>>(
        &self,
        doing: &'static str,
        parse_record: RecordParser,
        page: &impl Fn(Option<String>) -> C,
    ) -> Result<(), Stopped> {
        let mut token: Option<String> = None;
        loop {
            let answer = self.call(doing, || page(token.clone())).await?;
            let page: Page<'_> = parse(doing, &answer)?;
            self.read_page(&page.findings, parse_record);
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads a page of records, each on its own.
    pub(super) fn read_page(&self, records: &[&RawValue], parse_record: RecordParser) {
        self.collection.progress.records(records.len());
        for record in records {
            let index = self.read.fetch_add(1, Ordering::Relaxed);
            let parsed = parse_record(record.get(), &self.collection.catalog);
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            match parsed {
                Ok(Some(record)) => writer.write(record),
                Ok(None) => writer.skip(),
                Err(error) => {
                    writer.skip();
                    self.unreadable.fetch_add(1, Ordering::Relaxed);
                    let id = record_id(record.get());
                    self.collection.log.record_skipped(
                        &self.target,
                        index,
                        id.as_deref(),
                        &clean(&error.to_string()),
                    );
                }
            }
        }
    }

    /// What came of it.
    pub(super) fn finish(
        self,
        ended: Result<(), Stopped>,
        collected_at: DateTime<Utc>,
    ) -> TargetOutcome {
        let unreadable = self.unreadable.into_inner();
        let (coverage, reason, detail) = match ended {
            Ok(()) if unreadable == 0 => (Coverage::Complete, None, None),
            Ok(()) => (
                Coverage::Partial,
                Some(CoverageReason::UnreadableRecords { count: unreadable }),
                Some(format!(
                    "{unreadable} records could not be read; the log names each (record_skipped)"
                )),
            ),
            Err(Stopped::NothingKnown(why)) => (
                Coverage::Failed,
                Some(CoverageReason::NotEnabled),
                Some(why.to_owned()),
            ),
            Err(Stopped::Call { error, .. })
                if error.failure == Failure::Unreachable && !is_known_in(&self.target) =>
            {
                let detail = format!("{} is not offered in this Region", self.target.source);
                (
                    Coverage::Unavailable,
                    Some(CoverageReason::NotInRegion),
                    Some(detail),
                )
            }
            Err(Stopped::Call { doing, error }) => {
                let detail = format!("{doing}: {error}; {}", error.remedy());
                (
                    Coverage::Failed,
                    Some(error.coverage_reason()),
                    Some(detail),
                )
            }
        };
        let writer = self
            .writer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let (snapshot, records, signals) = writer.finish();
        TargetOutcome {
            target: self.target,
            snapshot,
            coverage,
            reason,
            detail,
            records,
            signals,
            collected_at: Some(collected_at),
        }
    }
}

/// The id of a record that could not be read, if at least that can be.
pub(super) fn record_id(json: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    // A row of AWS Config is a text that holds JSON.
    let value = match value.as_str().map(serde_json::from_str) {
        Some(inner) => inner.ok()?,
        None => value,
    };
    ["Id", "findingArn", "id", "ResourceId", "arn", "resourceId"]
        .iter()
        .find_map(|name| value.get(name)?.as_str())
        .map(clean)
}

/// The Regions in which Macie has an endpoint. Source: `endpoints.json` of botocore 1.44.5. Security Hub and Inspector
/// are in every Region that an account has on by default.
const MACIE_REGIONS: [&str; 22] = [
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

/// Whether the service is known to be in the target's Region. Where it is not, it is asked all the same, since Regions
/// are added; but no answer is then no failure.
fn is_known_in(target: &CollectionTarget) -> bool {
    target.source != SourceKind::Macie
        || target
            .region()
            .is_some_and(|region: &Region| MACIE_REGIONS.contains(&region.as_str()))
}
