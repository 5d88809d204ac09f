//! New findings: another process must neither create them again nor change their times.
//!
//! An import replaces `CreatedAt`, and nothing says whether it created a finding or updated one. So what another process
//! created since the published findings were read is read right before the import, and afterwards the cycle waits until
//! Security Hub returns what it created. Source: Security Hub User Guide, "BatchImportFindings for finding providers".

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_securityhub::types::DateFilter;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;

use crate::aws::CallError;
use crate::model::ExposureId;
use crate::publish::options::SecurityHubOptions;
use crate::publish::publisher::Publisher;
use crate::reconcile::{Action, Destination, PlanStep};

use super::client::client;
use super::published::{for_each_finding, own_findings};

/// How far before the cycle another process may have started to create the same findings.
const MEANWHILE: chrono::Duration = chrono::Duration::days(1);

/// The pauses between two reads of the new findings: 15 seconds in all.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// The times of findings that another process created.
#[derive(Debug, Default)]
pub(super) struct CreatedMeanwhile(BTreeMap<ExposureId, CreationTimes>);

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreationTimes {
    created_at: DateTime<Utc>,
    first_observed_at: Option<DateTime<Utc>>,
}

impl CreatedMeanwhile {
    /// The step with the times of the finding that another process created.
    pub(super) fn apply<'a>(&self, step: &'a PlanStep) -> Cow<'a, PlanStep> {
        let known = self.0.get(&step.id);
        match known.filter(|_| step.decision.action() == Action::Create) {
            Some(times) => Cow::Owned(PlanStep {
                created_at: times.created_at,
                first_observed_at: times.first_observed_at.unwrap_or(times.created_at),
                ..step.clone()
            }),
            None => Cow::Borrowed(step),
        }
    }
}

/// Reads what another process created since the published findings were read.
pub(super) async fn created_meanwhile(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    destination: &Destination,
    steps: &[&PlanStep],
) -> CreatedMeanwhile {
    if !steps.iter().any(|step| is_new(publisher, step)) {
        return CreatedMeanwhile::default();
    }
    let since = publisher.now - MEANWHILE;
    // If it cannot be read, the findings are created as planned.
    let created = created_since(publisher, options, destination, since).await;
    CreatedMeanwhile(created.unwrap_or_default())
}

/// Waits until Security Hub returns the findings that the steps have created, for 15 seconds.
pub(super) async fn await_creations(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    destination: &Destination,
    imported: &[PlanStep],
) {
    let mut missing: BTreeSet<&ExposureId> = imported
        .iter()
        .filter(|step| is_new(publisher, step))
        .map(|step| &step.id)
        .collect();
    let mut pauses = PAUSES.into_iter();
    while !missing.is_empty() {
        match created_since(publisher, options, destination, publisher.now).await {
            Ok(created) => missing.retain(|id| !created.contains_key(id)),
            Err(error) => return report(publisher, destination, missing.len(), &error.to_string()),
        }
        if missing.is_empty() {
            return;
        }
        let Some(pause) = pauses.next() else {
            let why = "it does not return them within 15 seconds";
            return report(publisher, destination, missing.len(), why);
        };
        let pause = async {
            tokio::time::sleep(pause).await;
            Ok(())
        };
        if let Err(error) = publisher.budget.wait(pause).await {
            return report(publisher, destination, missing.len(), &error.to_string());
        }
    }
}

fn report(publisher: &Publisher<'_>, destination: &Destination, exposures: usize, why: &str) {
    publisher
        .log
        .creations_unconfirmed(destination, exposures, why);
}

/// Whether the step creates a finding with the time of this cycle. One that moves has the time of its old copy.
fn is_new(publisher: &Publisher<'_>, step: &PlanStep) -> bool {
    step.decision.action() == Action::Create && step.created_at == publisher.now
}

/// The findings of exposured in a destination with a `CreatedAt` since a time.
async fn created_since(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    destination: &Destination,
    since: DateTime<Utc>,
) -> Result<BTreeMap<ExposureId, CreationTimes>, CallError> {
    let client = client(publisher, options, destination);
    let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let period = DateFilter::builder()
        .start(text(since))
        .end(text(publisher.now + MEANWHILE))
        .build();
    let filters = own_findings(destination).created_at(period).build();
    let mut created = BTreeMap::new();
    for_each_finding(publisher, &client, destination, &filters, |json| {
        created.extend(parse(json));
    })
    .await?;
    Ok(created)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreatedFinding {
    id: String,
    #[serde(flatten)]
    times: CreationTimes,
}

/// A finding that cannot be parsed is reported when the published findings are read.
fn parse(json: &str) -> Option<(ExposureId, CreationTimes)> {
    let finding: CreatedFinding = serde_json::from_str(json).ok()?;
    Some((ExposureId::parse(&finding.id)?, finding.times))
}
