//! The command line: one file per subcommand, without logic of its own.

mod arguments;
mod catalog;
mod check;
mod completions;
mod explain;
mod fixes;
mod health;
mod iam;
mod init;
mod man;
mod once;
mod policy;
mod run;
mod schema;
mod synth;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};

use crate::aws::SessionError;
use crate::catalog::Catalog;
use crate::config::{self, Config, ConfigError, ConfigSource};
use crate::daemon::Shutdown;
use crate::model::Triage;
use crate::pipeline::{ArchiveLimit, AwsGoal, CycleError, CycleOutcome, CycleRunner, CycleTask};
use crate::publish::ImportedFindings;
use crate::report::{Output, unless_unread};
use crate::telemetry::{self, Progress, Verbosity, metrics};

use arguments::{InputArgs, OutputArgs};

/// How a command ended. Scripts can rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// The command failed, or something could not be published.
    Failed,
    /// The command line, the configuration, or the catalog is invalid.
    Usage,
    /// Done, but a target was partial or failed, or too many exposures would have been archived.
    Partial,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::Partial => Self::from(3),
        }
    }
}

const AFTER_HELP: &str = "\
Exit codes: 0 done; 1 failed; 2 invalid command line, configuration, or catalog; 3 done, but a target was partial or \
failed, or too many exposures would have been archived.

Credentials, Region, endpoint, retries, and proxy come from the AWS SDK's environment. EXPOSURED_CONFIG names the \
configuration file. EXPOSURED_LOG filters the log, for example \"debug\" or \"exposured=debug,warn\". NO_COLOR turns \
colors off, and COLUMNS sets the width.";

/// Tells a cloud security team which AWS resource to fix first, and why
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run as a daemon: one cycle at the start, then one at each time of the schedule
    Run(run::RunArguments),
    /// Run one cycle and print the exposures
    Once(once::OnceArguments),
    /// Explain one resource: its traits, its severity, why it is not exposed, and how to fix it
    Explain(explain::ExplainArguments),
    /// Rank the fixes by their effect on all exposures, and find a few that leave nothing severe
    Fixes(fixes::FixesArguments),
    /// Answer questions about what a user or role can do
    #[command(subcommand)]
    Iam(iam::IamCommand),
    /// Browse, check, and test the catalog of traits and exposures
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// Check whether the daemon is healthy, for the health check of its container
    Health(health::HealthArguments),
    /// Check the configuration and the catalog, and, with --aws, every API that would be called
    Check(check::CheckArguments),
    /// Print the IAM policy that the configuration needs
    Policy(policy::PolicyArguments),
    /// Write a commented configuration file for the current account and Region, and print the policy that it needs
    Init(init::InitArguments),
    /// Print the JSON Schema of the output of --format json
    Schema,
    /// Print a script that completes the command line in a shell
    Completions(completions::CompletionsArguments),
    /// Print the manual page
    Man(man::ManArguments),
    /// Write a synthetic organization as files for --input, to find out how large a task you need
    Synth(synth::SynthArguments),
}

/// Runs the command line.
pub async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and the version are errors to clap, which prints them on standard output. A closed pipe is harmless.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let exit = match arguments.command {
        Command::Run(arguments) => run::run(arguments).await,
        Command::Once(arguments) => once::once(arguments).await,
        Command::Explain(arguments) => explain::explain(arguments).await,
        Command::Fixes(arguments) => fixes::fixes(arguments).await,
        Command::Iam(command) => iam::iam(command).await,
        Command::Catalog(command) => catalog::catalog(command),
        Command::Health(arguments) => health::health(&arguments),
        Command::Check(arguments) => check::check(arguments).await,
        Command::Policy(arguments) => policy::policy(arguments).await,
        Command::Init(arguments) => init::init(arguments).await,
        Command::Schema => schema::schema(),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Man(arguments) => man::man(&arguments),
        Command::Synth(arguments) => synth::synth(&arguments),
    };
    exit.into()
}

/// Reads the configuration and the catalog, and reports every problem of both.
fn load(source: &ConfigSource) -> Result<(Arc<Config>, Arc<Catalog>), Exit> {
    load_with(source, &[])
}

/// Does the same with more catalog files than the configuration names.
fn load_with(source: &ConfigSource, more: &[PathBuf]) -> Result<(Arc<Config>, Arc<Catalog>), Exit> {
    let more: Vec<&Path> = more.iter().map(PathBuf::as_path).collect();
    let config = load_config(source)?;
    let catalog = or_report(config::load_catalog(&config, &more))?;
    Ok((Arc::new(config), Arc::new(catalog)))
}

/// Reads the configuration without the catalog.
fn load_config(source: &ConfigSource) -> Result<Config, Exit> {
    or_report(config::load(source))
}

fn or_report<T>(loaded: Result<T, ConfigError>) -> Result<T, Exit> {
    loaded.map_err(|error| {
        match error {
            // A listing in which each problem begins with `error`.
            ConfigError::Invalid(problems) => print_error(problems),
            other => report_error(other),
        }
        Exit::Usage
    })
}

/// Starts a command that runs cycles: the configuration, the catalog, the log, and the signals.
fn start(
    config: &ConfigSource,
    verbosity: Verbosity,
    progress: &Progress,
) -> Result<(Arc<Config>, Arc<Catalog>, Shutdown), Exit> {
    let (config, catalog) = load(config)?;
    telemetry::start(verbosity, progress).map_err(|error| {
        report_error(error);
        Exit::Usage
    })?;
    let shutdown = Shutdown::listen().map_err(|error| {
        report_error(format_args!("listening for signals: {error}"));
        Exit::Failed
    })?;
    Ok((config, catalog, shutdown))
}

/// The input of a command that publishes nothing, and what was derived from it.
struct EvaluatedInput {
    outcome: CycleOutcome,
    catalog: Arc<Catalog>,
    triage: Triage,
}

/// Runs one cycle that collects, evaluates, and plans, and publishes nothing.
async fn evaluate_input(arguments: &InputArgs) -> Result<EvaluatedInput, Exit> {
    let progress = Progress::on_terminal();
    let verbosity = arguments.verbosity.from(Verbosity::Warnings);
    let (config, catalog, shutdown) = start(&arguments.config(), verbosity, &progress)?;
    let task = match arguments.files() {
        Some(files) => CycleTask::Files(files),
        // The plan shows which published exposures are held.
        None => CycleTask::Aws(AwsGoal::Plan(ArchiveLimit::Configured)),
    };
    let runner = CycleRunner {
        config: Arc::clone(&config),
        catalog: Arc::clone(&catalog),
        forgotten: BTreeSet::new(),
        imported: ImportedFindings::default(),
        store: Arc::default(),
        metrics: metrics::Sink::Off,
        progress,
        cancel: shutdown.token().clone(),
    };
    match runner.run(&task).await {
        Ok(outcome) => Ok(EvaluatedInput {
            outcome,
            catalog,
            triage: config.triage(),
        }),
        Err(error) => {
            report_error(&error);
            Err(exit_of(&error))
        }
    }
}

fn archive_limit(allow_mass_archive: bool) -> ArchiveLimit {
    if allow_mass_archive {
        ArchiveLimit::Unlimited
    } else {
        ArchiveLimit::Configured
    }
}

/// A missing or invalid Region is a mistake in the configuration or the environment.
fn exit_of_session(error: &SessionError) -> Exit {
    match error {
        SessionError::NoRegion | SessionError::BadRegion(_) => Exit::Usage,
        SessionError::Identity(_) => Exit::Failed,
    }
}

/// An error that the user can fix in the command line or the configuration is a usage error.
fn exit_of(error: &CycleError) -> Exit {
    match error {
        CycleError::Session(error) => exit_of_session(error),
        CycleError::Input(_) | CycleError::RegionInUse(_) => Exit::Usage,
        _ => Exit::Failed,
    }
}

/// Opens the output of a report.
fn open_output(arguments: &OutputArgs) -> Result<Output, Exit> {
    arguments
        .open()
        .map_err(|error| output_failed(arguments, &error))
}

fn output_failed(arguments: &OutputArgs, error: &std::io::Error) -> Exit {
    report_error(format_args!("writing to {}: {error}", arguments.name()));
    Exit::Failed
}

/// Prints on standard output. A reader that has seen enough, such as `head`, is not an error.
fn print(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Exit {
    let mut output = std::io::stdout().lock();
    let written = write(&mut output).and_then(|()| output.flush());
    match unless_unread(written) {
        Ok(()) => Exit::Done,
        Err(error) => {
            report_error(format_args!("writing to standard output: {error}"));
            Exit::Failed
        }
    }
}

/// Reports an error on standard error, in the form that every command uses.
fn report_error(error: impl Display) {
    print_error(format_args!("error: {error}"));
}

/// Prints a line on standard error, after the log lines before it.
fn print_error(line: impl Display) {
    telemetry::write_to_stderr(&line.to_string());
}
