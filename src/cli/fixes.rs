//! `exposured fixes`: what to fix first, over all exposures, by the same evaluation that publishes them.

use clap::Args;

use crate::evaluate::fixes_where;
use crate::reconcile::Plan;
use crate::report::{FixesFormat, FixesReport, Output};

use super::arguments::{InputArgs, OutputArgs};
use super::{EvaluatedInput, Exit, evaluate_input, open_output, output_failed};

#[derive(Debug, Args)]
pub(super) struct FixesArguments {
    #[command(flatten)]
    input: InputArgs,
    /// How to print the fixes
    #[arg(long, value_enum, default_value_t = FixesFormat::Table)]
    format: FixesFormat,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn fixes(arguments: FixesArguments) -> Exit {
    let output = match open_output(&arguments.output) {
        Ok(output) => output,
        Err(exit) => return exit,
    };
    match evaluate_input(&arguments.input).await {
        Ok(evaluated) => report(&arguments, &evaluated, output),
        Err(exit) => exit,
    }
}

fn report(arguments: &FixesArguments, evaluated: &EvaluatedInput, output: Output) -> Exit {
    let outcome = &evaluated.outcome;
    let triage = evaluated.triage.on(outcome.as_of.date_naive());
    let options = arguments.output.options();
    let filter = &options.filter;
    let fixes = fixes_where(
        &outcome.view,
        &evaluated.catalog,
        &triage,
        |index, severity| {
            filter.allows_severity(severity)
                && filter.allows_resource(&outcome.view.resource(index))
        },
    );
    let report = FixesReport {
        fixes: &fixes,
        coverage: &outcome.coverage,
        mutes: &outcome.mutes,
        held: outcome.plan.iter().flat_map(Plan::held).collect(),
        options: &options,
    };
    match report.write(arguments.format, output) {
        Err(error) => output_failed(&arguments.output, &error),
        Ok(()) if outcome.is_partial() => Exit::Partial,
        Ok(()) => Exit::Done,
    }
}
