//! `exposured explain`: everything about one resource, from the same evaluation that publishes it.

use clap::Args;

use crate::evaluate::{explain as explain_resource, find};

use super::arguments::InputArgs;
use super::{Exit, Looked, complain, look};
use crate::report;
use crate::report::ExplainFormat;

/// More candidates than these are not worth listing.
const CANDIDATES: usize = 20;

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The resource: its ARN, its id, or a unique part of one
    resource: String,
    #[command(flatten)]
    input: InputArgs,
    /// How to print the explanation
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    format: ExplainFormat,
}

pub(super) async fn explain(arguments: ExplainArguments) -> Exit {
    let looked = look(&arguments.input);
    match looked.await {
        Ok(looked) => tell(&arguments, &looked),
        Err(exit) => exit,
    }
}

fn tell(arguments: &ExplainArguments, looked: &Looked) -> Exit {
    let Looked {
        outcome,
        catalog,
        triage,
    } = looked;
    let triage = triage.on(outcome.as_of.date_naive());
    let text = arguments.resource.as_str();
    let found = find(&outcome.view, catalog, text);
    let [index] = found[..] else {
        if found.is_empty() {
            complain(format_args!(
                "no finding that was read names a resource like {text:?}"
            ));
        } else {
            complain(format_args!("{text:?} may mean {} resources:", found.len()));
            for index in found.iter().take(CANDIDATES) {
                let resource = outcome.view.resource(*index);
                eprintln!(
                    "  {} ({}, {}, {})",
                    resource.id, resource.resource_type, resource.account, resource.region
                );
            }
        }
        return Exit::Usage;
    };
    let explanation = explain_resource(&outcome.view, catalog, &triage, index);
    let text = report::explanation(arguments.format, &explanation, catalog);
    match report::print(&text) {
        Err(error) => {
            complain(format_args!("printing the explanation: {error}"));
            Exit::Failed
        }
        Ok(()) if outcome.is_partial() => Exit::Partial,
        Ok(()) => Exit::Done,
    }
}
