//! Sending findings in batches, and reading what became of each.

#![expect(
    clippy::disallowed_methods,
    reason = "the duration of a call is logged"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_securityhub::Client;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;

use crate::aws::{CallBudget, CallError, CallRate, Failure, Limiter, classify};
use crate::publish::options::SecurityHubOptions;
use crate::publish::publisher::Publisher;
use crate::reconcile::{Action, Destination, PublicationOutcome};

use super::actions::BATCH_IMPORT_FINDINGS;
use super::attempt::{Attempt, ImportResponse, ImportResult, OutgoingFinding, Refusal};
use super::client::client;

/// Source: the securityhub model, `BatchImportFindingsRequest`.
const FINDINGS_PER_CALL: usize = 100;

/// The limit is 6 MB; the rest is for the request around the findings.
/// Source: Security Hub User Guide, "Guidelines for using BatchImportFindings".
const BYTES_PER_CALL: usize = 5_900_000;

/// Imports findings into one destination.
pub(super) struct Importer<'a> {
    publisher: &'a Publisher<'a>,
    destination: &'a Destination,
    client: Client,
    limiter: Arc<Limiter>,
}

impl<'a> Importer<'a> {
    pub(super) fn new(
        publisher: &'a Publisher<'a>,
        options: &SecurityHubOptions,
        destination: &'a Destination,
    ) -> Self {
        let limiter = publisher.session.limiter(
            destination.account,
            &destination.region,
            CallRate::SECURITY_HUB_BATCH_IMPORT_FINDINGS,
        );
        Self {
            publisher,
            destination,
            client: client(publisher, options, destination),
            limiter,
        }
    }

    /// Sends the findings batch by batch until the cycle must end, and returns the IDs of those that were not imported.
    ///
    /// Each finding is built when it is sent; `count` is the most that there may be.
    pub(super) async fn import(
        &self,
        count: usize,
        findings: impl Iterator<Item = OutgoingFinding>,
        outcome: &mut PublicationOutcome,
    ) -> BTreeSet<String> {
        let Publisher {
            progress, budget, ..
        } = self.publisher;
        let mut failed = BTreeSet::new();
        progress.start("publishing exposure", count);
        let batches = Batches {
            findings,
            next: None,
        };
        for batch in batches {
            let size = batch.len();
            match budget.exhausted() {
                Some(why) => failed.extend(self.not_sent(&batch, &why)),
                None => failed.extend(self.import_batch(batch, outcome).await),
            }
            (0..size).for_each(|_| progress.part_done());
        }
        progress.finish();
        outcome.failed += failed.len();
        failed
    }

    fn not_sent(&self, batch: &[OutgoingFinding], why: &CallError) -> Vec<String> {
        self.publisher.log.batch_failed(
            self.destination,
            batch.len(),
            &format!("{why}; {}", why.remedy()),
        );
        batch.iter().map(|outgoing| outgoing.id.clone()).collect()
    }

    /// Sends a batch; returns the IDs of the findings that were not imported.
    ///
    /// Findings that were refused for a temporary reason are sent again. If the whole call is rejected, its findings are
    /// sent again in halves, down to the one that is the cause.
    async fn import_batch(
        &self,
        batch: Vec<OutgoingFinding>,
        outcome: &mut PublicationOutcome,
    ) -> Vec<String> {
        let mut failed = Vec::new();
        let mut pending = vec![Attempt::first(batch)];
        while let Some(attempt) = pending.pop() {
            // A batch that was begun is finished as long as nothing has to be sent again.
            let exhausted = self.publisher.budget.exhausted();
            if let Some(why) = exhausted.filter(|_| !attempt.is_first()) {
                failed.extend(self.not_sent(&attempt.findings, &why));
                continue;
            }
            tokio::time::sleep(attempt.delay()).await;
            let clock = Instant::now();
            match self.send_before_deadline(&attempt.findings).await {
                Ok(response) => {
                    let result = self.compare(&response, attempt, clock.elapsed());
                    for outgoing in result.imported {
                        count(outgoing.counts_as, outcome);
                    }
                    let refused = result.refused.into_iter().map(|(outgoing, _)| outgoing);
                    failed.extend(refused.chain(result.unaccounted).map(|one| one.id));
                    pending.extend(result.again);
                }
                Err(error) if error.failure == Failure::InvalidInput => {
                    match self.split(attempt, &error) {
                        Ok(halves) => pending.extend(halves),
                        Err(refused) => failed.extend(refused.into_iter().map(|one| one.id)),
                    }
                }
                Err(error) => failed.extend(self.not_sent(&attempt.findings, &error)),
            }
        }
        failed
    }

    /// Compares the response with what was sent, and logs the result.
    fn compare(
        &self,
        response: &ImportResponse,
        sent: Attempt,
        duration: Duration,
    ) -> ImportResult {
        let count = sent.findings.len();
        let result = response.compare(sent);
        let imported = result.imported.len();
        let log = self.publisher.log;
        log.batch_published(self.destination, imported, count - imported, duration);
        for (outgoing, refusal) in &result.refused {
            self.log_refusal(&outgoing.id, refusal);
        }
        if !result.unaccounted.is_empty() {
            log.findings_unaccounted(
                self.destination,
                result.unaccounted.len(),
                count,
                response.succeeded,
                response.failed,
            );
        }
        result
    }

    /// Splits the findings of a call that was rejected, or returns the only one.
    fn split(
        &self,
        attempt: Attempt,
        error: &CallError,
    ) -> Result<[Attempt; 2], Vec<OutgoingFinding>> {
        let (count, is_half) = (attempt.findings.len(), attempt.is_half);
        let split = attempt.split();
        match &split {
            Ok(_) if is_half => {}
            Ok(_) => self
                .publisher
                .log
                .batch_split(self.destination, count, &error.message),
            Err(refused) => {
                for outgoing in refused {
                    self.log_refusal(&outgoing.id, &Refusal::of_call(error));
                }
            }
        }
        split
    }

    fn log_refusal(&self, id: &str, refusal: &Refusal) {
        let Refusal { code, message } = refusal;
        self.publisher
            .log
            .finding_refused(self.destination, id, code, message);
    }

    /// Sends a batch and waits for the answer until the deadline, even after a shutdown was requested: otherwise it would
    /// be unknown until the next cycle whether the batch was imported. If the answer is not JSON, the batch is sent again,
    /// which changes nothing if it was imported, because it is not newer.
    async fn send_before_deadline(
        &self,
        batch: &[OutgoingFinding],
    ) -> Result<ImportResponse, CallError> {
        let budget = CallBudget {
            cancel: tokio_util::sync::CancellationToken::new(),
            deadline: self.publisher.budget.deadline,
        };
        budget.call(|| self.send(batch)).await
    }

    /// Makes one call.
    async fn send(&self, batch: &[OutgoingFinding]) -> Result<ImportResponse, CallError> {
        self.limiter.wait().await;
        let body = request_body(batch);
        let answer = self
            .client
            .batch_import_findings()
            .set_findings(Some(Vec::new()))
            .customize()
            .mutate_request(move |request| set_body(request, &body))
            .send()
            .await
            .map_err(|error| classify(&error, BATCH_IMPORT_FINDINGS.action))?;
        Ok(ImportResponse::from(answer))
    }
}

/// Groups findings into batches that fit into one call.
struct Batches<I> {
    findings: I,
    /// The finding that did not fit into the previous batch, and its size.
    next: Option<(OutgoingFinding, usize)>,
}

impl<I: Iterator<Item = OutgoingFinding>> Iterator for Batches<I> {
    type Item = Vec<OutgoingFinding>;

    fn next(&mut self) -> Option<Vec<OutgoingFinding>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some((outgoing, size)) = self.take_next() {
            let is_full = batch.len() >= FINDINGS_PER_CALL || bytes + size > BYTES_PER_CALL;
            if is_full && !batch.is_empty() {
                self.next = Some((outgoing, size));
                break;
            }
            bytes += size;
            batch.push(outgoing);
        }
        (!batch.is_empty()).then_some(batch)
    }
}

impl<I: Iterator<Item = OutgoingFinding>> Batches<I> {
    fn take_next(&mut self) -> Option<(OutgoingFinding, usize)> {
        self.next.take().or_else(|| {
            let outgoing = self.findings.next()?;
            let size = outgoing.json.len() + 1;
            Some((outgoing, size))
        })
    }
}

/// The body of a request that imports a batch. A finding is already JSON, and is not serialized again by the SDK.
fn request_body(batch: &[OutgoingFinding]) -> String {
    let findings: Vec<&str> = batch
        .iter()
        .map(|outgoing| outgoing.json.as_str())
        .collect();
    format!(r#"{{"Findings":[{}]}}"#, findings.join(","))
}

/// Replaces the body of a request before it is signed.
fn set_body(request: &mut Request, body: &str) {
    request
        .headers_mut()
        .insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
}

fn count(counts_as: Option<Action>, outcome: &mut PublicationOutcome) {
    match counts_as {
        Some(Action::Create) => outcome.created += 1,
        Some(Action::Update) => outcome.updated += 1,
        Some(Action::Reopen) => outcome.reopened += 1,
        Some(Action::Archive) => outcome.archived += 1,
        Some(Action::Refresh) => outcome.refreshed += 1,
        // Held exposures are counted by the plan, whether a finding is sent or not.
        Some(Action::Hold | Action::Unchanged) | None => {}
    }
}

/// Makes a call without findings: a caller that may not import is denied, any other gets "invalid input".
pub(in crate::publish) async fn probe(client: &Client) -> Result<(), CallError> {
    let result = client
        .batch_import_findings()
        .set_findings(Some(Vec::new()))
        .send()
        .await;
    match result.map_err(|error| classify(&error, BATCH_IMPORT_FINDINGS.action)) {
        Ok(_) => Ok(()),
        Err(error) if error.failure == Failure::InvalidInput => Ok(()),
        Err(error) => Err(error),
    }
}
