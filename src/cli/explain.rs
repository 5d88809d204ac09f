//! `exposured explain`: everything about one resource, by the same evaluation that publishes it.

use clap::Args;

use crate::evaluate::{explain as explain_resource, find};
use crate::graph::ResourceIndex;
use crate::model::{ExposureId, clean};
use crate::reconcile::Plan;
use crate::report::{ExplainFormat, ExplanationReport, ListOptions, Output};

use super::arguments::{InputArgs, OutputArgs};
use super::{
    EvaluatedInput, Exit, evaluate_input, open_output, output_failed, print_error, report_error,
};

/// The most candidates that are listed for an ambiguous name.
const MAX_CANDIDATES: usize = 20;

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The resource: its ARN, its ID, its name, or a unique part of the ID
    resource: String,
    #[command(flatten)]
    input: InputArgs,
    /// How to print the explanation
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    format: ExplainFormat,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn explain(arguments: ExplainArguments) -> Exit {
    let output = match open_output(&arguments.output) {
        Ok(output) => output,
        Err(exit) => return exit,
    };
    match evaluate_input(&arguments.input).await {
        Ok(evaluated) => report(&arguments, &evaluated, output),
        Err(exit) => exit,
    }
}

fn report(arguments: &ExplainArguments, evaluated: &EvaluatedInput, output: Output) -> Exit {
    let EvaluatedInput {
        outcome,
        catalog,
        triage,
    } = evaluated;
    let options = arguments.output.options();
    let index = match find_one(&arguments.resource, &options, evaluated) {
        Ok(index) => index,
        Err(exit) => return exit,
    };
    let exposure = ExposureId::of(&outcome.view.resource(index));
    let held = outcome.plan.iter().flat_map(Plan::held);
    let triage = triage.on(outcome.as_of.date_naive());
    let report = ExplanationReport {
        explanation: &explain_resource(&outcome.view, catalog, &triage, index),
        catalog,
        coverage: &outcome.coverage,
        held: held.filter(|(step, _)| step.id == exposure).collect(),
        options: &options,
    };
    match report.write(arguments.format, output) {
        Err(error) => output_failed(&arguments.output, &error),
        Ok(()) if outcome.is_partial() => Exit::Partial,
        Ok(()) => Exit::Done,
    }
}

/// Finds the one resource that a name and the filter mean.
pub(super) fn find_one(
    name: &str,
    options: &ListOptions,
    evaluated: &EvaluatedInput,
) -> Result<ResourceIndex, Exit> {
    let view = &evaluated.outcome.view;
    let mut found = find(view, &evaluated.catalog, name);
    found.retain(|index| options.filter.allows_resource(&view.resource(*index)));
    match found[..] {
        [index] => return Ok(index),
        [] => {
            report_error(format_args!(
                "no finding that was read is about a resource like `{name}`"
            ));
            let held = evaluated.outcome.plan.iter().flat_map(Plan::held);
            for (step, reason) in held.filter(|(step, _)| step.resource.contains(name)) {
                print_error(format_args!(
                    "  a published exposure of {} is held: {}",
                    clean(&step.resource),
                    clean(&reason.to_string())
                ));
            }
        }
        _ => {
            report_error(format_args!(
                "`{name}` matches {} resources; give the full ID, or narrow it with --account, --region, or --type:",
                found.len()
            ));
            for index in found.iter().take(MAX_CANDIDATES) {
                let resource = view.resource(*index);
                print_error(format_args!(
                    "  {} ({}, {}, {})",
                    resource.id, resource.resource_type, resource.account, resource.region
                ));
            }
            if found.len() > MAX_CANDIDATES {
                print_error(format_args!("  and {} more", found.len() - MAX_CANDIDATES));
            }
        }
    }
    Err(Exit::Usage)
}
