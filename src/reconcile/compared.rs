//! What is compared: what stands, what is there, and what the user allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::formats::asff::RecordState;
use crate::model::{AccountId, CollectionTarget, Exposure, ExposureId, Region, Severity};

/// Under whose account, and into which Region's hub.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Destination {
    /// The account that imports.
    pub account: AccountId,
    /// The Region of the endpoint.
    pub region: Region,
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.account, self.region)
    }
}

/// Where a finding stands, and which it is.
pub type Key = (Destination, ExposureId);

/// What a user has said of a finding, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Workflow {
    /// `NEW` or `NOTIFIED`.
    Open,
    /// `RESOLVED`.
    Resolved,
    /// `SUPPRESSED`.
    Suppressed,
}

impl fmt::Display for Workflow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "left open",
            Self::Resolved => "resolved",
            Self::Suppressed => "suppressed",
        })
    }
}

/// An exposure as it stands in Security Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its title, for people.
    pub title: String,
    /// The exposed resource, for people.
    pub resource: String,
    /// What we gave it; `None` if that cannot be read.
    pub severity: Option<Severity>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its resource was first seen exposed.
    pub first_observed_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// From when its retention counts: the change, or Security Hub's own processing of it, if that was earlier.
    pub retained_from: DateTime<Utc>,
    /// Whether it is archived.
    pub record_state: RecordState,
    /// What a user has said.
    pub workflow: Workflow,
    /// Of its content; see [`crate::publish::content_digest`]. `None` if it has none that can be read.
    pub digest: Option<String>,
    /// The targets in which its contributing traits were seen; empty if that cannot be read.
    pub seen_by: BTreeSet<CollectionTarget>,
    /// How often it was archived and came back.
    pub reopened: u32,
    /// In how many cycles in a row it was missed since.
    pub missed: u32,
}

/// Everything that stands, and what is not known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Previous {
    /// By where and which.
    pub standing: BTreeMap<Key, Published>,
    /// Of these only the id can be read.
    pub unreadable: BTreeSet<Key>,
    /// Where nothing could be read.
    pub unread: BTreeSet<Destination>,
}

/// An exposure that is there now, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Which.
    pub id: ExposureId,
    /// Its title, for people.
    pub title: String,
    /// The exposed resource, for people.
    pub resource: String,
    /// Its severity.
    pub severity: Severity,
    /// Where it goes.
    pub destination: Destination,
    /// Of its content.
    pub digest: String,
}

impl Current {
    /// What is compared of an exposure.
    pub fn of(exposure: &Exposure, destination: Destination, digest: String) -> Self {
        Self {
            id: exposure.id.clone(),
            title: exposure.title.clone(),
            resource: exposure.resource.id.clone(),
            severity: exposure.severity,
            destination,
            digest,
        }
    }
}

/// What the user allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// For how many cycles one that came back before is held before it is archived.
    pub settle_cycles: u32,
    /// How many percent of what is active may be archived at once; `None`: any number.
    pub max_archive_percent: Option<u8>,
}
