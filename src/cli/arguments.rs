//! Arguments that several subcommands share.

use std::path::PathBuf;

use clap::Args;

use crate::config::ConfigSource;
use crate::pipeline::FileInput;

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

/// The configuration, and where findings come from.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Read findings from the files in this folder instead of AWS, as the AWS CLI writes them
    #[arg(long, value_name = "DIR", conflicts_with = "sample")]
    input: Option<PathBuf>,
    /// Read built-in sample findings instead of AWS
    #[arg(long)]
    sample: bool,
}

impl InputArgs {
    pub(super) fn config(&self) -> ConfigSource {
        self.config.source()
    }

    /// Returns the files to read instead of AWS, if there are any.
    pub(super) fn files(&self) -> Option<FileInput> {
        match &self.input {
            Some(folder) => Some(FileInput::Path(folder.clone())),
            None => self.sample.then_some(FileInput::Sample),
        }
    }
}
