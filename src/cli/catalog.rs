//! `exposured catalog`: browse, check, and test the rules of the evaluation.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::catalog::{Catalog, schema};
use crate::diagnostics::nearest;
use crate::evaluate::{CaseResult, run_rule_case};
use crate::model::ResourceType;

use super::arguments::ConfigArgs;
use super::{Exit, load_with, report_error};
use crate::report::catalog as text;
use crate::report::{self, CatalogFormat};

/// The subcommands of `catalog`.
#[derive(Debug, Subcommand)]
pub(super) enum CatalogCommand {
    /// List traits, mitigations, and exposures
    List(ListArguments),
    /// Show one trait, mitigation, or exposure in full
    Show(ShowArguments),
    /// Check catalog files together with the built-in catalog
    Lint(FilesArguments),
    /// Show which findings are used by which entries, and which resource types have no exposure
    Coverage(CommonArguments),
    /// Run the `[[test]]` cases in the catalog files
    Test(FilesArguments),
    /// Print the JSON Schema of a catalog file
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct CommonArguments {
    #[command(flatten)]
    config: ConfigArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = CatalogFormat::Table)]
    format: CatalogFormat,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    common: CommonArguments,
    /// Only entries for this resource type, such as AWS::EC2::Instance
    #[arg(long = "type", value_name = "TYPE")]
    resource_type: Option<ResourceType>,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The ID of the entry
    id: String,
    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Debug, Args)]
pub(super) struct FilesArguments {
    /// Files, or folders of *.toml files, to use in addition to those of the configuration
    paths: Vec<PathBuf>,
    #[command(flatten)]
    common: CommonArguments,
}

pub(super) fn catalog(command: CatalogCommand) -> Exit {
    let result = match command {
        CatalogCommand::List(arguments) => list(&arguments),
        CatalogCommand::Show(arguments) => show(&arguments),
        CatalogCommand::Lint(arguments) => lint(&arguments),
        CatalogCommand::Coverage(arguments) => coverage(&arguments),
        CatalogCommand::Test(arguments) => test(&arguments),
        CatalogCommand::Schema => print_schema(),
    };
    result.unwrap_or_else(|exit| exit)
}

fn load(common: &CommonArguments, more: &[PathBuf]) -> Result<Arc<Catalog>, Exit> {
    load_with(&common.config.source(), more).map(|(_, catalog)| catalog)
}

fn list(arguments: &ListArguments) -> Result<Exit, Exit> {
    let catalog = load(&arguments.common, &[])?;
    let listing = text::list(&catalog, arguments.resource_type);
    print(&match arguments.common.format {
        CatalogFormat::Table => text::list_table(&listing),
        CatalogFormat::Json => report::json_text(&listing),
    })
}

fn show(arguments: &ShowArguments) -> Result<Exit, Exit> {
    let catalog = load(&arguments.common, &[])?;
    let entries = text::entries(&catalog, &arguments.id);
    if entries.is_empty() {
        let all = text::list(&catalog, None);
        let near = nearest(&arguments.id, all.iter().map(text::ListedEntry::id));
        let hint = near.map_or(
            "`exposured catalog list` lists all of them".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        report_error(format_args!(
            "there is no trait, mitigation, or exposure `{}`; {hint}",
            arguments.id
        ));
        return Ok(Exit::Usage);
    }
    print(&match arguments.common.format {
        CatalogFormat::Table => text::entries_text(&entries),
        CatalogFormat::Json => report::json_text(&entries),
    })
}

/// Loading reports every problem.
fn lint(arguments: &FilesArguments) -> Result<Exit, Exit> {
    let catalog = load(&arguments.common, &arguments.paths)?;
    let counts = text::counts(&catalog);
    print(&match arguments.common.format {
        CatalogFormat::Table => format!("{counts}: no problems\n"),
        CatalogFormat::Json => report::json_text(&counts),
    })
}

fn coverage(arguments: &CommonArguments) -> Result<Exit, Exit> {
    let catalog = load(arguments, &[])?;
    let coverage = catalog.usage();
    print(&match arguments.format {
        CatalogFormat::Table => text::coverage_text(&coverage),
        CatalogFormat::Json => report::json_text(&coverage),
    })
}

fn test(arguments: &FilesArguments) -> Result<Exit, Exit> {
    let catalog = load(&arguments.common, &arguments.paths)?;
    let results: Vec<_> = catalog
        .cases()
        .iter()
        .map(|test| (test, run_rule_case(&catalog, test)))
        .collect();
    let failed = results
        .iter()
        .any(|(_, result)| matches!(result, CaseResult::Failed(_)));
    let printed = print(&match arguments.common.format {
        CatalogFormat::Table => text::test_results(&results),
        CatalogFormat::Json => report::json_text(&text::test_results_json(&results)),
    })?;
    Ok(if failed { Exit::Failed } else { printed })
}

fn print_schema() -> Result<Exit, Exit> {
    let schema = schema().map_err(|error| {
        report_error(format_args!("generating the JSON Schema: {error}"));
        Exit::Failed
    })?;
    print(&schema)
}

fn print(text: &str) -> Result<Exit, Exit> {
    match super::print(|output| output.write_all(text.as_bytes())) {
        Exit::Done => Ok(Exit::Done),
        failed => Err(failed),
    }
}
