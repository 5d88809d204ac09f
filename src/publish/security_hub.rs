//! Exposures into Security Hub, by `BatchImportFindings`.

mod import;
mod previous;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::aws::{CallRate, Limiter};
use crate::config::{Mode, SecurityHub};
use crate::model::{Exposure, ExposureId, Partition};

use super::asff::{self, AsffFinding, RecordState};
use super::plan::{Action, Current, Destination, Plan, Step, plan};
use super::{Publication, PublicationOutcome, content_digest, destination, seen_by};

pub(super) use import::probe;
use previous::Standing;

/// A destination's client, and what its API allows.
struct Hub {
    client: aws_sdk_securityhub::Client,
    imports: Arc<Limiter>,
}

/// Reads what stands, compares, and sends what differs. Gives when each exposure was made.
pub(super) async fn publish(
    publication: &Publication<'_>,
    settings: &SecurityHub,
    exposures: &[Exposure],
    outcome: &mut PublicationOutcome,
) -> BTreeMap<ExposureId, DateTime<Utc>> {
    let current: Vec<Current<'_>> = exposures
        .iter()
        .map(|exposure| {
            let destination = destination(publication.session, settings, exposure);
            let digest = content_digest(exposure, &destination);
            Current {
                exposure,
                destination,
                digest,
            }
        })
        .collect();
    let mut destinations: BTreeSet<Destination> =
        current.iter().map(|one| one.destination.clone()).collect();
    let home = settings
        .region
        .as_ref()
        .unwrap_or(publication.session.home())
        .clone();
    destinations.insert(Destination {
        account: publication.session.account,
        region: home,
    });

    let (standing, unknown) = previous::read(publication, settings, &destinations).await;
    let (known, unreachable): (Vec<_>, Vec<_>) = current
        .into_iter()
        .partition(|one| !unknown.contains(&one.destination));
    // Without what stands, an import could lose when an exposure was made: better late than wrong.
    outcome.failed += unreachable.len();

    let published = standing
        .iter()
        .map(|(key, standing)| (key.clone(), standing.published.clone()))
        .collect();
    let plan = plan(&published, &known, publication.coverage, publication.now);
    count(&plan, outcome);
    publication.log.planned(
        plan.count(Action::Create),
        plan.count(Action::Update),
        plan.count(Action::Archive),
        plan.count(Action::Hold),
        plan.count(Action::Unchanged),
    );
    for step in plan.steps.iter().filter(|step| step.action == Action::Hold) {
        publication
            .log
            .exposure_held(step.id.as_str(), &step.reason);
    }

    let findings = findings(publication, &plan, &known, &standing);
    for (destination, findings) in findings {
        let hub = hub(publication, settings, &destination).await;
        import::import(publication, &hub, &destination, findings, outcome).await;
    }
    plan.steps
        .into_iter()
        .map(|step| (step.id, step.created_at))
        .collect()
}

/// What stays as it is needs no call.
fn count(plan: &Plan, outcome: &mut PublicationOutcome) {
    outcome.held = plan.count(Action::Hold);
    outcome.unchanged = plan.count(Action::Unchanged);
}

/// What is to be sent, by destination.
fn findings(
    publication: &Publication<'_>,
    plan: &Plan,
    current: &[Current<'_>],
    standing: &BTreeMap<(Destination, ExposureId), Standing>,
) -> BTreeMap<Destination, Vec<(Action, AsffFinding)>> {
    let by_key: BTreeMap<_, _> = current
        .iter()
        .map(|one| ((&one.destination, &one.exposure.id), one))
        .collect();
    let mut findings: BTreeMap<Destination, Vec<(Action, AsffFinding)>> = BTreeMap::new();
    for step in &plan.steps {
        let finding = match step.action {
            Action::Create | Action::Update => by_key
                .get(&(&step.destination, &step.id))
                .map(|one| finding(publication, step, one)),
            Action::Archive => standing
                .get(&(step.destination.clone(), step.id.clone()))
                .map(|standing| standing.finding.archived(step.updated_at)),
            Action::Hold | Action::Unchanged => None,
        };
        if let Some(finding) = finding {
            findings
                .entry(step.destination.clone())
                .or_default()
                .push((step.action, finding));
        }
    }
    findings
}

fn finding(publication: &Publication<'_>, step: &Step, current: &Current<'_>) -> AsffFinding {
    let (mut finding, cuts) = asff::finding(&asff::Publication {
        exposure: current.exposure,
        account: step.destination.account,
        region: step.destination.region.clone(),
        partition: Partition::of_region(&step.destination.region),
        created_at: step.created_at,
        first_observed_at: step.first_observed_at,
        updated_at: step.updated_at,
        record_state: RecordState::Active,
        catalogue_version: publication.catalogue_version,
    });
    for cut in cuts {
        publication
            .log
            .text_cut(step.id.as_str(), &cut.field, cut.dropped);
    }
    finding.set_product_field(previous::DIGEST, &current.digest);
    finding.set_product_field(previous::SEEN_BY, &seen_by(current.exposure));
    finding
}

async fn hub(
    publication: &Publication<'_>,
    settings: &SecurityHub,
    destination: &Destination,
) -> Hub {
    let client = client(publication, settings, destination).await;
    let imports = publication.session.limiter(
        destination.account,
        &destination.region,
        CallRate::BatchImportFindings,
    );
    Hub { client, imports }
}

/// As ourselves where we are at home, as the role elsewhere.
async fn client(
    publication: &Publication<'_>,
    settings: &SecurityHub,
    destination: &Destination,
) -> aws_sdk_securityhub::Client {
    let session = publication.session;
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
