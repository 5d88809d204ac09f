//! `exposured once`: one cycle, its result on standard output.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::daemon::{Cycle, Input};
use crate::telemetry::Progress;

use super::{Exit, complain, exit_of, input, output, start};

#[derive(Debug, Args)]
pub(super) struct OnceArguments {
    /// The configuration file; without it, the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read findings from the files in this folder instead of AWS, as the AWS CLI writes them; implies --dry-run
    #[arg(long, value_name = "DIR", conflicts_with = "sample")]
    input: Option<PathBuf>,
    /// Read built-in sample findings instead of AWS; implies --dry-run
    #[arg(long)]
    sample: bool,
    /// Publish nothing and write nothing
    #[arg(long)]
    dry_run: bool,
    /// How to print the exposures
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How exposures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// Everything: exposures, coverage, summary
    Json,
    /// As Security Hub imports them
    Asff,
    /// OCSF Detection Findings, one a line
    Ocsf,
}

pub(super) async fn once(arguments: OnceArguments) -> Exit {
    let progress = Progress::on_terminal();
    let (config, catalogue, shutdown) = match start(arguments.config.as_ref(), &progress) {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let input = input(arguments.input, arguments.sample);
    let dry_run = arguments.dry_run || input != Input::Aws;
    let cycle = Cycle {
        config,
        catalogue: Arc::clone(&catalogue),
        store: Arc::default(),
        dry_run,
        progress,
        cancel: shutdown.token().clone(),
    };
    match cycle.run(&input).await {
        Ok(outcome) => {
            let text = output::render(arguments.format, &outcome, &catalogue);
            match output::print(&text) {
                Err(error) => {
                    complain(format_args!("printing the result: {error}"));
                    Exit::Failed
                }
                Ok(()) if outcome.unpublished() > 0 => Exit::Failed,
                Ok(()) if outcome.is_partial() => Exit::Partial,
                Ok(()) => Exit::Done,
            }
        }
        Err(error) => {
            complain(&error);
            exit_of(&error)
        }
    }
}
