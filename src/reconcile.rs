//! What is to be done so that Security Hub says what was found: a value, each step with its reason. Pure.
//!
//! What stands is read back from Security Hub in each cycle, so a restarted or a second daemon knows it. Nothing is
//! archived on the word of a target that is not complete.

mod compared;
mod decision;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use crate::model::{CollectionTarget, Coverage, CoverageReason, CoverageRow, ExposureId, Severity};

use crate::formats::asff::RecordState;

pub use compared::{Current, Destination, Key, Policy, Previous, Published, Workflow};
pub use decision::{
    Action, ArchiveReason, Decision, HoldReason, MassArchive, RefreshReason, ReopenReason,
    UnchangedReason, UpdateReason,
};

/// Security Hub deletes an active finding 90 days after its last update; one that did not change is sent again before.
/// Source: Security Hub User Guide, "Finding retention".
const REFRESH_ACTIVE_AFTER: Duration = Duration::days(75);

/// And an archived one after 30. Source: the same.
const REFRESH_ARCHIVED_AFTER: Duration = Duration::days(20);

/// So many may always be archived, whatever share they are: of three findings one is a third.
const ALWAYS_ARCHIVED: usize = 10;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which exposure.
    pub id: ExposureId,
    /// Where.
    pub destination: Destination,
    /// What happens, and why.
    pub decision: Decision,
    /// Its title, for people.
    pub title: String,
    /// The exposed resource, for people.
    pub resource: String,
    /// Its severity: the current one, or of one that was not found the last one.
    pub severity: Option<Severity>,
    /// When it was made: the first time's for one that stands.
    pub created_at: DateTime<Utc>,
    /// When its resource was first seen exposed.
    pub first_observed_at: DateTime<Utc>,
    /// Later than what stands, even if the clock went back: an update that is not newer is ignored.
    /// Source: Security Hub User Guide, "Using BatchImportFindings".
    pub updated_at: DateTime<Utc>,
    /// Whether it is archived afterwards.
    pub record_state: RecordState,
    /// Whether it has to be archived first, since only what comes back from there is open again for users.
    /// Source: Security Hub API Reference, `Workflow`.
    pub archive_first: bool,
    /// How often it has come back, with this time.
    pub reopened: u32,
    /// In how many cycles in a row it was missed, with this one.
    pub missed: u32,
}

/// All steps, in the order of their destinations and ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each exposure once.
    pub steps: Vec<Step>,
    /// Set if archiving was refused, since it was too much.
    pub refused: Option<MassArchive>,
}

impl Plan {
    /// How many steps do this.
    pub fn count(&self, action: Action) -> usize {
        self.steps
            .iter()
            .filter(|step| step.decision.action() == action)
            .count()
    }

    /// The steps that leave one standing although it was not found, and why.
    pub fn held(&self) -> impl Iterator<Item = (&Step, &HoldReason)> {
        self.steps.iter().filter_map(|step| {
            let reason = step.decision.held()?;
            (!reason.is_unplanned()).then_some((step, reason))
        })
    }

    /// How many exposures are there and could not be compared with what stands.
    pub fn unplanned(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| step.decision.held().is_some_and(HoldReason::is_unplanned))
            .count()
    }
}

/// Compares what stands with what is there.
pub fn plan(
    previous: &Previous,
    current: &[Current],
    coverage: &[CoverageRow],
    policy: Policy,
    now: DateTime<Utc>,
) -> Plan {
    let planning = Planning {
        previous,
        goes_to: current
            .iter()
            .map(|one| (&one.id, &one.destination))
            .collect(),
        first: first(&previous.standing),
        coverage,
        policy,
        now,
    };
    let mut steps: BTreeMap<Key, Step> = BTreeMap::new();
    for one in current {
        let key = (one.destination.clone(), one.id.clone());
        let step = planning.of_current(&key, one);
        steps.insert(key, step);
    }
    for (key, published) in &previous.standing {
        if published.record_state == RecordState::Active && !steps.contains_key(key) {
            steps.insert(key.clone(), planning.of_missed(key, published));
        }
    }
    let mut plan = Plan {
        steps: steps.into_values().collect(),
        refused: None,
    };
    planning.guard(&mut plan);
    plan
}

struct Planning<'a> {
    previous: &'a Previous,
    /// Where the exposures that are there go.
    goes_to: BTreeMap<&'a ExposureId, &'a Destination>,
    /// The first of each that stands, wherever: one that moves keeps its times.
    first: BTreeMap<&'a ExposureId, &'a Published>,
    coverage: &'a [CoverageRow],
    policy: Policy,
    now: DateTime<Utc>,
}

impl Planning<'_> {
    fn of_current(&self, key: &Key, current: &Current) -> Step {
        let published = self.previous.standing.get(key);
        let decision = if self.previous.unread.contains(&key.0) {
            Decision::Hold(HoldReason::DestinationUnread)
        } else if self.previous.unreadable.contains(key) {
            Decision::Hold(HoldReason::Unreadable)
        } else {
            published.map_or(Decision::Create, |published| {
                self.compare(published, current)
            })
        };
        let is_closed = matches!(
            decision,
            Decision::Update(UpdateReason::ChangedWhileClosed(_))
                | Decision::Refresh(RefreshReason::Closed(_))
                | Decision::Unchanged(UnchangedReason::Closed(_))
        );
        let was_archived = published.is_some_and(is_archived);
        let is_reopened = decision.action() == Action::Reopen;
        Step {
            title: current.title.clone(),
            resource: current.resource.clone(),
            severity: Some(current.severity),
            record_state: if is_closed {
                RecordState::Archived
            } else {
                RecordState::Active
            },
            archive_first: is_reopened && !was_archived,
            reopened: published.map_or(0, |published| published.reopened)
                + u32::from(is_reopened && was_archived),
            missed: 0,
            ..self.step(key, published, decision)
        }
    }

    /// Of one that stands and is there.
    fn compare(&self, published: &Published, current: &Current) -> Decision {
        let closed = published.workflow;
        let rose = published
            .severity
            .filter(|from| closed != Workflow::Open && current.severity > *from);
        let changed = published.digest.as_deref() != Some(&current.digest);
        if let Some(from) = rose
            && (is_archived(published) || closed == Workflow::Resolved)
        {
            let to = current.severity;
            return Decision::Reopen(ReopenReason::SeverityRose { from, to, closed });
        }
        match (published.record_state, closed) {
            (RecordState::Archived, Workflow::Open) => Decision::Reopen(ReopenReason::Back),
            (RecordState::Archived, _) if changed => {
                Decision::Update(UpdateReason::ChangedWhileClosed(closed))
            }
            (RecordState::Archived, _) if self.is_due(published) => {
                Decision::Refresh(RefreshReason::Closed(closed))
            }
            (RecordState::Archived, _) => Decision::Unchanged(UnchangedReason::Closed(closed)),
            (RecordState::Active, _) if changed => match self.less_known(published, current) {
                Some(reason) if self.is_due(published) => {
                    Decision::Refresh(RefreshReason::Held(reason))
                }
                Some(reason) => Decision::Hold(reason),
                None => Decision::Update(UpdateReason::Changed),
            },
            (RecordState::Active, _) if published.missed > 0 => {
                let missed = published.missed;
                Decision::Update(UpdateReason::Returned { missed })
            }
            (RecordState::Active, _) if self.is_due(published) => {
                Decision::Refresh(RefreshReason::StillThere)
            }
            (RecordState::Active, _) => Decision::Unchanged(UnchangedReason::Same),
        }
    }

    /// Why it is not known that an exposure has become less severe; `None` if it is known, or did not. What shows a trait
    /// no more must have been read to its end, whether the trait made the exposure or only made it worse.
    fn less_known(&self, published: &Published, current: &Current) -> Option<HoldReason> {
        let to = current.severity;
        let from = published.severity.filter(|from| to < *from)?;
        match self.not_known_gone(published)? {
            // Nothing would ever be known of it.
            HoldReason::ShownByUnknown => None,
            because => Some(HoldReason::LessSevere {
                from,
                to,
                because: Box::new(because),
            }),
        }
    }

    /// Of one that stands and is not there.
    fn of_missed(&self, key: &Key, published: &Published) -> Step {
        let decision = match self.fate(key, published) {
            Decision::Hold(reason) if self.is_due(published) => {
                Decision::Refresh(RefreshReason::Held(reason))
            }
            decision => decision,
        };
        let missed = match decision.held() {
            Some(HoldReason::Settling { missed, .. }) => *missed,
            _ => published.missed,
        };
        Step {
            record_state: if decision.action() == Action::Archive {
                RecordState::Archived
            } else {
                RecordState::Active
            },
            missed,
            ..self.step(key, Some(published), decision)
        }
    }

    fn fate(&self, key: &Key, published: &Published) -> Decision {
        if let Some(to) = self.goes_to.get(&key.1) {
            let there = ((*to).clone(), key.1.clone());
            let stands = self.previous.standing.get(&there);
            let to = (*to).clone();
            return match stands.is_some_and(|one| !is_archived(one)) {
                true => Decision::Archive(ArchiveReason::Moved { to }),
                false => Decision::Hold(HoldReason::Moving { to }),
            };
        }
        if let Some(reason) = self.not_known_gone(published) {
            return Decision::Hold(reason);
        }
        let of = self.policy.settle_cycles;
        if published.reopened > 0 && published.missed < of {
            let missed = published.missed + 1;
            return Decision::Hold(HoldReason::Settling { missed, of });
        }
        Decision::Archive(ArchiveReason::Gone)
    }

    /// Why it is not known whether an exposure is gone; `None` if it is.
    ///
    /// Each target in which its traits were seen must have been read completely: a source that is off, or a Region that
    /// is left out of the configuration, has no target, and so proves nothing. And so must every other: traits travel
    /// across services and Regions, so one that failed may have lost just what would have kept the exposure. Only a
    /// service that is not enabled, and did not show the exposure when it was, has nothing to show.
    fn not_known_gone(&self, published: &Published) -> Option<HoldReason> {
        if published.seen_by.is_empty() {
            return Some(HoldReason::ShownByUnknown);
        }
        let is_read =
            |target: &&CollectionTarget| self.coverage.iter().any(|row| row.target == **target);
        if let Some(target) = published.seen_by.iter().find(|target| !is_read(target)) {
            return Some(HoldReason::NotRead(target.clone()));
        }
        let hides = |row: &&CoverageRow| match row.coverage {
            Coverage::Complete => false,
            // What showed the exposure is offered there, and only cannot be reached.
            Coverage::Unavailable => published.seen_by.contains(&row.target),
            Coverage::Partial => true,
            Coverage::Failed => {
                row.reason != Some(CoverageReason::NotEnabled)
                    || published.seen_by.contains(&row.target)
            }
        };
        self.coverage
            .iter()
            .find(hides)
            .map(|row| HoldReason::Incomplete {
                target: row.target.clone(),
                coverage: row.coverage,
                reason: row.reason.clone(),
            })
    }

    fn is_due(&self, published: &Published) -> bool {
        let after = match published.record_state {
            RecordState::Active => REFRESH_ACTIVE_AFTER,
            RecordState::Archived => REFRESH_ARCHIVED_AFTER,
        };
        self.now - published.retained_from > after
    }

    /// Archives none if it would be too many: that looks like a mistake in what was read, not like work done.
    fn guard(&self, plan: &mut Plan) {
        let Some(max_percent) = self.policy.max_archive_percent else {
            return;
        };
        let archive = plan.count(Action::Archive);
        let active = self
            .previous
            .standing
            .values()
            .filter(|published| !is_archived(published))
            .count();
        if archive <= ALWAYS_ARCHIVED || archive * 100 <= active * usize::from(max_percent) {
            return;
        }
        let mass = MassArchive {
            archive,
            active,
            max_percent,
        };
        for step in &mut plan.steps {
            if step.decision.action() == Action::Archive {
                let key = (step.destination.clone(), step.id.clone());
                let due = self.previous.standing.get(&key);
                let reason = HoldReason::MassArchive(mass);
                step.record_state = RecordState::Active;
                step.decision = if due.is_some_and(|published| self.is_due(published)) {
                    Decision::Refresh(RefreshReason::Held(reason))
                } else {
                    Decision::Hold(reason)
                };
            }
        }
        plan.refused = Some(mass);
    }

    /// What is the same for all, from what stands.
    fn step(&self, key: &Key, published: Option<&Published>, decision: Decision) -> Step {
        let (created_at, first_observed_at, updated_at) = match published {
            None => {
                let moved = self.first.get(&key.1);
                (
                    moved.map_or(self.now, |one| one.created_at),
                    moved.map_or(self.now, |one| one.first_observed_at),
                    self.now,
                )
            }
            Some(stands) => {
                // A stored time that is beyond what can be counted stays as it is.
                let later = stands
                    .updated_at
                    .checked_add_signed(Duration::milliseconds(1))
                    .unwrap_or(stands.updated_at);
                (
                    stands.created_at,
                    stands.first_observed_at,
                    self.now.max(later),
                )
            }
        };
        Step {
            id: key.1.clone(),
            destination: key.0.clone(),
            decision,
            title: published.map_or(String::new(), |one| one.title.clone()),
            resource: published.map_or(String::new(), |one| one.resource.clone()),
            severity: published.and_then(|one| one.severity),
            created_at,
            first_observed_at,
            updated_at,
            record_state: RecordState::Active,
            archive_first: false,
            reopened: published.map_or(0, |one| one.reopened),
            missed: published.map_or(0, |one| one.missed),
        }
    }
}

fn first(standing: &BTreeMap<Key, Published>) -> BTreeMap<&ExposureId, &Published> {
    let mut first: BTreeMap<&ExposureId, &Published> = BTreeMap::new();
    for ((_, id), published) in standing {
        let known = first.entry(id).or_insert(published);
        if published.created_at < known.created_at {
            *known = published;
        }
    }
    first
}

fn is_archived(published: &Published) -> bool {
    published.record_state == RecordState::Archived
}
