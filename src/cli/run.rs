//! `exposured run`: the daemon.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::daemon::{self, Cycle};
use crate::telemetry::Progress;

use super::{Exit, complain, start};

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) async fn run(arguments: RunArguments) -> Exit {
    let progress = Progress::none();
    let (config, catalogue, shutdown) = match start(Some(&arguments.config), &progress) {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let cycle = Cycle {
        config: Arc::clone(&config),
        catalogue,
        store: Arc::default(),
        dry_run: false,
        progress,
        cancel: shutdown.token().clone(),
    };
    match daemon::run(
        cycle,
        &config.schedule.cron,
        config.schedule.run_on_start,
        shutdown,
    )
    .await
    {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(format_args!("setting up the schedule: {error}"));
            Exit::Failed
        }
    }
}
