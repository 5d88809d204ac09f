//! The daemon's loop.

#![expect(
    clippy::disallowed_methods,
    reason = "the schedule is compared with the current time"
)]

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::task::JoinSet;
use tokio::time::Interval;
use tokio_cron_scheduler::JobSchedulerError;

use crate::config::Schedule;
use crate::pipeline::{CycleError, CycleRunner, CycleTask};
use crate::telemetry::daemon_log;

use super::health::{CycleEnd, HEARTBEAT_INTERVAL, Heartbeat, LastCycle};
use super::schedule::Ticks;
use super::shutdown::{Shutdown, StopSignal};

/// How long a cycle may take to end after the signal to stop. ECS kills the container 30 seconds after the signal; this
/// leaves 10 seconds for the rest.
const GRACE_PERIOD: Duration = Duration::from_secs(20);

/// What the daemon reacts to.
#[derive(Debug)]
enum Event {
    /// A signal to stop was received.
    Stop(StopSignal),
    /// The running cycle has ended.
    CycleEnded(CycleEnd),
    /// The schedule says to start a cycle.
    Tick,
    /// The health file must be written.
    Heartbeat,
}

/// Runs cycles until the signal to stop.
///
/// # Errors
/// The schedule cannot be set up.
pub async fn run(
    runner: CycleRunner,
    task: CycleTask,
    schedule: &Schedule,
    shutdown: Shutdown,
) -> Result<(), JobSchedulerError> {
    let now = Utc::now();
    let mut ticks = Ticks::start(&schedule.cron).await?;
    let next_tick = ticks.upcoming();
    daemon_log::started(&schedule.cron.to_string(), next_tick);
    let first_cycle = next_tick.filter(|_| !schedule.run_on_start).unwrap_or(now);
    let heartbeat = Heartbeat::new(schedule.health_file.clone(), schedule.deadline, first_cycle);
    let mut daemon = Daemon {
        runner: Arc::new(runner),
        task: Arc::new(task),
        cycles: JoinSet::new(),
        heartbeat,
    };
    if schedule.run_on_start {
        daemon.start_cycle();
    }
    let signal = daemon.handle_events(&mut ticks, shutdown).await?;
    daemon_log::stopping(signal.as_str());
    ticks.stop().await?;
    daemon_log::stopped(daemon.stop().await);
    Ok(())
}

#[derive(Debug)]
struct Daemon {
    runner: Arc<CycleRunner>,
    task: Arc<CycleTask>,
    /// The running cycle, if there is one.
    cycles: JoinSet<CycleEnd>,
    heartbeat: Heartbeat,
}

impl Daemon {
    /// Handles events until the signal to stop.
    async fn handle_events(
        &mut self,
        ticks: &mut Ticks,
        mut shutdown: Shutdown,
    ) -> Result<StopSignal, JobSchedulerError> {
        let mut pulse = tokio::time::interval(HEARTBEAT_INTERVAL);
        loop {
            match self.next_event(ticks, &mut shutdown, &mut pulse).await {
                Event::Stop(signal) => return Ok(signal),
                Event::CycleEnded(end) => self.heartbeat.cycle_ended(end, ticks.upcoming()),
                Event::Tick => self.start_cycle(),
                Event::Heartbeat => {}
            }
            ticks.follow_clock(Utc::now()).await?;
            self.heartbeat.beat(Utc::now(), ticks.upcoming());
        }
    }

    /// Waits for the next event. Of several, the first in this order is handled first: the end of a cycle comes before
    /// the tick that starts the next one.
    async fn next_event(
        &mut self,
        ticks: &mut Ticks,
        shutdown: &mut Shutdown,
        pulse: &mut Interval,
    ) -> Event {
        tokio::select! {
            biased;
            signal = shutdown.requested() => Event::Stop(signal),
            // Nothing aborts a cycle, so one that has no end has panicked.
            Some(end) = self.cycles.join_next() => {
                Event::CycleEnded(end.unwrap_or_else(|_| CycleEnd::Panicked(Utc::now())))
            }
            () = ticks.next() => Event::Tick,
            _ = pulse.tick() => Event::Heartbeat,
        }
    }

    /// Starts a cycle, unless one is running.
    fn start_cycle(&mut self) {
        if !self.cycles.is_empty() {
            daemon_log::tick_skipped();
            return;
        }
        let (runner, task) = (Arc::clone(&self.runner), Arc::clone(&self.task));
        self.cycles.spawn(async move {
            // An error is in the log, and the next tick starts another cycle.
            match runner.run(&task).await {
                Ok(outcome) => CycleEnd::Finished(LastCycle::new(outcome.result(), Utc::now())),
                Err(CycleError::Panicked(_)) => CycleEnd::Panicked(Utc::now()),
                Err(_) => CycleEnd::Failed,
            }
        });
    }

    /// Waits for the running cycle to end, and removes the health file. Returns whether the cycle ended in time.
    async fn stop(mut self) -> bool {
        let running = async { while self.cycles.join_next().await.is_some() {} };
        let in_time = tokio::time::timeout(GRACE_PERIOD, running).await.is_ok();
        self.heartbeat.end();
        in_time
    }
}
