//! `exposured once`: one cycle, its result on standard output.

use std::io::Write;
use std::sync::Arc;

use clap::Args;

use crate::pipeline::{AwsGoal, CycleRunner, CycleTask};
use crate::telemetry::{CycleResult, Progress, Verbosity, metrics};

use super::arguments::InputArgs;
use super::{Exit, archive_limit, complain, exit_of, start};
use crate::report;
use crate::report::ResultFormat;

#[derive(Debug, Args)]
pub(super) struct OnceArguments {
    #[command(flatten)]
    input: InputArgs,
    /// Publish the exposures to Security Hub and to the OCSF folder, as configured
    #[arg(long, conflicts_with_all = ["dry_run", "input", "sample"])]
    publish: bool,
    /// Change nothing anywhere, and print what --publish would do; this is the default
    #[arg(long)]
    dry_run: bool,
    /// Archive even more than `[publish] max_archive_percent` of the active exposures; needs --publish to have an effect
    #[arg(long)]
    allow_mass_archive: bool,
    /// How to print the exposures
    #[arg(long, value_enum, default_value_t = ResultFormat::Table)]
    format: ResultFormat,
}

pub(super) async fn once(arguments: OnceArguments) -> Exit {
    if arguments.publish {
        announce_publishing();
    }
    let progress = Progress::on_terminal();
    let (config, catalog, shutdown) =
        match start(&arguments.input.config(), Verbosity::Warnings, &progress) {
            Ok(started) => started,
            Err(exit) => return exit,
        };
    let limit = archive_limit(arguments.allow_mass_archive);
    let task = match arguments.input.files() {
        Some(files) => CycleTask::Files(files),
        None if arguments.publish => CycleTask::Aws(AwsGoal::Publish(limit)),
        None => CycleTask::Aws(AwsGoal::Plan(limit)),
    };
    let runner = CycleRunner {
        config,
        catalog: Arc::clone(&catalog),
        store: Arc::default(),
        metrics: metrics::Sink::stderr(),
        progress,
        cancel: shutdown.token().clone(),
    };
    match runner.run(&task).await {
        Ok(outcome) => match report::print_result(arguments.format, &outcome) {
            Err(error) => {
                complain(format_args!("printing the result: {error}"));
                Exit::Failed
            }
            Ok(()) => match outcome.result() {
                CycleResult::Unpublished => Exit::Failed,
                CycleResult::ArchiveRefused | CycleResult::Partial => Exit::Partial,
                CycleResult::Complete => Exit::Done,
            },
        },
        Err(error) => {
            complain(&error);
            exit_of(&error)
        }
    }
}

/// Says, before anything else on standard error, that this run changes what others see.
fn announce_publishing() {
    // Whether anyone reads it does not matter for the run.
    let _ = writeln!(
        std::io::stderr(),
        "publishing: this run creates, updates, and archives exposures as the configuration says"
    );
}
