//! The result of a cycle, as text.

pub(super) mod catalogue;
mod explanation;
mod fixes;
mod graph;
mod json;
mod plan;
mod table;

use std::io::Write;

use crate::catalogue::Catalogue;
use crate::daemon::CycleOutcome;
use crate::model::{AccountId, Arn, Exposure, Partition, Region};
use crate::publish::{self, Activity, Event, asff};

use super::once::Format;

pub(super) use explanation::explanation;
pub(super) use fixes::fixes;
pub(super) use json::pretty as json_text;

/// Prints on standard output. A reader that has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// The result in the format that was asked for, with a line break at the end.
pub(super) fn render(format: Format, outcome: &CycleOutcome, catalogue: &Catalogue) -> String {
    match format {
        Format::Table => table::render(outcome),
        Format::Json => json::render(outcome, catalogue),
        Format::Asff => asff(outcome, catalogue),
        Format::Ocsf => ocsf(outcome, catalogue),
    }
}

/// As `BatchImportFindings` would take them. Without a caller they are of the resources' own accounts and Regions.
fn asff(outcome: &CycleOutcome, catalogue: &Catalogue) -> String {
    let findings: Vec<_> = outcome
        .evaluation
        .exposures
        .iter()
        .map(|exposure| {
            let (account, region) = seen_from(outcome, exposure);
            let publication = asff::Publication {
                exposure,
                account,
                partition: Partition::of_region(&region),
                region,
                created_at: outcome.as_of,
                first_observed_at: outcome.as_of,
                updated_at: outcome.as_of,
                record_state: asff::RecordState::Active,
                catalogue_version: catalogue.version(),
            };
            asff::finding(&publication).0
        })
        .collect();
    json::pretty(&serde_json::json!({ "Findings": findings }))
}

fn ocsf(outcome: &CycleOutcome, catalogue: &Catalogue) -> String {
    let line = |exposure| {
        let event = publish::event(&Event {
            exposure,
            account: seen_from(outcome, exposure).0,
            activity: Activity::Create,
            created_at: outcome.as_of,
            modified_at: outcome.as_of,
            time: outcome.as_of,
            catalogue_version: catalogue.version(),
        });
        // A structure of texts, numbers and lists always becomes JSON.
        serde_json::to_string(&event).unwrap_or_default() + "\n"
    };
    outcome.evaluation.exposures.iter().map(line).collect()
}

fn seen_from(outcome: &CycleOutcome, exposure: &Exposure) -> (AccountId, Region) {
    outcome.asked_as.clone().unwrap_or_else(|| {
        let resource = &exposure.resource;
        let region = if resource.region == Region::global() {
            // A finding is imported in some Region, also that of a user.
            let arn: Option<Arn> = resource.id.parse().ok();
            arn.map_or(Partition::Aws, |arn| arn.partition())
                .home_region()
        } else {
            resource.region.clone()
        };
        (resource.account, region)
    })
}
