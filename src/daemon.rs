//! The schedule, one cycle, shutdown.

pub mod health;
pub mod shutdown;

use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use chrono::Utc;
use tokio::sync::{Mutex, Notify};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::task::TaskTracker;

use crate::config::Schedule;
use crate::telemetry::daemon_log;

use health::{Heartbeat, LastCycle};

use crate::pipeline::{Cycle, Input};
pub use shutdown::Shutdown;

/// How long a cycle may take to end after the signal. ECS kills 30 seconds after it; 5 are left for the rest.
const GRACE: Duration = Duration::from_secs(20);

/// Runs cycles until the signal to stop.
///
/// # Errors
/// The schedule cannot be set up.
pub async fn run(
    cycle: Cycle,
    schedule: &Schedule,
    shutdown: Shutdown,
) -> Result<(), JobSchedulerError> {
    let daemon = Daemon {
        cycle: Arc::new(cycle),
        running: Arc::default(),
        last: Arc::default(),
        cycle_ended: Arc::default(),
        tasks: TaskTracker::new(),
    };
    let mut scheduler = JobScheduler::new().await?;
    let job = {
        let daemon = daemon.clone();
        // The job only starts the cycle: the scheduler does not wait for it, we do.
        Job::new_async(schedule.cron.as_str(), move |_, _| {
            let daemon = daemon.clone();
            Box::pin(async move { daemon.tick() })
        })?
    };
    let job = scheduler.add(job).await?;
    let next_tick = scheduler.next_tick_for_job(job).await?;
    daemon_log::started(&schedule.cron, next_tick);
    if schedule.run_on_start {
        daemon.tick();
    }
    scheduler.start().await?;

    let now = Utc::now();
    let first_cycle = next_tick.filter(|_| !schedule.run_on_start).unwrap_or(now);
    let path = schedule.health_file.clone();
    let mut heartbeat = Heartbeat::new(path, schedule.deadline, first_cycle);
    let mut pulse = tokio::time::interval(health::BEAT_EVERY);
    loop {
        tokio::select! {
            () = shutdown.requested() => break,
            _ = pulse.tick() => {}
            () = daemon.cycle_ended.notified() => {}
        }
        // The scheduler is asked each time: if it does not answer, the beat stops.
        let next_tick = scheduler.next_tick_for_job(job).await?;
        heartbeat.beat(Utc::now(), daemon.last_cycle(), next_tick);
    }
    daemon_log::stopping(shutdown.signal());
    scheduler.shutdown().await?;
    daemon.tasks.close();
    let in_time = tokio::time::timeout(GRACE, daemon.tasks.wait())
        .await
        .is_ok();
    heartbeat.end();
    daemon_log::stopped(in_time);
    Ok(())
}

#[derive(Clone, Debug)]
struct Daemon {
    cycle: Arc<Cycle>,
    /// Held by the cycle that runs.
    running: Arc<Mutex<()>>,
    /// The last cycle that could be done.
    last: Arc<Lock<Option<LastCycle>>>,
    cycle_ended: Arc<Notify>,
    tasks: TaskTracker,
}

impl Daemon {
    /// Starts a cycle, unless one is running.
    fn tick(&self) {
        let Ok(running) = Arc::clone(&self.running).try_lock_owned() else {
            daemon_log::tick_skipped();
            return;
        };
        let daemon = self.clone();
        self.tasks.spawn(async move {
            // What went wrong is in the log, and the next tick tries again.
            if let Ok(outcome) = daemon.cycle.run(&Input::Aws).await {
                let ended = LastCycle::new(outcome.result(), Utc::now());
                let mut last = daemon.last.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some(ended);
            }
            daemon.cycle_ended.notify_one();
            drop(running);
        });
    }

    fn last_cycle(&self) -> Option<LastCycle> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}
