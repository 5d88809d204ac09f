//! What is to be done so that Security Hub says what was found: a value, each step with its reason. Pure.
//!
//! What stands is read back from Security Hub at the start of each cycle, so a restarted or a second daemon knows it.
//! Nothing is archived on the word of a cell that is not complete.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use crate::model::{AccountId, Coverage, CoverageRow, Exposure, ExposureId, Region, Source};

/// Security Hub deletes an active finding that was not updated for 90 days; one that did not change is sent again
/// before. Source: Security Hub User Guide, "Finding retention".
const REFRESH_AFTER: Duration = Duration::days(75);

/// Under whose account, and into which Region's hub.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Destination {
    /// The account that imports.
    pub account: AccountId,
    /// The Region of the endpoint.
    pub region: Region,
}

/// An exposure as it stands in Security Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its resource was first seen exposed.
    pub first_observed_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether it is not archived.
    pub active: bool,
    /// Of its content; see [`crate::publish::content_digest`]. `None` if it has none that can be read.
    pub digest: Option<String>,
    /// The cells in which its contributing traits were seen.
    pub seen_by: BTreeSet<(Source, Region)>,
}

/// Everything that stands, by where and which.
pub type Previous = BTreeMap<(Destination, ExposureId), Published>;

/// An exposure that is there now.
#[derive(Clone, Debug)]
pub struct Current<'a> {
    /// The exposure.
    pub exposure: &'a Exposure,
    /// Where it goes.
    pub destination: Destination,
    /// Of its content.
    pub digest: String,
}

/// What happens to one exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Create,
    /// It changed, came back, or is about to expire.
    Update,
    /// It is gone, and that is known.
    Archive,
    /// It was not found, but what was read does not prove that it is gone.
    Hold,
    /// It stands as it is.
    Unchanged,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which exposure.
    pub id: ExposureId,
    /// Where.
    pub destination: Destination,
    /// What.
    pub action: Action,
    /// Why.
    pub reason: String,
    /// When it was made: the first time's for one that stands.
    pub created_at: DateTime<Utc>,
    /// When its resource was first seen exposed.
    pub first_observed_at: DateTime<Utc>,
    /// Later than what stands, even if the clock went back: an update that is not newer is ignored.
    pub updated_at: DateTime<Utc>,
}

/// All steps, in the order of their destinations and ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each exposure once.
    pub steps: Vec<Step>,
}

impl Plan {
    /// How many steps do this.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.steps
            .iter()
            .filter(|step| step.action == action)
            .count()
    }
}

/// Compares what stands with what is there.
#[must_use]
pub fn plan(
    previous: &Previous,
    current: &[Current<'_>],
    coverage: &[CoverageRow],
    now: DateTime<Utc>,
) -> Plan {
    let mut steps: BTreeMap<(Destination, ExposureId), Step> = BTreeMap::new();
    for one in current {
        let key = (one.destination.clone(), one.exposure.id.clone());
        let (action, reason) = decide(previous.get(&key), &one.digest, now);
        steps.insert(
            key.clone(),
            step(&key, previous.get(&key), action, reason, now),
        );
    }
    for (key, published) in previous.iter().filter(|(_, published)| published.active) {
        if !steps.contains_key(key) {
            let (action, reason) = match unknown(published, coverage) {
                Some(reason) => (Action::Hold, reason),
                None => (Action::Archive, "no rule matches any more".to_owned()),
            };
            steps.insert(key.clone(), step(key, Some(published), action, reason, now));
        }
    }
    Plan {
        steps: steps.into_values().collect(),
    }
}

fn decide(published: Option<&Published>, digest: &str, now: DateTime<Utc>) -> (Action, String) {
    match published {
        None => (Action::Create, "new".to_owned()),
        Some(published) if !published.active => (Action::Update, "exposed again".to_owned()),
        Some(published) if published.digest.as_deref() != Some(digest) => {
            (Action::Update, "changed".to_owned())
        }
        Some(published) if now - published.updated_at > REFRESH_AFTER => {
            (Action::Update, "about to expire in Security Hub".to_owned())
        }
        Some(_) => (Action::Unchanged, "unchanged".to_owned()),
    }
}

fn step(
    key: &(Destination, ExposureId),
    published: Option<&Published>,
    action: Action,
    reason: String,
    now: DateTime<Utc>,
) -> Step {
    let (created_at, first_observed_at, updated_at) = match published {
        None => (now, now, now),
        Some(stands) => (
            stands.created_at,
            stands.first_observed_at,
            now.max(stands.updated_at + Duration::milliseconds(1)),
        ),
    };
    Step {
        id: key.1.clone(),
        destination: key.0.clone(),
        action,
        reason,
        created_at,
        first_observed_at,
        updated_at,
    }
}

/// Why it is not known whether an exposure is gone; `None` if it is. Each cell in which its traits were seen must have
/// been read completely. A source that is off, or a Region that is left out of the configuration, has no cell, and so
/// proves nothing.
fn unknown(published: &Published, coverage: &[CoverageRow]) -> Option<String> {
    if published.seen_by.is_empty() {
        return Some("it does not say what it was seen by".to_owned());
    }
    for (source, region) in &published.seen_by {
        let cell = coverage
            .iter()
            .find(|row| row.cell.source == *source && row.cell.region() == Some(region));
        match cell.map(|row| row.coverage) {
            Some(Coverage::Complete | Coverage::Unavailable) => {}
            Some(coverage) => {
                return Some(format!("{source} in {region} is {}", coverage.as_str()));
            }
            None => return Some(format!("{source} in {region} was not read")),
        }
    }
    // A resource may be shown by any cell that is read: one that failed may have lost just what would have kept it.
    coverage
        .iter()
        .find(|row| matches!(row.coverage, Coverage::Failed | Coverage::Partial))
        .map(|row| format!("{} is {}", row.cell, row.coverage.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cell, CoverageReason};

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(20_000 + day)
    }

    fn destination() -> Destination {
        Destination {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        }
    }

    fn key() -> (Destination, ExposureId) {
        (
            destination(),
            ExposureId::of(&crate::evaluate::tests::instance("i-1")),
        )
    }

    fn published(active: bool, digest: &str, updated: i64) -> Previous {
        let published = Published {
            created_at: at(0),
            first_observed_at: at(0),
            updated_at: at(updated),
            active,
            digest: Some(digest.into()),
            seen_by: [(Source::Inspector, "us-east-1".parse().unwrap())].into(),
        };
        [(key(), published)].into()
    }

    fn row(source: Source, region: &str, coverage: Coverage) -> CoverageRow {
        CoverageRow {
            cell: Cell::api(
                source,
                "111122223333".parse().unwrap(),
                region.parse().unwrap(),
            ),
            coverage,
            reason: (coverage == Coverage::Failed).then_some(CoverageReason::Throttled),
            detail: None,
            records: 0,
            signals: 0,
            stale: false,
            collected_at: None,
        }
    }

    fn complete() -> Vec<CoverageRow> {
        vec![
            row(Source::Inspector, "us-east-1", Coverage::Complete),
            row(Source::Macie, "us-east-1", Coverage::Unavailable),
        ]
    }

    fn only(plan: &Plan) -> &Step {
        let [step] = &plan.steps[..] else {
            panic!("{plan:?}")
        };
        step
    }

    #[test]
    fn what_is_there_is_created_updated_or_left_alone() {
        let exposure = crate::evaluate::tests::exposure("i-1");
        let now_there = |digest: &str| {
            vec![Current {
                exposure: &exposure,
                destination: destination(),
                digest: digest.into(),
            }]
        };
        let table = [
            (Previous::new(), "a", Action::Create, at(80)),
            (published(true, "a", 70), "a", Action::Unchanged, at(0)),
            (published(true, "a", 1), "a", Action::Update, at(0)),
            (published(true, "b", 70), "a", Action::Update, at(0)),
            (published(false, "a", 70), "a", Action::Update, at(0)),
        ];
        for (previous, digest, action, created_at) in table {
            let plan = plan(&previous, &now_there(digest), &complete(), at(80));
            assert_eq!(
                (only(&plan).action, only(&plan).created_at),
                (action, created_at),
                "{previous:?}"
            );
        }
    }

    #[test]
    fn what_is_gone_is_archived_only_if_that_is_known() {
        let gone = |coverage: &[CoverageRow]| {
            let plan = plan(&published(true, "a", 1), &[], coverage, at(2));
            (only(&plan).action, only(&plan).reason.clone())
        };
        assert_eq!(gone(&complete()).0, Action::Archive);
        let held = [
            (vec![], "inspector in us-east-1 was not read"),
            (
                vec![row(Source::Inspector, "us-east-1", Coverage::Failed)],
                "inspector in us-east-1 is failed",
            ),
            (
                vec![row(Source::Inspector, "us-east-1", Coverage::Partial)],
                "inspector in us-east-1 is partial",
            ),
            (
                vec![row(Source::Inspector, "eu-west-1", Coverage::Complete)],
                "inspector in us-east-1 was not read",
            ),
            (
                vec![
                    row(Source::Inspector, "us-east-1", Coverage::Complete),
                    row(Source::SecurityHub, "us-east-1", Coverage::Failed),
                ],
                "security-hub 111122223333 us-east-1 is failed",
            ),
        ];
        for (coverage, reason) in held {
            assert_eq!(gone(&coverage), (Action::Hold, reason.to_owned()));
        }
    }

    #[test]
    fn what_is_archived_already_stays_so_without_a_word() {
        assert_eq!(
            plan(&published(false, "a", 1), &[], &complete(), at(2)),
            Plan::default()
        );
    }

    #[test]
    fn an_update_is_later_than_what_stands_even_if_the_clock_went_back() {
        let plan = plan(&published(true, "a", 10), &[], &complete(), at(5));
        assert!(only(&plan).updated_at > at(10));
        assert_eq!(only(&plan).created_at, at(0));
    }
}
