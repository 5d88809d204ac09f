//! A schedule as a cron expression.

#![expect(
    clippy::disallowed_methods,
    reason = "a schedule that is over never fires"
)]

use std::fmt;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use toml::Spanned;

use super::valid::ConfigChecker;

const DEFAULT: &str = "0 0 */6 * * *";

/// The times at which cycles start, in UTC.
#[derive(Clone, Debug)]
pub struct CronSchedule {
    cron: Cron,
}

impl CronSchedule {
    /// Parses six fields, seconds first, and an optional year. A day must match both the day of the month and the day of the
    /// week.
    pub(crate) fn parse(expression: &str) -> Option<Self> {
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .dom_and_dow(true)
            .build();
        let cron = parser.parse(expression).ok()?;
        Some(Self { cron })
    }

    /// Returns the first of the times after this one, if there is one.
    pub fn after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&time, false).ok()
    }
}

impl PartialEq for CronSchedule {
    fn eq(&self, other: &Self) -> bool {
        self.cron.as_str() == other.cron.as_str()
    }
}

impl Eq for CronSchedule {}

impl fmt::Display for CronSchedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.cron.as_str())
    }
}

impl ConfigChecker<'_> {
    pub(super) fn cron(&mut self, raw: Option<&Spanned<String>>) -> CronSchedule {
        let Some(at) = raw else { return default_cron() };
        let text = at.get_ref();
        match CronSchedule::parse(text) {
            None => self.push_problem(
                at,
                format!("invalid cron expression `{text}`"),
                "write six fields: second, minute, hour, day of month, month, and day of week; \
                 \"0 0 */6 * * *\" means every six hours",
            ),
            Some(cron) if cron.after(Utc::now()).is_none() => self.push_problem(
                at,
                format!("the cron expression `{text}` never fires"),
                "use a day that the month has, and a year that is not over; \"0 0 */6 * * *\" means every six hours",
            ),
            Some(cron) => return cron,
        }
        default_cron()
    }
}

#[expect(
    clippy::unreachable,
    reason = "a constant, as the test `every_key_has_a_default` shows"
)]
fn default_cron() -> CronSchedule {
    CronSchedule::parse(DEFAULT).unwrap_or_else(|| unreachable!("{DEFAULT} is invalid"))
}
