//! The configuration: one TOML file and the catalog files that it lists, which are read and checked once.

mod catalog;
mod cron;
mod folders;
mod identities;
mod initial;
mod input;
mod member_role;
mod raw;
mod triage;
mod valid;

use std::env::VarError;
use std::ffi::OsStr;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::{ReadCatalogError, SeverityOverride};
use crate::diagnostics::{self, Problems, SourceFile};
use crate::model::{Criticality, Mute, Region, SourceKind, Triage};

pub use catalog::load_catalog;
pub use cron::CronSchedule;
pub use folders::{UnwritableFolderError, check_folders};
pub use initial::initial;

/// The shipped configuration file, which documents every key and shows its default.
pub const SHIPPED: &str = include_str!("../config/exposured.toml");

/// A valid configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// When cycles start.
    pub schedule: Schedule,
    /// The Regions in which findings are read. Empty for the Region of the environment.
    pub regions: Vec<Region>,
    /// What is collected.
    pub collect: Collect,
    /// How much of an input file is read.
    pub input: Input,
    /// Where exposures are published.
    pub publish: Publish,
    /// The namespace of the CloudWatch metrics.
    pub metrics_namespace: String,
    /// Custom catalog files and folders.
    pub catalog: Vec<PathBuf>,
    /// The values that override the severity model of the catalog.
    pub severity: Option<SeverityOverride>,
    /// The mutes and the criticality tags.
    pub triaging: Triaging,
    /// The file, for problems that depend on the catalog.
    file: Arc<SourceFile>,
}

impl Config {
    /// Returns the mutes and the criticality tags.
    pub fn triage(&self) -> Triage {
        Triage {
            mutes: self
                .triaging
                .mutes
                .iter()
                .map(|located| located.mute.clone())
                .collect(),
            criticality: self.triaging.criticality.clone(),
        }
    }
}

/// The mutes and the criticality tags, with their positions in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triaging {
    /// What is muted.
    pub mutes: Vec<LocatedMute>,
    /// The tags of resources that are more or less critical.
    pub criticality: Criticality,
}

/// A mute, and the location of the trait or exposure that it mutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedMute {
    /// The mute.
    pub mute: Mute,
    /// The byte range in the configuration file.
    pub span: Range<usize>,
}

/// What is collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collect {
    /// The sources.
    pub sources: Vec<SourceKind>,
    /// The AWS Config aggregator that is queried in the first Region, instead of the recorder of each Region.
    pub aggregator: Option<String>,
    /// The role with which IAM is read in the accounts of others. `None` if only the caller's account is read.
    pub member_role: Option<MemberRole>,
    /// The age from which a finding that its service has not updated is not evidence.
    pub max_age: Duration,
}

/// How much of an input file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// The most bytes of a record. A larger one is skipped.
    pub max_record_size: u64,
    /// The most bytes of a file, after decompression. The rest is not read.
    pub max_file_size: u64,
}

/// When cycles start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The times, in UTC.
    pub cron: CronSchedule,
    /// Whether the first cycle starts immediately.
    pub run_on_start: bool,
    /// The maximum duration of a cycle.
    pub deadline: Duration,
    /// The file that the daemon updates while it is healthy.
    pub health_file: PathBuf,
}

/// Where exposures are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Security Hub, if it is enabled.
    pub security_hub: Option<SecurityHub>,
    /// The folder for OCSF files, if they are enabled.
    pub ocsf_directory: Option<PathBuf>,
    /// The number of cycles after which an exposure that has reappeared before is archived.
    pub settle_cycles: u32,
    /// The maximum percentage of active exposures that one cycle archives.
    pub max_archive_percent: u8,
}

/// How exposures are imported into Security Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityHub {
    /// The accounts under which exposures are imported.
    pub mode: Mode,
    /// The Region of the hub. `None` for the first of `regions`.
    pub region: Option<Region>,
}

/// The accounts under which exposures are imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All exposures are imported under the caller's account.
    Home,
    /// Each exposure is imported under the account of its resource, with a role in that account.
    Member(MemberRole),
}

/// The role that is assumed in each account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRole {
    /// The ARN of the role, with `{account}` in place of the account ID.
    pub template: String,
    /// The external ID. Empty if the role does not require one.
    pub external_id: String,
}

/// The source of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// No source. Every key has its default.
    Defaults,
    /// A file. Relative paths in it are relative to its folder.
    File(PathBuf),
    /// An environment variable that contains the text. Relative paths in it are relative to the working directory.
    Variable(String),
}

impl ConfigSource {
    /// Parses the path of a file, or the name of an environment variable in the form `env:NAME`.
    pub fn parse(value: &OsStr) -> Self {
        match value.to_str().and_then(|text| text.strip_prefix("env:")) {
            Some(name) => Self::Variable(name.to_owned()),
            None => Self::File(value.into()),
        }
    }
}

impl fmt::Display for ConfigSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => formatter.write_str("the defaults"),
            Self::File(path) => path.display().fmt(formatter),
            Self::Variable(name) => write!(formatter, "env:{name}"),
        }
    }
}

/// The reason why a configuration or its catalog could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("reading the configuration file `{}`: {source}", path.display())]
    UnreadableFile {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The environment variable cannot be read.
    #[error(
        "reading the configuration from the environment variable `{name}`: {source}; \
         set `{name}` to the text of the configuration file"
    )]
    UnreadableVariable {
        /// The name of the variable.
        name: String,
        /// The cause.
        source: VarError,
    },
    /// A catalog file cannot be read.
    #[error(transparent)]
    UnreadableCatalog(#[from] ReadCatalogError),
    /// The configuration or a catalog file has problems.
    #[error("{0}")]
    Invalid(Problems),
}

#[expect(
    clippy::unreachable,
    reason = "the empty text has no problems, as the test `every_key_has_a_default` shows"
)]
impl Default for Config {
    /// Returns the configuration in which every key has its default.
    fn default() -> Self {
        parse("", "defaults").unwrap_or_else(|problems| unreachable!("{problems}"))
    }
}

/// Loads and checks the configuration.
///
/// # Errors
/// The file or the environment variable cannot be read, or every problem in the text.
#[expect(
    clippy::disallowed_methods,
    reason = "this function reads the configuration file"
)]
pub fn load(source: &ConfigSource) -> Result<Config, ConfigError> {
    let text = match source {
        ConfigSource::Defaults => return Ok(Config::default()),
        ConfigSource::File(path) => {
            std::fs::read_to_string(path).map_err(|source| ConfigError::UnreadableFile {
                path: path.clone(),
                source,
            })?
        }
        ConfigSource::Variable(name) => {
            read_variable(name).map_err(|source| ConfigError::UnreadableVariable {
                name: name.clone(),
                source,
            })?
        }
    };
    let mut config = parse(&text, &source.to_string()).map_err(ConfigError::Invalid)?;
    if let ConfigSource::File(path) = source {
        let folder = path.parent().unwrap_or(Path::new(""));
        for path in &mut config.catalog {
            *path = folder.join(&path);
        }
    }
    Ok(config)
}

/// Reads an environment variable. `std::env::var` can panic if the name is empty or contains `=` or NUL, and no variable
/// has such a name.
#[expect(
    clippy::disallowed_methods,
    reason = "this function reads the environment"
)]
fn read_variable(name: &str) -> Result<String, VarError> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(VarError::NotPresent);
    }
    std::env::var(name)
}

/// Parses and checks the text of a configuration. Problems refer to it by `name`.
///
/// # Errors
/// Every problem in the text.
pub fn parse(text: &str, name: &str) -> Result<Config, Problems> {
    let file = Arc::new(SourceFile {
        name: name.to_owned(),
        text: text.to_owned(),
    });
    let mut problems = Problems::default();
    let raw = diagnostics::read::<raw::RawConfig>(&file, &mut problems);
    let Some(raw) = raw else { return Err(problems) };
    let config = valid::check(&raw, &file, &mut problems);
    problems.into_result(config)
}

#[cfg(test)]
mod tests;
