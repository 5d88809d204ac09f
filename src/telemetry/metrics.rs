//! A cycle's metrics, as one line in CloudWatch's embedded metric format: CloudWatch Logs makes metrics of it, without
//! an agent and without a permission.
//!
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".

use std::io::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::model::{Coverage, Severity};

use super::{CycleResult, CycleSummary, Progress};

/// Where the line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Standard output: the daemon's, which says nothing else there.
    Output,
    /// Standard error, with the log, where standard output is for the result.
    Log,
    /// Nowhere: a person reads, or nothing is published.
    Nowhere,
}

/// The line of a cycle; `None`: it could not be done.
pub fn line(
    namespace: &str,
    cycle: &str,
    now: DateTime<Utc>,
    duration_ms: u64,
    summary: Option<&CycleSummary<'_>>,
) -> Value {
    let mut metrics: Vec<(&str, &str, u64)> = vec![
        (
            "CompleteCycles",
            "Count",
            u64::from(summary.is_some_and(|one| one.outcome == CycleResult::Complete)),
        ),
        ("FailedCycles", "Count", u64::from(summary.is_none())),
        ("Duration", "Milliseconds", duration_ms),
    ];
    if let Some(summary) = summary {
        metrics.extend(of_summary(summary));
    }
    let declared: Vec<Value> = metrics
        .iter()
        .map(|(name, unit, _)| json!({ "Name": name, "Unit": unit }))
        .collect();
    let mut line: Map<String, Value> = metrics
        .into_iter()
        .map(|(name, _, value)| (name.to_owned(), value.into()))
        .collect();
    line.insert(
        "_aws".into(),
        json!({
            "Timestamp": now.timestamp_millis(),
            "CloudWatchMetrics": [{
                "Namespace": namespace,
                "Dimensions": [[]],
                "Metrics": declared,
            }],
        }),
    );
    // The rest is what every event of the log has.
    let text = |text: &str| Value::String(text.to_owned());
    let timestamp = now.to_rfc3339_opts(SecondsFormat::Micros, true);
    line.insert("timestamp".into(), text(&timestamp));
    line.insert("level".into(), text("INFO"));
    line.insert("event".into(), text("cycle_metrics"));
    line.insert("cycle".into(), text(cycle));
    line.insert("message".into(), text("metrics of the cycle"));
    Value::Object(line)
}

fn of_summary(summary: &CycleSummary<'_>) -> Vec<(&'static str, &'static str, u64)> {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let mut metrics = vec![
        (
            "OpenCritical",
            "Count",
            count(summary.open(Severity::Critical)),
        ),
        ("OpenHigh", "Count", count(summary.open(Severity::High))),
        ("OpenMedium", "Count", count(summary.open(Severity::Medium))),
        ("OpenLow", "Count", count(summary.open(Severity::Low))),
        ("StaleTargets", "Count", count(summary.stale())),
        (
            "FailedTargets",
            "Count",
            count(summary.targets(Coverage::Failed)),
        ),
        (
            "PartialTargets",
            "Count",
            count(summary.targets(Coverage::Partial)),
        ),
        (
            "MassArchiveRefused",
            "Count",
            u64::from(summary.outcome == CycleResult::ArchiveRefused),
        ),
        ("ApiCalls", "Count", summary.calls.calls),
        ("Throttles", "Count", summary.calls.throttles),
    ];
    // A target that was never read has no age.
    if let Some(age) = summary.oldest_snapshot() {
        let seconds = u64::try_from(age.num_seconds()).unwrap_or(0);
        metrics.push(("OldestSnapshotAge", "Seconds", seconds));
    }
    if let Some(published) = summary.published {
        metrics.extend([
            ("Created", "Count", count(published.created)),
            ("Updated", "Count", count(published.updated)),
            ("Reopened", "Count", count(published.reopened)),
            ("Archived", "Count", count(published.archived)),
            ("Held", "Count", count(published.held)),
            ("Unpublished", "Count", count(published.unpublished())),
        ]);
    }
    metrics
}

/// Writes the line where it goes.
///
/// # Errors
/// It cannot be written.
pub fn write(sink: Sink, line: &Value, progress: &Progress) -> std::io::Result<()> {
    // One call a line, so that lines of the log do not come between.
    let text = format!("{line}\n");
    match sink {
        Sink::Output => {
            let mut output = std::io::stdout().lock();
            output.write_all(text.as_bytes())?;
            output.flush()
        }
        Sink::Log if tracing::enabled!(tracing::Level::INFO) => {
            progress.log_writer().write_all(text.as_bytes())
        }
        Sink::Log | Sink::Nowhere => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{CallCount, CollectionTarget, CoverageReason, CoverageRow, SourceKind};
    use crate::reconcile::PublicationOutcome;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::Duration::minutes(minute)
    }

    #[test]
    fn a_line_is_what_cloudwatch_and_the_log_want() {
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
        insta::assert_json_snapshot!(line("exposured", "c", at(361), 9_000, Some(&summary)));
        assert_eq!(
            summary.coverage_by_target(),
            "inspector 111122223333 us-east-1: complete; macie 111122223333 us-east-1: failed (throttled), stale"
        );
    }

    #[test]
    fn every_metric_that_is_declared_has_a_value() {
        let line = line("exposured", "c", at(0), 1, None);
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap();
        // Source: the specification: at most 100 metrics a directive.
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
