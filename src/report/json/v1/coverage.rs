//! How completely a collection target was read.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{CoverageReason, CoverageRow, IgnoreReason, UnreadSource};

use super::vocabulary;

/// A collection target, and how completely it was read. It has `account` and `region`, or `file`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "coverage_row")]
pub(crate) struct CoverageRowJson<'a> {
    #[schemars(schema_with = "vocabulary::source")]
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[schemars(schema_with = "vocabulary::coverage")]
    coverage: &'static str,
    /// Why the coverage is not complete, such as `denied`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// With the reason `denied`: the IAM action that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    /// With the reason `unreadable-records`: how many records could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// The reason in words, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    records: u64,
    signals: u64,
    /// The records that are not evidence, by reason.
    ignored: Vec<IgnoredJson>,
    /// Whether the data is that of an earlier cycle.
    stale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    collected_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl<'a> From<&'a CoverageRow> for CoverageRowJson<'a> {
    fn from(row: &'a CoverageRow) -> Self {
        let (action, count) = match &row.reason {
            Some(CoverageReason::Denied { action }) => (Some(action.as_str()), None),
            Some(CoverageReason::UnreadableRecords { count }) => (None, Some(*count)),
            _ => (None, None),
        };
        Self {
            source: row.target.source.as_str(),
            account: row.target.account().map(|account| account.to_string()),
            region: row.target.region().map(|region| region.as_str()),
            file: row.target.file_name(),
            coverage: row.coverage.as_str(),
            reason: row.reason.as_ref().map(CoverageReason::as_str),
            action,
            count,
            detail: row.detail.as_deref(),
            records: row.records,
            signals: row.signals,
            ignored: row.ignored.iter().map(IgnoredJson::from).collect(),
            stale: row.stale,
            collected_at: row.collected_at,
        }
    }
}

/// A number of records that are not evidence.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ignored_records")]
struct IgnoredJson {
    /// Why they are not evidence, such as `other-product`.
    #[schemars(schema_with = "vocabulary::ignore_reason")]
    reason: &'static str,
    records: u64,
}

impl From<(IgnoreReason, u64)> for IgnoredJson {
    fn from((reason, records): (IgnoreReason, u64)) -> Self {
        Self {
            reason: reason.as_str(),
            records,
        }
    }
}

/// A source that was not read completely: whatever it holds is unknown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "unread_source")]
pub(crate) struct UnreadSourceJson {
    #[schemars(schema_with = "vocabulary::source")]
    source: &'static str,
    /// How many targets could not be read to the end.
    failed: usize,
    /// Of how many targets some records could not be read.
    partial: usize,
    /// How many targets the source has.
    targets: usize,
}

impl UnreadSourceJson {
    pub(crate) fn list(coverage: &[CoverageRow]) -> Vec<Self> {
        let json = |unread: UnreadSource| Self {
            source: unread.source.as_str(),
            failed: unread.failed,
            partial: unread.partial,
            targets: unread.targets,
        };
        UnreadSource::of(coverage).into_iter().map(json).collect()
    }
}
