//! A cycle on files: collect and evaluate.

use std::sync::Arc;

use chrono::DateTime;

use crate::sample;
use crate::sources::CollectedTarget;
use crate::sources::files::FileReader;
use crate::telemetry::CycleLog;

use super::error::CycleError;
use super::options::file_limits;
use super::outcome::CycleOutcome;
use super::runner::CycleRunner;
use super::task::FileInput;

impl CycleRunner {
    /// Reads files, and evaluates their findings. The exposures are as of the latest time in the files, so that the same
    /// files give the same bytes.
    pub(super) async fn run_on_files(
        &self,
        input: &FileInput,
        log: &CycleLog,
    ) -> Result<CycleOutcome, CycleError> {
        log.cycle_started(None, true, self.catalog.version());
        for file in self.read_files(input, log).await? {
            self.store_outcome(file, log);
        }
        self.bail_if_canceled()?;
        let newest = self.store().latest_update();
        let as_of = newest.unwrap_or(DateTime::UNIX_EPOCH);
        let collected = self.view_and_coverage(as_of).await?;
        self.evaluate(collected, as_of, log).await
    }

    async fn read_files(
        &self,
        input: &FileInput,
        log: &CycleLog,
    ) -> Result<Vec<CollectedTarget>, CycleError> {
        let (input, catalog) = (input.clone(), Arc::clone(&self.catalog));
        let (log, progress) = (log.clone(), self.progress.clone());
        let evidence = self.store().evidence();
        let limits = file_limits(&self.config);
        let reading = move || {
            let reader = FileReader {
                catalog: &catalog,
                limits,
                evidence: &evidence,
                log: &log,
                progress: &progress,
            };
            match input {
                FileInput::Path(path) => reader.read_path(&path),
                FileInput::Sample => Ok(reader.read_memory(&sample::files())),
            }
        };
        Ok(self.unless_canceled(reading).await??)
    }
}
