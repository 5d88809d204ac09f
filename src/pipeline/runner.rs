//! Runs one cycle, and logs how it ended.

#![expect(
    clippy::disallowed_methods,
    reason = "the time of a cycle is read once, here, and passed on as a value"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::graph::Store;
use crate::telemetry::{CycleLog, CycleSummary, Progress, metrics};

use super::error::CycleError;
use super::outcome::CycleOutcome;
use super::task::{AwsGoal, CycleTask};

/// Everything that cycles need. The daemon runs all of its cycles with the same one.
#[derive(Debug)]
pub struct CycleRunner {
    /// The configuration.
    pub config: Arc<Config>,
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// The snapshots of earlier cycles.
    pub store: Arc<Mutex<Store>>,
    /// Where the metrics of cycles that publish are written.
    pub metrics: metrics::Sink,
    /// The progress line.
    pub progress: Progress,
    /// Once this is canceled, no new work starts.
    pub cancel: CancellationToken,
}

impl CycleRunner {
    /// Runs one cycle.
    ///
    /// # Errors
    /// Nothing could be collected, or exposured was asked to stop. A target that cannot be read, or an exposure that is
    /// refused, is not an error but part of the outcome.
    pub async fn run(&self, task: &CycleTask) -> Result<CycleOutcome, CycleError> {
        let (started, clock) = (Utc::now(), Instant::now());
        let log = CycleLog::new(started.to_rfc3339_opts(SecondsFormat::Secs, true));
        let outcome = match task {
            CycleTask::Files(input) => self.run_on_files(input, &log).await,
            CycleTask::Aws(goal) => self.run_on_aws(*goal, &log, started).await,
        };
        let (ended, duration) = (Utc::now(), clock.elapsed());
        let summary = outcome
            .as_ref()
            .map(|outcome| outcome.summary(duration, ended));
        match &summary {
            Ok(summary) => log.cycle_finished(summary),
            Err(error) => log.cycle_failed(&error.to_string(), duration),
        }
        if matches!(task, CycleTask::Aws(AwsGoal::Publish(_))) {
            self.write_metrics(&log, summary.ok().as_ref(), duration, ended);
        }
        outcome
    }

    fn write_metrics(
        &self,
        log: &CycleLog,
        summary: Option<&CycleSummary<'_>>,
        duration: Duration,
        ended: DateTime<Utc>,
    ) {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let namespace = &self.config.metrics_namespace;
        let line = metrics::line(namespace, log.cycle(), ended, milliseconds, summary);
        if let Err(error) = metrics::write(self.metrics, &line, &self.progress) {
            log.metrics_failed(&error.to_string());
        }
    }
}
