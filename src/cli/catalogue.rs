//! `exposured catalogue`: browse, check and test what the evaluation goes by.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};

use crate::catalogue::{Catalogue, schema};
use crate::diagnostics::nearest;
use crate::evaluate::{TestResult, run_rule_test};
use crate::model::ResourceType;

use super::output::catalogue as text;
use super::{Exit, complain, load_with, output};

/// What is done with the catalogue.
#[derive(Debug, Subcommand)]
pub(super) enum CatalogueCommand {
    /// List traits, mitigations and exposures
    List(ListArguments),
    /// Show one trait, mitigation or exposure whole
    Show(ShowArguments),
    /// Check files of one's own, on top of the built-in catalogue
    Lint(FilesArguments),
    /// Show which findings are used by what, and which resource types have no exposure
    Coverage(CommonArguments),
    /// Run the [[test]] cases of the catalogue's files
    Test(FilesArguments),
    /// Print the JSON Schema of a catalogue file
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct CommonArguments {
    /// The configuration file, whose [catalogue] and [severity] count; without it, the built-in catalogue
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    common: CommonArguments,
    /// Only what is of this type of resource, such as AWS::EC2::Instance
    #[arg(long, value_name = "TYPE")]
    resource_type: Option<ResourceType>,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The id
    id: String,
    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Debug, Args)]
pub(super) struct FilesArguments {
    /// Files, or folders of *.toml files, that count besides those of the configuration
    paths: Vec<PathBuf>,
    #[command(flatten)]
    common: CommonArguments,
}

/// How the answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

pub(super) fn catalogue(command: CatalogueCommand) -> Exit {
    let result = match command {
        CatalogueCommand::List(arguments) => list(&arguments),
        CatalogueCommand::Show(arguments) => show(&arguments),
        CatalogueCommand::Lint(arguments) => lint(&arguments),
        CatalogueCommand::Coverage(arguments) => coverage(&arguments),
        CatalogueCommand::Test(arguments) => test(&arguments),
        CatalogueCommand::Schema => print_schema(),
    };
    result.unwrap_or_else(|exit| exit)
}

fn load(common: &CommonArguments, more: &[PathBuf]) -> Result<Arc<Catalogue>, Exit> {
    load_with(common.config.as_ref(), more).map(|(_, catalogue)| catalogue)
}

fn list(arguments: &ListArguments) -> Result<Exit, Exit> {
    let catalogue = load(&arguments.common, &[])?;
    let listing = text::list(&catalogue, arguments.resource_type);
    print(&match arguments.common.format {
        Format::Table => text::list_table(&listing),
        Format::Json => output::json_text(&listing),
    })
}

fn show(arguments: &ShowArguments) -> Result<Exit, Exit> {
    let catalogue = load(&arguments.common, &[])?;
    let entries = text::entries(&catalogue, &arguments.id);
    if entries.is_empty() {
        let all = text::list(&catalogue, None);
        let near = nearest(&arguments.id, all.iter().map(text::Listed::id));
        let hint = near.map_or(
            "`exposured catalogue list` names them all".to_owned(),
            |near| format!("did you mean {near:?}?"),
        );
        complain(format_args!(
            "there is no trait, mitigation or exposure {:?}: {hint}",
            arguments.id
        ));
        return Ok(Exit::Usage);
    }
    print(&match arguments.common.format {
        Format::Table => text::entries_text(&entries),
        Format::Json => output::json_text(&entries),
    })
}

/// Problems are told by the loading, all at once.
fn lint(arguments: &FilesArguments) -> Result<Exit, Exit> {
    let catalogue = load(&arguments.common, &arguments.paths)?;
    let counts = text::counts(&catalogue);
    print(&match arguments.common.format {
        Format::Table => format!("{counts}: no problem\n"),
        Format::Json => output::json_text(&counts),
    })
}

fn coverage(arguments: &CommonArguments) -> Result<Exit, Exit> {
    let catalogue = load(arguments, &[])?;
    let coverage = catalogue.usage();
    print(&match arguments.format {
        Format::Table => text::coverage_text(&coverage),
        Format::Json => output::json_text(&coverage),
    })
}

fn test(arguments: &FilesArguments) -> Result<Exit, Exit> {
    let catalogue = load(&arguments.common, &arguments.paths)?;
    let results: Vec<_> = catalogue
        .tests()
        .iter()
        .map(|test| (test, run_rule_test(&catalogue, test)))
        .collect();
    let failed = results
        .iter()
        .any(|(_, result)| matches!(result, TestResult::Failed(_)));
    let printed = print(&match arguments.common.format {
        Format::Table => text::test_results(&results),
        Format::Json => output::json_text(&text::test_results_json(&results)),
    })?;
    Ok(if failed { Exit::Failed } else { printed })
}

fn print_schema() -> Result<Exit, Exit> {
    let schema = schema().map_err(|error| {
        complain(format_args!("making the JSON Schema: {error}"));
        Exit::Failed
    })?;
    print(&schema)
}

fn print(text: &str) -> Result<Exit, Exit> {
    output::print(text).map(|()| Exit::Done).map_err(|error| {
        complain(format_args!("printing the answer: {error}"));
        Exit::Failed
    })
}
