//! `exposured fixes`: what to fix first, over all exposures, from the same evaluation that publishes them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::evaluate::fixes as work_out;

use super::{Exit, complain, input, look};
use crate::report;
use crate::report::FixesFormat;

#[derive(Debug, Args)]
pub(super) struct FixesArguments {
    /// The configuration file; without it, the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read findings from the files in this folder instead of AWS
    #[arg(long, value_name = "DIR", conflicts_with = "sample")]
    input: Option<PathBuf>,
    /// Read built-in sample findings instead of AWS
    #[arg(long)]
    sample: bool,
    /// How to print the fixes
    #[arg(long, value_enum, default_value_t = FixesFormat::Table)]
    format: FixesFormat,
    /// List no more fixes than this; the sets are always whole
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
}

pub(super) async fn fixes(arguments: FixesArguments) -> Exit {
    let looked = look(
        arguments.config.as_ref(),
        input(arguments.input, arguments.sample),
    );
    let looked = match looked.await {
        Ok(looked) => looked,
        Err(exit) => return exit,
    };
    let outcome = &looked.outcome;
    let triage = looked.triage.on(outcome.as_of.date_naive());
    let found = work_out(&outcome.view, &looked.catalog, &triage);
    let limit = arguments.limit.map(NonZeroUsize::get);
    match report::print(&report::fixes(arguments.format, &found, limit)) {
        Err(error) => {
            complain(format_args!("printing the fixes: {error}"));
            Exit::Failed
        }
        Ok(()) if outcome.is_partial() => Exit::Partial,
        Ok(()) => Exit::Done,
    }
}
