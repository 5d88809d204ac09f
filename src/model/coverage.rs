//! Targets and how completely each was read.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{AccountId, Region};

/// Where findings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// Security Hub's `GetFindings`.
    SecurityHub,
    /// Inspector's `ListFindings`.
    Inspector,
    /// Macie's `ListFindings` and `GetFindings`.
    Macie,
    /// Security Hub's `GetResourcesV2`.
    SecurityHubResources,
    /// AWS Config's `SelectResourceConfig`, or `SelectAggregateResourceConfig`.
    Config,
    /// Files.
    File,
}

impl SourceKind {
    /// The services.
    pub const SERVICES: [Self; 5] = [
        Self::SecurityHub,
        Self::Inspector,
        Self::Macie,
        Self::SecurityHubResources,
        Self::Config,
    ];

    /// As in logs and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecurityHub => "security-hub",
            Self::Inspector => "inspector",
            Self::Macie => "macie",
            Self::SecurityHubResources => "security-hub-resources",
            Self::Config => "config",
            Self::File => "file",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What part of a source a target is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Scope {
    /// One Region as one account sees it. For a delegated administrator the answer spans the members' accounts, in
    /// an aggregation Region the linked Regions.
    Api {
        /// The account that asks.
        account: AccountId,
        /// The Region that is asked.
        region: Region,
    },
    /// One file.
    File {
        /// Relative to the folder that was given.
        file: String,
    },
}

/// The unit that is collected, that can fail, and whose coverage is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CollectionTarget {
    /// The source.
    pub source: SourceKind,
    /// The part of it.
    #[serde(flatten)]
    pub scope: Scope,
}

impl CollectionTarget {
    /// A target of a service.
    pub fn api(source: SourceKind, account: AccountId, region: Region) -> Self {
        Self {
            source,
            scope: Scope::Api { account, region },
        }
    }

    /// A file.
    pub fn file(file: String) -> Self {
        Self {
            source: SourceKind::File,
            scope: Scope::File { file },
        }
    }

    /// The account, if the target has one.
    pub fn account(&self) -> Option<AccountId> {
        match &self.scope {
            Scope::Api { account, .. } => Some(*account),
            Scope::File { .. } => None,
        }
    }

    /// The Region, if the target has one.
    pub fn region(&self) -> Option<&Region> {
        match &self.scope {
            Scope::Api { region, .. } => Some(region),
            Scope::File { .. } => None,
        }
    }

    /// The file, if the target is one.
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

/// How much of a target is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// Read to the end, every record understood.
    Complete,
    /// Read to the end, but some records could not be read.
    Partial,
    /// Not read to the end.
    Failed,
    /// The service does not exist in this Region: there is nothing to know.
    Unavailable,
}

impl Coverage {
    /// As in logs and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a target is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum CoverageReason {
    /// The service is not enabled for the account in the Region.
    NotEnabled,
    /// The call was denied.
    Denied {
        /// The IAM action that is missing.
        action: String,
    },
    /// The service kept answering "too many requests".
    Throttled,
    /// No connection, or no answer in time.
    Unreachable,
    /// The credentials are missing, expired or revoked.
    Credentials,
    /// The clock of this host is too far from AWS's.
    ClockSkew,
    /// The service answered with an error of its own.
    ServiceError,
    /// An answer could not be understood.
    BadAnswer,
    /// Records could not be read.
    UnreadableRecords {
        /// How many.
        count: u64,
    },
    /// The file could not be read.
    UnreadableFile,
    /// The cycle's deadline passed first.
    Deadline,
    /// exposured was told to stop.
    Interrupted,
    /// The service does not exist in the Region.
    NotInRegion,
}

impl CoverageReason {
    /// As in logs and tables.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotEnabled => "not-enabled",
            Self::Denied { .. } => "denied",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::Credentials => "credentials",
            Self::ClockSkew => "clock-skew",
            Self::ServiceError => "service-error",
            Self::BadAnswer => "bad-answer",
            Self::UnreadableRecords { .. } => "unreadable-records",
            Self::UnreadableFile => "unreadable-file",
            Self::Deadline => "deadline",
            Self::Interrupted => "interrupted",
            Self::NotInRegion => "not-in-region",
        }
    }
}

/// What is known of a target in the evaluated view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// The target.
    #[serde(flatten)]
    pub target: CollectionTarget,
    /// How much of it is known.
    pub coverage: Coverage,
    /// Why not all.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub reason: Option<CoverageReason>,
    /// The same for people: what was being done, what went wrong, what can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How many records were read.
    pub records: u64,
    /// How many of them made a signal.
    pub signals: u64,
    /// Whether the traits are those of an earlier cycle, because this one failed.
    pub stale: bool,
    /// When the traits were collected; absent if they never were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<DateTime<Utc>>,
}
