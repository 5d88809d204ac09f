//! Collection targets and how completely each was read.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use strum::VariantArray;

use super::{AccountId, IgnoredRecords, Region};

/// Where records are read.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum SourceKind {
    /// Security Hub's `GetFindings`.
    SecurityHub,
    /// Inspector's `ListFindings`.
    Inspector,
    /// Macie's `ListFindings` and `GetFindings`.
    Macie,
    /// IAM Access Analyzer's `ListFindingsV2`.
    AccessAnalyzer,
    /// Security Hub's `GetResourcesV2`.
    SecurityHubResources,
    /// AWS Config's `SelectResourceConfig`, or `SelectAggregateResourceConfig`.
    Config,
    /// IAM's `GetAccountAuthorizationDetails`.
    Iam,
    /// Files.
    File,
}

impl SourceKind {
    /// All sources.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns the sources that are AWS APIs.
    pub fn services() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| *kind != Self::File)
    }

    /// Whether the source lists resources with their configuration, tags, and relations, rather than findings.
    pub fn is_inventory(self) -> bool {
        matches!(self, Self::SecurityHubResources | Self::Config)
    }

    /// Returns the name in logs and outputs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The part of a source that a target is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One Region, as one account sees it. The answer to a delegated administrator covers the member accounts, and that
    /// of an aggregation Region covers the linked Regions.
    Api {
        /// The account of the caller.
        account: AccountId,
        /// The Region of the API endpoint.
        region: Region,
    },
    /// A file.
    File {
        /// The path relative to the input folder.
        file: String,
    },
}

/// The unit of collection. Each target succeeds or fails on its own and has its own coverage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionTarget {
    /// The source.
    pub source: SourceKind,
    /// The part of the source.
    pub scope: Scope,
}

impl CollectionTarget {
    /// Creates the target for a Region of an AWS API.
    pub fn api(source: SourceKind, account: AccountId, region: Region) -> Self {
        Self {
            source,
            scope: Scope::Api { account, region },
        }
    }

    /// Creates the target for a file.
    pub fn file(file: String) -> Self {
        Self {
            source: SourceKind::File,
            scope: Scope::File { file },
        }
    }

    /// Returns the account, if the target has one.
    pub fn account(&self) -> Option<AccountId> {
        match &self.scope {
            Scope::Api { account, .. } => Some(*account),
            Scope::File { .. } => None,
        }
    }

    /// Returns the Region, if the target has one.
    pub fn region(&self) -> Option<&Region> {
        match &self.scope {
            Scope::Api { region, .. } => Some(region),
            Scope::File { .. } => None,
        }
    }

    /// Returns the path of the file, if the target is a file.
    pub fn file_name(&self) -> Option<&str> {
        match &self.scope {
            Scope::Api { .. } => None,
            Scope::File { file } => Some(file),
        }
    }
}

impl fmt::Display for CollectionTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Api { account, region } => {
                write!(formatter, "{} {account} {region}", self.source)
            }
            Scope::File { file } => write!(formatter, "{} {file}", self.source),
        }
    }
}

/// How completely a target was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Coverage {
    /// Everything was read and parsed.
    Complete,
    /// Everything was read, but some records could not be parsed.
    Partial,
    /// Reading failed before the end.
    Failed,
    /// The service is not offered in this Region, so there is nothing to read.
    Unavailable,
}

impl Coverage {
    /// Returns the name in logs and outputs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a target is not complete.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum CoverageReason {
    /// The service is not enabled for the account in the Region.
    NotEnabled,
    /// The call was denied.
    Denied {
        /// The IAM action that is missing.
        action: String,
    },
    /// The service kept throttling the calls.
    Throttled,
    /// The service could not be reached, or did not answer in time.
    Unreachable,
    /// The credentials are missing, expired, or revoked.
    Credentials,
    /// The clock of this host differs too much from AWS's.
    ClockSkew,
    /// The service returned an internal error.
    ServiceError,
    /// A response could not be parsed.
    BadAnswer,
    /// Some records could not be parsed.
    UnreadableRecords {
        /// The number of those records.
        count: u64,
    },
    /// The file could not be read.
    UnreadableFile,
    /// The file has only the first pages of a list.
    MissingPages,
    /// The deadline of the cycle passed before the end.
    Deadline,
    /// exposured received a signal to stop.
    Interrupted,
    /// The service is not offered in the Region.
    NotInRegion,
}

impl CoverageReason {
    /// Returns the name in logs and outputs.
    pub fn as_str(&self) -> &'static str {
        self.into()
    }
}

/// The coverage of a target in the evaluated data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageRow {
    /// The target.
    pub target: CollectionTarget,
    /// How completely the target was read.
    pub coverage: Coverage,
    /// Why it is not complete.
    pub reason: Option<CoverageReason>,
    /// The reason in a sentence: what was being done, what went wrong, and what to do next.
    pub detail: Option<String>,
    /// The number of records that were read.
    pub records: u64,
    /// The number of records that became a signal.
    pub signals: u64,
    /// The number of records that are not evidence, by reason.
    pub ignored: IgnoredRecords,
    /// The accounts that the records in the evaluated data are from.
    pub accounts: BTreeSet<AccountId>,
    /// Whether the data is that of an earlier cycle, because this cycle failed.
    pub stale: bool,
    /// When the data was collected. `None` if it never was.
    pub collected_at: Option<DateTime<Utc>>,
}

/// A source that was not read completely, and in how many of its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadSource {
    /// The source.
    pub source: SourceKind,
    /// The number of targets that could not be read to the end.
    pub failed: usize,
    /// The number of targets of which some records could not be read.
    pub partial: usize,
    /// The number of all targets.
    pub targets: usize,
}

impl UnreadSource {
    /// Returns the sources that were not read completely, in their order. A service that a Region does not offer has
    /// nothing to read.
    pub fn of(coverage: &[CoverageRow]) -> Vec<Self> {
        let count = |source: SourceKind| {
            let rows = coverage.iter().filter(|row| row.target.source == source);
            let mut unread = Self {
                source,
                failed: 0,
                partial: 0,
                targets: 0,
            };
            for row in rows {
                unread.targets += 1;
                unread.failed += usize::from(row.coverage == Coverage::Failed);
                unread.partial += usize::from(row.coverage == Coverage::Partial);
            }
            unread
        };
        SourceKind::ALL
            .iter()
            .map(|source| count(*source))
            .filter(|unread| unread.failed + unread.partial > 0)
            .collect()
    }
}

impl fmt::Display for UnreadSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            failed,
            partial,
            targets,
        } = self;
        let unit = match (source, targets) {
            (SourceKind::File, 1) => "file",
            (SourceKind::File, _) => "files",
            (_, 1) => "target",
            _ => "targets",
        };
        match (*failed, *partial) {
            (failed, 0) => write!(
                formatter,
                "{source} was not read in {failed} of {targets} {unit}"
            ),
            (0, partial) => write!(
                formatter,
                "{source} was read only partly in {partial} of {targets} {unit}"
            ),
            (failed, partial) => write!(
                formatter,
                "{source} was not read in {failed}, and only partly in {partial}, of {targets} {unit}"
            ),
        }
    }
}
