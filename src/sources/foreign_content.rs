//! Files that are not JSON, by what they look like: the error then says what to do, instead of where the JSON breaks.

use std::fmt;

/// What a file that is not JSON looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForeignContent {
    /// A message of the AWS CLI, which was redirected together with the output.
    CliError,
    /// Output of the AWS CLI as text or as a table.
    CliText,
    /// YAML.
    Yaml,
    /// Comma-separated values.
    Csv,
    /// Parquet, as Security Lake stores OCSF.
    Parquet,
    /// A ZIP archive.
    Zip,
    /// XML or HTML.
    Xml,
}

/// How Parquet starts. Source: Apache Parquet, "File Format".
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// How a ZIP archive starts. Source: PKWARE, "APPNOTE.TXT", section 4.3.7.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// How messages of the AWS CLI start. Source: AWS CLI User Guide, "Troubleshooting errors for the AWS CLI".
const CLI_ERRORS: [&str; 9] = [
    "An error occurred",
    "aws: error",
    "aws: [ERROR]",
    "usage: aws",
    "Unable to locate credentials",
    "Unable to parse config file",
    "Could not connect to the endpoint URL",
    "You must specify a region",
    "Error when retrieving token from sso",
];

impl ForeignContent {
    /// Returns what the content of a file looks like, by its start. `None` if it may be JSON.
    pub(super) fn recognize(start: &[u8]) -> Option<Self> {
        if start.starts_with(PARQUET_MAGIC) {
            return Some(Self::Parquet);
        }
        if start.starts_with(ZIP_MAGIC) {
            return Some(Self::Zip);
        }
        let text = String::from_utf8_lossy(start);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let line = text.lines().next()?.trim_end();
        if CLI_ERRORS.iter().any(|error| line.starts_with(error)) {
            Some(Self::CliError)
        } else if line.starts_with(['{', '[']) {
            None
        } else if line.starts_with('<') {
            Some(Self::Xml)
        } else if is_yaml(line) {
            Some(Self::Yaml)
        } else if line.starts_with("----") || line.contains('\t') {
            Some(Self::CliText)
        } else if is_csv(line) {
            Some(Self::Csv)
        } else {
            None
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::CliError => "an error message of the AWS CLI",
            Self::CliText => "text output of the AWS CLI",
            Self::Yaml => "YAML",
            Self::Csv => "CSV",
            Self::Parquet => "Parquet, such as OCSF in Security Lake",
            Self::Zip => "a ZIP archive",
            Self::Xml => "XML or HTML",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::CliError => "run the command again",
            Self::CliText | Self::Yaml => "run the AWS CLI with `--output json`",
            Self::Csv | Self::Xml => "export the findings as JSON",
            Self::Parquet => "convert it to JSON Lines",
            Self::Zip => "unpack it",
        }
    }
}

impl fmt::Display for ForeignContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, remedy) = (self.name(), self.remedy());
        write!(formatter, "not JSON; it looks like {name}; {remedy}")
    }
}

/// Whether a line starts a YAML document, a list, or a mapping.
fn is_yaml(line: &str) -> bool {
    let is_key = |key: &str| {
        !key.is_empty()
            && key
                .chars()
                .all(|letter| letter.is_alphanumeric() || "_-".contains(letter))
    };
    let starts_mapping = line
        .split_once(':')
        .is_some_and(|(key, value)| is_key(key) && (value.is_empty() || value.starts_with(' ')));
    line == "---" || line.starts_with("- ") || starts_mapping
}

/// Whether a line is the header of CSV: names, each of which may be quoted. A JSON string may contain commas.
fn is_csv(line: &str) -> bool {
    line.matches(',').count() > 1 && (!line.starts_with('"') || line.contains("\","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_that_is_not_json_is_recognized_by_its_start() {
        for (start, expected) in [
            (
                "Findings:\n- AwsAccountId: '111122223333'\n",
                ForeignContent::Yaml,
            ),
            ("---\nFindings: []\n", ForeignContent::Yaml),
            ("- Id: f\n", ForeignContent::Yaml),
            ("\u{feff}Id,Title,Severity\nf,t,HIGH\n", ForeignContent::Csv),
            ("\"Id\",\"Title\",\"Severity\"\n", ForeignContent::Csv),
            ("PAR1\u{15}\u{4}", ForeignContent::Parquet),
            ("PK\u{3}\u{4}\u{14}", ForeignContent::Zip),
            (
                "\nAn error occurred (AccessDeniedException) when calling the GetFindings operation: no\n",
                ForeignContent::CliError,
            ),
            (
                "\naws: [ERROR]: An error occurred (ExpiredToken)\n",
                ForeignContent::CliError,
            ),
            (
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                ForeignContent::CliError,
            ),
            ("usage: aws [options] <command>\n", ForeignContent::CliError),
            ("FINDINGS\t111122223333\tf\n", ForeignContent::CliText),
            ("-----------\n|GetFindings|\n", ForeignContent::CliText),
            ("<!DOCTYPE html>", ForeignContent::Xml),
        ] {
            assert_eq!(
                ForeignContent::recognize(start.as_bytes()),
                Some(expected),
                "{start}"
            );
        }
    }

    #[test]
    fn what_may_be_json_is_not_foreign() {
        for start in [
            "",
            "\n\n",
            "{\"Findings\": [",
            "[{\"a\": 1, \"b\": 2, \"c\": 3}]",
            "{a: 1, b: 2, c: 3}",
            "\"{}\"",
            "\"{a, b, c}\"",
            "findings",
            "null",
        ] {
            assert_eq!(ForeignContent::recognize(start.as_bytes()), None, "{start}");
        }
    }
}
