//! The input of a plan: the desired state, the actual state, and the limits that the user sets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};

use crate::model::{CollectionTarget, ExposureId, RecordState, Region, Severity};

use super::destination::Destination;
use super::fingerprint::Fingerprint;

/// Identifies a published exposure: the same one may be published in several destinations while it moves.
pub type ExposureKey = (Destination, ExposureId);

/// The workflow status of a finding, which belongs to users, as far as reconciliation depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkflowStatus {
    /// `NEW` or `NOTIFIED`.
    Open,
    /// `RESOLVED`.
    Resolved,
    /// `SUPPRESSED`.
    Suppressed,
}

impl fmt::Display for WorkflowStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "left open",
            Self::Resolved => "resolved",
            Self::Suppressed => "suppressed",
        })
    }
}

/// An exposure that should be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredExposure {
    /// The ID, which depends on the resource alone.
    pub id: ExposureId,
    /// The title, for people.
    pub title: String,
    /// The ID of the exposed resource, for people.
    pub resource: String,
    /// The severity.
    pub severity: Severity,
    /// Where it is published.
    pub destination: Destination,
    /// The fingerprint of its facts.
    pub fingerprint: Fingerprint,
    /// The collection targets that showed its contributing traits, and the relations along which they propagated.
    pub seen_by: BTreeSet<CollectionTarget>,
    /// The collection targets that showed what makes it less severe.
    pub lowered_by: BTreeSet<CollectionTarget>,
    /// Set if a mute covers the exposure in case its resource has a tag, and no inventory lists the tags of the resource.
    pub unlisted_tags: Option<UnlistedTags>,
}

/// The tags of a resource that no inventory lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlistedTags {
    /// The Region of the resource.
    pub region: Region,
    /// Whether a finding reports tags of the resource. They may be older than those of an inventory.
    pub are_reported: bool,
}

/// An exposure as it was read back from Security Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedExposure {
    /// The title, for people.
    pub title: String,
    /// The ID of the exposed resource, for people.
    pub resource: String,
    /// The severity that exposured published; `None` if it cannot be read.
    pub severity: Option<Severity>,
    /// When the finding was created.
    pub created_at: DateTime<Utc>,
    /// When the resource was first seen exposed.
    pub first_observed_at: DateTime<Utc>,
    /// When the finding was last updated.
    pub updated_at: DateTime<Utc>,
    /// When the retention period of the finding began: at the update, or when Security Hub processed it, if that was
    /// earlier.
    pub retained_from: DateTime<Utc>,
    /// Whether the finding is archived.
    pub record_state: RecordState,
    /// The status that a user gave it.
    pub workflow: WorkflowStatus,
    /// The fingerprint of its facts; `None` if it has none that can be read.
    pub fingerprint: Option<Fingerprint>,
    /// The collection targets that showed its contributing traits, and the relations along which they propagated; empty if
    /// they cannot be read.
    pub seen_by: BTreeSet<CollectionTarget>,
    /// The collection targets that showed what makes it less severe.
    pub lowered_by: BTreeSet<CollectionTarget>,
    /// How often the finding was archived and then reopened.
    pub reopened: u32,
    /// The number of consecutive cycles in which the exposure was not found.
    pub missed: u32,
}

impl PublishedExposure {
    /// Whether the finding is archived.
    pub fn is_archived(&self) -> bool {
        self.record_state == RecordState::Archived
    }
}

/// Everything that was read back from Security Hub, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActualState {
    /// The published exposures, archived ones included.
    pub published: BTreeMap<ExposureKey, PublishedExposure>,
    /// The published exposures that this process imported, and of which no finding can be read yet.
    pub unconfirmed: BTreeSet<ExposureKey>,
    /// The published exposures of which only the ID can be read.
    pub unreadable: BTreeSet<ExposureKey>,
    /// The destinations that could not be read at all.
    pub unread: BTreeSet<Destination>,
}

/// How cautious reconciliation is about archiving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconcileOptions {
    /// The number of cycles for which a flapping exposure is held before it is archived again.
    pub settle_cycles: u32,
    /// The percentage of active exposures that one cycle may archive; `None` for no limit.
    pub max_archive_percent: Option<u8>,
    /// The Regions that the user has released.
    pub forgotten: BTreeSet<Region>,
}
