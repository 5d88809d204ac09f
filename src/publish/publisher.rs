//! What every part of publishing shares.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::aws::{CallBudget, Session};
use crate::model::Region;
use crate::telemetry::{CycleLog, Progress};

use super::options::PublishOptions;
use super::security_hub::ImportedFindings;

/// Publishes the exposures of one cycle.
#[derive(Clone, Copy, Debug)]
pub struct Publisher<'a> {
    /// The identity and the clients.
    pub session: &'a Session,
    /// Where exposures are published.
    pub options: &'a PublishOptions,
    /// Whether exposures are imported, rather than only planned.
    pub imports: bool,
    /// The version of the catalog that graded the exposures.
    pub catalog_version: &'a str,
    /// The Regions that the user has released. Findings there are read back once more.
    pub forgotten: &'a BTreeSet<Region>,
    /// What earlier cycles imported and Security Hub does not return yet.
    pub imported: &'a ImportedFindings,
    /// The start of the cycle.
    pub now: DateTime<Utc>,
    /// The log of the cycle.
    pub log: &'a CycleLog,
    /// Shows progress on a terminal.
    pub progress: &'a Progress,
    /// How long publishing may take: afterwards no further batch is sent.
    pub budget: &'a CallBudget,
}
