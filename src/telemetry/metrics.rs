//! A cycle's metrics, as one line in CloudWatch's embedded metric format: CloudWatch Logs turns the line into metrics,
//! without an agent and without a permission.
//!
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".

use std::io::IsTerminal;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::model::{Coverage, Severity};

use super::{CycleResult, CycleSummary, output};

/// Where the line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// To standard output, on which the daemon prints nothing else.
    Stdout,
    /// To standard error, with the log, since standard output has the result.
    Stderr,
    /// Nowhere.
    Off,
}

impl Sink {
    /// Returns standard output, unless that is a terminal.
    pub fn stdout() -> Self {
        if std::io::stdout().is_terminal() {
            Self::Off
        } else {
            Self::Stdout
        }
    }

    /// Returns standard error, unless that is a terminal.
    pub fn stderr() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Off
        } else {
            Self::Stderr
        }
    }
}

/// One metric of a cycle.
struct Metric {
    name: &'static str,
    unit: &'static str,
    value: u64,
}

impl Metric {
    fn count(name: &'static str, count: usize) -> Self {
        Self {
            name,
            unit: "Count",
            value: u64::try_from(count).unwrap_or(u64::MAX),
        }
    }
}

/// Returns the line of a cycle. A cycle that failed has no summary. `dropped_log_lines` are those since the last cycle.
pub fn line(
    namespace: &str,
    cycle: &str,
    now: DateTime<Utc>,
    duration_ms: u64,
    summary: Option<&CycleSummary<'_>>,
    dropped_log_lines: u64,
) -> Value {
    let is_complete = summary.is_some_and(|summary| summary.outcome == CycleResult::Complete);
    let mut metrics = vec![
        Metric::count("CompleteCycles", usize::from(is_complete)),
        Metric::count("FailedCycles", usize::from(summary.is_none())),
        Metric {
            name: "Duration",
            unit: "Milliseconds",
            value: duration_ms,
        },
        Metric {
            name: "DroppedLogLines",
            unit: "Count",
            value: dropped_log_lines,
        },
    ];
    if let Some(summary) = summary {
        metrics.extend(summary_metrics(summary));
    }
    let declared: Vec<Value> = metrics
        .iter()
        .map(|metric| json!({ "Name": metric.name, "Unit": metric.unit }))
        .collect();
    // The fields of every event in the log.
    let event = [
        (
            "timestamp",
            json!(now.to_rfc3339_opts(SecondsFormat::Micros, true)),
        ),
        ("level", json!("INFO")),
        ("event", json!("cycle_metrics")),
        ("cycle", json!(cycle)),
        ("message", json!("metrics of the cycle")),
    ];
    let declaration = json!({
        "Timestamp": now.timestamp_millis(),
        "CloudWatchMetrics": [{
            "Namespace": namespace,
            "Dimensions": [[]],
            "Metrics": declared,
        }],
    });
    metrics
        .into_iter()
        .map(|metric| (metric.name, json!(metric.value)))
        .chain([("_aws", declaration)])
        .chain(event)
        .collect()
}

fn summary_metrics(summary: &CycleSummary<'_>) -> Vec<Metric> {
    let count = Metric::count;
    let is_archive_refused = summary.outcome == CycleResult::ArchiveRefused;
    let mut metrics = vec![
        count("OpenCritical", summary.open(Severity::Critical)),
        count("OpenHigh", summary.open(Severity::High)),
        count("OpenMedium", summary.open(Severity::Medium)),
        count("OpenLow", summary.open(Severity::Low)),
        count("StaleTargets", summary.stale()),
        count("FailedTargets", summary.targets(Coverage::Failed)),
        count("PartialTargets", summary.targets(Coverage::Partial)),
        count("MassArchiveRefused", usize::from(is_archive_refused)),
        Metric {
            name: "ApiCalls",
            unit: "Count",
            value: summary.calls.calls,
        },
        Metric {
            name: "Throttles",
            unit: "Count",
            value: summary.calls.throttles,
        },
    ];
    // A target that was never read has no age.
    if let Some(age) = summary.oldest_snapshot() {
        metrics.push(Metric {
            name: "OldestSnapshotAge",
            unit: "Seconds",
            value: u64::try_from(age.num_seconds()).unwrap_or(0),
        });
    }
    if let Some(published) = summary.published {
        metrics.extend([
            count("Created", published.created),
            count("Updated", published.updated),
            count("Reopened", published.reopened),
            count("Archived", published.archived),
            count("Held", published.held),
            count("Unpublished", published.unpublished()),
        ]);
    }
    metrics
}

/// Writes the line, without waiting for its reader.
pub fn write(sink: Sink, line: &Value) {
    match sink {
        Sink::Stdout => output::write_to_stdout(&line.to_string()),
        Sink::Stderr => output::write_to_stderr(&line.to_string()),
        Sink::Off => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use std::collections::BTreeSet;

    use super::*;
    use crate::model::{
        CallCount, CollectionTarget, CoverageReason, CoverageRow, IgnoredRecords, SourceKind,
    };
    use crate::reconcile::PublicationOutcome;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::Duration::minutes(minute)
    }

    #[test]
    fn a_line_has_the_form_of_metrics_and_of_an_event() {
        let row = |source, coverage, stale: bool, minute| CoverageRow {
            target: CollectionTarget::api(
                source,
                "111122223333".parse().unwrap(),
                "us-east-1".parse().unwrap(),
            ),
            coverage,
            reason: stale.then_some(CoverageReason::Throttled),
            detail: None,
            records: 0,
            signals: 0,
            ignored: IgnoredRecords::default(),
            accounts: BTreeSet::new(),
            stale,
            collected_at: Some(at(minute)),
        };
        let coverage = [
            row(SourceKind::Inspector, Coverage::Complete, false, 360),
            row(SourceKind::Macie, Coverage::Failed, true, 0),
        ];
        let published = PublicationOutcome {
            created: 3,
            held: 2,
            ..PublicationOutcome::default()
        };
        let summary = CycleSummary {
            outcome: CycleResult::Partial,
            coverage: &coverage,
            resources: 7,
            open: vec![(Severity::Critical, 1), (Severity::Low, 4)],
            published: Some(&published),
            calls: CallCount {
                calls: 12,
                throttles: 1,
            },
            duration: Duration::from_secs(9),
            ended: at(361),
        };
        insta::assert_json_snapshot!(line("exposured", "c", at(361), 9_000, Some(&summary), 3));
        assert_eq!(
            summary.coverage_by_target(),
            "inspector 111122223333 us-east-1: complete; macie 111122223333 us-east-1: failed (throttled), stale"
        );
    }

    #[test]
    fn every_declared_metric_has_a_value() {
        let line = line("exposured", "c", at(0), 1, None, 0);
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap();
        // A directive has at most 100 metrics. Source: the specification.
        assert!(!metrics.is_empty() && metrics.len() <= 100);
        for metric in metrics {
            assert!(
                line[metric["Name"].as_str().unwrap()].is_number(),
                "{metric}"
            );
        }
        assert_eq!(line["FailedCycles"], 1);
    }
}
