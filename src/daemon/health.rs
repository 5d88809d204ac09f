//! The health file, which the daemon keeps writing, and by which another process checks that the daemon is healthy.

#![expect(
    clippy::disallowed_methods,
    reason = "this module reads and writes the health file"
)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::telemetry::{CycleResult, daemon_log};

/// How often the daemon shows that its loop runs.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);

/// A daemon whose last heartbeat is older has missed five of them.
const HEARTBEAT_TTL: TimeDelta = TimeDelta::seconds(60);

/// The longest time after its deadline in which a cycle may end. With a short deadline, the limit is the deadline itself,
/// so that a daemon that runs every few minutes is not called healthy for 10 minutes after its cycles stop.
const MAX_DELAY: TimeDelta = TimeDelta::minutes(10);

/// The longest deadline that counts. A cycle that has run for a day does not end.
const MAX_DEADLINE: TimeDelta = TimeDelta::days(1);

/// A health file is much smaller. A larger file is something else.
const MAX_FILE_SIZE: u64 = 4 << 10;

/// The content of the health file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// When the daemon's loop last ran.
    pub beat_at: DateTime<Utc>,
    /// When the next cycle must have ended.
    pub cycle_due_by: DateTime<Utc>,
    /// The last cycle that did not fail, if there was one.
    pub last_cycle: Option<LastCycle>,
    /// When the last cycle panicked, if it did.
    pub panicked_at: Option<DateTime<Utc>>,
}

/// How a cycle of the daemon ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CycleEnd {
    /// It did not fail.
    Finished(LastCycle),
    /// It failed, and the next one may not.
    Failed,
    /// A defect of exposured.
    Panicked(DateTime<Utc>),
}

/// A cycle that did not fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCycle {
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: CycleResult,
}

/// Why the daemon is not healthy.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The health file cannot be read.
    #[error("reading the health file {path}, which the daemon writes: {source}")]
    Unreadable {
        /// The path of the file.
        path: String,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// The file is not one that a daemon of this user writes. Nothing of its content is reported, because it may be any
    /// file that someone else put there.
    #[error(
        "checking the health file {path}: {why}; check `[schedule] health_file`, and that nobody else can write to its \
         folder"
    )]
    Untrusted {
        /// The path of the file.
        path: String,
        /// Why it is not trusted.
        why: &'static str,
    },
    /// The daemon's loop does not run.
    #[error("the daemon's last heartbeat was at {beat_at}")]
    NoHeartbeat {
        /// The time of the last heartbeat.
        beat_at: String,
    },
    /// The loop runs, but the last cycle has met a defect.
    #[error(
        "the last cycle panicked at {at}, which is a defect of exposured; the log has the event `panicked`"
    )]
    Panicked {
        /// When it panicked.
        at: String,
    },
    /// The loop runs, but no cycle ends.
    #[error("a cycle should have ended by {due_by}; {last}")]
    Overdue {
        /// When the cycle was due.
        due_by: String,
        /// When the last cycle ended.
        last: String,
    },
}

/// Checks that the daemon that writes this file is healthy.
///
/// # Errors
/// The daemon is not healthy.
pub fn check(path: &Path, now: DateTime<Utc>) -> Result<Status, HealthError> {
    let path_text = || path.display().to_string();
    let untrusted = |why| HealthError::Untrusted {
        path: path_text(),
        why,
    };
    let unreadable = |source| HealthError::Unreadable {
        path: path_text(),
        source,
    };
    let file = open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(untrusted("it is not a regular file"));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(untrusted("it belongs to another user"));
    }
    let mut text = Vec::new();
    let limit = MAX_FILE_SIZE + 1;
    file.take(limit)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    if u64::try_from(text.len()).is_ok_and(|size| size >= limit) {
        return Err(untrusted("it is larger than a health file"));
    }
    let status: Status = serde_json::from_slice(&text)
        .map_err(|_| untrusted("it was not written by this version of exposured"))?;
    check_status(&status, now)?;
    Ok(status)
}

/// Opens the file without following a symbolic link, and without waiting for the writer of a pipe.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).map_err(std::io::Error::other)?;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// A heartbeat from the future proves as little as an old one: the clock was changed, and the next heartbeat will show
/// whether the daemon is alive.
fn check_status(status: &Status, now: DateTime<Utc>) -> Result<(), HealthError> {
    if (now - status.beat_at).abs() > HEARTBEAT_TTL {
        return Err(HealthError::NoHeartbeat {
            beat_at: time(status.beat_at),
        });
    }
    if let Some(at) = status.panicked_at {
        return Err(HealthError::Panicked { at: time(at) });
    }
    if now > status.cycle_due_by {
        let last = match &status.last_cycle {
            Some(last) => format!("the last one ended at {}", time(last.ended_at)),
            None => "none has ended yet".to_owned(),
        };
        return Err(HealthError::Overdue {
            due_by: time(status.cycle_due_by),
            last,
        });
    }
    Ok(())
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Writes the health file.
#[derive(Debug)]
pub(super) struct Heartbeat {
    path: PathBuf,
    deadline: TimeDelta,
    status: Status,
    /// Whether the last write failed. A failure is logged only once.
    failed: bool,
}

impl Heartbeat {
    /// Returns a heartbeat that expects the first cycle to start at `first_cycle` and to take no longer than the deadline.
    pub(super) fn new(path: PathBuf, deadline: Duration, first_cycle: DateTime<Utc>) -> Self {
        let deadline = TimeDelta::from_std(deadline)
            .map_or(MAX_DEADLINE, |deadline| deadline.min(MAX_DEADLINE));
        Self {
            path,
            deadline,
            status: Status {
                beat_at: first_cycle,
                cycle_due_by: due_by(first_cycle, deadline),
                last_cycle: None,
                panicked_at: None,
            },
            failed: false,
        }
    }

    /// Records how a cycle ended. After one that did not fail, the next one becomes due.
    pub(super) fn cycle_ended(&mut self, end: CycleEnd, next_tick: Option<DateTime<Utc>>) {
        match end {
            CycleEnd::Finished(last) => {
                let next = next_tick.unwrap_or(last.ended_at);
                self.status.cycle_due_by = due_by(next, self.deadline);
                self.status.last_cycle = Some(last);
                self.status.panicked_at = None;
            }
            CycleEnd::Failed => self.status.panicked_at = None,
            CycleEnd::Panicked(at) => self.status.panicked_at = Some(at),
        }
    }

    /// Shows that the loop runs. A cycle is due no later than one that starts at the next tick, even if it became due
    /// before the clock was corrected.
    pub(super) fn beat(&mut self, now: DateTime<Utc>, next_tick: Option<DateTime<Utc>>) {
        self.status.beat_at = now;
        let latest = due_by(next_tick.unwrap_or(now), self.deadline);
        self.status.cycle_due_by = self.status.cycle_due_by.min(latest);
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

    /// Writes the file under a temporary name, then renames it, so that a reader never sees an incomplete file.
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

    /// Removes the file of a daemon that stops. If that fails, the file's age shows that the daemon is gone.
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
        Self { ended_at, outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn the_daemon_is_healthy_while_its_heartbeat_is_recent_and_no_cycle_is_overdue() {
        let status = |beat_at, cycle_due_by| Status {
            beat_at,
            cycle_due_by,
            last_cycle: None,
            panicked_at: None,
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
        for (status, healthy) in table {
            assert_eq!(
                check_status(&status, at(100)).is_ok(),
                healthy,
                "{status:?}"
            );
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
    fn only_a_small_regular_file_is_trusted_and_no_content_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let secret = "aws_secret_access_key";
        std::fs::write(path("other"), secret).unwrap();
        std::fs::write(path("large"), vec![b' '; 5 << 10]).unwrap();
        let mut heartbeat = Heartbeat::new(path("real"), Duration::from_secs(60), at(0));
        heartbeat.beat(at(0), None);
        std::os::unix::fs::symlink(path("real"), path("link")).unwrap();
        assert!(check(&path("real"), at(0)).is_ok());
        for (name, why) in [
            ("other", "was not written by"),
            ("large", "larger than"),
            ("link", "reading the health file"),
            ("", "not a regular file"),
            ("missing", "reading the health file"),
        ] {
            let message = check(&path(name), at(0)).unwrap_err().to_string();
            assert!(message.contains(why), "{name}: {message}");
            assert!(!message.contains(secret), "{name}: {message}");
        }
        // Nobody writes to this pipe, and the check does not wait for it.
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let message = check(&path("pipe"), at(0)).unwrap_err().to_string();
        assert!(message.contains("not a regular file"), "{message}");
    }

    #[test]
    fn a_cycle_that_ends_makes_the_next_one_due() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("health.json");
        let mut heartbeat = Heartbeat::new(path.clone(), Duration::from_secs(3_600), at(0));
        let due = |now| check(&path, now).map(|status| status.cycle_due_by);
        heartbeat.beat(at(60), Some(at(360)));
        assert_eq!(due(at(60)).unwrap(), at(70));
        // It does not end, but the loop runs.
        heartbeat.beat(at(71), Some(at(360)));
        let message = due(at(71)).unwrap_err().to_string();
        assert_eq!(
            message,
            "a cycle should have ended by 1970-01-01T01:10:00Z; none has ended yet"
        );
        let last = LastCycle::new(CycleResult::Partial, at(72));
        heartbeat.cycle_ended(CycleEnd::Finished(last), Some(at(360)));
        heartbeat.beat(at(72), Some(at(360)));
        assert_eq!(due(at(72)).unwrap(), at(430));
        // The next tick passes, and no cycle ends by it.
        heartbeat.cycle_ended(CycleEnd::Failed, Some(at(720)));
        heartbeat.beat(at(431), Some(at(720)));
        assert!(matches!(due(at(431)), Err(HealthError::Overdue { .. })));
        heartbeat.end();
        assert!(matches!(due(at(431)), Err(HealthError::Unreadable { .. })));
    }

    #[test]
    fn a_cycle_that_panics_makes_the_daemon_unhealthy_until_the_next_one_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("health.json");
        let mut heartbeat = Heartbeat::new(path.clone(), Duration::from_secs(3_600), at(0));
        let mut ended = |end| {
            heartbeat.cycle_ended(end, Some(at(360)));
            heartbeat.beat(at(5), Some(at(360)));
            check(&path, at(5)).map(drop)
        };
        let panicked = || CycleEnd::Panicked(at(4));
        assert!(matches!(
            ended(panicked()),
            Err(HealthError::Panicked { .. })
        ));
        assert!(ended(CycleEnd::Failed).is_ok());
        assert!(ended(panicked()).is_err());
        let last = LastCycle::new(CycleResult::Complete, at(5));
        assert!(ended(CycleEnd::Finished(last)).is_ok());
    }

    #[test]
    fn the_due_time_is_capped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("health.json");
        // The clock of the host is years ahead, and then it is corrected. The deadline is longer than anyone can wait.
        let years = at(10 * 365 * 1_440);
        let mut heartbeat = Heartbeat::new(path.clone(), Duration::MAX, years);
        heartbeat.beat(at(0), Some(at(360)));
        let due = check(&path, at(0)).unwrap().cycle_due_by;
        assert_eq!(due, at(360 + 1_440 + 10));
        // No tick follows: the last cycle is due nevertheless.
        heartbeat.beat(at(1), None);
        assert_eq!(
            check(&path, at(1)).unwrap().cycle_due_by,
            at(1 + 1_440 + 10)
        );
    }
}
