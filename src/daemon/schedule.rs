//! The schedule as a stream of ticks.

#![expect(clippy::disallowed_methods, reason = "the schedule follows the clock")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::sleep;

use crate::config::CronSchedule;
use crate::telemetry::daemon_log;

/// How often the clock is read. A timer that runs until the next tick would not notice that the clock was changed.
const CLOCK_INTERVAL: Duration = Duration::from_millis(250);

/// A clock that goes back further was corrected. A smaller correction delays a tick and never repeats it.
const MAX_STEP_BACK: TimeDelta = TimeDelta::seconds(60);

/// Ticks at the times of a cron expression.
#[derive(Debug)]
pub(super) struct Ticks {
    cron: CronSchedule,
    /// The latest time that was read.
    seen: DateTime<Utc>,
    next: Option<DateTime<Utc>>,
}

impl Ticks {
    /// Returns the ticks after a time.
    pub(super) fn after(cron: &CronSchedule, now: DateTime<Utc>) -> Self {
        Self {
            next: cron.after(now),
            cron: cron.clone(),
            seen: now,
        }
    }

    /// Waits for the next tick. It may be canceled at any time.
    pub(super) async fn next(&mut self) {
        while !self.is_due(Utc::now()) {
            sleep(CLOCK_INTERVAL).await;
        }
    }

    /// Returns the time of the next tick, if there is one.
    pub(super) fn upcoming(&self) -> Option<DateTime<Utc>> {
        self.next
    }

    /// Whether there is a tick now. Times that have passed since the last tick, for example during a cycle or because the
    /// clock was set forward, are one tick. If the clock was set back, the ticks are those after its new time.
    fn is_due(&mut self, now: DateTime<Utc>) -> bool {
        if self.seen - now > MAX_STEP_BACK {
            self.next = self.cron.after(now);
            self.seen = now;
            daemon_log::clock_set_back(self.next);
            return false;
        }
        self.seen = self.seen.max(now);
        let is_due = self.next.is_some_and(|next| next <= now);
        if is_due {
            self.next = self.cron.after(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every six hours.
    fn ticks(now: &str) -> Ticks {
        Ticks::after(&crate::config::Config::default().schedule.cron, at(now))
    }

    fn at(time: &str) -> DateTime<Utc> {
        format!("{time}Z").parse().unwrap()
    }

    #[test]
    fn each_time_of_the_schedule_is_one_tick() {
        let mut ticks = ticks("2026-11-25T05:00:00");
        let mut due = |now| ticks.is_due(at(now));
        assert!(!due("2026-11-25T05:59:59"));
        assert!(due("2026-11-25T06:00:00"));
        assert!(!due("2026-11-25T06:00:00.2"));
        // A small correction of the clock does not repeat it.
        assert!(!due("2026-11-25T05:59:59.9"));
        assert!(!due("2026-11-25T06:00:00"));
        // The host was suspended for a day.
        assert!(due("2026-11-26T13:00:00"));
        assert!(!due("2026-11-26T13:00:01"));
        assert_eq!(ticks.upcoming(), Some(at("2026-11-26T18:00:00")));
    }

    #[test]
    fn a_clock_that_is_corrected_by_years_changes_the_next_tick() {
        let mut ticks = ticks("2036-01-01T05:00:00");
        assert!(!ticks.is_due(at("2026-11-25T05:00:00")));
        assert_eq!(ticks.upcoming(), Some(at("2026-11-25T06:00:00")));
        assert!(ticks.is_due(at("2026-11-25T06:00:00")));
        assert!(ticks.is_due(at("2036-01-01T05:00:00")));
        assert_eq!(ticks.upcoming(), Some(at("2036-01-01T06:00:00")));
    }
}
