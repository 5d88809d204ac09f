//! The schedule, one cycle, shutdown.

pub mod cycle;
pub mod shutdown;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::task::TaskTracker;

use crate::telemetry::daemon_log;

pub use cycle::{Cycle, CycleError, CycleOutcome, Input, Intent, MassArchiving};
pub use shutdown::Shutdown;

/// How long a cycle may take to end after the signal. ECS kills 30 seconds after it; 5 are left for the rest.
const GRACE: Duration = Duration::from_secs(20);

/// Runs cycles until the signal to stop.
///
/// # Errors
/// The schedule cannot be set up.
pub async fn run(
    cycle: Cycle,
    cron: &str,
    run_on_start: bool,
    shutdown: Shutdown,
) -> Result<(), JobSchedulerError> {
    let daemon = Daemon {
        cycle: Arc::new(cycle),
        running: Arc::default(),
        tasks: TaskTracker::new(),
    };
    let mut scheduler = JobScheduler::new().await?;
    let job = {
        let daemon = daemon.clone();
        // The job only starts the cycle: the scheduler does not wait for it, we do.
        Job::new_async(cron, move |_, _| {
            let daemon = daemon.clone();
            Box::pin(async move { daemon.tick() })
        })?
    };
    let job = scheduler.add(job).await?;
    daemon_log::started(cron, scheduler.next_tick_for_job(job).await?);
    if run_on_start {
        daemon.tick();
    }
    scheduler.start().await?;

    shutdown.requested().await;
    daemon_log::stopping(shutdown.signal());
    scheduler.shutdown().await?;
    daemon.tasks.close();
    let in_time = tokio::time::timeout(GRACE, daemon.tasks.wait())
        .await
        .is_ok();
    daemon_log::stopped(in_time);
    Ok(())
}

#[derive(Clone, Debug)]
struct Daemon {
    cycle: Arc<Cycle>,
    /// Held by the cycle that runs.
    running: Arc<Mutex<()>>,
    tasks: TaskTracker,
}

impl Daemon {
    /// Starts a cycle, unless one is running.
    fn tick(&self) {
        let Ok(running) = Arc::clone(&self.running).try_lock_owned() else {
            daemon_log::tick_skipped();
            return;
        };
        let cycle = Arc::clone(&self.cycle);
        self.tasks.spawn(async move {
            // What went wrong is in the log, and the next tick tries again.
            let _ = cycle.run(&Input::Aws).await;
            drop(running);
        });
    }
}
