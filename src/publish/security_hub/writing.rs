//! From a plan to imported findings.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::evaluate::Exposures;
use crate::formats::asff::{self, AsffFinding};
use crate::model::{Exposure, Partition, RecordState};
use crate::publish::options::SecurityHubOptions;
use crate::publish::publisher::Publisher;
use crate::reconcile::{Destination, PlanStep, PublicationOutcome};

use super::import::{Importer, OutgoingFinding};
use super::planning::SecurityHubPlan;
use super::product_fields;

/// Carries out a plan. Findings are built batch by batch: all of them together may not fit into memory.
pub(in crate::publish) async fn publish(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    planned: &SecurityHubPlan,
    exposures: &Exposures<'_>,
    outcome: &mut PublicationOutcome,
) {
    let builder = FindingBuilder {
        publisher,
        planned,
        exposures,
    };
    for (destination, steps) in writing_steps(planned) {
        let importer = Importer::new(publisher, options, destination).await;
        // Archived first, so that what follows reopens them.
        let archive_first: Vec<&PlanStep> = steps
            .iter()
            .copied()
            .filter(|step| step.archive_first)
            .collect();
        let archived = archive_first
            .iter()
            .filter_map(|step| builder.archived(step));
        let failed = importer
            .import(archive_first.len(), archived, outcome)
            .await;
        // A finding that could not be archived would stay closed, and the next cycle could not tell that it should not.
        let findings = steps
            .iter()
            .filter_map(|step| builder.outgoing(step))
            .filter(|outgoing| !failed.contains(outgoing.finding.id()));
        importer.import(steps.len(), findings, outcome).await;
    }
}

/// The steps that send a finding, by destination.
fn writing_steps(planned: &SecurityHubPlan) -> BTreeMap<&Destination, Vec<&PlanStep>> {
    let mut steps: BTreeMap<&Destination, Vec<&PlanStep>> = BTreeMap::new();
    for step in &planned.plan.steps {
        if step.decision.writes() {
            steps.entry(&step.destination).or_default().push(step);
        }
    }
    steps
}

/// Builds the findings of a plan at the moment at which each is sent.
struct FindingBuilder<'a> {
    publisher: &'a Publisher<'a>,
    planned: &'a SecurityHubPlan,
    exposures: &'a Exposures<'a>,
}

impl<'a> FindingBuilder<'a> {
    fn published(&self, step: &PlanStep) -> Option<&'a AsffFinding> {
        self.planned.published.finding(&step.key())
    }

    /// The published finding, archived.
    fn archived(&self, step: &PlanStep) -> Option<OutgoingFinding> {
        self.published(step).map(|finding| OutgoingFinding {
            finding: finding.again(RecordState::Archived, step.updated_at),
            counts_as: None,
        })
    }

    /// The finding that the step sends: the exposure that was found, or the published finding with a new history.
    fn outgoing(&self, step: &PlanStep) -> Option<OutgoingFinding> {
        let found = self.planned.found.get(&step.key());
        let mut finding = match found.filter(|_| step.decision.held().is_none()) {
            Some(found) => {
                let exposure = self.exposures.describe(&found.graded)?;
                self.finding(step, &exposure, &found.digest)
            }
            None => self
                .published(step)?
                .again(step.record_state, step.updated_at),
        };
        product_fields::set_history(&mut finding, step);
        Some(OutgoingFinding {
            finding,
            counts_as: Some(step.decision.action()),
        })
    }

    fn finding(&self, step: &PlanStep, exposure: &Exposure, digest: &str) -> AsffFinding {
        let updated_at = if step.archive_first {
            step.updated_at + Duration::milliseconds(1)
        } else {
            step.updated_at
        };
        let (mut finding, cuts) = asff::finding(&asff::Publication {
            exposure,
            account: step.destination.account,
            region: step.destination.region.clone(),
            partition: Partition::of_region(&step.destination.region),
            created_at: step.created_at,
            first_observed_at: step.first_observed_at,
            updated_at,
            record_state: step.record_state,
            catalog_version: self.publisher.catalog_version,
        });
        for cut in cuts {
            self.publisher
                .log
                .text_cut(step.id.as_str(), &cut.field, cut.dropped);
        }
        product_fields::set_content(&mut finding, exposure, digest);
        finding
    }
}
