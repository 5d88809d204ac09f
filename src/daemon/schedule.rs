//! The schedule as a stream of ticks.

#![expect(clippy::disallowed_methods, reason = "the schedule follows the clock")]

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::config::CronSchedule;
use crate::telemetry::daemon_log;

/// A clock that goes back further was corrected. A smaller correction delays a tick and never repeats it.
const MAX_STEP_BACK: TimeDelta = TimeDelta::seconds(60);

/// Ticks at the times of a cron expression.
pub(super) struct Ticks {
    cron: CronSchedule,
    scheduler: JobScheduler,
    job: Job,
    sender: UnboundedSender<()>,
    ticks: UnboundedReceiver<()>,
    /// The latest time that was read.
    seen: DateTime<Utc>,
}

impl Ticks {
    /// Starts the schedule.
    pub(super) async fn start(cron: &CronSchedule) -> Result<Self, JobSchedulerError> {
        let (sender, ticks) = unbounded_channel();
        let scheduler = JobScheduler::new().await?;
        let job = job(cron, &sender)?;
        scheduler.add(job.clone()).await?;
        scheduler.start().await?;
        Ok(Self {
            cron: cron.clone(),
            scheduler,
            job,
            sender,
            ticks,
            seen: Utc::now(),
        })
    }

    /// Waits for the next tick. Ticks that have passed since the last one are one tick. It may be canceled at any time.
    pub(super) async fn next(&mut self) {
        // The sender is in this value, so the channel stays open.
        if self.ticks.recv().await.is_some() {
            while self.ticks.try_recv().is_ok() {}
        }
    }

    /// Returns the time of the next tick, if there is one.
    pub(super) fn upcoming(&self) -> Option<DateTime<Utc>> {
        self.cron.after(Utc::now())
    }

    /// Computes the schedule again if the clock was set back: the scheduler would wait until the time that it computed
    /// before. Returns whether it did.
    pub(super) async fn follow_clock(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<bool, JobSchedulerError> {
        if self.seen - now <= MAX_STEP_BACK {
            self.seen = self.seen.max(now);
            return Ok(false);
        }
        self.scheduler.remove(&self.job.guid()).await?;
        self.job = job(&self.cron, &self.sender)?;
        self.scheduler.add(self.job.clone()).await?;
        self.seen = now;
        daemon_log::clock_set_back(self.upcoming());
        Ok(true)
    }

    /// Stops ticking.
    pub(super) async fn stop(&mut self) -> Result<(), JobSchedulerError> {
        self.scheduler.shutdown().await
    }
}

/// The job that sends a tick.
fn job(cron: &CronSchedule, sender: &UnboundedSender<()>) -> Result<Job, JobSchedulerError> {
    let sender = sender.clone();
    Job::new(cron.to_string(), move |_, _| {
        // The receiver is gone once the daemon stops: then no tick matters.
        let _ = sender.send(());
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_clock_that_is_corrected_by_years_keeps_the_ticks_and_repeats_none() {
        let mut ticks = Ticks::start(&CronSchedule::parse("* * * * * *").unwrap())
            .await
            .unwrap();
        let now = Utc::now();
        assert!(!ticks.follow_clock(now).await.unwrap());
        assert!(!ticks.follow_clock(now - MAX_STEP_BACK).await.unwrap());
        assert!(
            ticks
                .follow_clock(now - TimeDelta::days(3_650))
                .await
                .unwrap()
        );
        let mut count = 0;
        let counting = async {
            loop {
                ticks.next().await;
                count += 1;
            }
        };
        assert!(timeout(Duration::from_secs(4), counting).await.is_err());
        assert!((2..=5).contains(&count), "{count} ticks in 4 seconds");
        // The clock is right again, and goes on from the corrected time.
        assert!(!ticks.follow_clock(Utc::now()).await.unwrap());
    }
}
