//! `exposured run`: the daemon.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::daemon::{self, Cycle, Shutdown};
use crate::telemetry::{self, Progress};

use super::{Exit, complain, load};

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) async fn run(arguments: RunArguments) -> Exit {
    let (config, catalogue) = match load(Some(&arguments.config)) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let progress = Progress::none();
    if let Err(error) = telemetry::start(&progress) {
        complain(error);
        return Exit::Usage;
    }
    let shutdown = match Shutdown::listen() {
        Ok(shutdown) => shutdown,
        Err(error) => {
            complain(format_args!("listening for signals: {error}"));
            return Exit::Failed;
        }
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
