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
use crate::pipeline::{CycleRunner, CycleTask};
use crate::telemetry::daemon_log;

use super::health::{HEARTBEAT_INTERVAL, Heartbeat, LastCycle};
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
    /// The running cycle has ended; `None` if it failed.
    CycleEnded(Option<LastCycle>),
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
    let mut ticks = Ticks::new(&schedule.cron).await?;
    let next_tick = ticks.upcoming().await?;
    daemon_log::started(&schedule.cron, next_tick);
    let now = Utc::now();
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
    ticks.start().await?;
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
    cycles: JoinSet<Option<LastCycle>>,
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
        let mut last_cycle = None;
        loop {
            match self.next_event(ticks, &mut shutdown, &mut pulse).await {
                Event::Stop(signal) => return Ok(signal),
                Event::CycleEnded(ended) => last_cycle = ended.or(last_cycle),
                Event::Tick => self.start_cycle(),
                Event::Heartbeat => {}
            }
            // The scheduler is asked every time: if it does not respond, the heartbeat stops.
            let next_tick = ticks.upcoming().await?;
            self.heartbeat
                .beat(Utc::now(), last_cycle.clone(), next_tick);
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
            // A cycle that panics counts as failed; the panic message is on standard error.
            Some(ended) = self.cycles.join_next() => Event::CycleEnded(ended.ok().flatten()),
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
            let outcome = runner.run(&task).await.ok()?;
            Some(LastCycle::new(outcome.result(), Utc::now()))
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
