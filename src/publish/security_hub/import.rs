//! Sending findings in batches, and reading what became of each.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_securityhub::types::ImportFindingsError;

use crate::aws::{CallError, Failure, classify};
use crate::formats::asff::AsffFinding;
use crate::model::clean;
use crate::publish::{PublicationOutcome, Publisher};
use crate::reconcile::{Action, Destination};

use super::Hub;

const ACTION: &str = "securityhub:BatchImportFindings";

/// Source: the securityhub model, `BatchImportFindingsRequest`.
const FINDINGS_A_CALL: usize = 100;

/// The limit is 6 MB; the rest is for the request around the findings.
/// Source: Security Hub User Guide, "Guidelines for using BatchImportFindings".
const BYTES_A_CALL: usize = 5_900_000;

/// A finding that was refused for a reason that may pass is sent again, so many times in all.
const ATTEMPTS: u32 = 3;

/// A finding on its way.
pub(super) struct Outgoing {
    pub finding: AsffFinding,
    /// What is done by it; `None` if it only makes way for another.
    pub counts_as: Option<Action>,
}

/// Sends all, batch by batch; between two batches it may be told to stop. The ids of those that did not get there.
///
/// `findings` are made as they are asked for, `count` of them at most.
pub(super) async fn import(
    publisher: &Publisher<'_>,
    (hub, destination): (&Hub, &Destination),
    count: usize,
    findings: impl Iterator<Item = Outgoing>,
    outcome: &mut PublicationOutcome,
) -> BTreeSet<String> {
    let mut lost = BTreeSet::new();
    publisher.progress.start("publishing exposure", count);
    for batch in (Batches {
        findings,
        next: None,
    }) {
        let size = batch.len();
        match publisher.budget.exhausted() {
            Some(why) => lost.extend(not_sent(publisher, destination, &batch, &why)),
            None => lost.extend(import_batch(publisher, hub, destination, batch, outcome).await),
        }
        (0..size).for_each(|_| publisher.progress.part_done());
    }
    publisher.progress.finish();
    outcome.failed += lost.len();
    lost
}

/// As many findings a time as one call may carry.
struct Batches<I> {
    findings: I,
    /// What did not fit into the batch before, and its size.
    next: Option<(Outgoing, usize)>,
}

impl<I: Iterator<Item = Outgoing>> Iterator for Batches<I> {
    type Item = Vec<Outgoing>;

    fn next(&mut self) -> Option<Vec<Outgoing>> {
        let sized = |one: Outgoing| {
            // A structure of texts, numbers and lists always becomes JSON.
            let size = serde_json::to_vec(&one.finding).map_or(0, |json| json.len() + 1);
            (one, size)
        };
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some((one, size)) = self.next.take().or_else(|| self.findings.next().map(sized)) {
            let is_full = batch.len() >= FINDINGS_A_CALL || bytes + size > BYTES_A_CALL;
            if is_full && !batch.is_empty() {
                self.next = Some((one, size));
                break;
            }
            bytes += size;
            batch.push(one);
        }
        (!batch.is_empty()).then_some(batch)
    }
}

fn not_sent(
    publisher: &Publisher<'_>,
    destination: &Destination,
    batch: &[Outgoing],
    why: &CallError,
) -> Vec<String> {
    publisher.log.batch_failed(
        &destination.account.to_string(),
        destination.region.as_str(),
        batch.len(),
        &format!("{why}; {}", why.remedy()),
    );
    batch
        .iter()
        .map(|one| one.finding.id().to_owned())
        .collect()
}

/// The ids of those that were not accepted.
async fn import_batch(
    publisher: &Publisher<'_>,
    hub: &Hub,
    destination: &Destination,
    mut batch: Vec<Outgoing>,
    outcome: &mut PublicationOutcome,
) -> Vec<String> {
    let (account, region) = (
        destination.account.to_string(),
        destination.region.to_string(),
    );
    let mut lost = Vec::new();
    for attempt in 1..=ATTEMPTS {
        let clock = Instant::now();
        let sent = batch.len();
        let refused = match sent_before_the_deadline(publisher, hub, &batch).await {
            Ok(refused) => refused,
            Err(error) => {
                lost.extend(not_sent(publisher, destination, &batch, &error));
                return lost;
            }
        };
        publisher.log.batch_published(
            &account,
            &region,
            sent - refused.len().min(sent),
            refused.len(),
            clock.elapsed(),
        );
        let mut again = Vec::new();
        for one in batch {
            let id = one.finding.id();
            match refused.iter().find(|refusal| refusal.id() == Some(id)) {
                None => accepted(one.counts_as, outcome),
                Some(why) if may_pass(why) && attempt < ATTEMPTS => again.push(one),
                Some(why) => {
                    let code = clean(why.error_code().unwrap_or_default());
                    let message = clean(why.error_message().unwrap_or_default());
                    publisher
                        .log
                        .finding_refused(&account, &region, id, &code, &message);
                    lost.push(id.to_owned());
                }
            }
        }
        if again.is_empty() {
            break;
        }
        batch = again;
        tokio::time::sleep(Duration::from_secs(1 << (attempt - 1))).await;
    }
    lost
}

fn accepted(counts_as: Option<Action>, outcome: &mut PublicationOutcome) {
    match counts_as {
        Some(Action::Create) => outcome.created += 1,
        Some(Action::Update) => outcome.updated += 1,
        Some(Action::Reopen) => outcome.reopened += 1,
        Some(Action::Archive) => outcome.archived += 1,
        Some(Action::Refresh) => outcome.refreshed += 1,
        // What is held is counted by the plan, whether something is noted in it or not.
        Some(Action::Hold | Action::Unchanged) | None => {}
    }
}

/// A batch that is on its way is waited for, even if exposured is told to stop: whether it got there would not be known
/// before the next cycle. An answer that is no JSON says as little; the batch is sent again, which changes nothing where
/// it got there, since it is no newer.
async fn sent_before_the_deadline(
    publisher: &Publisher<'_>,
    hub: &Hub,
    batch: &[Outgoing],
) -> Result<Vec<ImportFindingsError>, CallError> {
    let budget = crate::aws::CallBudget {
        cancel: tokio_util::sync::CancellationToken::new(),
        deadline: publisher.budget.deadline,
    };
    budget.call(|| send(hub, batch)).await
}

/// What is wrong with a finding, or with who sends it, stays wrong; anything else is on the service's side.
fn may_pass(why: &ImportFindingsError) -> bool {
    let code = why.error_code().unwrap_or_default();
    !(code.starts_with("Invalid") || code.starts_with("AccessDenied"))
}

/// One call. The findings that it refused.
async fn send(hub: &Hub, batch: &[Outgoing]) -> Result<Vec<ImportFindingsError>, CallError> {
    let findings: Result<Vec<_>, _> = batch.iter().map(|one| one.finding.to_sdk()).collect();
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
