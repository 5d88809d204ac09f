//! The stages that all cycles share.

#![expect(
    clippy::disallowed_methods,
    reason = "the duration of a stage is logged"
)]

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use tokio::task::JoinError;

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

    /// Returns everything that was collected in this cycle and in earlier ones.
    pub(super) fn view_and_coverage(&self) -> (Arc<View>, Vec<CoverageRow>) {
        let store = self.store();
        (
            Arc::new(
                store
                    .merge()
                    .without_excluded_traits(&self.catalog)
                    .with_iam_edges(),
            ),
            store.coverage().cloned().collect(),
        )
    }

    /// Finds the exposures, on a thread of its own, and logs what the mutes did. Nothing is published yet.
    pub(super) async fn evaluate(
        &self,
        (view, coverage): (Arc<View>, Vec<CoverageRow>),
        as_of: DateTime<Utc>,
        log: &CycleLog,
    ) -> Result<CycleOutcome, CycleError> {
        let (clock, day) = (Instant::now(), as_of.date_naive());
        let triage = self.config.triage();
        let evaluating = {
            let (view, catalog) = (Arc::clone(&view), Arc::clone(&self.catalog));
            let triage = triage.clone();
            move || evaluate(&view, &catalog, &triage.on(day))
        };
        let evaluation = join_or_resume_panic(tokio::task::spawn_blocking(evaluating).await);
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
}

/// Nothing aborts a blocking task, so it ends with its value or a panic: a defect that must not go unnoticed.
pub(super) fn join_or_resume_panic<T>(joined: Result<T, JoinError>) -> T {
    joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
