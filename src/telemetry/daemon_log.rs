//! The events of the daemon itself, between and around cycles.

use chrono::{DateTime, Utc};
use tracing::{info, warn};

/// The daemon runs.
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

/// A tick met a running cycle.
pub fn tick_skipped() {
    warn!(
        event = "tick_skipped",
        "a cycle is still running: tick skipped"
    );
}

/// Nobody can see that the daemon lives.
pub fn health_file_failed(file: &str, why: &str) {
    warn!(
        event = "health_file_failed",
        file, why, "the health file could not be written: `exposured health` will fail"
    );
}

/// The signal to stop has come.
pub fn stopping(signal: &str) {
    info!(event = "shutdown_started", signal, "stopping: no new work");
}

/// The daemon ends.
pub fn stopped(in_time: bool) {
    if in_time {
        info!(event = "shutdown_finished", "stopped");
    } else {
        warn!(
            event = "shutdown_forced",
            "stopped before the cycle had ended"
        );
    }
}
