//! What this process has imported and Security Hub does not return yet.
//!
//! Security Hub does not promise that `GetFindings` returns an import at once, and an import replaces every field that
//! belongs to the provider, `CreatedAt` included. So an exposure that was imported a moment ago must not look new.
//! Source: Security Hub User Guide, "BatchImportFindings for finding providers".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, SubsecRound, Utc};

use crate::model::CollectionTarget;
use crate::reconcile::{
    Action, ExposureKey, Fingerprint, PlanStep, PublishedExposure, WorkflowStatus,
};

/// How long an import is remembered that Security Hub does not return. After that, the finding was deleted.
const REMEMBERED_FOR: Duration = Duration::days(1);

/// The imports of all cycles of this process that no read-back has shown yet.
#[derive(Debug, Default)]
pub struct ImportedFindings(Mutex<BTreeMap<ExposureKey, PublishedExposure>>);

/// What an exposure that was found says about its finding.
#[derive(Clone, Debug)]
pub(super) struct ImportedContent {
    pub fingerprint: Fingerprint,
    pub seen_by: BTreeSet<CollectionTarget>,
    pub lowered_by: BTreeSet<CollectionTarget>,
}

impl ImportedFindings {
    /// Remembers what a step has imported. `content` is that of the exposure that was found; without it, the finding was
    /// imported as it was published.
    pub(super) fn remember(
        &self,
        step: &PlanStep,
        published: Option<&PublishedExposure>,
        content: Option<ImportedContent>,
    ) {
        if let Some(exposure) = imported(step, published, content) {
            self.lock().insert(step.key(), exposure);
        }
    }

    /// The imports that Security Hub has not returned yet. `returned` is the time of the update that it returns, `None` for
    /// no finding. What was returned is forgotten.
    pub(super) fn outstanding(
        &self,
        now: DateTime<Utc>,
        returned: impl Fn(&ExposureKey) -> Option<DateTime<Utc>>,
    ) -> BTreeMap<ExposureKey, PublishedExposure> {
        let mut imported = self.lock();
        imported.retain(|key, exposure| {
            returned(key).is_none_or(|updated_at| updated_at < exposure.updated_at)
                && now - exposure.updated_at < REMEMBERED_FOR
        });
        imported.clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ExposureKey, PublishedExposure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The finding as the step has imported it; `None` if neither is known what was found nor what was published.
fn imported(
    step: &PlanStep,
    published: Option<&PublishedExposure>,
    content: Option<ImportedContent>,
) -> Option<PublishedExposure> {
    let (fingerprint, seen_by, lowered_by) = match (content, published) {
        (Some(content), _) => {
            let with = |found: BTreeSet<CollectionTarget>, unread: &BTreeSet<CollectionTarget>| {
                found.into_iter().chain(unread.iter().cloned()).collect()
            };
            (
                Some(content.fingerprint),
                with(content.seen_by, &step.unread.seen_by),
                with(content.lowered_by, &step.unread.lowered_by),
            )
        }
        (None, Some(published)) => (
            published.fingerprint.clone(),
            published.seen_by.clone(),
            published.lowered_by.clone(),
        ),
        (None, None) => return None,
    };
    let workflow = published.map_or(WorkflowStatus::Open, |published| published.workflow);
    let is_reset = workflow == WorkflowStatus::Resolved && step.decision.action() == Action::Reopen;
    Some(PublishedExposure {
        title: step.title.clone(),
        resource: step.resource.clone(),
        severity: step.severity,
        // A finding has milliseconds.
        created_at: step.created_at.trunc_subsecs(3),
        first_observed_at: step.first_observed_at.trunc_subsecs(3),
        updated_at: step.last_import_at().trunc_subsecs(3),
        retained_from: step.last_import_at().trunc_subsecs(3),
        record_state: step.record_state,
        workflow: if is_reset {
            WorkflowStatus::Open
        } else {
            workflow
        },
        fingerprint,
        seen_by,
        lowered_by,
        reopened: step.reopened,
        missed: step.missed,
    })
}
