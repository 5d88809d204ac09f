//! `exposured run`: the daemon.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;

use crate::daemon;
use crate::pipeline::{AwsGoal, CycleRunner, CycleTask};
use crate::publish::ImportedFindings;
use crate::telemetry::{Progress, Verbosity, metrics};

use super::arguments::{ConfigArgs, VerbosityArgs};
use super::{Exit, archive_limit, report_error, start};

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    config: ConfigArgs,
    /// Archive even more than `[publish] max_archive_percent` of the active exposures, in every cycle of this daemon
    #[arg(long)]
    allow_mass_archive: bool,
    #[command(flatten)]
    verbosity: VerbosityArgs,
}

pub(super) async fn run(arguments: RunArguments) -> Exit {
    let progress = Progress::none();
    let verbosity = arguments.verbosity.from(Verbosity::Events);
    let (config, catalog, shutdown) = match start(&arguments.config.source(), verbosity, &progress)
    {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let limit = archive_limit(arguments.allow_mass_archive);
    let task = CycleTask::Aws(AwsGoal::Publish(limit));
    let runner = CycleRunner {
        config: Arc::clone(&config),
        catalog,
        forgotten: BTreeSet::new(),
        imported: ImportedFindings::default(),
        store: Arc::default(),
        metrics: metrics::Sink::stdout(),
        progress,
        cancel: shutdown.token().clone(),
    };
    match daemon::run(runner, task, &config.schedule, shutdown).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            report_error(format_args!("setting up the schedule: {error}"));
            Exit::Failed
        }
    }
}
