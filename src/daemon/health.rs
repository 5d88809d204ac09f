//! How another process can tell that the daemon lives: a small file, written again and again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::telemetry::{CycleResult, daemon_log};

/// How often the daemon says that its loop runs.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(10);

/// A beat that is older is none: five were missed.
const BEAT_LASTS: TimeDelta = TimeDelta::seconds(60);

/// The longest time after its deadline in which a cycle may end. With a short deadline, the limit is the deadline itself,
/// so that a daemon that runs every few minutes is not called healthy for 10 minutes after its cycles stop.
const MAX_DELAY: TimeDelta = TimeDelta::minutes(10);

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// When the daemon's loop last ran.
    pub beat_at: DateTime<Utc>,
    /// Until when the next cycle must have ended.
    pub cycle_due_by: DateTime<Utc>,
    /// The last cycle that could be done, if there was one.
    pub last_cycle: Option<LastCycle>,
}

/// A cycle that could be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCycle {
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How.
    pub outcome: String,
}

/// Why the daemon is not well.
#[derive(Debug, thiserror::Error)]
pub enum Unwell {
    /// There is no file.
    #[error("reading {path}, which the daemon writes: {error}")]
    NoFile {
        /// Where it should be.
        path: String,
        /// Why it cannot be read.
        error: std::io::Error,
    },
    /// It cannot be understood.
    #[error("{path} was not written by this version of exposured: {error}")]
    NotOurs {
        /// Where it is.
        path: String,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// The daemon's loop does not run.
    #[error("the daemon last said at {beat_at} that it lives")]
    NoBeat {
        /// When.
        beat_at: String,
    },
    /// The loop runs, but no cycle ends.
    #[error("a cycle should have ended by {due_by}; {last}")]
    Overdue {
        /// When it was due.
        due_by: String,
        /// When the last one ended.
        last: String,
    },
}

/// Whether the daemon that writes this file is well.
///
/// # Errors
/// Why not.
pub fn check(path: &Path, now: DateTime<Utc>) -> Result<Status, Unwell> {
    let shown = || path.display().to_string();
    let text = std::fs::read(path).map_err(|error| Unwell::NoFile {
        path: shown(),
        error,
    })?;
    let status: Status = serde_json::from_slice(&text).map_err(|error| Unwell::NotOurs {
        path: shown(),
        error,
    })?;
    judge(&status, now)?;
    Ok(status)
}

/// A beat from the future is as little worth as an old one: the clock has changed, and the next one will tell.
fn judge(status: &Status, now: DateTime<Utc>) -> Result<(), Unwell> {
    if (now - status.beat_at).abs() > BEAT_LASTS {
        return Err(Unwell::NoBeat {
            beat_at: time(status.beat_at),
        });
    }
    if now > status.cycle_due_by {
        let last = status
            .last_cycle
            .as_ref()
            .map_or("none has yet".to_owned(), |last| {
                format!("the last one ended at {}", time(last.ended_at))
            });
        return Err(Unwell::Overdue {
            due_by: time(status.cycle_due_by),
            last,
        });
    }
    Ok(())
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Writes the file.
#[derive(Debug)]
pub(super) struct Heartbeat {
    path: PathBuf,
    deadline: TimeDelta,
    status: Status,
    /// Whether the file could not be written the last time: that is told once.
    failed: bool,
}

impl Heartbeat {
    /// The first cycle begins then, and may take as long as the deadline allows.
    pub(super) fn new(path: PathBuf, deadline: Duration, first_cycle: DateTime<Utc>) -> Self {
        let deadline = TimeDelta::from_std(deadline).unwrap_or(TimeDelta::MAX);
        Self {
            path,
            deadline,
            status: Status {
                beat_at: first_cycle,
                cycle_due_by: due_by(first_cycle, deadline),
                last_cycle: None,
            },
            failed: false,
        }
    }

    /// Says that the loop runs. A cycle that has ended since the last time makes the next one due.
    pub(super) fn beat(
        &mut self,
        now: DateTime<Utc>,
        last_cycle: Option<LastCycle>,
        next_tick: Option<DateTime<Utc>>,
    ) {
        self.status.beat_at = now;
        if last_cycle.is_some() && last_cycle != self.status.last_cycle {
            // A schedule without a next tick has done all that it will do.
            self.status.cycle_due_by =
                next_tick.map_or(DateTime::<Utc>::MAX_UTC, |tick| due_by(tick, self.deadline));
            self.status.last_cycle = last_cycle;
        }
        match self.write() {
            Ok(()) => self.failed = false,
            Err(error) if !self.failed => {
                daemon_log::health_file_failed(
                    &self.path.display().to_string(),
                    &error.to_string(),
                );
                self.failed = true;
            }
            Err(_) => {}
        }
    }

    /// Under a temporary name, then renamed: a reader never sees half of it.
    fn write(&self) -> std::io::Result<()> {
        let folder = self
            .path
            .parent()
            .filter(|path| !path.as_os_str().is_empty());
        let mut file = tempfile::Builder::new()
            .prefix(".exposured-health-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        serde_json::to_writer(file.as_file_mut(), &self.status)?;
        file.as_file_mut().flush()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// A daemon that has ended lives no longer. If the file stays, it tells so by its age.
    pub(super) fn end(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn due_by(tick: DateTime<Utc>, deadline: TimeDelta) -> DateTime<Utc> {
    tick.checked_add_signed(deadline)
        .and_then(|time| time.checked_add_signed(deadline.min(MAX_DELAY)))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl LastCycle {
    pub(super) fn new(outcome: CycleResult, ended_at: DateTime<Utc>) -> Self {
        Self {
            ended_at,
            outcome: outcome.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn the_daemon_is_well_while_it_beats_and_its_cycle_is_not_overdue() {
        let status = |beat_at, cycle_due_by| Status {
            beat_at,
            cycle_due_by,
            last_cycle: None,
        };
        let table = [
            (status(at(100), at(200)), true),
            (status(at(99), at(200)), true),
            (status(at(98), at(200)), false),
            (status(at(101), at(200)), true),
            (status(at(102), at(200)), false),
            (status(at(100), at(100)), true),
            (status(at(100), at(99)), false),
        ];
        for (status, well) in table {
            assert_eq!(judge(&status, at(100)).is_ok(), well, "{status:?}");
        }
    }

    #[test]
    fn the_delay_of_a_cycle_is_limited_by_its_deadline() {
        let due = |deadline| due_by(at(0), TimeDelta::minutes(deadline));
        assert_eq!(due(2), at(4));
        assert_eq!(due(10), at(20));
        assert_eq!(due(300), at(310));
        assert_eq!(due_by(at(0), TimeDelta::MAX), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn a_cycle_that_ends_makes_the_next_one_due() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("health.json");
        let mut heartbeat = Heartbeat::new(path.clone(), Duration::from_secs(3_600), at(0));
        let due = |now| check(&path, now).map(|status| status.cycle_due_by);
        heartbeat.beat(at(60), None, Some(at(360)));
        assert_eq!(due(at(60)).unwrap(), at(70));
        // It does not end, and the loop lives.
        heartbeat.beat(at(71), None, Some(at(360)));
        let told = due(at(71)).unwrap_err().to_string();
        assert_eq!(
            told,
            "a cycle should have ended by 1970-01-01T01:10:00Z; none has yet"
        );
        let last = LastCycle::new(CycleResult::Partial, at(72));
        heartbeat.beat(at(72), Some(last.clone()), Some(at(360)));
        assert_eq!(due(at(72)).unwrap(), at(430));
        // The next tick passes, and no cycle ends by it.
        heartbeat.beat(at(431), Some(last), Some(at(720)));
        assert!(matches!(due(at(431)), Err(Unwell::Overdue { .. })));
        heartbeat.end();
        assert!(matches!(due(at(431)), Err(Unwell::NoFile { .. })));
    }
}
