//! From exposures to what others read: reconciled with what stands, then ASFF into Security Hub and OCSF into files.

pub mod asff;
mod asff_fit;
mod ocsf;
mod ocsf_file;
pub mod plan;
mod security_hub;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::aws::{CallError, Session};
use crate::config::{Mode, Publish, SecurityHub};
use crate::model::{CoverageRow, Exposure, Partition};
use crate::telemetry::{CycleLog, Progress};

pub use asff::AsffFinding;
pub use ocsf::{Activity, Event, event};
pub use plan::{Action, Current, Destination, Plan};

/// What publishing needs.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// The way to AWS.
    pub session: &'a Session,
    /// Where exposures go.
    pub settings: &'a Publish,
    /// By which rules they were found.
    pub catalogue_version: &'a str,
    /// How much is known of each cell.
    pub coverage: &'a [CoverageRow],
    /// The start of the cycle.
    pub now: DateTime<Utc>,
    /// Where to tell of what is published.
    pub log: &'a CycleLog,
    /// How far it has come.
    pub progress: &'a Progress,
    /// Once cancelled, no further batch is sent.
    pub cancel: &'a CancellationToken,
}

/// What was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicationOutcome {
    /// How many exposures were made in Security Hub.
    pub created: usize,
    /// How many were changed there.
    pub updated: usize,
    /// How many were archived there.
    pub archived: usize,
    /// How many stand although they were not found, since that proves nothing.
    pub held: usize,
    /// How many stand as they are.
    pub unchanged: usize,
    /// How many should have been sent and were not, or were refused.
    pub failed: usize,
    /// Whether the OCSF file was wanted and could not be written.
    pub ocsf_failed: bool,
}

impl PublicationOutcome {
    /// How many things are not where they should be.
    #[must_use]
    pub fn unpublished(&self) -> usize {
        self.failed + usize::from(self.ocsf_failed)
    }
}

/// Publishes everywhere that the settings say.
pub async fn publish(publication: &Publication<'_>, exposures: &[Exposure]) -> PublicationOutcome {
    let mut outcome = PublicationOutcome::default();
    let mut created_at = BTreeMap::new();
    if let Some(settings) = &publication.settings.security_hub {
        created_at = security_hub::publish(publication, settings, exposures, &mut outcome).await;
    }
    if let Some(directory) = &publication.settings.ocsf_directory {
        outcome.ocsf_failed = !ocsf_file::write(publication, directory, exposures, &created_at);
    }
    outcome
}

/// Asks Security Hub whether exposures may be imported at home, by a call that carries none.
pub async fn probe(
    session: &Session,
    settings: &SecurityHub,
) -> (Destination, Result<(), CallError>) {
    let region = settings.region.as_ref().unwrap_or(session.home()).clone();
    let result = security_hub::probe(&session.security_hub(&region)).await;
    (
        Destination {
            account: session.account,
            region,
        },
        result,
    )
}

/// Where an exposure goes: under the caller's account, or under its resource's. The product ARN must be of the
/// endpoint's Region, but the resource's Region may be another (partner guide, FAQ).
#[must_use]
pub fn destination(session: &Session, settings: &SecurityHub, exposure: &Exposure) -> Destination {
    let home = settings.region.as_ref().unwrap_or(session.home());
    match settings.mode {
        Mode::Home => Destination {
            account: session.account,
            region: home.clone(),
        },
        Mode::Member(_) => {
            let own = &exposure.resource.region;
            let is_read = settings.region.is_none() && session.regions.contains(own);
            Destination {
                account: exposure.resource.account,
                region: if is_read { own.clone() } else { home.clone() },
            }
        }
    }
}

/// A SHA-256 over the finding without its times: the same as long as there is nothing new to say.
#[must_use]
pub fn content_digest(exposure: &Exposure, destination: &Destination) -> String {
    let (finding, _) = asff::finding(&asff::Publication {
        exposure,
        account: destination.account,
        region: destination.region.clone(),
        partition: Partition::of_region(&destination.region),
        created_at: DateTime::UNIX_EPOCH,
        first_observed_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        record_state: asff::RecordState::Active,
        // New rules that say the same of a resource are nothing new about it.
        catalogue_version: "",
    });
    // A structure of texts, numbers and lists always becomes JSON.
    let json = serde_json::to_vec(&finding).unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update(&json);
    hasher.update(seen_by(exposure));
    hasher
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// `inspector us-east-1, security-hub us-east-1`: the cells in which the contributing traits were seen.
#[must_use]
pub fn seen_by(exposure: &Exposure) -> String {
    let cells = exposure.seen_by.iter();
    let named: BTreeSet<String> = cells
        .filter_map(|cell| Some(format!("{} {}", cell.source, cell.region()?)))
        .collect();
    named.into_iter().collect::<Vec<_>>().join(", ")
}
