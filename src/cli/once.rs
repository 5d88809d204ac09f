//! `exposured once`: one cycle, its result on standard output.

use std::sync::Arc;

use clap::Args;

use crate::model::Region;
use crate::pipeline::{AwsGoal, CycleOutcome, CycleRunner, CycleTask};
use crate::publish::ImportedFindings;
use crate::telemetry::{CycleResult, Progress, Verbosity, metrics};

use crate::report::{CycleReport, Output, ResultFormat};

use super::arguments::{InputArgs, OutputArgs};
use super::{
    Exit, archive_limit, exit_of, open_output, output_failed, print_error, report_error, start,
};

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
    /// Archive the exposures that were last seen in this Region, which is no longer configured; needs --publish to have an
    /// effect
    #[arg(
        long,
        value_name = "REGION",
        value_delimiter = ',',
        conflicts_with_all = ["input", "sample"]
    )]
    forget: Vec<Region>,
    /// Also list the resources that one more trait would expose, each with the command that explains it
    #[arg(long)]
    near_misses: bool,
    /// How to print the exposures
    #[arg(long, value_enum, default_value_t = ResultFormat::Table)]
    format: ResultFormat,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn once(arguments: OnceArguments) -> Exit {
    let lists = matches!(arguments.format, ResultFormat::Table | ResultFormat::Json);
    if arguments.near_misses && !lists {
        report_error("--near-misses needs --format table or --format json");
        return Exit::Usage;
    }
    if arguments.publish {
        announce_publishing();
    }
    let output = match open_output(&arguments.output) {
        Ok(output) => output,
        Err(exit) => return exit,
    };
    let progress = Progress::on_terminal();
    let verbosity = arguments.input.verbosity.from(Verbosity::Warnings);
    let (config, catalog, shutdown) = match start(&arguments.input.config(), verbosity, &progress) {
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
        forgotten: arguments.forget.iter().cloned().collect(),
        imported: ImportedFindings::default(),
        store: Arc::default(),
        metrics: metrics::Sink::stderr(),
        progress,
        cancel: shutdown.token().clone(),
    };
    match runner.run(&task).await {
        Ok(outcome) => report(&arguments, &outcome, output),
        Err(error) => {
            report_error(&error);
            exit_of(&error)
        }
    }
}

fn report(arguments: &OnceArguments, outcome: &CycleOutcome, output: Output) -> Exit {
    let explain_command = arguments
        .near_misses
        .then(|| arguments.input.explain_command());
    let report = CycleReport {
        outcome,
        options: &arguments.output.options(),
        explain_command,
    };
    match report.write(arguments.format, output) {
        Err(error) => output_failed(&arguments.output, &error),
        Ok(()) => match outcome.result() {
            CycleResult::Unpublished => Exit::Failed,
            CycleResult::ArchiveRefused | CycleResult::Partial => Exit::Partial,
            CycleResult::Complete => Exit::Done,
        },
    }
}

/// Announces, before anything else on standard error, that this run changes what others see.
fn announce_publishing() {
    print_error(
        "publishing: this run creates, updates, and archives exposures as the configuration says",
    );
}
