//! One cycle: collect, evaluate, publish.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use tokio_util::sync::CancellationToken;

use crate::aws::{Session, SessionError};
use crate::catalogue::Catalogue;
use crate::collect::{self, Collection, Timed, files};
use crate::config::Config;
use crate::evaluate::{Evaluation, MuteState, evaluate};
use crate::model::{AccountId, Coverage, CoverageRow, Mute, Region};
use crate::publish::{self, Publication, PublicationOutcome};
use crate::sample;
use crate::store::{Store, View};
use crate::telemetry::{CycleLog, Progress};

/// Where findings come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The services.
    Aws,
    /// Files.
    Folder(PathBuf),
    /// The built-in sample.
    Sample,
}

/// All that a cycle needs; the daemon runs the same one again and again.
#[derive(Debug)]
pub struct Cycle {
    /// The configuration.
    pub config: Arc<Config>,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// The snapshots of earlier cycles.
    pub store: Arc<Mutex<Store>>,
    /// Whether nothing is published and nothing written.
    pub dry_run: bool,
    /// Where a person sees how far it has come.
    pub progress: Progress,
    /// Once cancelled, nothing new is begun.
    pub cancel: CancellationToken,
}

/// What a cycle gave.
#[derive(Debug)]
pub struct CycleOutcome {
    /// The exposures.
    pub evaluation: Evaluation,
    /// What they were derived from.
    pub view: Arc<View>,
    /// How much is known of each cell.
    pub coverage: Vec<CoverageRow>,
    /// Of when the exposures are: the start of the cycle, or, of files, the latest time in them.
    pub as_of: DateTime<Utc>,
    /// Who asked and where, if services were asked.
    pub asked_as: Option<(AccountId, Region)>,
    /// What became of each mute of the configuration.
    pub mutes: Vec<(Mute, MuteState)>,
    /// What was published; `None` in a dry run.
    pub publication: Option<PublicationOutcome>,
}

impl CycleOutcome {
    /// Whether some cell was partial or failed.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.coverage
            .iter()
            .any(|row| matches!(row.coverage, Coverage::Failed | Coverage::Partial))
    }

    /// How many exposures could not be published, or files not written.
    #[must_use]
    pub fn unpublished(&self) -> usize {
        self.publication
            .as_ref()
            .map_or(0, PublicationOutcome::unpublished)
    }
}

/// Why a cycle could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CycleError {
    /// There is no way to AWS.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The folder of the files cannot be read.
    #[error(transparent)]
    Folder(#[from] files::UnreadableFolder),
    /// exposured was told to stop.
    #[error("stopped before the cycle was done: nothing more is published")]
    Interrupted,
}

impl Cycle {
    /// Runs one cycle.
    ///
    /// # Errors
    /// Nothing could be collected, or it was told to stop. A cell that fails, or an exposure that is refused, is no
    /// error but part of the outcome.
    pub async fn run(&self, input: &Input) -> Result<CycleOutcome, CycleError> {
        let (started, clock) = (Utc::now(), Instant::now());
        let log = CycleLog::new(started.to_rfc3339_opts(SecondsFormat::Secs, true));
        let outcome = self.collect_evaluate_publish(input, &log, started).await;
        match &outcome {
            Ok(outcome) => {
                let count = |coverage| {
                    outcome
                        .coverage
                        .iter()
                        .filter(|row| row.coverage == coverage)
                        .count()
                };
                let result = match (outcome.unpublished(), outcome.is_partial()) {
                    (0, false) => "complete",
                    (0, true) => "partial",
                    _ => "unpublished",
                };
                log.cycle_finished(
                    result,
                    count(Coverage::Complete),
                    count(Coverage::Partial),
                    count(Coverage::Failed),
                    outcome.unpublished(),
                    clock.elapsed(),
                );
            }
            Err(error) => log.cycle_failed(&error.to_string(), clock.elapsed()),
        }
        outcome
    }

    async fn collect_evaluate_publish(
        &self,
        input: &Input,
        log: &CycleLog,
        started: DateTime<Utc>,
    ) -> Result<CycleOutcome, CycleError> {
        let session = self.collect(input, log).await?;
        self.go_on()?;
        let (view, coverage) = {
            let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
            (
                Arc::new(store.view()),
                store.coverage().cloned().collect::<Vec<_>>(),
            )
        };
        let as_of = match input {
            Input::Aws => started,
            // So that the same files give the same bytes.
            Input::Folder(_) | Input::Sample => {
                view.latest_update().unwrap_or(DateTime::UNIX_EPOCH)
            }
        };
        let day = as_of.date_naive();
        let evaluation = self.evaluate(Arc::clone(&view), day, log).await;
        let mutes = self.mutes(&evaluation, day, log);
        self.go_on()?;
        let publication = match &session {
            Some(session) if !self.dry_run => {
                let publication = Publication {
                    session,
                    settings: &self.config.publish,
                    catalogue_version: self.catalogue.version(),
                    coverage: &coverage,
                    now: started,
                    log,
                    progress: &self.progress,
                    cancel: &self.cancel,
                };
                Some(publish::publish(&publication, &evaluation.exposures).await)
            }
            _ => None,
        };
        let asked_as = session.map(|session| (session.account, session.home().clone()));
        Ok(CycleOutcome {
            evaluation,
            view,
            coverage,
            as_of,
            asked_as,
            mutes,
            publication,
        })
    }

    /// Fills the store; the session, if services were asked.
    async fn collect(&self, input: &Input, log: &CycleLog) -> Result<Option<Session>, CycleError> {
        let put = |(outcome, duration): Timed| {
            let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
            let cell = outcome.cell.clone();
            store.put(outcome);
            if let Some(row) = store.coverage().find(|row| row.cell == cell) {
                log.cell_collected(row, duration);
            }
        };
        let version = self.catalogue.version();
        match input {
            Input::Aws => {
                let opening = Session::open(&self.config.regions);
                let session = self
                    .cancel
                    .run_until_cancelled(opening)
                    .await
                    .ok_or(CycleError::Interrupted)??;
                let cells = collect::cells(&session, &self.config.collect).len();
                log.cycle_started(Some(cells), self.dry_run, version);
                let collection = Collection {
                    catalogue: Arc::clone(&self.catalogue),
                    log: log.clone(),
                    progress: self.progress.clone(),
                    cancel: self.cancel.clone(),
                };
                collect::from_aws(&session, &self.config.collect, &collection, put).await;
                Ok(Some(session))
            }
            Input::Folder(folder) => {
                log.cycle_started(None, true, version);
                let (folder, catalogue) = (folder.clone(), Arc::clone(&self.catalogue));
                let (log, progress) = (log.clone(), self.progress.clone());
                let reading = move || files::from_folder(&folder, &catalogue, &log, &progress);
                unpanicked(tokio::task::spawn_blocking(reading).await)?
                    .into_iter()
                    .for_each(put);
                Ok(None)
            }
            Input::Sample => {
                log.cycle_started(None, true, version);
                let files =
                    files::from_memory(&sample::files(), &self.catalogue, log, &self.progress);
                files.into_iter().for_each(put);
                Ok(None)
            }
        }
    }

    async fn evaluate(&self, view: Arc<View>, day: NaiveDate, log: &CycleLog) -> Evaluation {
        let clock = Instant::now();
        let (catalogue, triage) = (Arc::clone(&self.catalogue), self.config.triage());
        let evaluating = move || evaluate(&view, &catalogue, &triage.on(day));
        let evaluation = unpanicked(tokio::task::spawn_blocking(evaluating).await);
        log.evaluated(
            evaluation.resources,
            &evaluation.by_severity(),
            clock.elapsed(),
        );
        evaluation
    }

    /// What became of each mute, told in the log.
    fn mutes(
        &self,
        evaluation: &Evaluation,
        day: NaiveDate,
        log: &CycleLog,
    ) -> Vec<(Mute, MuteState)> {
        let triage = self.config.triage();
        let states = evaluation.mute_states(&triage, day);
        let mutes: Vec<_> = triage.mutes.into_iter().zip(states).collect();
        for (mute, state) in &mutes {
            log.mute(mute, *state);
        }
        mutes
    }

    fn go_on(&self) -> Result<(), CycleError> {
        if self.cancel.is_cancelled() {
            Err(CycleError::Interrupted)
        } else {
            Ok(())
        }
    }
}

/// A blocking task that is not aborted ends with its value or a panic: a defect, which goes on where it can be seen.
fn unpanicked<T>(ended: Result<T, tokio::task::JoinError>) -> T {
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
