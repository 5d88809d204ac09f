//! `exposured health`: whether the daemon is healthy, for the health check of a container without a shell.

#![expect(clippy::disallowed_methods, reason = "the health file must be recent")]

use chrono::{SecondsFormat, Utc};
use clap::Args;

use crate::daemon::health;

use super::arguments::ConfigArgs;
use super::{Exit, load_config, print, report_error};

#[derive(Debug, Args)]
pub(super) struct HealthArguments {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn health(arguments: &HealthArguments) -> Exit {
    let config = match load_config(&arguments.config.source()) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    match health::check(&config.schedule.health_file, Utc::now()) {
        Ok(status) => print(|output| writeln!(output, "{}", describe(&status))),
        Err(error) => {
            report_error(error);
            Exit::Failed
        }
    }
}

fn describe(status: &health::Status) -> String {
    let due = status
        .cycle_due_by
        .to_rfc3339_opts(SecondsFormat::Secs, true);
    match &status.last_cycle {
        Some(last) => format!(
            "healthy: the last cycle ended at {} ({}); the next one is due by {due}",
            last.ended_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            last.outcome.as_str()
        ),
        None => format!("healthy: the first cycle is due by {due}"),
    }
}
