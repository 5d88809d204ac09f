//! `exposured iam`: questions about what an identity can do.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use crate::graph::AccessQuestion;
use crate::model::ResourceType;
use crate::report::{AccessReport, IamFormat};

use super::arguments::{InputArgs, OutputArgs};
use super::explain::find_one;
use super::{EvaluatedInput, Exit, evaluate_input, open_output, output_failed, report_error};

/// The subcommands of `iam`.
#[derive(Debug, Subcommand)]
pub(super) enum IamCommand {
    /// Decide whether a user or role can take an action on a resource, and why
    Can(CanArguments),
}

#[derive(Debug, Args)]
pub(super) struct CanArguments {
    /// The user or role: its ARN, its name, or a unique part of the ARN
    principal: String,
    /// The action, such as s3:GetObject
    action: String,
    /// The ARN of the resource, or * for an action that takes none
    resource: String,
    /// The value of a condition key, such as aws:SourceIp=203.0.113.7; repeat it for more keys or values
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_context)]
    context: Vec<(String, String)>,
    #[command(flatten)]
    input: InputArgs,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = IamFormat::Text)]
    format: IamFormat,
    #[command(flatten)]
    output: OutputArgs,
}

fn parse_context(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if key.contains(':') => Ok((key.to_ascii_lowercase(), value.to_owned())),
        _ => Err("give a condition key and its value, such as aws:SourceIp=203.0.113.7".to_owned()),
    }
}

pub(super) async fn iam(command: IamCommand) -> Exit {
    match command {
        IamCommand::Can(arguments) => can(arguments).await,
    }
}

async fn can(arguments: CanArguments) -> Exit {
    if !arguments.action.contains(':') {
        report_error(format_args!(
            "`{}` is not an action; give its service and name, such as s3:GetObject",
            arguments.action.escape_debug()
        ));
        return Exit::Usage;
    }
    let output = match open_output(&arguments.output) {
        Ok(output) => output,
        Err(exit) => return exit,
    };
    let evaluated = match evaluate_input(&arguments.input).await {
        Ok(evaluated) => evaluated,
        Err(exit) => return exit,
    };
    let identity = match find_identity(&arguments.principal, &arguments.output, &evaluated) {
        Ok(identity) => identity,
        Err(exit) => return exit,
    };
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in arguments.context {
        context.entry(key).or_default().push(value);
    }
    let question = AccessQuestion {
        identity,
        action: arguments.action,
        resource: arguments.resource,
        context,
    };
    let outcome = &evaluated.outcome;
    let report = AccessReport {
        principal: &outcome.view.resource(identity),
        question: &question,
        answer: &outcome.view.decide_access(&question),
        coverage: &outcome.coverage,
    };
    match report.write(arguments.format, output) {
        Err(error) => output_failed(&arguments.output, &error),
        Ok(()) if outcome.is_partial() => Exit::Partial,
        Ok(()) => Exit::Done,
    }
}

/// Finds the one user or role that a name means.
fn find_identity(
    name: &str,
    output: &OutputArgs,
    evaluated: &EvaluatedInput,
) -> Result<crate::graph::ResourceIndex, Exit> {
    let mut options = output.options();
    if options.filter.types.is_empty() {
        options.filter.types = vec![ResourceType::IamRole, ResourceType::IamUser];
    }
    find_one(name, &options, evaluated)
}
