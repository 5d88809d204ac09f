//! What a cycle came to: the one source of its last log event and of its metrics.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{CallCount, Coverage, CoverageRow, Severity};
use crate::reconcile::PublicationOutcome;

/// How a cycle ended, the worst that is true of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    /// Every target was read completely, and everything is where it should be.
    Complete,
    /// Some target was partial or failed, or what stands could not be read for a dry run.
    Partial,
    /// Too much would have been archived, so nothing was.
    ArchiveRefused,
    /// Something is not where it should be.
    Unpublished,
}

impl Result {
    /// As in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::ArchiveRefused => "archive-refused",
            Self::Unpublished => "unpublished",
        }
    }
}

/// The counts of one cycle.
#[derive(Clone, Debug)]
pub struct CycleSummary<'a> {
    /// How it ended.
    pub outcome: Result,
    /// How much is known of each target.
    pub coverage: &'a [CoverageRow],
    /// How many resources could be exposed.
    pub resources: usize,
    /// How many exposures are open, those that are held among them.
    pub open: Vec<(Severity, usize)>,
    /// What was published, if anything was to be.
    pub published: Option<&'a PublicationOutcome>,
    /// What it asked of AWS.
    pub calls: CallCount,
    /// How long it took.
    pub duration: Duration,
    /// When it ended.
    pub ended: DateTime<Utc>,
}

impl CycleSummary<'_> {
    /// How many exposures of a severity are open.
    pub fn open(&self, severity: Severity) -> usize {
        self.open
            .iter()
            .find(|(one, _)| *one == severity)
            .map_or(0, |(_, count)| *count)
    }

    /// How many targets are so well known.
    pub fn targets(&self, coverage: Coverage) -> usize {
        self.coverage
            .iter()
            .filter(|row| row.coverage == coverage)
            .count()
    }

    /// How many targets stand as an earlier cycle saw them.
    pub fn stale(&self) -> usize {
        self.coverage.iter().filter(|row| row.stale).count()
    }

    /// How old the oldest traits are.
    pub fn oldest_snapshot(&self) -> Option<TimeDelta> {
        let oldest = self
            .coverage
            .iter()
            .filter_map(|row| row.collected_at)
            .min();
        oldest.map(|time| (self.ended - time).max(TimeDelta::zero()))
    }

    /// `inspector 111122223333 us-east-1: complete, macie 111122223333 us-east-1: failed (throttled), stale`
    pub fn coverage_by_target(&self) -> String {
        let targets: Vec<String> = self.coverage.iter().map(target).collect();
        targets.join("; ")
    }
}

fn target(row: &CoverageRow) -> String {
    let reason = row
        .reason
        .as_ref()
        .map_or(String::new(), |reason| format!(" ({})", reason.as_str()));
    let stale = if row.stale { ", stale" } else { "" };
    format!("{}: {}{reason}{stale}", row.target, row.coverage.as_str())
}
