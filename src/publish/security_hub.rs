//! Exposures into Security Hub, by `BatchImportFindings`.

mod import;
mod notes;
mod previous;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;

use crate::aws::{CallRate, Limiter};
use crate::config::{Mode, SecurityHub};
use crate::evaluate::{Exposures, GradedResource};
use crate::model::{CoverageRow, Exposure, Partition};

use super::{PublicationOutcome, Publisher, content_digest, destination};
use crate::formats::asff::{self, AsffFinding, RecordState};
use crate::reconcile::{Current, Destination, Key, Plan, Policy, Step, plan};

use import::Outgoing;
pub(super) use import::probe;
pub(super) use notes::seen_by;
pub use previous::Standing;

/// A destination's client, and what its API allows.
struct Hub {
    client: aws_sdk_securityhub::Client,
    imports: Arc<Limiter>,
}

/// What is to be done, and what is needed to do it.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    found: BTreeMap<Key, Found>,
    standing: Standing,
}

/// An exposure that was compared.
#[derive(Debug)]
struct Found {
    graded: GradedResource,
    digest: String,
}

/// Reads what stands, wherever that may be before anything was evaluated.
pub(super) async fn read_standing(publisher: &Publisher<'_>, settings: &SecurityHub) -> Standing {
    let destinations = previous::known_destinations(publisher, settings).await;
    let mut standing = Standing::default();
    standing.read(publisher, settings, &destinations).await;
    standing
}

/// Compares what stands with what was found. Destinations that only the exposures name, and those that could not be
/// read before, are read now.
pub(super) async fn plan_publication(
    publisher: &Publisher<'_>,
    settings: &SecurityHub,
    mut standing: Standing,
    exposures: &Exposures<'_>,
    coverage: &[CoverageRow],
    policy: Policy,
) -> Planned {
    let compared = |graded: &GradedResource, exposure: Exposure| {
        let destination = destination(publisher.session, settings, &exposure);
        let digest = content_digest(&exposure, &destination);
        (*graded, Current::of(&exposure, destination, digest))
    };
    let (graded, current): (Vec<GradedResource>, Vec<Current>) = exposures.map(compared).unzip();
    let destinations = current
        .iter()
        .map(|one| one.destination.clone())
        .chain(standing.unread().keys().cloned())
        .collect();
    standing.read(publisher, settings, &destinations).await;
    for (destination, error) in standing.unread() {
        publisher.log.previous_unknown(
            &destination.account.to_string(),
            destination.region.as_str(),
            &format!("{error}; {}", error.remedy()),
        );
    }
    let plan = plan(
        &standing.previous(),
        &current,
        coverage,
        policy,
        publisher.now,
    );
    publisher.log.planned(&plan);
    let found = |(one, graded): (Current, GradedResource)| {
        let digest = one.digest;
        ((one.destination, one.id), Found { graded, digest })
    };
    Planned {
        plan,
        found: current.into_iter().zip(graded).map(found).collect(),
        standing,
    }
}

/// Does what was planned. Findings are made batch by batch: all of them together may be larger than the memory.
pub(super) async fn publish(
    publisher: &Publisher<'_>,
    settings: &SecurityHub,
    planned: &Planned,
    exposures: &Exposures<'_>,
    outcome: &mut PublicationOutcome,
) {
    let sending = Sending {
        publisher,
        planned,
        exposures,
    };
    for (destination, steps) in sending.steps() {
        let hub = hub(publisher, settings, &destination).await;
        let to = (&hub, &destination);
        // Archived first, so that what follows opens them again.
        let closed: Vec<&Step> = steps
            .iter()
            .copied()
            .filter(|step| step.archive_first)
            .collect();
        let first = closed.iter().filter_map(|step| sending.archived(step));
        let lost = import::import(publisher, to, closed.len(), first, outcome).await;
        // One that could not be archived would stay closed, and the next cycle would not know that it should not.
        let then = steps
            .iter()
            .filter_map(|step| sending.outgoing(step))
            .filter(|one| !lost.contains(one.finding.id()));
        import::import(publisher, to, steps.len(), then, outcome).await;
    }
}

/// Makes what is sent, when it is.
struct Sending<'a> {
    publisher: &'a Publisher<'a>,
    planned: &'a Planned,
    exposures: &'a Exposures<'a>,
}

impl<'a> Sending<'a> {
    /// The steps that write, by where.
    fn steps(&self) -> BTreeMap<Destination, Vec<&'a Step>> {
        let mut steps: BTreeMap<Destination, Vec<&Step>> = BTreeMap::new();
        for step in &self.planned.plan.steps {
            if step.decision.writes() {
                steps
                    .entry(step.destination.clone())
                    .or_default()
                    .push(step);
            }
        }
        steps
    }

    fn standing(&self, step: &Step) -> Option<&'a AsffFinding> {
        let key = (step.destination.clone(), step.id.clone());
        let standing = self.planned.standing.findings.get(&key);
        standing.map(|one| &one.finding)
    }

    /// What stands, archived.
    fn archived(&self, step: &Step) -> Option<Outgoing> {
        self.standing(step).map(|finding| Outgoing {
            finding: finding.again(RecordState::Archived, step.updated_at),
            counts_as: None,
        })
    }

    fn outgoing(&self, step: &Step) -> Option<Outgoing> {
        let key = (step.destination.clone(), step.id.clone());
        let found = self.planned.found.get(&key);
        let mut finding = match found.filter(|_| step.decision.held().is_none()) {
            Some(found) => {
                let exposure = self.exposures.describe(&found.graded)?;
                finding(self.publisher, step, &exposure, &found.digest)
            }
            None => {
                let standing = self.standing(step)?;
                standing.again(step.record_state, step.updated_at)
            }
        };
        notes::write_history(&mut finding, step);
        Some(Outgoing {
            finding,
            counts_as: Some(step.decision.action()),
        })
    }
}

fn finding(
    publisher: &Publisher<'_>,
    step: &Step,
    exposure: &Exposure,
    digest: &str,
) -> AsffFinding {
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
        catalog_version: publisher.catalog_version,
    });
    for cut in cuts {
        publisher
            .log
            .text_cut(step.id.as_str(), &cut.field, cut.dropped);
    }
    notes::write_content(&mut finding, exposure, digest);
    finding
}

async fn hub(publisher: &Publisher<'_>, settings: &SecurityHub, destination: &Destination) -> Hub {
    let client = client(publisher, settings, destination).await;
    let imports = publisher.session.limiter(
        destination.account,
        &destination.region,
        CallRate::SECURITY_HUB_BATCH_IMPORT_FINDINGS,
    );
    Hub { client, imports }
}

/// As ourselves where we are at home, as the role elsewhere.
async fn client(
    publisher: &Publisher<'_>,
    settings: &SecurityHub,
    destination: &Destination,
) -> aws_sdk_securityhub::Client {
    let session = publisher.session;
    match &settings.mode {
        Mode::Member(role) if destination.account != session.account => {
            let arn = role.arn_in(destination.account);
            session
                .security_hub_as(&destination.region, &arn, &role.external_id)
                .await
        }
        _ => session.security_hub(&destination.region),
    }
}
