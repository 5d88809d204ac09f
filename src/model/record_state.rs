//! Whether a published finding is active.

use serde::{Deserialize, Serialize};

/// The record state of a finding in Security Hub, spelled as in ASFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordState {
    /// The resource is exposed, or may still be.
    Active,
    /// The resource is no longer exposed.
    Archived,
}
