//! Reads one target of a source: calls within its rate and budget, pages, and records.

#![expect(
    clippy::disallowed_methods,
    reason = "the time of collection is recorded"
)]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use serde_json::value::RawValue;

use crate::aws::{
    CallBudget, CallError, CallRate, Envelope, Failure, Limiter, PageEnd, Session, read_pages,
};
use crate::catalog::Catalog;
use crate::graph::TargetOutcome;
use crate::model::{CollectionTarget, Coverage, CoverageReason, Region};
use crate::records::RecordParser;
use crate::telemetry::{CycleLog, Progress};

use super::outcome::{CollectError, FailedCall, Incomplete};
use super::record_sink::RecordSink;

/// What all sources of a cycle share.
#[derive(Clone, Debug)]
pub struct CollectContext {
    /// The catalog, which says what to look for.
    pub catalog: Arc<Catalog>,
    /// The log of the cycle.
    pub log: CycleLog,
    /// The progress line.
    pub progress: Progress,
    /// How long collecting may take.
    pub budget: CallBudget,
}

/// A listing whose pages hold records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    /// What reading it is, such as `reading Inspector's findings`.
    pub(crate) activity: &'static str,
    /// The form of its pages.
    pub(crate) envelope: Envelope,
    /// The format of its records.
    pub(crate) parser: RecordParser,
}

/// A target that is being read.
pub(crate) struct TargetReader<'a> {
    session: &'a Session,
    region: &'a Region,
    context: &'a CollectContext,
    target: &'a CollectionTarget,
    limiter: Arc<Limiter>,
    records: Mutex<RecordSink<'a>>,
}

impl<'a> TargetReader<'a> {
    pub(super) fn new(
        session: &'a Session,
        region: &'a Region,
        target: &'a CollectionTarget,
        rate: CallRate,
        context: &'a CollectContext,
    ) -> Self {
        let CollectContext {
            catalog,
            log,
            progress,
            ..
        } = context;
        Self {
            session,
            region,
            context,
            target,
            limiter: session.limiter(target.account().unwrap_or(session.account), region, rate),
            records: Mutex::new(RecordSink::new(catalog, target, log, progress)),
        }
    }

    /// Returns the session.
    pub(crate) fn session(&self) -> &'a Session {
        self.session
    }

    /// Returns the Region of the target.
    pub(crate) fn region(&self) -> &'a Region {
        self.region
    }

    /// Returns the catalog.
    pub(crate) fn catalog(&self) -> &'a Catalog {
        &self.context.catalog
    }

    /// Returns how many records were read so far.
    pub(crate) fn records_read(&self) -> u64 {
        self.records().read()
    }

    /// Makes a call when the rate allows it, and waits for its response as long as the budget allows.
    pub(crate) async fn call<T, C: Future<Output = Result<T, CallError>>>(
        &self,
        activity: &'static str,
        call: impl Fn() -> C,
    ) -> Result<T, FailedCall> {
        let call = || async {
            self.limiter.wait().await;
            call().await
        };
        let response = self.context.budget.call(call).await;
        response.map_err(|error| FailedCall { activity, error })
    }

    /// Reads a listing of records to its end. `fetch` requests the page of a token.
    pub(crate) async fn read_listing<C: Future<Output = Result<String, CallError>>>(
        &self,
        listing: &Listing,
        fetch: impl Fn(Option<String>) -> C,
    ) -> Result<(), FailedCall> {
        let Listing {
            activity,
            envelope,
            parser,
        } = *listing;
        let fetch = |token: Option<String>| {
            let fetch = &fetch;
            async move { self.call(activity, || fetch(token.clone())).await }
        };
        let parse = |body: String| {
            let page = envelope.open(&body);
            let page = page.map_err(|error| FailedCall { activity, error })?;
            self.parse_records(&page.records, parser);
            Ok(page.end())
        };
        let endless = |error| FailedCall { activity, error };
        read_pages(fetch, parse, endless, |error| self.log_restart(error)).await
    }

    /// Reads a listing to its end, page by page. `read_page` gets the token of a page and returns how the page ends.
    pub(crate) async fn read_pages<F: Future<Output = Result<PageEnd, FailedCall>>>(
        &self,
        activity: &'static str,
        read_page: impl Fn(Option<String>) -> F,
    ) -> Result<(), FailedCall> {
        let endless = |error| FailedCall { activity, error };
        read_pages(read_page, Ok, endless, |error| self.log_restart(error)).await
    }

    fn log_restart(&self, error: &CallError) {
        let log = &self.context.log;
        log.query_restarted(self.target, &error.message);
    }

    /// Parses the records of a page.
    pub(crate) fn parse_records(&self, records: &[&RawValue], parser: RecordParser) {
        let mut sink = self.records();
        for record in records {
            sink.parse(record.get(), parser);
        }
    }

    /// Skips a record that should have been in a response.
    pub(crate) fn skip_record(&self, reason: &str, id: &str) {
        self.records().skip(reason, Some(id));
    }

    /// Returns the outcome. `is_offered` says whether the service is known to be in the Region.
    pub(super) fn finish(
        self,
        result: Result<(), CollectError>,
        is_offered: bool,
    ) -> TargetOutcome {
        let result = result.map_err(|error| incomplete(error, self.target, is_offered));
        let records = self
            .records
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        TargetOutcome::from_result(self.target.clone(), records, result, Some(Utc::now()))
    }

    fn records(&self) -> MutexGuard<'_, RecordSink<'a>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn incomplete(error: CollectError, target: &CollectionTarget, is_offered: bool) -> Incomplete {
    match error {
        CollectError::NoData(detail) => Incomplete {
            coverage: Coverage::Failed,
            reason: CoverageReason::NotEnabled,
            detail: detail.to_owned(),
        },
        CollectError::Call(FailedCall { error, .. })
            if error.failure == Failure::Unreachable && !is_offered =>
        {
            Incomplete {
                coverage: Coverage::Unavailable,
                reason: CoverageReason::NotInRegion,
                detail: format!("{} is not offered in this Region", target.source),
            }
        }
        CollectError::Call(FailedCall { activity, error }) => Incomplete {
            coverage: Coverage::Failed,
            reason: error.coverage_reason(),
            detail: format!("{activity}: {error}; {}", error.remedy()),
        },
    }
}
