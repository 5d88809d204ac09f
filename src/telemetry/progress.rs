//! A progress line on a terminal, for work that takes more than a second. Elsewhere there is none.

#![expect(
    clippy::disallowed_methods,
    reason = "progress is shown only if a cycle takes long"
)]

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shorter work is finished before a person has read the line.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// The progress of the current work. Clones share one line.
#[derive(Clone, Debug)]
pub struct Progress {
    inner: Option<Arc<Line>>,
}

#[derive(Debug)]
struct Line {
    bar: ProgressBar,
    started: Instant,
    shown: AtomicBool,
    records: AtomicU64,
}

impl Progress {
    /// Returns a line on standard error, if that is a terminal.
    pub fn on_terminal() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::none();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        // The template is valid; if it were not, the default would do.
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {elapsed} {prefix} {pos}/{len} {msg}")
        {
            bar.set_style(style);
        }
        let line = Line {
            bar,
            started: Instant::now(),
            shown: AtomicBool::new(false),
            records: AtomicU64::new(0),
        };
        Self {
            inner: Some(Arc::new(line)),
        }
    }

    /// Returns a progress that is not shown.
    pub fn none() -> Self {
        Self { inner: None }
    }

    /// Starts work that has a number of parts.
    pub fn start(&self, work: &'static str, parts: usize) {
        let Some(line) = &self.inner else { return };
        line.records.store(0, Ordering::Relaxed);
        line.bar.set_prefix(work);
        line.bar.set_message("");
        line.bar.set_position(0);
        line.bar.set_length(parts as u64);
        line.show();
    }

    /// Adds records that were read.
    pub fn records(&self, count: usize) {
        let Some(line) = &self.inner else { return };
        let total = line.records.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        line.bar
            .set_message(format!("({} records)", HumanCount(total)));
        line.show();
    }

    /// Counts a part that is finished.
    pub fn part_done(&self) {
        let Some(line) = &self.inner else { return };
        line.bar.inc(1);
        line.show();
    }

    /// Removes the line, since the work is finished.
    pub fn finish(&self) {
        let Some(line) = &self.inner else { return };
        line.bar.finish_and_clear();
    }

    /// Writes something to the terminal where the line is, and then shows the line again.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.inner {
            Some(line) => line.bar.suspend(write),
            None => write(),
        }
    }
}

impl Line {
    fn show(&self) {
        if self.started.elapsed() >= SHOWN_AFTER && !self.shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}
