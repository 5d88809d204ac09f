//! One cycle: collect, evaluate, publish.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use tokio_util::sync::CancellationToken;

use crate::aws::{CallBudget, Session, SessionError};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::evaluate::{Evaluation, Exposures, evaluate};
use crate::graph::{Store, View};
use crate::model::{AccountId, CallCount, Coverage, CoverageRow, Mute, MuteState, Region, Triage};
use crate::publish::{self, PublicationOutcome, Publisher};
use crate::reconcile::{Plan, Policy};
use crate::sample;
use crate::sources::{self, CollectContext, CollectedTarget, files};
use crate::telemetry::{CycleLog, CycleResult, CycleSummary, Progress, metrics};

use super::options::source_options;

/// Longer than any process lives.
const NO_DEADLINE: Duration = Duration::from_secs(365 * 24 * 3_600);

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

/// How far a cycle goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It tells what is exposed, and looks no further.
    Evaluate,
    /// It also tells what would be published. Nothing is changed anywhere.
    Plan,
    /// It publishes.
    Publish,
}

/// Whether a cycle may archive more than the configuration allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MassArchiving {
    /// It archives none.
    Refused,
    /// It archives all: the user has said so.
    Allowed,
}

/// All that a cycle needs; the daemon runs the same one again and again.
#[derive(Debug)]
pub struct Cycle {
    /// The configuration.
    pub config: Arc<Config>,
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// The snapshots of earlier cycles.
    pub store: Arc<Mutex<Store>>,
    /// How far it goes.
    pub intent: Intent,
    /// Whether it may archive more than the configuration allows.
    pub mass_archiving: MassArchiving,
    /// Where its metrics go.
    pub metrics: metrics::Sink,
    /// Where a person sees how far it has come.
    pub progress: Progress,
    /// Once canceled, nothing new is begun.
    pub cancel: CancellationToken,
}

/// What a cycle gave.
#[derive(Debug)]
pub struct CycleOutcome {
    /// What is exposed.
    pub evaluation: Evaluation,
    /// What that was derived from.
    pub view: Arc<View>,
    /// By which rules.
    pub catalog: Arc<Catalog>,
    /// By which of the user's words.
    pub triage: Triage,
    /// How much is known of each target.
    pub coverage: Vec<CoverageRow>,
    /// Of when the exposures are: the start of the cycle, or, of files, the latest time in them.
    pub as_of: DateTime<Utc>,
    /// Who asked and where, if services were asked.
    pub asked_as: Option<(AccountId, Region)>,
    /// What became of each mute of the configuration.
    pub mutes: Vec<(Mute, MuteState)>,
    /// What is to be published, or was; `None` if it was not asked for, or nothing goes to Security Hub.
    pub plan: Option<Plan>,
    /// What was published; `None` in a dry run.
    pub publication: Option<PublicationOutcome>,
    /// What was asked of AWS.
    pub calls: CallCount,
}

impl CycleOutcome {
    /// The exposures in full.
    pub fn exposures(&self) -> Exposures<'_> {
        Exposures {
            view: &self.view,
            catalog: &self.catalog,
            triage: self.triage.on(self.as_of.date_naive()),
            evaluation: &self.evaluation,
        }
    }

    /// How it ended.
    pub fn result(&self) -> CycleResult {
        if self.unpublished() > 0 {
            CycleResult::Unpublished
        } else if self
            .plan
            .as_ref()
            .is_some_and(|plan| plan.refused.is_some())
        {
            CycleResult::ArchiveRefused
        } else if self.is_partial() {
            CycleResult::Partial
        } else {
            CycleResult::Complete
        }
    }

    /// Whether some target was partial or failed, or something could not be planned.
    pub fn is_partial(&self) -> bool {
        let is_incomplete =
            |row: &CoverageRow| matches!(row.coverage, Coverage::Failed | Coverage::Partial);
        self.coverage.iter().any(is_incomplete)
            || self.plan.as_ref().is_some_and(|plan| plan.unplanned() > 0)
    }

    /// How many exposures could not be published, or files not written.
    pub fn unpublished(&self) -> usize {
        self.publication
            .as_ref()
            .map_or(0, PublicationOutcome::unpublished)
    }

    fn summary(&self, duration: Duration, ended: DateTime<Utc>) -> CycleSummary<'_> {
        CycleSummary {
            outcome: self.result(),
            coverage: &self.coverage,
            resources: self.evaluation.resources,
            open: publish::open_exposures(&self.evaluation, self.plan.as_ref()),
            published: self.publication.as_ref(),
            calls: self.calls,
            duration,
            ended,
        }
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
    /// It took too long to begin.
    #[error("asking AWS STS for the caller's identity took longer than [schedule] deadline allows")]
    Deadline,
    /// exposured was told to stop.
    #[error("stopped before the cycle was done: nothing more is published")]
    Interrupted,
}

impl Cycle {
    /// Runs one cycle.
    ///
    /// # Errors
    /// Nothing could be collected, or it was told to stop. A target that fails, or an exposure that is refused, is no
    /// error but part of the outcome.
    pub async fn run(&self, input: &Input) -> Result<CycleOutcome, CycleError> {
        let (started, clock) = (Utc::now(), Instant::now());
        let log = CycleLog::new(started.to_rfc3339_opts(SecondsFormat::Secs, true));
        let outcome = self.collect_evaluate_publish(input, &log, started).await;
        let (ended, duration) = (Utc::now(), clock.elapsed());
        let summary = outcome
            .as_ref()
            .map(|outcome| outcome.summary(duration, ended));
        match &summary {
            Ok(summary) => log.cycle_finished(summary),
            Err(error) => log.cycle_failed(&error.to_string(), duration),
        }
        if self.intent == Intent::Publish {
            let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            let line = metrics::line(
                &self.config.metrics_namespace,
                log.cycle(),
                ended,
                milliseconds,
                summary.ok().as_ref(),
            );
            if let Err(error) = metrics::write(self.metrics, &line, &self.progress) {
                log.metrics_failed(&error.to_string());
            }
        }
        outcome
    }

    async fn collect_evaluate_publish(
        &self,
        input: &Input,
        log: &CycleLog,
        started: DateTime<Utc>,
    ) -> Result<CycleOutcome, CycleError> {
        match input {
            Input::Aws => self.on_aws(log, started).await,
            Input::Folder(folder) => {
                log.cycle_started(None, true, self.catalog.version());
                let (folder, catalog) = (folder.clone(), Arc::clone(&self.catalog));
                let (to, progress) = (log.clone(), self.progress.clone());
                let evidence = self.stored().evidence();
                let reading =
                    move || files::from_folder(&folder, &catalog, &evidence, &to, &progress);
                let files = unpanicked(tokio::task::spawn_blocking(reading).await)?;
                files.into_iter().for_each(|file| self.keep(file, log));
                self.of_files(log).await
            }
            Input::Sample => {
                log.cycle_started(None, true, self.catalog.version());
                let files =
                    files::from_memory(&sample::files(), &self.catalog, log, &self.progress);
                files.into_iter().for_each(|file| self.keep(file, log));
                self.of_files(log).await
            }
        }
    }

    async fn on_aws(
        &self,
        log: &CycleLog,
        started: DateTime<Utc>,
    ) -> Result<CycleOutcome, CycleError> {
        let times = self.times();
        let session = self.open(&times.all).await?;
        let targets = sources::targets(&session, &source_options(&self.config));
        log.cycle_started(
            Some(targets.len()),
            self.intent != Intent::Publish,
            self.catalog.version(),
        );
        let publisher = Publisher {
            session: &session,
            settings: &self.config.publish,
            catalog_version: self.catalog.version(),
            now: started,
            log,
            progress: &self.progress,
            budget: &times.all,
        };
        let context = CollectContext {
            catalog: Arc::clone(&self.catalog),
            log: log.clone(),
            progress: self.progress.clone(),
            budget: times.collecting.clone(),
        };
        let collecting = sources::collect(&session, targets, &context, |target| {
            self.keep(target, log);
        });
        let reading = async {
            match self.intent {
                Intent::Evaluate => None,
                Intent::Plan | Intent::Publish => publisher.standing().await,
            }
        };
        let ((), standing) = tokio::join!(collecting, reading);
        self.go_on()?;

        let (view, coverage) = self.known();
        let (evaluation, mutes) = self.evaluate(Arc::clone(&view), started, log).await;
        self.go_on()?;

        let triage = self.config.triage();
        let exposures = Exposures {
            view: &view,
            catalog: &self.catalog,
            triage: triage.on(started.date_naive()),
            evaluation: &evaluation,
        };
        let planned = match self.intent {
            Intent::Evaluate => None,
            Intent::Plan | Intent::Publish => {
                publisher
                    .plan(standing, &exposures, &coverage, self.policy())
                    .await
            }
        };
        self.go_on()?;
        let publication = match self.intent {
            Intent::Evaluate | Intent::Plan => None,
            Intent::Publish => Some(publisher.publish(planned.as_ref(), &exposures).await),
        };
        let plan = planned.map(|planned| planned.plan);
        Ok(CycleOutcome {
            evaluation,
            view,
            catalog: Arc::clone(&self.catalog),
            triage,
            coverage,
            as_of: started,
            asked_as: Some((session.account, session.home().clone())),
            mutes,
            plan,
            publication,
            calls: session.calls(),
        })
    }

    async fn of_files(&self, log: &CycleLog) -> Result<CycleOutcome, CycleError> {
        self.go_on()?;
        let (view, coverage) = self.known();
        // So that the same files give the same bytes.
        let as_of = view.latest_update().unwrap_or(DateTime::UNIX_EPOCH);
        let (evaluation, mutes) = self.evaluate(Arc::clone(&view), as_of, log).await;
        self.go_on()?;
        Ok(CycleOutcome {
            evaluation,
            view,
            catalog: Arc::clone(&self.catalog),
            triage: self.config.triage(),
            coverage,
            as_of,
            asked_as: None,
            mutes,
            plan: None,
            publication: None,
            calls: CallCount::default(),
        })
    }

    /// When what has to be done.
    fn times(&self) -> Times {
        let (now, allowed) = (tokio::time::Instant::now(), self.config.schedule.deadline);
        let budget = |deadline| CallBudget {
            cancel: self.cancel.clone(),
            deadline,
        };
        Times {
            // A deadline beyond what the clock can say is none.
            collecting: budget(
                now.checked_add(allowed / 5 * 4)
                    .unwrap_or(now + NO_DEADLINE),
            ),
            all: budget(now.checked_add(allowed).unwrap_or(now + NO_DEADLINE)),
        }
    }

    fn policy(&self) -> Policy {
        let settings = &self.config.publish;
        Policy {
            settle_cycles: settings.settle_cycles,
            max_archive_percent: match self.mass_archiving {
                MassArchiving::Refused => Some(settings.max_archive_percent),
                MassArchiving::Allowed => None,
            },
        }
    }

    async fn open(&self, budget: &CallBudget) -> Result<Session, CycleError> {
        let opening = self
            .cancel
            .run_until_cancelled(Session::open(&self.config.regions));
        let opened = tokio::time::timeout_at(budget.deadline, opening)
            .await
            .map_err(|_| CycleError::Deadline)?;
        Ok(opened.ok_or(CycleError::Interrupted)??)
    }

    /// Keeps what was collected of a target.
    fn keep(&self, collected: CollectedTarget, log: &CycleLog) {
        let CollectedTarget { outcome, duration } = collected;
        let mut store = self.stored();
        let target = outcome.target.clone();
        store.put(outcome);
        if let Some(row) = store.coverage().find(|row| row.target == target) {
            log.target_collected(row, duration);
        }
    }

    fn stored(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that is known now.
    fn known(&self) -> (Arc<View>, Vec<CoverageRow>) {
        let store = self.stored();
        (Arc::new(store.view()), store.coverage().cloned().collect())
    }

    /// The exposures, and what became of the mutes, both told in the log.
    async fn evaluate(
        &self,
        view: Arc<View>,
        as_of: DateTime<Utc>,
        log: &CycleLog,
    ) -> (Evaluation, Vec<(Mute, MuteState)>) {
        let (clock, day) = (Instant::now(), as_of.date_naive());
        let (catalog, triage) = (Arc::clone(&self.catalog), self.config.triage());
        let evaluating = move || evaluate(&view, &catalog, &triage.on(day));
        let evaluation = unpanicked(tokio::task::spawn_blocking(evaluating).await);
        log.evaluated(
            evaluation.resources,
            &evaluation.by_severity(),
            clock.elapsed(),
        );
        let triage = self.config.triage();
        let states = evaluation.mute_states(&triage, day);
        let mutes: Vec<_> = triage.mutes.into_iter().zip(states).collect();
        for (mute, state) in &mutes {
            log.mute(mute, *state);
        }
        (evaluation, mutes)
    }

    fn go_on(&self) -> Result<(), CycleError> {
        if self.cancel.is_cancelled() {
            Err(CycleError::Interrupted)
        } else {
            Ok(())
        }
    }
}

/// Until when the parts of a cycle may take.
struct Times {
    /// Reading targets: a fifth of the time is left for what follows.
    collecting: CallBudget,
    /// Everything.
    all: CallBudget,
}

/// A blocking task that is not aborted ends with its value or a panic: a defect, which goes on where it can be seen.
fn unpanicked<T>(ended: Result<T, tokio::task::JoinError>) -> T {
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
