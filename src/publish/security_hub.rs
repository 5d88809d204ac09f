//! Exposures into Security Hub, by `BatchImportFindings`.

mod import;
mod notes;
mod previous;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;

use crate::aws::{CallRate, Limiter};
use crate::config::{Mode, SecurityHub};
use crate::model::{CoverageRow, Exposure, Partition};

use super::asff::{self, AsffFinding, RecordState};
use super::plan::{Current, Destination, Plan, Policy, Step, plan};
use super::{PublicationOutcome, Publisher, content_digest, destination};

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
pub struct Planned<'a> {
    /// The plan.
    pub plan: Plan,
    current: Vec<Current<'a>>,
    standing: Standing,
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
pub(super) async fn plan_publication<'a>(
    publisher: &Publisher<'_>,
    settings: &SecurityHub,
    mut standing: Standing,
    exposures: &'a [Exposure],
    coverage: &[CoverageRow],
    policy: Policy,
) -> Planned<'a> {
    let current: Vec<Current<'_>> = exposures
        .iter()
        .map(|exposure| {
            let destination = destination(publisher.session, settings, exposure);
            let digest = content_digest(exposure, &destination);
            Current {
                exposure,
                destination,
                digest,
            }
        })
        .collect();
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
    Planned {
        plan,
        current,
        standing,
    }
}

/// Does what was planned.
pub(super) async fn publish(
    publisher: &Publisher<'_>,
    settings: &SecurityHub,
    planned: &Planned<'_>,
    outcome: &mut PublicationOutcome,
) {
    for (destination, outgoing) in outgoing(publisher, planned) {
        let hub = hub(publisher, settings, &destination).await;
        let Batches { first, mut then } = outgoing;
        let lost = import::import(publisher, &hub, &destination, first, outcome).await;
        // One that could not be archived would stay closed, and the next cycle would not know that it should not.
        then.retain(|one| !lost.contains(one.finding.id()));
        import::import(publisher, &hub, &destination, then, outcome).await;
    }
}

/// What goes to one destination.
#[derive(Default)]
struct Batches {
    /// Archived, so that what follows opens them again.
    first: Vec<Outgoing>,
    then: Vec<Outgoing>,
}

fn outgoing(publisher: &Publisher<'_>, planned: &Planned<'_>) -> BTreeMap<Destination, Batches> {
    let by_key: BTreeMap<_, _> = planned
        .current
        .iter()
        .map(|one| ((&one.destination, &one.exposure.id), one))
        .collect();
    let mut outgoing: BTreeMap<Destination, Batches> = BTreeMap::new();
    let writing = planned
        .plan
        .steps
        .iter()
        .filter(|step| step.decision.writes());
    for step in writing {
        let batches = outgoing.entry(step.destination.clone()).or_default();
        let key = (step.destination.clone(), step.id.clone());
        let standing = planned.standing.findings.get(&key).map(|one| &one.finding);
        if let (true, Some(finding)) = (step.archive_first, standing) {
            batches.first.push(Outgoing {
                finding: finding.again(RecordState::Archived, step.updated_at),
                counts_as: None,
            });
        }
        let current = by_key.get(&(&step.destination, &step.id));
        let finding = match current.filter(|_| step.decision.held().is_none()) {
            Some(current) => Some(finding(publisher, step, current)),
            None => standing.map(|finding| finding.again(step.record_state, step.updated_at)),
        };
        if let Some(mut finding) = finding {
            notes::write_history(&mut finding, step);
            batches.then.push(Outgoing {
                finding,
                counts_as: Some(step.decision.action()),
            });
        }
    }
    outgoing
}

fn finding(publisher: &Publisher<'_>, step: &Step, current: &Current<'_>) -> AsffFinding {
    let updated_at = if step.archive_first {
        step.updated_at + Duration::milliseconds(1)
    } else {
        step.updated_at
    };
    let (mut finding, cuts) = asff::finding(&asff::Publication {
        exposure: current.exposure,
        account: step.destination.account,
        region: step.destination.region.clone(),
        partition: Partition::of_region(&step.destination.region),
        created_at: step.created_at,
        first_observed_at: step.first_observed_at,
        updated_at,
        record_state: step.record_state,
        catalogue_version: publisher.catalogue_version,
    });
    for cut in cuts {
        publisher
            .log
            .text_cut(step.id.as_str(), &cut.field, cut.dropped);
    }
    notes::write_content(&mut finding, current.exposure, &current.digest);
    finding
}

async fn hub(publisher: &Publisher<'_>, settings: &SecurityHub, destination: &Destination) -> Hub {
    let client = client(publisher, settings, destination).await;
    let imports = publisher.session.limiter(
        destination.account,
        &destination.region,
        CallRate::BatchImportFindings,
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
