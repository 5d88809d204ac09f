//! What the user says of their own resources: what is not to count, and how much hangs on which.

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;

use super::{AccountId, LevelChange, Region, Resource, RuleId, TraitId, WildcardPattern};

/// A tag that a resource must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern {
    /// The key, as it is.
    pub key: String,
    /// What the value is like.
    pub value: WildcardPattern,
}

impl TagPattern {
    /// The tag that is like it, if there is one.
    pub fn find<'a>(&self, tags: &'a [(String, String)]) -> Option<&'a (String, String)> {
        tags.iter()
            .find(|(key, value)| *key == self.key && self.value.matches(value))
    }
}

/// What a mute takes away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MutedItem {
    /// A trait: as if no finding had shown it.
    Trait(TraitId),
    /// An exposure rule: as if it did not match.
    Exposure(RuleId),
    /// Every exposure rule.
    EveryExposure,
}

impl fmt::Display for MutedItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trait(id) => write!(formatter, "trait {id}"),
            Self::Exposure(id) => write!(formatter, "exposure {id}"),
            Self::EveryExposure => formatter.write_str("every exposure"),
        }
    }
}

/// Something that the user has decided about, for some resources and some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// What is taken away.
    pub muted: MutedItem,
    /// Of resources with such an id.
    pub resource: Option<WildcardPattern>,
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this Region.
    pub region: Option<Region>,
    /// With such a tag.
    pub tag: Option<TagPattern>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day, in UTC, on which it holds.
    pub until: NaiveDate,
}

impl Mute {
    /// Whether it still holds on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        day <= self.until
    }

    /// Whether it is about a resource.
    pub fn is_about(&self, resource: &Resource, tags: &[(String, String)]) -> bool {
        self.names(resource) && self.tag.as_ref().is_none_or(|one| one.find(tags).is_some())
    }

    /// Whether it is about a resource of this name, if its tags are such.
    fn names(&self, resource: &Resource) -> bool {
        let like = |pattern: &WildcardPattern| pattern.matches(&resource.id);
        self.resource.as_ref().is_none_or(like)
            && self.account.is_none_or(|one| one == resource.account)
            && self
                .region
                .as_ref()
                .is_none_or(|one| *one == resource.region)
    }
}

/// What a mute did in an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MuteUse {
    /// The number of resources that it affected.
    pub resources: usize,
    /// How many of them have no exposure because of it.
    pub hidden: usize,
    /// How many of them are less severe because of it.
    pub lowered: usize,
}

/// The state of a mute after an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum MuteState {
    /// Its last day is over: it hides nothing anymore.
    Expired,
    /// It matches nothing that was read.
    Unmatched,
    /// It hides something.
    Used(MuteUse),
}

/// How much hangs on a resource, told by its tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criticality {
    /// Tags that raise the impact by one step.
    pub raise: Vec<TagPattern>,
    /// Tags that lower it by one step.
    pub lower: Vec<TagPattern>,
}

impl Criticality {
    /// The step for a resource with these tags, and the tag that says so. A tag that raises outweighs one that lowers.
    pub fn step<'a>(
        &self,
        tags: &'a [(String, String)],
    ) -> Option<(LevelChange, &'a (String, String))> {
        let first = |patterns: &[TagPattern]| patterns.iter().find_map(|one| one.find(tags));
        first(&self.raise)
            .map(|tag| (LevelChange::Raised, tag))
            .or_else(|| first(&self.lower).map(|tag| (LevelChange::Lowered, tag)))
    }
}

/// All that the user says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triage {
    /// What is not to count.
    pub mutes: Vec<Mute>,
    /// What counts for more, or less.
    pub criticality: Criticality,
}

impl Triage {
    /// What holds on a day.
    pub fn on(&self, day: NaiveDate) -> ActiveTriage<'_> {
        ActiveTriage {
            mutes: self
                .mutes
                .iter()
                .enumerate()
                .filter(|(_, mute)| mute.holds_on(day))
                .collect(),
            criticality: Some(&self.criticality),
        }
    }
}

/// What holds on some day.
#[derive(Clone, Debug, Default)]
pub struct ActiveTriage<'a> {
    /// The mutes that have not expired, each with its place among all.
    pub mutes: Vec<(usize, &'a Mute)>,
    /// What counts for more, or less.
    pub criticality: Option<&'a Criticality>,
}

impl ActiveTriage<'_> {
    /// Whether anything is said of a resource with this name and these tags.
    pub fn is_empty(&self) -> bool {
        self.mutes.is_empty() && self.active_criticality().is_none()
    }

    /// Whether any mute may be about a resource, as far as its name says: its tags are not asked.
    pub fn may_mute(&self, resource: impl FnOnce() -> Resource) -> bool {
        if self.mutes.is_empty() {
            return false;
        }
        let resource = resource();
        self.mutes.iter().any(|(_, mute)| mute.names(&resource))
    }

    /// What counts for more or less, if anything does.
    pub fn active_criticality(&self) -> Option<&Criticality> {
        self.criticality
            .filter(|one| !one.raise.is_empty() || !one.lower.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ResourceType;
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn tag(key: &str, value: &str) -> TagPattern {
        TagPattern {
            key: key.into(),
            value: WildcardPattern::new(value),
        }
    }

    fn mute() -> Mute {
        Mute {
            muted: MutedItem::EveryExposure,
            resource: None,
            account: None,
            region: None,
            tag: None,
            reason: "r".into(),
            owner: "o".into(),
            until: NaiveDate::from_ymd_opt(2026, 11, 30).unwrap(),
        }
    }

    #[test]
    fn a_mute_holds_to_the_end_of_its_last_day() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        assert!(mute().holds_on(day(29)));
        assert!(mute().holds_on(day(30)));
        assert!(!mute().holds_on(day(30).succ_opt().unwrap()));
    }

    #[test]
    fn each_condition_of_a_mute_counts() {
        let resource = Resource {
            resource_type: ResourceType::S3Bucket,
            id: "arn:aws:s3:::logs-eu".into(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        let tags = tags(&[("team", "data")]);
        let about = |mute: Mute| mute.is_about(&resource, &tags);
        assert!(about(mute()));
        let like = |text| Mute {
            resource: Some(WildcardPattern::new(text)),
            ..mute()
        };
        assert!(about(like("arn:aws:s3:::logs-*")));
        assert!(!about(like("logs-*")));
        assert!(!about(like("arn:aws:s3:::LOGS-*")));
        let account = |id: &str| Mute {
            account: Some(id.parse().unwrap()),
            ..mute()
        };
        assert!(about(account("111122223333")));
        assert!(!about(account("111122223334")));
        let region = |name: &str| Mute {
            region: Some(name.parse().unwrap()),
            ..mute()
        };
        assert!(about(region("eu-west-1")));
        assert!(!about(region("eu-west-2")));
        let tagged = |key, value| Mute {
            tag: Some(tag(key, value)),
            ..mute()
        };
        assert!(about(tagged("team", "d*")));
        assert!(!about(tagged("team", "web")));
        assert!(!about(tagged("Team", "data")));
    }

    #[test]
    fn what_raises_outweighs_what_lowers() {
        let criticality = Criticality {
            raise: vec![tag("environment", "prod*")],
            lower: vec![tag("environment", "dev"), tag("scratch", "*")],
        };
        let step = |pairs: &[(&str, &str)]| criticality.step(&tags(pairs)).map(|(step, _)| step);
        assert_eq!(
            step(&[("environment", "production")]),
            Some(LevelChange::Raised)
        );
        assert_eq!(step(&[("environment", "dev")]), Some(LevelChange::Lowered));
        assert_eq!(
            step(&[("environment", "production"), ("scratch", "1")]),
            Some(LevelChange::Raised)
        );
        assert_eq!(step(&[("environment", "test")]), None);
    }
}
