//! The schedule as a stream of ticks.

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Ticks at the times of a cron expression.
pub(super) struct Ticks {
    scheduler: JobScheduler,
    job: Job,
    ticks: UnboundedReceiver<()>,
}

impl Ticks {
    /// Sets up the schedule. It does not tick before it is started.
    pub(super) async fn new(cron: &str) -> Result<Self, JobSchedulerError> {
        let (sender, ticks) = unbounded_channel();
        let scheduler = JobScheduler::new().await?;
        let job = Job::new(cron, move |_, _| {
            // The receiver is gone once the daemon stops: then no tick matters.
            let _ = sender.send(());
        })?;
        scheduler.add(job.clone()).await?;
        Ok(Self {
            scheduler,
            job,
            ticks,
        })
    }

    /// Starts to tick.
    pub(super) async fn start(&self) -> Result<(), JobSchedulerError> {
        self.scheduler.start().await
    }

    /// Waits for the next tick.
    pub(super) async fn next(&mut self) {
        // The scheduler owns the sender, so the channel stays open.
        if self.ticks.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns the time of the next tick, if there is one.
    pub(super) async fn upcoming(&mut self) -> Result<Option<DateTime<Utc>>, JobSchedulerError> {
        self.scheduler.next_tick_for_job(self.job.guid()).await
    }

    /// Stops ticking.
    pub(super) async fn stop(&mut self) -> Result<(), JobSchedulerError> {
        self.scheduler.shutdown().await
    }
}
