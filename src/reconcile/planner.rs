//! The planner: desired state and actual state in, a plan out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use crate::model::{CollectionTarget, CoverageRow, ExposureId, RecordState, Region};

use super::decision::{
    Action, ArchiveReason, Decision, HoldReason, MassArchive, RefreshReason, ReopenReason,
    UnchangedReason, UpdateReason,
};
use super::destination::Destination;
use super::forgotten::{released_exposures, without_released_targets};
use super::knowledge::Knowledge;
use super::plan::{Plan, PlanStep, RecordedTargets};
use super::state::{
    ActualState, DesiredExposure, ExposureKey, PublishedExposure, ReconcileOptions, WorkflowStatus,
};

/// Security Hub deletes an active finding 90 days after its last update, so an unchanged one is sent again before.
/// Source: Security Hub User Guide, "Finding retention".
const REFRESH_ACTIVE_AFTER: Duration = Duration::days(75);

/// Security Hub deletes an archived finding 30 days after its last update.
/// Source: Security Hub User Guide, "Finding retention".
const REFRESH_ARCHIVED_AFTER: Duration = Duration::days(20);

/// Always allowed, so that small deployments don't trip the percentage limit.
const ALWAYS_ALLOWED_ARCHIVES: usize = 10;

/// Compares the desired with the actual state.
///
/// `coverage` describes every collection target of this cycle; it decides whether an exposure that was not found is
/// known to be gone.
pub fn plan(
    actual: &ActualState,
    desired: &[DesiredExposure],
    coverage: &[CoverageRow],
    options: ReconcileOptions,
    now: DateTime<Utc>,
) -> Plan {
    let released = released_exposures(actual, &options.forgotten);
    let actual = &*without_released_targets(actual, &options.forgotten);
    let planner = Planner {
        actual,
        released,
        desired_destinations: desired
            .iter()
            .map(|exposure| (&exposure.id, &exposure.destination))
            .collect(),
        earliest: earliest_by_id(&actual.published),
        knowledge: Knowledge::new(coverage, &actual.published),
        options,
        now,
    };
    let mut steps: BTreeMap<ExposureKey, PlanStep> = BTreeMap::new();
    for exposure in desired {
        let key = (exposure.destination.clone(), exposure.id.clone());
        let step = planner.plan_present(&key, exposure);
        steps.insert(key, step);
    }
    for (key, published) in &actual.published {
        if !published.is_archived() && !steps.contains_key(key) {
            steps.insert(key.clone(), planner.plan_absent(key, published));
        }
    }
    let mut plan = Plan {
        steps: steps.into_values().collect(),
        archive_refused: None,
    };
    planner.enforce_archive_limit(&mut plan);
    plan
}

struct Planner<'a> {
    actual: &'a ActualState,
    /// The published exposures that only released Regions showed.
    released: BTreeMap<ExposureKey, Region>,
    desired_destinations: BTreeMap<&'a ExposureId, &'a Destination>,
    /// The earliest published finding of each exposure in any destination: an exposure that moves keeps its times.
    earliest: BTreeMap<&'a ExposureId, &'a PublishedExposure>,
    knowledge: Knowledge<'a>,
    options: ReconcileOptions,
    now: DateTime<Utc>,
}

impl Planner<'_> {
    /// Plans an exposure that was found.
    fn plan_present(&self, key: &ExposureKey, desired: &DesiredExposure) -> PlanStep {
        let published = self.actual.published.get(key);
        let decision = if self.actual.unread.contains(&key.0) {
            Decision::Hold(HoldReason::DestinationUnread)
        } else if self.actual.unreadable.contains(key) {
            Decision::Hold(HoldReason::Unreadable)
        } else {
            match published {
                Some(published) => self.decide_present(published, desired),
                None => self.decide_new(desired),
            }
        };
        let was_archived = published.is_some_and(PublishedExposure::is_archived);
        let stays_archived = matches!(
            decision,
            Decision::Update(UpdateReason::ChangedWhileClosed(_))
                | Decision::Refresh(RefreshReason::Closed(_))
                | Decision::Unchanged(UnchangedReason::Closed(_))
        ) || was_archived && decision.held().is_some();
        let is_reopened = decision.action() == Action::Reopen;
        PlanStep {
            title: desired.title.clone(),
            resource: desired.resource.clone(),
            severity: Some(desired.severity),
            record_state: if stays_archived {
                RecordState::Archived
            } else {
                RecordState::Active
            },
            archive_first: is_reopened && !was_archived,
            reopened: published.map_or(0, |published| published.reopened)
                + u32::from(is_reopened && was_archived),
            missed: 0,
            unread: self.unread_targets(published, desired),
            ..self.step(key, published, decision)
        }
    }

    /// Decides about an exposure that was found and is not published.
    fn decide_new(&self, desired: &DesiredExposure) -> Decision {
        match self.why_it_may_be_muted(desired) {
            Some(reason) => Decision::Hold(reason),
            None => Decision::Create,
        }
    }

    /// Decides about an exposure that was found and is published.
    fn decide_present(&self, published: &PublishedExposure, desired: &DesiredExposure) -> Decision {
        if let Some(reason) = self.why_increase_is_unproven(published, desired) {
            return self.held_or_refreshed(Decision::Hold(reason), published);
        }
        let workflow = published.workflow;
        if workflow != WorkflowStatus::Open
            && (published.is_archived() || workflow == WorkflowStatus::Resolved)
            && let Some(from) = published.severity
            && desired.severity > from
        {
            return Decision::Reopen(ReopenReason::SeverityRose {
                from,
                to: desired.severity,
                closed: workflow,
            });
        }
        let changed = published.fingerprint.as_ref() != Some(&desired.fingerprint);
        match published.record_state {
            RecordState::Archived => self.decide_archived(published, changed),
            RecordState::Active => self.decide_active(published, desired, changed),
        }
    }

    /// Decides about an exposure that was found, is published, and is archived.
    fn decide_archived(&self, published: &PublishedExposure, changed: bool) -> Decision {
        match published.workflow {
            WorkflowStatus::Open => Decision::Reopen(ReopenReason::ExposedAgain),
            closed if changed => Decision::Update(UpdateReason::ChangedWhileClosed(closed)),
            closed if self.is_due(published) => Decision::Refresh(RefreshReason::Closed(closed)),
            closed => Decision::Unchanged(UnchangedReason::Closed(closed)),
        }
    }

    /// Decides about an exposure that was found, is published, and is active.
    fn decide_active(
        &self,
        published: &PublishedExposure,
        desired: &DesiredExposure,
        changed: bool,
    ) -> Decision {
        let is_due = self.is_due(published);
        if changed {
            return match self.why_decrease_is_unproven(published, desired) {
                Some(reason) if is_due => Decision::Refresh(RefreshReason::Held(reason)),
                Some(reason) => Decision::Hold(reason),
                None => Decision::Update(UpdateReason::Changed),
            };
        }
        if published.missed > 0 {
            return Decision::Update(UpdateReason::FoundAgain {
                missed: published.missed,
            });
        }
        if is_due {
            Decision::Refresh(RefreshReason::StillExposed)
        } else {
            Decision::Unchanged(UnchangedReason::Same)
        }
    }

    /// Why it is not proven that the severity decreased; `None` if it is proven, or if it did not decrease.
    ///
    /// Every target that showed a trait must be read completely before the trait counts as gone, whether the trait made
    /// the exposure or only made it more severe.
    fn why_decrease_is_unproven(
        &self,
        published: &PublishedExposure,
        desired: &DesiredExposure,
    ) -> Option<HoldReason> {
        let to = desired.severity;
        let from = published.severity.filter(|from| to < *from)?;
        match self.knowledge.why_absence_is_unproven(published)? {
            // The targets will never be known, so holding would hold forever.
            HoldReason::UnknownTargets => None,
            because => Some(HoldReason::LessSevere {
                from,
                to,
                because: Box::new(because),
            }),
        }
    }

    /// Why it is not proven that the severity increased, or that the exposure is open again; `None` if it is proven, or if
    /// neither is the case.
    ///
    /// Every target that showed a mitigation or a tag must be read completely before what it lowered counts as gone.
    fn why_increase_is_unproven(
        &self,
        published: &PublishedExposure,
        desired: &DesiredExposure,
    ) -> Option<HoldReason> {
        let to = desired.severity;
        if let Some(from) = published.severity.filter(|from| to > *from)
            && let Some(because) = self.knowledge.unread_among(&published.lowered_by)
        {
            return Some(HoldReason::MoreSevere {
                from,
                to,
                because: Box::new(because),
            });
        }
        let would_reopen = published.is_archived()
            && (published.workflow == WorkflowStatus::Open
                || published.severity.is_some_and(|from| to > from));
        let may_be_muted = || self.why_it_may_be_muted(desired);
        would_reopen.then(may_be_muted).flatten()
    }

    /// Why a mute by tag may cover an exposure; `None` if none does, or if the tags are known.
    fn why_it_may_be_muted(&self, desired: &DesiredExposure) -> Option<HoldReason> {
        let tags = desired.unlisted_tags.as_ref()?;
        let because = Box::new(self.knowledge.why_tags_are_unknown(tags)?);
        Some(HoldReason::MayBeMuted { because })
    }

    /// The targets that the published finding depends on and that were not read completely.
    fn unread_targets(
        &self,
        published: Option<&PublishedExposure>,
        desired: &DesiredExposure,
    ) -> RecordedTargets {
        let Some(published) = published else {
            return RecordedTargets::default();
        };
        let unread = |recorded: &BTreeSet<CollectionTarget>, found: &BTreeSet<CollectionTarget>| {
            recorded
                .difference(found)
                .filter(|target| self.knowledge.is_unread(target))
                .cloned()
                .collect()
        };
        RecordedTargets {
            seen_by: unread(&published.seen_by, &desired.seen_by),
            lowered_by: unread(&published.lowered_by, &desired.lowered_by),
        }
    }

    /// Plans an active published exposure that was not found.
    fn plan_absent(&self, key: &ExposureKey, published: &PublishedExposure) -> PlanStep {
        let decision = if self.actual.unconfirmed.contains(key) {
            Decision::Hold(HoldReason::NotReturnedYet)
        } else {
            self.held_or_refreshed(self.decide_absent(key, published), published)
        };
        let missed = match decision.held() {
            Some(HoldReason::Flapping { missed, .. }) => *missed,
            _ => published.missed,
        };
        PlanStep {
            record_state: if decision.action() == Action::Archive {
                RecordState::Archived
            } else {
                RecordState::Active
            },
            missed,
            ..self.step(key, Some(published), decision)
        }
    }

    /// Decides about an active published exposure that was not found in its destination.
    fn decide_absent(&self, key: &ExposureKey, published: &PublishedExposure) -> Decision {
        if let Some(to) = self.desired_destinations.get(&key.1) {
            let to = (*to).clone();
            let moved = self.actual.published.get(&(to.clone(), key.1.clone()));
            return if moved.is_some_and(|moved| !moved.is_archived()) {
                Decision::Archive(ArchiveReason::Moved { to })
            } else {
                Decision::Hold(HoldReason::Moving { to })
            };
        }
        if let Some(region) = self.released.get(key) {
            let region = region.clone();
            return Decision::Archive(ArchiveReason::Released { region });
        }
        if let Some(reason) = self.knowledge.why_absence_is_unproven(published) {
            return Decision::Hold(reason);
        }
        let required = self.options.settle_cycles;
        if published.reopened > 0 && published.missed < required {
            return Decision::Hold(HoldReason::Flapping {
                missed: published.missed + 1,
                required,
            });
        }
        Decision::Archive(ArchiveReason::Gone)
    }

    /// Whether Security Hub will delete the finding soon.
    fn is_due(&self, published: &PublishedExposure) -> bool {
        let after = match published.record_state {
            RecordState::Active => REFRESH_ACTIVE_AFTER,
            RecordState::Archived => REFRESH_ARCHIVED_AFTER,
        };
        self.now - published.retained_from > after
    }

    /// The same decision, but a finding that is held long enough to be deleted is refreshed.
    fn held_or_refreshed(&self, decision: Decision, published: &PublishedExposure) -> Decision {
        match decision {
            Decision::Hold(reason) if self.is_due(published) => {
                Decision::Refresh(RefreshReason::Held(reason))
            }
            decision => decision,
        }
    }

    /// Archives nothing as gone if too much would be archived at once: that indicates a problem with the input, not that
    /// so much was fixed. What is published elsewhere, or what the user has released, does not count.
    fn enforce_archive_limit(&self, plan: &mut Plan) {
        let Some(max_percent) = self.options.max_archive_percent else {
            return;
        };
        let is_gone = |step: &PlanStep| step.decision == Decision::Archive(ArchiveReason::Gone);
        let archive = plan.steps.iter().filter(|step| is_gone(step)).count();
        let active = self
            .actual
            .published
            .values()
            .filter(|published| !published.is_archived())
            .count();
        if archive <= ALWAYS_ALLOWED_ARCHIVES || archive * 100 <= active * usize::from(max_percent)
        {
            return;
        }
        let mass_archive = MassArchive {
            archive,
            active,
            max_percent,
        };
        for step in &mut plan.steps {
            if is_gone(step) {
                let hold = Decision::Hold(HoldReason::MassArchive(mass_archive));
                step.decision = match self.actual.published.get(&step.key()) {
                    Some(published) => self.held_or_refreshed(hold, published),
                    None => hold,
                };
                step.record_state = RecordState::Active;
            }
        }
        plan.archive_refused = Some(mass_archive);
    }

    /// The parts of a step that are the same for exposures that were found and that were not.
    fn step(
        &self,
        key: &ExposureKey,
        published: Option<&PublishedExposure>,
        decision: Decision,
    ) -> PlanStep {
        let (destination, id) = key.clone();
        let times = published.or_else(|| self.earliest.get(&id).copied());
        PlanStep {
            decision,
            title: published.map_or_else(String::new, |published| published.title.clone()),
            resource: published.map_or_else(String::new, |published| published.resource.clone()),
            severity: published.and_then(|published| published.severity),
            created_at: times.map_or(self.now, |times| times.created_at),
            first_observed_at: times.map_or(self.now, |times| times.first_observed_at),
            updated_at: published.map_or(self.now, |published| self.later_than(published)),
            record_state: RecordState::Active,
            archive_first: false,
            reopened: published.map_or(0, |published| published.reopened),
            missed: published.map_or(0, |published| published.missed),
            unread: RecordedTargets::default(),
            id,
            destination,
        }
    }

    /// The start of the cycle, or the earliest time that Security Hub accepts as an update.
    fn later_than(&self, published: &PublishedExposure) -> DateTime<Utc> {
        // A published time at the end of the calendar stays as it is.
        let earliest = published
            .updated_at
            .checked_add_signed(Duration::milliseconds(1))
            .unwrap_or(published.updated_at);
        self.now.max(earliest)
    }
}

fn earliest_by_id(
    published: &BTreeMap<ExposureKey, PublishedExposure>,
) -> BTreeMap<&ExposureId, &PublishedExposure> {
    let mut earliest: BTreeMap<&ExposureId, &PublishedExposure> = BTreeMap::new();
    for ((_, id), exposure) in published {
        let known = earliest.entry(id).or_insert(exposure);
        if exposure.created_at < known.created_at {
            *known = exposure;
        }
    }
    earliest
}
