//! The stages that all cycles share.

#![expect(
    clippy::disallowed_methods,
    reason = "the duration of a stage is logged"
)]

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use crate::evaluate::evaluate;
use crate::graph::{Store, View};
use crate::model::{CallCount, CoverageRow};
use crate::sources::CollectedTarget;
use crate::telemetry::CycleLog;

use super::error::CycleError;
use super::outcome::CycleOutcome;
use super::runner::CycleRunner;

impl CycleRunner {
    /// Stores what was collected from a target.
    pub(super) fn store_outcome(&self, collected: CollectedTarget, log: &CycleLog) {
        let mut store = self.store();
        let target = collected.outcome.target.clone();
        store.put(collected.outcome);
        if let Some(row) = store.coverage().find(|row| row.target == target) {
            log.target_collected(row, collected.duration);
            log.records_ignored(row);
        }
    }

    /// Returns everything that was collected in this cycle and in earlier ones, without the findings that are outdated at
    /// this time.
    pub(super) async fn view_and_coverage(
        &self,
        as_of: DateTime<Utc>,
    ) -> Result<(Arc<View>, Vec<CoverageRow>), CycleError> {
        let (store, catalog) = (Arc::clone(&self.store), Arc::clone(&self.catalog));
        let cutoff = self.cutoff(as_of);
        let merging = move || {
            let store = store.lock().unwrap_or_else(PoisonError::into_inner);
            let view = store
                .merge_since(cutoff)
                .without_excluded_traits(&catalog)
                .with_iam_facts(&catalog);
            (Arc::new(view), store.coverage().cloned().collect())
        };
        self.unless_canceled(merging).await
    }

    /// Returns the time before which a finding was last updated if it is outdated.
    fn cutoff(&self, as_of: DateTime<Utc>) -> DateTime<Utc> {
        let max_age = TimeDelta::from_std(self.config.collect.max_age).ok();
        let cutoff = max_age.and_then(|max_age| as_of.checked_sub_signed(max_age));
        // The beginning of time, if the age is longer than that.
        cutoff.unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Finds the exposures, on a thread of its own, and logs what the mutes did. Nothing is published yet.
    pub(super) async fn evaluate(
        &self,
        (view, coverage): (Arc<View>, Vec<CoverageRow>),
        as_of: DateTime<Utc>,
        log: &CycleLog,
    ) -> Result<CycleOutcome, CycleError> {
        let (clock, day) = (Instant::now(), as_of.date_naive());
        log.findings_outdated(view.outdated_findings(), self.cutoff(as_of));
        let triage = self.config.triage();
        let evaluating = {
            let (view, catalog) = (Arc::clone(&view), Arc::clone(&self.catalog));
            let triage = triage.clone();
            move || evaluate(&view, &catalog, &triage.on(day))
        };
        let evaluation = self.unless_canceled(evaluating).await?;
        log.evaluated(
            evaluation.resources,
            &evaluation.by_severity(),
            clock.elapsed(),
        );
        let states = evaluation.mute_states(&triage, day);
        let mutes: Vec<_> = triage.mutes.iter().cloned().zip(states).collect();
        for (mute, state) in &mutes {
            log.mute(mute, *state);
        }
        self.bail_if_canceled()?;
        Ok(CycleOutcome {
            evaluation,
            view,
            catalog: Arc::clone(&self.catalog),
            triage,
            coverage,
            as_of,
            caller: None,
            mutes,
            plan: None,
            publication: None,
            calls: CallCount::default(),
        })
    }

    pub(super) fn bail_if_canceled(&self) -> Result<(), CycleError> {
        if self.cancel.is_cancelled() {
            Err(CycleError::Interrupted)
        } else {
            Ok(())
        }
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work on a thread of its own, and stops waiting for it once exposured is asked to stop.
    pub(super) async fn unless_canceled<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CycleError> {
        let working = tokio::task::spawn_blocking(work);
        let joined = self.cancel.run_until_cancelled(working).await;
        match joined.ok_or(CycleError::Interrupted)? {
            Ok(value) => Ok(value),
            // Nothing aborts the task, so this is a panic: a defect that must not go unnoticed.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
