//! The configuration: one TOML file, and the catalogue files that it names, read once, checked whole.

mod catalogue;
mod raw;
mod triage;
mod valid;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::{SeverityOverride, UnreadableFile};
use crate::diagnostics::{self, Problems, SourceFile};
use crate::model::{AccountId, Criticality, Mute, Region, Source, Triage};

pub use catalogue::load_catalogue;

/// The shipped file, in which every key is documented and has its default.
pub const SHIPPED: &str = include_str!("../../config/exposured.toml");

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
    /// Files and folders of catalogue entries of the user's own.
    pub catalogue: Vec<PathBuf>,
    /// The user's own numbers of the severity model.
    pub severity: Option<SeverityOverride>,
    /// What the user says of their own resources.
    pub triaging: Triaging,
    /// The file, for problems that show only together with the catalogue.
    file: Arc<SourceFile>,
}

impl Config {
    /// What the user says of their own resources.
    #[must_use]
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

/// What the user says of their own resources, and where.
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
    pub sources: Vec<Source>,
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
    template: String,
    /// Empty if none is asked for.
    pub external_id: String,
}

impl MemberRole {
    /// The role's ARN in an account.
    #[must_use]
    pub fn arn_in(&self, account: AccountId) -> String {
        self.template.replace("{account}", &account.to_string())
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration {path}: {error}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A catalogue file cannot be read.
    #[error(transparent)]
    UnreadableCatalogue(#[from] UnreadableFile),
    /// The file is wrong, or a catalogue file.
    #[error("{0}")]
    Wrong(Problems),
}

impl Default for Config {
    /// What holds without a file: every key has a default.
    fn default() -> Self {
        // The empty text has no problems, which the test `every_key_has_a_default` shows.
        parse("", "defaults").unwrap_or_else(|problems| unreachable!("{problems}"))
    }
}

/// Reads the file, or takes the defaults.
///
/// # Errors
/// The file cannot be read, or every problem in it.
pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
    let Some(path) = path else {
        return Ok(Config::default());
    };
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
        path: path.display().to_string(),
        error,
    })?;
    let mut config = parse(&text, &path.display().to_string()).map_err(ConfigError::Wrong)?;
    // As in most configuration files: what is named in it is looked for beside it.
    let folder = path.parent().unwrap_or(Path::new(""));
    for named in &mut config.catalogue {
        *named = folder.join(&named);
    }
    Ok(config)
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
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        parse(text, "exposured.toml").unwrap_err().to_string()
    }

    #[test]
    fn every_key_has_a_default() {
        assert!(parse("", "empty").is_ok());
    }

    #[test]
    fn the_shipped_file_is_valid_and_says_the_defaults() {
        let shipped =
            parse(SHIPPED, "config/exposured.toml").unwrap_or_else(|problems| panic!("{problems}"));
        // But for the OCSF files, which are off unless their table is there.
        let expected = Config {
            publish: Publish {
                ocsf_directory: Some("exposures".into()),
                ..Config::default().publish
            },
            regions: vec!["us-east-1".parse().unwrap()],
            severity: shipped.severity.clone(),
            file: Arc::clone(&shipped.file),
            ..Config::default()
        };
        assert_eq!(shipped, expected);
    }

    #[test]
    fn the_shipped_file_names_every_key() {
        let table: toml::Table = toml::from_str(SHIPPED).unwrap();
        let keys = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            keys(&table),
            [
                "aws",
                "catalogue",
                "collect",
                "criticality",
                "publish",
                "schedule",
                "severity"
            ]
        );
        assert_eq!(keys(table["catalogue"].as_table().unwrap()), ["paths"]);
        assert_eq!(keys(table["severity"].as_table().unwrap()), ["mitigations"]);
        assert_eq!(
            keys(table["criticality"].as_table().unwrap()),
            ["lower", "raise"]
        );
        assert_eq!(
            keys(table["schedule"].as_table().unwrap()),
            ["cron", "deadline", "health_file", "run_on_start"]
        );
        assert_eq!(keys(table["aws"].as_table().unwrap()), ["regions"]);
        assert_eq!(
            keys(table["collect"].as_table().unwrap()),
            ["config", "inspector", "macie", "resources", "security_hub"]
        );
        // An aggregator has no default value to show; it is documented as a comment.
        assert!(table["collect"]["config"].as_table().unwrap().is_empty());
        assert!(SHIPPED.contains("# aggregator = "));
        let publish = table["publish"].as_table().unwrap();
        let expected = [
            "max_archive_percent",
            "ocsf",
            "security_hub",
            "settle_cycles",
        ];
        assert_eq!(keys(publish), expected);
        // `region` has no default value to show; it is documented as a comment.
        let expected = ["enabled", "external_id", "member_role", "mode"];
        assert_eq!(keys(publish["security_hub"].as_table().unwrap()), expected);
        assert!(SHIPPED.contains("# region = "));
        assert_eq!(keys(publish["ocsf"].as_table().unwrap()), ["directory"]);
    }

    /// What the shipped file shows as a comment is right as well.
    #[test]
    fn the_commented_examples_are_valid() {
        let examples: String = SHIPPED
            .lines()
            .filter_map(|line| {
                let code = line.strip_prefix("# ")?;
                let is_code = code.starts_with("[[mute]]")
                    || code.split_once(" = ").is_some_and(|(key, _)| {
                        let keys = [
                            "trait", "resource", "account", "region", "tag", "reason", "owner",
                            "until",
                        ];
                        keys.contains(&key)
                    });
                // `region` of [publish.security_hub] stands before any mute.
                is_code.then(|| format!("{code}\n"))
            })
            .collect();
        let mutes = &examples[examples.find("[[mute]]").unwrap()..];
        let config = parse(mutes, "examples").unwrap_or_else(|problems| panic!("{problems}"));
        let mute = &config.triaging.mutes[0].mute;
        assert_eq!(mute.owner, "platform team");
        assert!(mute.account.is_some() && mute.region.is_some() && mute.tag.is_some());
    }

    #[test]
    fn every_problem_of_a_mute_is_told() {
        insta::assert_snapshot!(problems(
            r#"
[[mute]]
trait = "imds-v1-allowed"
reason = " "
owner = "o"
until = 2026-12-31

[[mute]]
trait = "a"
exposure = "b"
resource = "*"
reason = "r"
owner = "o"
until = 2026-12-31

[[mute]]
exposure = "Not Kebab"
account = "1111"
reason = "r"
owner = "o"
until = "tomorrow"

[[mute]]
exposure = "*"
account = "1111"
region = "mars"
reason = "r"
owner = "o"
until = 2026-12-31T10:00:00Z

[[mute]]
trait = "imds-v1-allowed"
resource = "*"
reason = "r"
owner = "o"

[criticality]
raise = [{ key = "environment" }]

[catalogue]
paths = [""]

[severity]
mitigations = "no"
"#
        ));
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        insta::assert_snapshot!(problems(
            r#"
[schedule]
cron = "0 0 25 * * *"
deadline = "soon"
health_file = ""
run_on_start = "yes"
run_at_start = true

[aws]
regions = ["us-east-1", "us-east", "us-east-1", "global"]

[collect]
resources = "steampipe"

[collect.config]
aggregator = "the whole organisation"

[publish]
settle_cycles = 1000
max_archive_percent = 101

[publish.security_hub]
mode = "member"
member_role = "arn:aws:iam::123456789012:role/exposured"
external_id = "x"
region = "mars"

[publish.ocsf]
directory = ""

[pubilsh]
"#
        ));
    }

    #[test]
    fn a_syntax_error_is_told_with_its_place() {
        insta::assert_snapshot!(problems("[schedule\ncron = \"0 0 */6 * * *\"\n"));
    }

    #[test]
    fn a_configuration_that_collects_nothing_is_refused() {
        insta::assert_snapshot!(problems(
            "[collect]\nsecurity_hub = false\ninspector = false\nmacie = false\n"
        ));
    }

    #[test]
    fn relations_are_read_where_the_file_says() {
        let collect = |text: &str| parse(text, "f").unwrap().collect;
        assert!(!collect("").sources.contains(&Source::Config));
        assert!(
            collect("[collect]\nresources = \"security-hub\"\n")
                .sources
                .contains(&Source::SecurityHubResources)
        );
        let of_config =
            collect("[collect]\nresources = \"config\"\n[collect.config]\naggregator = \"all\"\n");
        assert!(of_config.sources.contains(&Source::Config));
        assert_eq!(of_config.aggregator.as_deref(), Some("all"));
    }

    #[test]
    fn an_aggregator_that_nobody_asks_is_refused() {
        insta::assert_snapshot!(problems("[collect.config]\naggregator = \"all\"\n"));
    }

    #[test]
    fn the_member_role_is_that_of_the_account() {
        let config = parse("[publish.security_hub]\nmode = \"member\"\n", "f").unwrap();
        let Some(SecurityHub {
            mode: Mode::Member(role),
            ..
        }) = config.publish.security_hub
        else {
            panic!()
        };
        assert_eq!(
            role.arn_in("012345678901".parse().unwrap()),
            "arn:aws:iam::012345678901:role/exposured-publish"
        );
    }
}
