//! Runs one cycle, and logs how it ended.

#![expect(
    clippy::disallowed_methods,
    reason = "the time of a cycle is read once, here, and passed on as a value"
)]

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::graph::Store;
use crate::model::Region;
use crate::publish::ImportedFindings;
use crate::telemetry::{self, CycleLog, CycleSummary, Progress, metrics, panic_message};

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
    /// The Regions that the user has released: what was last seen there is archived.
    pub forgotten: BTreeSet<Region>,
    /// The snapshots of earlier cycles.
    pub store: Arc<Mutex<Store>>,
    /// What earlier cycles imported and Security Hub does not return yet.
    pub imported: ImportedFindings,
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
        let started = Utc::now();
        let log = CycleLog::new(started.to_rfc3339_opts(SecondsFormat::Secs, true));
        let work: BoxFuture<'_, _> = match task {
            CycleTask::Files(input) => Box::pin(self.run_on_files(input, &log)),
            CycleTask::Aws(goal) => Box::pin(self.run_on_aws(*goal, &log, started)),
        };
        self.supervise(task, &log, work).await
    }

    /// Does the work of a cycle, and logs how it ended. A panic is logged and counted as a failed cycle.
    async fn supervise(
        &self,
        task: &CycleTask,
        log: &CycleLog,
        work: BoxFuture<'_, Result<CycleOutcome, CycleError>>,
    ) -> Result<CycleOutcome, CycleError> {
        let clock = Instant::now();
        // After a panic, the work's own values are dropped. The store is only changed as a whole, and its lock is
        // usable after a panic.
        let outcome = AssertUnwindSafe(work).catch_unwind().await;
        let outcome = outcome
            .unwrap_or_else(|payload| Err(CycleError::Panicked(panic_message(payload.as_ref()))));
        let (ended, duration) = (Utc::now(), clock.elapsed());
        let summary = outcome
            .as_ref()
            .map(|outcome| outcome.summary(duration, ended));
        match &summary {
            Ok(summary) => log.cycle_finished(summary),
            Err(error) => log.cycle_failed(&error.to_string(), duration),
        }
        if matches!(task, CycleTask::Aws(AwsGoal::Publish(_))) {
            self.write_metrics(log, summary.ok().as_ref(), duration, ended);
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
        let dropped = telemetry::newly_dropped_lines();
        let line = metrics::line(
            namespace,
            log.cycle(),
            ended,
            milliseconds,
            summary,
            dropped,
        );
        metrics::write(self.metrics, &line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_catalog;
    use crate::pipeline::{ArchiveLimit, FileInput};

    #[tokio::test]
    async fn a_cycle_that_panics_is_a_failed_cycle_and_not_the_last_one() {
        let runner = CycleRunner {
            config: Arc::default(),
            catalog: Arc::new(load_catalog(&Config::default(), &[]).unwrap()),
            forgotten: BTreeSet::new(),
            imported: ImportedFindings::default(),
            store: Arc::default(),
            metrics: metrics::Sink::Off,
            progress: Progress::none(),
            cancel: CancellationToken::new(),
        };
        let task = CycleTask::Aws(AwsGoal::Publish(ArchiveLimit::Configured));
        let log = CycleLog::new("c");
        let work = Box::pin(async { panic!("index {} out of range", 3) });
        let failed = runner.supervise(&task, &log, work).await;
        let error = failed.unwrap_err();
        assert!(matches!(&error, CycleError::Panicked(why) if why == "index 3 out of range"));
        let sample = runner.run(&CycleTask::Files(FileInput::Sample)).await;
        assert!(!sample.unwrap().coverage.is_empty());
    }
}
