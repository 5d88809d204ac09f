//! The decisions of users about their own resources: what to mute, and which resources are critical.

use std::fmt;

use chrono::NaiveDate;

use super::{AccountId, LevelChange, Region, Resource, RuleId, TraitId, WildcardPattern};

/// A condition on the tags of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern {
    /// The exact key.
    pub key: String,
    /// The pattern of the value.
    pub value: WildcardPattern,
}

impl TagPattern {
    /// Returns the first tag that matches.
    pub fn find<'a>(&self, tags: &'a [(String, String)]) -> Option<&'a (String, String)> {
        tags.iter()
            .find(|(key, value)| *key == self.key && self.value.matches(value))
    }
}

/// What a mute hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutedItem {
    /// A trait, as if no finding had shown it.
    Trait(TraitId),
    /// An exposure rule, as if it did not match.
    Exposure(RuleId),
    /// All exposure rules.
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

/// A decision to hide a trait or an exposure of some resources for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// What is hidden.
    pub muted: MutedItem,
    /// The pattern of the resource ID.
    pub resource: Option<WildcardPattern>,
    /// The account of the resource.
    pub account: Option<AccountId>,
    /// The Region of the resource.
    pub region: Option<Region>,
    /// A tag that the resource has.
    pub tag: Option<TagPattern>,
    /// The reason.
    pub reason: String,
    /// The person or team that is responsible for the decision.
    pub owner: String,
    /// The last day, in UTC, on which the mute is active.
    pub until: NaiveDate,
}

impl Mute {
    /// Returns whether the mute is active on a day.
    pub fn is_active_on(&self, day: NaiveDate) -> bool {
        day <= self.until
    }

    /// Returns whether the mute applies to a resource with these tags.
    pub fn applies_to(&self, resource: &Resource, tags: &[(String, String)]) -> bool {
        let has_tag = |pattern: &TagPattern| pattern.find(tags).is_some();
        self.may_apply_to(resource) && self.tag.as_ref().is_none_or(has_tag)
    }

    /// Returns whether the mute applies to a resource if its tags match.
    fn may_apply_to(&self, resource: &Resource) -> bool {
        let has_id = |pattern: &WildcardPattern| {
            pattern.matches(&resource.id) || pattern.matches(&resource.name())
        };
        self.resource.as_ref().is_none_or(has_id)
            && self
                .account
                .is_none_or(|account| account == resource.account)
            && self
                .region
                .as_ref()
                .is_none_or(|region| *region == resource.region)
    }
}

/// What a mute did in an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MuteUse {
    /// The number of resources that it affected.
    pub resources: usize,
    /// How many of them have no exposure because of it.
    pub hidden: usize,
    /// How many of them are less severe because of it.
    pub lowered: usize,
}

/// The state of a mute after an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MuteState {
    /// Its last day is over: it hides nothing anymore.
    Expired,
    /// It matches nothing that was read.
    Unmatched,
    /// It hides something.
    Used(MuteUse),
}

/// How critical resources are, according to their tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criticality {
    /// The tags that raise the impact by one step.
    pub raise: Vec<TagPattern>,
    /// The tags that lower the impact by one step.
    pub lower: Vec<TagPattern>,
}

impl Criticality {
    /// Returns the change for a resource with these tags, and the tag that causes it. A tag that raises the impact takes
    /// precedence over one that lowers it.
    pub fn level_change<'a>(
        &self,
        tags: &'a [(String, String)],
    ) -> Option<(LevelChange, &'a (String, String))> {
        let first =
            |patterns: &[TagPattern]| patterns.iter().find_map(|pattern| pattern.find(tags));
        first(&self.raise)
            .map(|tag| (LevelChange::Raised, tag))
            .or_else(|| first(&self.lower).map(|tag| (LevelChange::Lowered, tag)))
    }
}

/// All decisions of the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triage {
    /// What is hidden.
    pub mutes: Vec<Mute>,
    /// Which resources are more or less critical.
    pub criticality: Criticality,
}

impl Triage {
    /// Returns the decisions that are active on a day.
    pub fn on(&self, day: NaiveDate) -> ActiveTriage<'_> {
        ActiveTriage {
            mutes: self
                .mutes
                .iter()
                .enumerate()
                .filter(|(_, mute)| mute.is_active_on(day))
                .collect(),
            criticality: Some(&self.criticality),
        }
    }
}

/// The decisions that are active on a day.
#[derive(Clone, Debug, Default)]
pub struct ActiveTriage<'a> {
    /// The active mutes, each with its index among all mutes.
    pub mutes: Vec<(usize, &'a Mute)>,
    /// Which resources are more or less critical.
    pub criticality: Option<&'a Criticality>,
}

impl ActiveTriage<'_> {
    /// Returns whether there are no decisions.
    pub fn is_empty(&self) -> bool {
        self.mutes.is_empty() && self.active_criticality().is_none()
    }

    /// Returns whether any mute may apply to a resource. Tags are not considered.
    pub fn may_mute(&self, resource: impl FnOnce() -> Resource) -> bool {
        if self.mutes.is_empty() {
            return false;
        }
        let resource = resource();
        self.mutes
            .iter()
            .any(|(_, mute)| mute.may_apply_to(&resource))
    }

    /// Returns whether a mute covers an exposure of a resource by these rules in case the resource has a tag.
    pub fn may_mute_by_tag(
        &self,
        resource: &Resource,
        matched_rules: &[RuleId],
        contributes: impl Fn(&TraitId) -> bool,
    ) -> bool {
        self.mutes.iter().any(|(_, mute)| {
            let is_muted = match &mute.muted {
                MutedItem::Trait(id) => contributes(id),
                MutedItem::Exposure(id) => matched_rules.contains(id),
                MutedItem::EveryExposure => true,
            };
            is_muted && mute.tag.is_some() && mute.may_apply_to(resource)
        })
    }

    /// Returns which resources are more or less critical, if there is any such tag.
    pub fn active_criticality(&self) -> Option<&Criticality> {
        self.criticality
            .filter(|criticality| !criticality.raise.is_empty() || !criticality.lower.is_empty())
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
    fn a_mute_is_active_until_the_end_of_its_last_day() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        assert!(mute().is_active_on(day(29)));
        assert!(mute().is_active_on(day(30)));
        assert!(!mute().is_active_on(day(30).succ_opt().unwrap()));
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
        let applies = |mute: Mute| mute.applies_to(&resource, &tags);
        assert!(applies(mute()));
        let id = |text| Mute {
            resource: Some(WildcardPattern::new(text)),
            ..mute()
        };
        assert!(applies(id("arn:aws:s3:::logs-*")));
        assert!(applies(id("logs-eu")));
        assert!(applies(id("logs-*")));
        assert!(!applies(id("logs")));
        assert!(!applies(id("LOGS-*")));
        assert!(!applies(id("arn:aws:s3:::LOGS-*")));
        let account = |id: &str| Mute {
            account: Some(id.parse().unwrap()),
            ..mute()
        };
        assert!(applies(account("111122223333")));
        assert!(!applies(account("111122223334")));
        let region = |name: &str| Mute {
            region: Some(name.parse().unwrap()),
            ..mute()
        };
        assert!(applies(region("eu-west-1")));
        assert!(!applies(region("eu-west-2")));
        let tagged = |key, value| Mute {
            tag: Some(tag(key, value)),
            ..mute()
        };
        assert!(applies(tagged("team", "d*")));
        assert!(!applies(tagged("team", "web")));
        assert!(!applies(tagged("Team", "data")));
    }

    #[test]
    fn a_tag_that_raises_takes_precedence() {
        let criticality = Criticality {
            raise: vec![tag("environment", "prod*")],
            lower: vec![tag("environment", "dev"), tag("scratch", "*")],
        };
        let change = |pairs: &[(&str, &str)]| {
            criticality
                .level_change(&tags(pairs))
                .map(|(change, _)| change)
        };
        assert_eq!(
            change(&[("environment", "production")]),
            Some(LevelChange::Raised)
        );
        assert_eq!(
            change(&[("environment", "dev")]),
            Some(LevelChange::Lowered)
        );
        assert_eq!(
            change(&[("environment", "production"), ("scratch", "1")]),
            Some(LevelChange::Raised)
        );
        assert_eq!(change(&[("environment", "test")]), None);
    }
}
