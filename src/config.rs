//! The configuration: one TOML file, and the catalog files that it names, read once, checked whole.

mod catalog;
mod initial;
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
pub use initial::initial;

/// The shipped file, in which every key is documented and has its default.
pub const SHIPPED: &str = include_str!("../config/exposured.toml");

/// A configuration that holds together.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// When cycles begin.
    pub schedule: Schedule,
    /// Where findings are read; empty: the Region of the environment.
    pub regions: Vec<Region>,
    /// What is read.
    pub collect: Collect,
    /// Where exposures are published.
    pub publish: Publish,
    /// The namespace of the CloudWatch metrics.
    pub metrics_namespace: String,
    /// Files and folders of catalog entries of the user's own.
    pub catalog: Vec<PathBuf>,
    /// The user's own numbers of the severity model.
    pub severity: Option<SeverityOverride>,
    /// The user's mutes and criticality tags.
    pub triaging: Triaging,
    /// The file, for problems that show only together with the catalog.
    file: Arc<SourceFile>,
}

impl Config {
    /// The user's mutes and criticality tags.
    pub fn triage(&self) -> Triage {
        Triage {
            mutes: self
                .triaging
                .mutes
                .iter()
                .map(|one| one.mute.clone())
                .collect(),
            criticality: self.triaging.criticality.clone(),
        }
    }
}

/// The user's mutes and criticality tags, with their positions in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triaging {
    /// What is not to count.
    pub mutes: Vec<PlacedMute>,
    /// What counts for more, or less.
    pub criticality: Criticality,
}

/// A mute, and where it names what it mutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedMute {
    /// The mute.
    pub mute: Mute,
    /// The bytes of the configuration file.
    pub at: Range<usize>,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collect {
    /// Which services.
    pub sources: Vec<SourceKind>,
    /// Of AWS Config: the aggregator that is asked, in the first Region, instead of each Region's own records.
    pub aggregator: Option<String>,
}

/// When cycles begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Six fields, seconds first, in UTC.
    pub cron: String,
    /// Whether the first begins at once.
    pub run_on_start: bool,
    /// How long one may take.
    pub deadline: Duration,
    /// Where the daemon says that it lives.
    pub health_file: PathBuf,
}

/// Where exposures are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Security Hub, if it is on.
    pub security_hub: Option<SecurityHub>,
    /// The folder of the OCSF files, if they are wanted.
    pub ocsf_directory: Option<PathBuf>,
    /// For how many cycles an exposure that came back before is held before it is archived.
    pub settle_cycles: u32,
    /// How many percent of the active exposures one cycle may archive.
    pub max_archive_percent: u8,
}

/// How exposures are imported into Security Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityHub {
    /// As whom.
    pub mode: Mode,
    /// Into which Region's hub; `None`: the first of `regions`.
    pub region: Option<Region>,
}

/// As whom exposures are imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All of them under the caller's account.
    Home,
    /// Each under its resource's account, by a role there.
    Member(MemberRole),
}

/// The role that is assumed in each account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRole {
    /// The ARN of the role, with `{account}` in place of the account ID.
    pub template: String,
    /// Empty if none is asked for.
    pub external_id: String,
}

/// Where the text of the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// No text: every key has its default.
    Defaults,
    /// A file. Relative paths in it are relative to its folder.
    File(PathBuf),
    /// An environment variable that holds the text. Relative paths in it are relative to the working directory.
    Variable(String),
}

impl ConfigSource {
    /// Reads a value that names a file, or an environment variable as `env:NAME`.
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

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration file `{}`: {source}", path.display())]
    UnreadableFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The environment variable cannot be read.
    #[error(
        "reading the configuration from the environment variable `{name}`: {source}; \
         set `{name}` to the text of the configuration file"
    )]
    UnreadableVariable {
        /// Which variable.
        name: String,
        /// Why.
        source: VarError,
    },
    /// A catalog file cannot be read.
    #[error(transparent)]
    UnreadableCatalog(#[from] ReadCatalogError),
    /// The file is wrong, or a catalog file.
    #[error("{0}")]
    Wrong(Problems),
}

#[expect(
    clippy::unreachable,
    reason = "the empty text has no problems, as the test `every_key_has_a_default` shows"
)]
impl Default for Config {
    /// What holds without a file: every key has a default.
    fn default() -> Self {
        parse("", "defaults").unwrap_or_else(|problems| unreachable!("{problems}"))
    }
}

/// Reads and checks the configuration.
///
/// # Errors
/// The file or the environment variable cannot be read, or every problem in the text.
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
    let mut config = parse(&text, &source.to_string()).map_err(ConfigError::Wrong)?;
    if let ConfigSource::File(path) = source {
        let folder = path.parent().unwrap_or(Path::new(""));
        for named in &mut config.catalog {
            *named = folder.join(&named);
        }
    }
    Ok(config)
}

/// `std::env::var` panics where the name is empty or contains `=` or NUL; no variable has such a name.
fn read_variable(name: &str) -> Result<String, VarError> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(VarError::NotPresent);
    }
    std::env::var(name)
}

/// Reads a configuration's text; `name` is what problems call it.
///
/// # Errors
/// Every problem in it.
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
