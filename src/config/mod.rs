//! The configuration: one TOML file, read once, checked whole.

mod raw;
mod valid;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostics::{self, Problems, SourceFile};
use crate::model::{AccountId, Region, Source};

/// The shipped file, in which every key is documented and has its default.
pub const SHIPPED: &str = include_str!("../../config/exposured.toml");

/// A configuration that holds together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// When cycles begin.
    pub schedule: Schedule,
    /// Where findings are read; empty: the Region of the environment.
    pub regions: Vec<Region>,
    /// Which services are read.
    pub sources: Vec<Source>,
    /// Where exposures are published.
    pub publish: Publish,
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
    /// The file is wrong.
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
    parse(&text, &path.display().to_string()).map_err(ConfigError::Wrong)
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
            ..Config::default()
        };
        assert_eq!(shipped, expected);
    }

    #[test]
    fn the_shipped_file_names_every_key() {
        let table: toml::Table = toml::from_str(SHIPPED).unwrap();
        let keys = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&table), ["aws", "collect", "publish", "schedule"]);
        assert_eq!(
            keys(table["schedule"].as_table().unwrap()),
            ["cron", "deadline", "health_file", "run_on_start"]
        );
        assert_eq!(keys(table["aws"].as_table().unwrap()), ["regions"]);
        assert_eq!(
            keys(table["collect"].as_table().unwrap()),
            ["inspector", "macie", "resources", "security_hub"]
        );
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
resources = "config"

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
