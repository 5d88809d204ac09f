//! How the collection of one target ended.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::aws::CallError;
use crate::graph::{TargetOutcome, WrittenSnapshot};
use crate::model::{CollectionTarget, Coverage, CoverageReason};

use super::record_sink::RecordSink;

/// A target's outcome, and how long it took to collect.
#[derive(Debug)]
pub struct CollectedTarget {
    /// The outcome.
    pub outcome: TargetOutcome,
    /// The time that collecting took.
    pub duration: Duration,
}

/// A call that failed.
#[derive(Debug)]
pub(crate) struct FailedCall {
    /// What was being done, such as `reading Inspector's findings`.
    pub(crate) activity: &'static str,
    /// Why the call failed.
    pub(crate) error: CallError,
}

impl AsRef<CallError> for FailedCall {
    fn as_ref(&self) -> &CallError {
        &self.error
    }
}

/// Why a source could not be read to its end.
#[derive(Debug)]
pub(crate) enum CollectError {
    /// A call failed.
    Call(FailedCall),
    /// The service responds, but has no data: why, and what to do.
    NoData(&'static str),
}

impl From<FailedCall> for CollectError {
    fn from(call: FailedCall) -> Self {
        Self::Call(call)
    }
}

/// Why a target is not complete.
#[derive(Debug)]
pub(super) struct Incomplete {
    pub(super) coverage: Coverage,
    pub(super) reason: CoverageReason,
    pub(super) detail: String,
}

impl TargetOutcome {
    /// Combines the records of a target with the result of reading it.
    pub(super) fn from_result(
        target: CollectionTarget,
        records: RecordSink<'_>,
        result: Result<(), Incomplete>,
        collected_at: Option<DateTime<Utc>>,
    ) -> Self {
        let incomplete = result.err().or_else(|| unreadable_records(&records));
        let (coverage, reason, detail) = match incomplete {
            None => (Coverage::Complete, None, None),
            Some(Incomplete {
                coverage,
                reason,
                detail,
            }) => (coverage, Some(reason), Some(detail)),
        };
        let WrittenSnapshot {
            snapshot,
            records,
            signals,
            ignored,
            accounts,
        } = records.finish();
        Self {
            target,
            snapshot,
            coverage,
            reason,
            detail,
            records,
            signals,
            ignored,
            accounts,
            collected_at,
        }
    }
}

fn unreadable_records(records: &RecordSink<'_>) -> Option<Incomplete> {
    let count = records.unreadable();
    (count > 0).then(|| Incomplete {
        coverage: Coverage::Partial,
        reason: CoverageReason::UnreadableRecords { count },
        detail: format!("{count} records could not be read; the log names each (record_skipped)"),
    })
}
