//! `exposured health`: whether the daemon lives, for the health check of a container without a shell.

use chrono::{SecondsFormat, Utc};
use clap::Args;

use crate::config;
use crate::daemon::health;

use super::arguments::ConfigArgs;
use super::{Exit, complain};

#[derive(Debug, Args)]
pub(super) struct HealthArguments {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn health(arguments: &HealthArguments) -> Exit {
    let config = match config::load(&arguments.config.source()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Usage;
        }
    };
    match health::check(&config.schedule.health_file, Utc::now()) {
        Ok(status) => {
            let due = status
                .cycle_due_by
                .to_rfc3339_opts(SecondsFormat::Secs, true);
            match status.last_cycle {
                Some(last) => println!(
                    "healthy: the last cycle ended at {} ({}), the next one has until {due}",
                    last.ended_at.to_rfc3339_opts(SecondsFormat::Secs, true),
                    last.outcome
                ),
                None => println!("healthy: the first cycle has until {due}"),
            }
            Exit::Done
        }
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}
