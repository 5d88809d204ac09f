//! The result of a cycle, as text.

pub mod catalog;
mod explanation;
mod fixes;
mod format;
mod graph;
mod json;
mod plan;
mod table;

use std::io::{BufWriter, Write};

use serde::Serialize;

use crate::evaluate::GradedResource;
use crate::formats::asff;
use crate::formats::ocsf::{Activity, Event, event};
use crate::model::{AccountId, Arn, Exposure, Partition, RecordState, Region};
use crate::pipeline::CycleOutcome;

pub(crate) use explanation::explanation;
pub(crate) use fixes::fixes;
pub use format::{CatalogFormat, ExplainFormat, FixesFormat, ResultFormat};
pub(crate) use json::{pretty as json_text, schema as json_schema};

/// Prints on standard output. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    unless_unread(std::io::stdout().write_all(text.as_bytes()))
}

/// Prints the result of a cycle in the format that was asked for, with a line break at the end. It is written as it is
/// made: an organization's exposures in full may be larger than the memory.
pub(crate) fn print_result(format: ResultFormat, outcome: &CycleOutcome) -> std::io::Result<()> {
    let mut to = BufWriter::new(std::io::stdout().lock());
    let written = match format {
        ResultFormat::Table => table::write(&mut to, outcome),
        ResultFormat::Json => json::write(&mut to, outcome),
        ResultFormat::Asff => asff(&mut to, outcome),
        ResultFormat::Ocsf => ocsf(&mut to, outcome),
        ResultFormat::None => Ok(()),
    };
    unless_unread(written.and_then(|()| to.flush()))
}

fn unless_unread(printed: std::io::Result<()>) -> std::io::Result<()> {
    match printed {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// As `BatchImportFindings` would take them. Without a caller they are of the resources' own accounts and Regions.
fn asff(to: &mut impl Write, outcome: &CycleOutcome) -> std::io::Result<()> {
    let finding = |_: &GradedResource, exposure: Exposure| {
        let (account, region) = seen_from(outcome, &exposure);
        let publication = asff::Publication {
            exposure: &exposure,
            account,
            partition: Partition::of_region(&region),
            region,
            created_at: outcome.as_of,
            first_observed_at: outcome.as_of,
            updated_at: outcome.as_of,
            record_state: RecordState::Active,
            catalog_version: outcome.catalog.version(),
        };
        // Its keys sorted.
        serde_json::to_value(asff::finding(&publication).0).unwrap_or_default()
    };
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Findings<T: Serialize> {
        findings: T,
    }
    let exposures = outcome.exposures();
    let findings = json::Sequence::new(exposures.map(finding));
    json::write_pretty(to, &Findings { findings })
}

fn ocsf(to: &mut impl Write, outcome: &CycleOutcome) -> std::io::Result<()> {
    let line = |_: &GradedResource, exposure: Exposure| {
        let event = event(&Event {
            exposure: &exposure,
            account: seen_from(outcome, &exposure).0,
            activity: Activity::Create,
            created_at: outcome.as_of,
            modified_at: outcome.as_of,
            time: outcome.as_of,
            catalog_version: outcome.catalog.version(),
        });
        // A structure of texts, numbers and lists always becomes JSON.
        serde_json::to_string(&event).unwrap_or_default() + "\n"
    };
    let exposures = outcome.exposures();
    let mut lines = exposures.map(line);
    lines.try_for_each(|line| to.write_all(line.as_bytes()))
}

fn seen_from(outcome: &CycleOutcome, exposure: &Exposure) -> (AccountId, Region) {
    outcome.caller.clone().unwrap_or_else(|| {
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
