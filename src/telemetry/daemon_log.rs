//! The events of the daemon itself, outside of its cycles.

use chrono::{DateTime, Utc};
use tracing::{info, warn};

/// Logs that the daemon has started.
pub fn started(cron: &str, next_tick: Option<DateTime<Utc>>) {
    let next_tick = next_tick.map(|time| time.to_rfc3339());
    info!(
        event = "daemon_started",
        version = env!("CARGO_PKG_VERSION"),
        cron,
        next_tick,
        "daemon started"
    );
}

/// Logs that a tick was skipped because a cycle is running.
pub fn tick_skipped() {
    warn!(
        event = "tick_skipped",
        "tick skipped: a cycle is still running"
    );
}

/// Logs that the clock was set back, so that the ticks were computed again.
pub fn clock_set_back(next_tick: Option<DateTime<Utc>>) {
    let next_tick = next_tick.map(|time| time.to_rfc3339());
    warn!(
        event = "clock_set_back",
        next_tick, "the clock was set back: the schedule continues from its new time"
    );
}

/// Logs that the health file could not be written.
pub fn health_file_failed(file: &str, why: &str) {
    warn!(
        event = "health_file_failed",
        file, why, "health file not written: `exposured health` will fail"
    );
}

/// Logs that a signal to stop was received.
pub fn stopping(signal: &str) {
    info!(
        event = "shutdown_started",
        signal, "stopping: no new work starts"
    );
}

/// Logs that the daemon has stopped, and whether its cycle had ended.
pub fn stopped(in_time: bool) {
    if in_time {
        info!(event = "shutdown_finished", "stopped");
    } else {
        warn!(event = "shutdown_forced", "stopped before the cycle ended");
    }
}
