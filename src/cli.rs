//! The command line: one file a subcommand, no logic of its own.

mod arguments;
mod catalog;
mod check;
mod explain;
mod fixes;
mod health;
mod init;
mod once;
mod policy;
mod run;
mod schema;
mod synth;

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
use crate::telemetry::{self, Progress, Verbosity, metrics};

use arguments::InputArgs;

/// How a command ended. Scripts can rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Done,
    /// Failed, or something could not be published.
    Failed,
    /// The command line, the configuration or the catalog is wrong.
    Usage,
    /// Done, but some target was partial or failed, or too much would have been archived.
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

/// Tells a cloud security team which AWS resource to fix first, and why.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done; 1 failed; 2 wrong usage, configuration or catalog; 3 done, but some target \
                  was partial or failed, or too much would have been archived.\n\nCredentials, Region, endpoint, retries and proxy come from the AWS SDK's \
                  environment. EXPOSURED_LOG filters the log (for example \"debug\", \"exposured=debug,warn\")."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run as a daemon: a cycle at the start, then by the schedule
    Run(run::RunArguments),
    /// Run one cycle, and print the exposures
    Once(once::OnceArguments),
    /// Explain one resource: its traits, its severity, why not, what helps
    Explain(explain::ExplainArguments),
    /// Rank what there is to fix by what each fix does to all exposures, and say which few leave nothing severe
    Fixes(fixes::FixesArguments),
    /// Browse, check and test the catalog of traits and exposures
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// Tell whether the daemon lives: for the health check of its container
    Health(health::HealthArguments),
    /// Check configuration and catalog, and, with --aws, every API that would be called
    Check(check::CheckArguments),
    /// Print the IAM policy that the configuration needs
    Policy(policy::PolicyArguments),
    /// Write a commented configuration file for the current account and Region, and print the policy that it needs
    Init(init::InitArguments),
    /// Print the JSON Schema of the output of --format json
    Schema,
    /// Write a made-up organization as files for --input, to see what a task of yours would need
    Synth(synth::SynthArguments),
}

/// Runs the command line.
pub async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; where to print each, clap knows. A closed pipe is no news.
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
        Command::Catalog(command) => catalog::catalog(command),
        Command::Health(arguments) => health::health(&arguments),
        Command::Check(arguments) => check::check(arguments).await,
        Command::Policy(arguments) => policy::policy(arguments).await,
        Command::Init(arguments) => init::init(arguments).await,
        Command::Schema => schema::schema(),
        Command::Synth(arguments) => synth::synth(&arguments),
    };
    exit.into()
}

/// Reads configuration and catalog, and tells every problem of both.
fn load(source: &ConfigSource) -> Result<(Arc<Config>, Arc<Catalog>), Exit> {
    load_with(source, &[])
}

/// The same with more catalog files than the configuration names.
fn load_with(source: &ConfigSource, more: &[PathBuf]) -> Result<(Arc<Config>, Arc<Catalog>), Exit> {
    let more: Vec<&Path> = more.iter().map(PathBuf::as_path).collect();
    let loaded = config::load(source).and_then(|config| {
        let catalog = config::load_catalog(&config, &more)?;
        Ok((Arc::new(config), Arc::new(catalog)))
    });
    loaded.map_err(|error| {
        match error {
            // A listing of its own, each problem of which says what it is.
            ConfigError::Wrong(problems) => eprintln!("{problems}"),
            other => complain(other),
        }
        Exit::Usage
    })
}

/// What every command that runs cycles begins with: configuration and catalog, the log, the signals.
fn start(
    config: &ConfigSource,
    verbosity: Verbosity,
    progress: &Progress,
) -> Result<(Arc<Config>, Arc<Catalog>, Shutdown), Exit> {
    let (config, catalog) = load(config)?;
    telemetry::start(verbosity, progress).map_err(|error| {
        complain(error);
        Exit::Usage
    })?;
    let shutdown = Shutdown::listen().map_err(|error| {
        complain(format_args!("listening for signals: {error}"));
        Exit::Failed
    })?;
    Ok((config, catalog, shutdown))
}

/// What was read and derived by a cycle that only looks.
struct Looked {
    outcome: CycleOutcome,
    catalog: Arc<Catalog>,
    triage: Triage,
}

/// Runs one cycle that collects and evaluates, and publishes nothing.
async fn look(arguments: &InputArgs) -> Result<Looked, Exit> {
    let progress = Progress::on_terminal();
    let (config, catalog, shutdown) = start(&arguments.config(), Verbosity::Warnings, &progress)?;
    let task = match arguments.files() {
        Some(files) => CycleTask::Files(files),
        None => CycleTask::Aws(AwsGoal::Evaluate),
    };
    let runner = CycleRunner {
        config: Arc::clone(&config),
        catalog: Arc::clone(&catalog),
        store: Arc::default(),
        metrics: metrics::Sink::Off,
        progress,
        cancel: shutdown.token().clone(),
    };
    match runner.run(&task).await {
        Ok(outcome) => Ok(Looked {
            outcome,
            catalog,
            triage: config.triage(),
        }),
        Err(error) => {
            complain(&error);
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

/// A Region that nobody named is missing from the command line or the configuration.
fn exit_of_session(error: &SessionError) -> Exit {
    match error {
        SessionError::NoRegion | SessionError::BadRegion(_) => Exit::Usage,
        SessionError::Identity(_) => Exit::Failed,
    }
}

/// What is the user's to mend in the command line or the configuration is wrong usage.
fn exit_of(error: &CycleError) -> Exit {
    match error {
        CycleError::Session(error) => exit_of_session(error),
        CycleError::Input(_) => Exit::Usage,
        _ => Exit::Failed,
    }
}

/// Tells an error on standard error, in the form that every command uses.
fn complain(error: impl std::fmt::Display) {
    eprintln!("error: {error}");
}
