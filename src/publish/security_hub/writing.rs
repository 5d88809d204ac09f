//! From a plan to imported findings.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::evaluate::Exposures;
use crate::formats::asff::{self, AsffFinding};
use crate::model::{Exposure, RecordState};
use crate::publish::options::SecurityHubOptions;
use crate::publish::publisher::Publisher;
use crate::reconcile::{Destination, Fingerprint, PlanStep, PublicationOutcome};

use super::attempt::OutgoingFinding;
use super::creation;
use super::import::Importer;
use super::planning::{FoundExposure, SecurityHubPlan};
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
    let mut all_imported: Vec<(&Destination, Vec<PlanStep>)> = Vec::new();
    for (destination, steps) in writing_steps(planned) {
        let importer = Importer::new(publisher, options, destination);
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
        let known = creation::created_meanwhile(publisher, options, destination, &steps).await;
        let findings = steps
            .iter()
            .filter_map(|step| builder.outgoing(&known.apply(step)))
            .filter(|outgoing| !failed.contains(&outgoing.id));
        let mut lost = importer.import(steps.len(), findings, outcome).await;
        lost.extend(failed);
        let imported: Vec<PlanStep> = steps
            .iter()
            .filter(|step| !lost.contains(step.id.as_str()))
            .map(|step| known.apply(step).into_owned())
            .collect();
        for step in &imported {
            builder.remember(step);
        }
        all_imported.push((destination, imported));
    }
    // Last, so that no destination waits for another.
    let waits = all_imported.iter().map(|(destination, imported)| {
        creation::await_creations(publisher, options, destination, imported)
    });
    join_all(waits).await;
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

    /// Remembers what a step has imported, until Security Hub returns it.
    fn remember(&self, step: &PlanStep) {
        let key = step.key();
        let found = self.planned.found.get(&key);
        let content = found.filter(|_| step.decision.held().is_none());
        let published = self.planned.published.exposure(&key);
        let imported = self.publisher.imported;
        imported.remember(step, published, content.map(FoundExposure::content));
    }

    /// The published finding, archived.
    fn archived(&self, step: &PlanStep) -> Option<OutgoingFinding> {
        let published = self.published(step)?;
        let finding = published.for_reimport(RecordState::Archived, step.updated_at, &[]);
        Some(OutgoingFinding {
            id: finding.id().to_owned(),
            json: finding.to_json(),
            counts_as: None,
        })
    }

    /// The finding that the step sends: of the exposure that was found, or the published finding with a new history.
    fn outgoing(&self, step: &PlanStep) -> Option<OutgoingFinding> {
        let found = self.planned.found.get(&step.key());
        let json = match found.filter(|_| step.decision.held().is_none()) {
            Some(found) => {
                let exposure = self.exposures.describe(&found.graded)?;
                self.build(step, &exposure, &found.fingerprint)
            }
            None => self
                .published(step)?
                .for_reimport(
                    step.record_state,
                    step.updated_at,
                    &product_fields::history_fields(step),
                )
                .to_json(),
        };
        Some(OutgoingFinding {
            id: step.id.to_string(),
            json,
            counts_as: Some(step.decision.action()),
        })
    }

    fn build(&self, step: &PlanStep, exposure: &Exposure, fingerprint: &Fingerprint) -> String {
        let mut state =
            product_fields::content_fields(fingerprint, exposure, &step.unread).to_vec();
        state.extend(product_fields::history_fields(step));
        let built = asff::build(&asff::Publication {
            exposure,
            account: step.destination.account,
            region: step.destination.region.clone(),
            created_at: step.created_at,
            first_observed_at: step.first_observed_at,
            updated_at: step.last_import_at(),
            record_state: step.record_state,
            catalog_version: self.publisher.catalog_version,
            state,
        });
        for truncation in built.truncations {
            self.publisher
                .log
                .text_cut(step.id.as_str(), &truncation.field, truncation.dropped);
        }
        built.json
    }
}
