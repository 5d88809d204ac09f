//! Exposures as findings: in ASFF, as `BatchImportFindings` takes them, and in OCSF.

use std::io::{Result, Write};

use serde::Serialize;

use crate::evaluate::GradedResource;
use crate::formats::asff;
use crate::formats::ocsf::{Activity, Event, event};
use crate::model::{AccountId, Arn, Exposure, Partition, RecordState, Region};
use crate::pipeline::CycleOutcome;

use super::json::{Sequence, write_pretty};
use super::options::Selection;

/// The body of a `BatchImportFindings` request.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Findings<T: Serialize> {
    findings: T,
}

pub(super) fn write_asff(
    to: &mut impl Write,
    outcome: &CycleOutcome,
    selection: &Selection,
) -> Result<()> {
    let finding = |_: &GradedResource, exposure: Exposure| {
        let (account, region) = publisher(outcome, &exposure);
        let publication = asff::Publication {
            exposure: &exposure,
            account,
            region,
            created_at: outcome.as_of,
            first_observed_at: outcome.as_of,
            updated_at: outcome.as_of,
            record_state: RecordState::Active,
            catalog_version: outcome.catalog.version(),
            state: Vec::new(),
        };
        // A `Value` has sorted keys.
        serde_json::to_value(asff::build(&publication).finding).unwrap_or_default()
    };
    let exposures = selection.exposures(outcome);
    let findings = Sequence::new(exposures.map(finding));
    write_pretty(to, &Findings { findings })
}

/// Writes one event per line.
pub(super) fn write_ocsf(
    to: &mut impl Write,
    outcome: &CycleOutcome,
    selection: &Selection,
) -> Result<()> {
    let line = |_: &GradedResource, exposure: Exposure| {
        let event = event(&Event {
            exposure: &exposure,
            account: publisher(outcome, &exposure).0,
            activity: Activity::Create,
            created_at: outcome.as_of,
            modified_at: outcome.as_of,
            time: outcome.as_of,
            catalog_version: outcome.catalog.version(),
        });
        // A structure of strings, numbers, and lists always becomes JSON.
        serde_json::to_string(&event).unwrap_or_default() + "\n"
    };
    let exposures = selection.exposures(outcome);
    let mut lines = exposures.map(line);
    lines.try_for_each(|line| to.write_all(line.as_bytes()))
}

/// The account and Region that would publish the exposure. Without a caller, they are those of the resource.
fn publisher(outcome: &CycleOutcome, exposure: &Exposure) -> (AccountId, Region) {
    outcome.caller.clone().unwrap_or_else(|| {
        let resource = &exposure.resource;
        let region = if resource.region == Region::global() {
            // A finding about a global resource is still imported in some Region.
            let arn: Option<Arn> = resource.id.parse().ok();
            arn.map_or(Partition::Aws, |arn| arn.partition())
                .home_region()
        } else {
            resource.region.clone()
        };
        (resource.account, region)
    })
}
