//! A cycle on AWS: collect, evaluate, reconcile, publish.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::aws::{CallBudget, Session};
use crate::model::{AccountId, Region};
use crate::publish::{PublishOptions, PublishedFindings, Publisher};
use crate::reconcile::ReconcileOptions;
use crate::sources::{self, CollectContext};
use crate::telemetry::CycleLog;

use super::error::CycleError;
use super::options::{publish_options, source_options};
use super::outcome::CycleOutcome;
use super::runner::CycleRunner;
use super::task::{ArchiveLimit, AwsGoal};
use super::time_limits::TimeLimits;

impl CycleRunner {
    /// Reads findings from AWS, evaluates them, and goes on as far as the goal says.
    pub(super) async fn run_on_aws(
        &self,
        goal: AwsGoal,
        log: &CycleLog,
        started: DateTime<Utc>,
    ) -> Result<CycleOutcome, CycleError> {
        let limits = TimeLimits::starting_now(self.config.schedule.deadline, &self.cancel);
        let session = self.open_session(&limits.cycle).await?;
        let publish_options = publish_options(&self.config.publish);
        self.check_forgotten(&session, &publish_options)?;
        let publisher = Publisher {
            session: &session,
            options: &publish_options,
            imports: matches!(goal, AwsGoal::Publish(_)),
            catalog_version: self.catalog.version(),
            forgotten: &self.forgotten,
            imported: &self.imported,
            now: started,
            log,
            progress: &self.progress,
            budget: &limits.cycle,
        };
        let collecting = self.collect(goal, &session, limits.collecting, log);
        let ((), published) = tokio::join!(collecting, publisher.read_published());
        self.bail_if_canceled()?;

        let collected = self.view_and_coverage(started).await?;
        let mut outcome = self.evaluate(collected, started, log).await?;
        self.reconcile_and_publish(goal, &publisher, published, &mut outcome)
            .await?;
        outcome.caller = Some((session.account, session.home().clone()));
        outcome.calls = session.calls();
        Ok(outcome)
    }

    async fn open_session(&self, budget: &CallBudget) -> Result<Session, CycleError> {
        let opening = self
            .cancel
            .run_until_cancelled(Session::open(&self.config.regions));
        let opened = tokio::time::timeout_at(budget.deadline, opening)
            .await
            .map_err(|_| CycleError::Deadline)?;
        Ok(opened.ok_or(CycleError::Interrupted)??)
    }

    /// A Region that is still used cannot be released: its exposures would be archived and created again.
    fn check_forgotten(
        &self,
        session: &Session,
        options: &PublishOptions,
    ) -> Result<(), CycleError> {
        let hub = options.security_hub.as_ref();
        let hub_region = hub.and_then(|hub| hub.region.as_ref());
        let is_used =
            |region: &&Region| session.regions.contains(region) || hub_region == Some(region);
        match self.forgotten.iter().find(is_used) {
            Some(region) => Err(CycleError::RegionInUse(region.clone())),
            None => Ok(()),
        }
    }

    async fn collect(&self, goal: AwsGoal, session: &Session, budget: CallBudget, log: &CycleLog) {
        let options = source_options(&self.config);
        let targets = sources::targets(session, &options);
        log.cycle_started(
            Some(targets.len()),
            !matches!(goal, AwsGoal::Publish(_)),
            self.catalog.version(),
        );
        let context = CollectContext {
            catalog: Arc::clone(&self.catalog),
            log: log.clone(),
            progress: self.progress.clone(),
            budget,
        };
        let store = |target| self.store_outcome(target, log);
        sources::collect(session, targets, &context, usize::MAX, store).await;
        let members = sources::member_targets(session, &options, self.known_accounts());
        if !members.is_empty() {
            sources::collect(session, members, &context, sources::MAX_MEMBERS, store).await;
        }
    }

    /// The accounts that the records so far are from, and those that were read before.
    fn known_accounts(&self) -> BTreeSet<AccountId> {
        let store = self.store();
        let rows = store.coverage();
        rows.flat_map(|row| row.accounts.iter().copied().chain(row.target.account()))
            .collect()
    }

    async fn reconcile_and_publish(
        &self,
        goal: AwsGoal,
        publisher: &Publisher<'_>,
        published: Option<PublishedFindings>,
        outcome: &mut CycleOutcome,
    ) -> Result<(), CycleError> {
        let (AwsGoal::Plan(limit) | AwsGoal::Publish(limit)) = goal;
        let exposures = outcome.exposures();
        let planned = publisher
            .plan(
                published,
                &exposures,
                &outcome.coverage,
                self.reconcile_options(limit),
            )
            .await;
        self.bail_if_canceled()?;
        let publication = match goal {
            AwsGoal::Publish(_) => Some(publisher.publish(planned.as_ref(), &exposures).await),
            AwsGoal::Plan(_) => None,
        };
        outcome.plan = planned.map(|planned| planned.plan);
        outcome.publication = publication;
        Ok(())
    }

    fn reconcile_options(&self, limit: ArchiveLimit) -> ReconcileOptions {
        let settings = &self.config.publish;
        ReconcileOptions {
            settle_cycles: settings.settle_cycles,
            max_archive_percent: match limit {
                ArchiveLimit::Configured => Some(settings.max_archive_percent),
                ArchiveLimit::Unlimited => None,
            },
            forgotten: self.forgotten.clone(),
        }
    }
}
