//! Sending findings in batches, and reading what became of each.

use std::time::{Duration, Instant};

use aws_sdk_securityhub::types::ImportFindingsError;

use crate::aws::{CallError, Failure, classify};
use crate::model::clean;
use crate::publish::asff::AsffFinding;
use crate::publish::plan::{Action, Destination};
use crate::publish::{Publication, PublicationOutcome};

use super::Hub;

const ACTION: &str = "securityhub:BatchImportFindings";

/// Source: the securityhub model, `BatchImportFindingsRequest`.
const FINDINGS_A_CALL: usize = 100;

/// The limit is 6 MB; the rest is for the request around the findings.
/// Source: Security Hub User Guide, "Guidelines for using BatchImportFindings".
const BYTES_A_CALL: usize = 5_900_000;

/// A finding that was refused for a reason that may pass is sent again, so many times in all.
const ATTEMPTS: u32 = 3;

/// Sends all, batch by batch; between two batches it may be told to stop.
pub(super) async fn import(
    publication: &Publication<'_>,
    hub: &Hub,
    destination: &Destination,
    findings: Vec<(Action, AsffFinding)>,
    outcome: &mut PublicationOutcome,
) {
    let batches = batches(findings);
    publication
        .progress
        .start("publishing batch", batches.len());
    for batch in batches {
        if publication.cancel.is_cancelled() {
            outcome.failed += batch.len();
            continue;
        }
        import_batch(publication, hub, destination, batch, outcome).await;
        publication.progress.part_done();
    }
    publication.progress.finish();
}

/// As many findings as one call may carry.
fn batches(findings: Vec<(Action, AsffFinding)>) -> Vec<Vec<(Action, AsffFinding)>> {
    let mut batches: Vec<Vec<(Action, AsffFinding)>> = Vec::new();
    let mut bytes = 0;
    for (action, finding) in findings {
        // A structure of texts, numbers and lists always becomes JSON.
        let size = serde_json::to_vec(&finding).map_or(0, |json| json.len() + 1);
        match batches.last_mut() {
            Some(batch) if batch.len() < FINDINGS_A_CALL && bytes + size <= BYTES_A_CALL => {
                bytes += size;
                batch.push((action, finding));
            }
            _ => {
                bytes = size;
                batches.push(vec![(action, finding)]);
            }
        }
    }
    batches
}

async fn import_batch(
    publication: &Publication<'_>,
    hub: &Hub,
    destination: &Destination,
    mut batch: Vec<(Action, AsffFinding)>,
    outcome: &mut PublicationOutcome,
) {
    let (account, region) = (
        destination.account.to_string(),
        destination.region.to_string(),
    );
    for attempt in 1..=ATTEMPTS {
        let clock = Instant::now();
        let sent = batch.len();
        let refused = match send(hub, &batch).await {
            Ok(refused) => refused,
            Err(error) => {
                outcome.failed += sent;
                let why = format!("{error}; {}", error.remedy());
                publication.log.batch_failed(&account, &region, sent, &why);
                return;
            }
        };
        publication.log.batch_published(
            &account,
            &region,
            sent - refused.len(),
            refused.len(),
            clock.elapsed(),
        );
        let mut again = Vec::new();
        for (action, finding) in batch {
            match refused.iter().find(|one| one.id() == Some(finding.id())) {
                None => accepted(action, outcome),
                Some(why) if may_pass(why) && attempt < ATTEMPTS => again.push((action, finding)),
                Some(why) => {
                    outcome.failed += 1;
                    let code = clean(why.error_code().unwrap_or_default());
                    let message = clean(why.error_message().unwrap_or_default());
                    publication.log.finding_refused(
                        &account,
                        &region,
                        finding.id(),
                        &code,
                        &message,
                    );
                }
            }
        }
        if again.is_empty() {
            return;
        }
        batch = again;
        tokio::time::sleep(Duration::from_secs(1 << (attempt - 1))).await;
    }
}

fn accepted(action: Action, outcome: &mut PublicationOutcome) {
    match action {
        Action::Create => outcome.created += 1,
        Action::Update => outcome.updated += 1,
        Action::Archive => outcome.archived += 1,
        // Never sent.
        Action::Hold | Action::Unchanged => {}
    }
}

/// What is wrong with a finding, or with who sends it, stays wrong; anything else is on the service's side.
fn may_pass(why: &ImportFindingsError) -> bool {
    let code = why.error_code().unwrap_or_default();
    !(code.starts_with("Invalid") || code.starts_with("AccessDenied"))
}

/// One call. The findings that it refused.
async fn send(
    hub: &Hub,
    batch: &[(Action, AsffFinding)],
) -> Result<Vec<ImportFindingsError>, CallError> {
    let findings: Result<Vec<_>, _> = batch.iter().map(|(_, finding)| finding.to_sdk()).collect();
    let findings = findings.map_err(|error| CallError {
        failure: Failure::InvalidInput,
        message: error.to_string(),
    })?;
    hub.imports.wait().await;
    let answer = hub
        .client
        .batch_import_findings()
        .set_findings(Some(findings))
        .send()
        .await
        .map_err(|error| classify(&error, ACTION))?;
    Ok(answer.failed_findings.unwrap_or_default())
}

/// A call without findings: whoever may not import is denied, whoever may is told that the input is invalid.
pub(in crate::publish) async fn probe(
    client: &aws_sdk_securityhub::Client,
) -> Result<(), CallError> {
    match client
        .batch_import_findings()
        .set_findings(Some(Vec::new()))
        .send()
        .await
    {
        Ok(_) => Ok(()),
        Err(error) => match classify(&error, ACTION) {
            CallError {
                failure: Failure::InvalidInput,
                ..
            } => Ok(()),
            refused => Err(refused),
        },
    }
}
