//! `exposured fixes`: what to fix first, over all exposures, from the same evaluation that publishes them.

use std::num::NonZeroUsize;

use clap::Args;

use crate::evaluate::fixes as work_out;

use super::arguments::InputArgs;
use super::{Exit, complain, look};
use crate::report;
use crate::report::FixesFormat;

#[derive(Debug, Args)]
pub(super) struct FixesArguments {
    #[command(flatten)]
    input: InputArgs,
    /// How to print the fixes
    #[arg(long, value_enum, default_value_t = FixesFormat::Table)]
    format: FixesFormat,
    /// List no more fixes than this; the sets are always whole
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
}

pub(super) async fn fixes(arguments: FixesArguments) -> Exit {
    let looked = look(&arguments.input);
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
