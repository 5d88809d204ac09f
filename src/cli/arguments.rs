//! Arguments that several subcommands share.

#![expect(
    clippy::disallowed_methods,
    reason = "the environment can name the configuration"
)]

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::config::ConfigSource;
use crate::model::{AccountId, Region, ResourceType, Severity};
use crate::pipeline::FileInput;
use crate::report::{ExposureFilter, ListOptions, Output};
use crate::telemetry::Verbosity;

/// The environment variable that names the configuration where `--config` is absent.
const CONFIG_VARIABLE: &str = "EXPOSURED_CONFIG";

/// Where the configuration comes from.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// The configuration file, or env:NAME for the text in an environment variable [default: $EXPOSURED_CONFIG, or
    /// every key's default]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// An empty variable counts as absent, as container platforms cannot always unset one.
    pub(super) fn source(&self) -> ConfigSource {
        let from_environment =
            || std::env::var_os(CONFIG_VARIABLE).filter(|value| !value.is_empty());
        match &self.config {
            Some(named) => ConfigSource::parse(named.as_os_str()),
            None => from_environment()
                .map_or(ConfigSource::Defaults, |value| ConfigSource::parse(&value)),
        }
    }
}

/// How much is logged.
#[derive(Debug, Args)]
pub(super) struct VerbosityArgs {
    /// Log more; repeat it for even more. EXPOSURED_LOG overrides it
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Log only errors
    #[arg(short, long)]
    quiet: bool,
}

impl VerbosityArgs {
    pub(super) fn from(&self, default: Verbosity) -> Verbosity {
        if self.quiet {
            return Verbosity::Errors;
        }
        default.raised_by(i8::try_from(self.verbose).unwrap_or(i8::MAX))
    }
}

/// The configuration, and where findings come from.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Read findings from this file, or from the files in this folder, instead of AWS, as the AWS CLI writes them
    #[arg(long, value_name = "PATH", conflicts_with = "sample")]
    input: Option<PathBuf>,
    /// Read built-in sample findings instead of AWS
    #[arg(long)]
    sample: bool,
    #[command(flatten)]
    pub(super) verbosity: VerbosityArgs,
}

impl InputArgs {
    pub(super) fn config(&self) -> ConfigSource {
        self.config.source()
    }

    /// Returns the files to read instead of AWS, if there are any.
    pub(super) fn files(&self) -> Option<FileInput> {
        match &self.input {
            Some(path) => Some(FileInput::Path(path.clone())),
            None => self.sample.then_some(FileInput::Sample),
        }
    }

    /// Returns the command that explains a resource of the same input, ready to be pasted in a shell.
    pub(super) fn explain_command(&self) -> String {
        let mut words = vec!["exposured".to_owned(), "explain".to_owned()];
        let mut option = |name: &str, path: &Option<PathBuf>| {
            if let Some(path) = path {
                words.push(name.to_owned());
                words.push(path.to_string_lossy().into_owned());
            }
        };
        option("--config", &self.config.config);
        option("--input", &self.input);
        if self.sample {
            words.push("--sample".to_owned());
        }
        let words = words.iter().map(String::as_str);
        // An argument of a process has no NUL, which alone cannot be quoted.
        shlex::try_join(words).unwrap_or_default()
    }
}

/// What is printed, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Only exposures of these severities
    #[arg(
        long,
        value_name = "SEVERITY",
        value_delimiter = ',',
        ignore_case = true
    )]
    severity: Vec<SeverityArg>,
    /// Only exposures of resources in these accounts
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    account: Vec<AccountId>,
    /// Only exposures of resources in these Regions; `global` for those of IAM
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<Region>,
    /// Only exposures of resources of these types, such as AWS::EC2::Instance
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<ResourceType>,
    /// List no more entries than this
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Do not wrap lines to the width of the terminal, and do not shorten lists
    #[arg(long)]
    wide: bool,
    /// Write to a file that only you can read, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A severity on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SeverityArg {
    Critical,
    High,
    Medium,
    Low,
}

impl From<SeverityArg> for Severity {
    fn from(severity: SeverityArg) -> Self {
        match severity {
            SeverityArg::Critical => Self::Critical,
            SeverityArg::High => Self::High,
            SeverityArg::Medium => Self::Medium,
            SeverityArg::Low => Self::Low,
        }
    }
}

impl OutputArgs {
    pub(super) fn options(&self) -> ListOptions {
        ListOptions {
            filter: ExposureFilter {
                severities: self.severity.iter().copied().map(Into::into).collect(),
                accounts: self.account.clone(),
                regions: self.region.clone(),
                types: self.types.clone(),
            },
            limit: self.limit.map(NonZeroUsize::get),
        }
    }

    /// Opens the output. This comes before anything is collected, so that a file that cannot be written costs no time.
    pub(super) fn open(&self) -> std::io::Result<Output> {
        Output::open(self.out.as_deref(), self.wide)
    }

    /// Returns the name of the output for messages.
    pub(super) fn name(&self) -> String {
        self.out.as_ref().map_or_else(
            || "standard output".to_owned(),
            |path| format!("`{}`", path.display()),
        )
    }
}
