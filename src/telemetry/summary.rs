//! The summary of a cycle, from which its last log event and its metrics are made.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use serde::{Deserialize, Serialize};

use crate::model::{CallCount, Coverage, CoverageRow, Severity};
use crate::reconcile::PublicationOutcome;

/// How a cycle ended. If several apply, it is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CycleResult {
    /// Every target was read completely, and everything was published.
    Complete,
    /// A target was partial or failed, or the published exposures could not be read for a dry run.
    Partial,
    /// Too many exposures would have been archived, so none were.
    ArchiveRefused,
    /// Something could not be published.
    Unpublished,
}

impl CycleResult {
    /// Returns the name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::ArchiveRefused => "archive-refused",
            Self::Unpublished => "unpublished",
        }
    }
}

/// The summary of one cycle.
#[derive(Clone, Debug)]
pub struct CycleSummary<'a> {
    /// How it ended.
    pub outcome: CycleResult,
    /// How completely each target was read.
    pub coverage: &'a [CoverageRow],
    /// How many resources could be exposed.
    pub resources: usize,
    /// How many exposures of each severity are open, including those that are held.
    pub open: Vec<(Severity, usize)>,
    /// What was published, if the cycle was to publish.
    pub published: Option<&'a PublicationOutcome>,
    /// How often AWS was called.
    pub calls: CallCount,
    /// How long it took.
    pub duration: Duration,
    /// When it ended.
    pub ended: DateTime<Utc>,
}

impl CycleSummary<'_> {
    /// Returns how many exposures of a severity are open.
    pub fn open(&self, severity: Severity) -> usize {
        self.open
            .iter()
            .find(|(open, _)| *open == severity)
            .map_or(0, |(_, count)| *count)
    }

    /// Returns how many targets have this coverage.
    pub fn targets(&self, coverage: Coverage) -> usize {
        self.coverage
            .iter()
            .filter(|row| row.coverage == coverage)
            .count()
    }

    /// Returns how many targets have traits from an earlier cycle.
    pub fn stale(&self) -> usize {
        self.coverage.iter().filter(|row| row.stale).count()
    }

    /// Returns the age of the oldest snapshot.
    pub fn oldest_snapshot(&self) -> Option<TimeDelta> {
        let oldest = self
            .coverage
            .iter()
            .filter_map(|row| row.collected_at)
            .min();
        oldest.map(|time| (self.ended - time).max(TimeDelta::zero()))
    }

    /// Lists the targets: `inspector 111122223333 us-east-1: complete; macie 111122223333 us-east-1: failed (throttled), stale`.
    pub fn coverage_by_target(&self) -> String {
        let targets: Vec<String> = self.coverage.iter().map(describe_target).collect();
        targets.join("; ")
    }
}

fn describe_target(row: &CoverageRow) -> String {
    let reason = row
        .reason
        .as_ref()
        .map_or(String::new(), |reason| format!(" ({})", reason.as_str()));
    let stale = if row.stale { ", stale" } else { "" };
    format!("{}: {}{reason}{stale}", row.target, row.coverage.as_str())
}
