//! The digest by which a published exposure is compared with the one that was found.

use chrono::DateTime;
use sha2::{Digest, Sha256};

use crate::formats::asff;
use crate::model::{Exposure, RecordState};
use crate::reconcile::Destination;

use super::security_hub::seen_by_text;

/// A SHA-256 over the finding without its times: the same as long as nothing changed.
pub fn content_digest(exposure: &Exposure, destination: &Destination) -> String {
    let built = asff::build(&asff::Publication {
        exposure,
        account: destination.account,
        region: destination.region.clone(),
        created_at: DateTime::UNIX_EPOCH,
        first_observed_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        record_state: RecordState::Active,
        // A new catalog that grades a resource the same is no change of the exposure.
        catalog_version: "",
        state: Vec::new(),
    });
    let mut hasher = Sha256::new();
    hasher.update(&built.json);
    hasher.update(seen_by_text(&exposure.seen_by));
    hasher
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
