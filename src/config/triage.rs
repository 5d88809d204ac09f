//! Checks mutes and criticality tags.

use chrono::NaiveDate;
use toml::Spanned;
use toml::value::Datetime;

use crate::model::{AccountId, Criticality, Mute, MutedItem, Region, TagPattern, WildcardPattern};

use super::raw::{RawConfig, RawCriticality, RawMute, RawTag};
use super::valid::ConfigChecker;
use super::{LocatedMute, Triaging};

/// The value of `exposure` that mutes every exposure rule.
const EVERY_EXPOSURE: &str = "*";

impl ConfigChecker<'_> {
    pub(super) fn triage(&mut self, raw: &RawConfig) -> Triaging {
        Triaging {
            mutes: raw
                .mutes
                .iter()
                .filter_map(|mute| self.mute(mute))
                .collect(),
            criticality: criticality(&raw.criticality),
        }
    }

    fn mute(&mut self, table: &Spanned<RawMute>) -> Option<LocatedMute> {
        let raw = table.get_ref();
        if raw.resource.is_none()
            && raw.account.is_none()
            && raw.region.is_none()
            && raw.tag.is_none()
        {
            self.push_problem(
                table,
                "the mute does not specify resources",
                "set `resource`, `account`, `region`, or `tag`; `resource = \"*\"` matches every resource",
            );
        }
        for (text, key) in [(&raw.reason, "reason"), (&raw.owner, "owner")] {
            if text.get_ref().trim().is_empty() {
                self.push_problem(
                    text,
                    format!("`{key}` is empty"),
                    "explain the mute to the people who review it later",
                );
            }
        }
        // All fields are checked before one is required, so that every problem is reported.
        let muted = self.muted_item(table);
        let account = raw.account.as_ref().map(|text| self.account(text));
        let region = raw.region.as_ref().map(|text| self.any_region(text));
        let until = self.date(&raw.until);
        let (name, muted) = muted?;
        let until = until?;
        Some(LocatedMute {
            span: name.span(),
            mute: Mute {
                muted,
                resource: raw.resource.as_deref().map(WildcardPattern::new),
                account: account.flatten(),
                region: region.flatten(),
                tag: raw.tag.as_ref().map(tag),
                reason: raw.reason.get_ref().clone(),
                owner: raw.owner.get_ref().clone(),
                until,
            },
        })
    }

    /// Returns what is muted, and the key that names it.
    fn muted_item<'a>(
        &mut self,
        table: &'a Spanned<RawMute>,
    ) -> Option<(&'a Spanned<String>, MutedItem)> {
        let raw = table.get_ref();
        let (name, muted) = match (&raw.trait_id, &raw.exposure) {
            (Some(id), None) => (id, id.get_ref().parse().map(MutedItem::Trait)),
            (None, Some(id)) if id.get_ref() == EVERY_EXPOSURE => {
                (id, Ok(MutedItem::EveryExposure))
            }
            (None, Some(id)) => (id, id.get_ref().parse().map(MutedItem::Exposure)),
            _ => {
                self.push_problem(
                    table,
                    "a mute needs exactly one of `trait` and `exposure`",
                    "set `trait` or `exposure` to an ID; `exposure = \"*\"` mutes every exposure",
                );
                return None;
            }
        };
        match muted {
            Ok(muted) => Some((name, muted)),
            Err(error) => {
                self.push_problem(
                    name,
                    error.to_string(),
                    "`exposured catalog list` lists all IDs",
                );
                None
            }
        }
    }

    fn account(&mut self, text: &Spanned<String>) -> Option<AccountId> {
        text.get_ref()
            .parse()
            .map_err(|error: crate::model::ParseAccountIdError| {
                self.push_problem(
                    text,
                    error.to_string(),
                    "write the ID as a string of 12 digits, such as \"111122223333\"",
                );
            })
            .ok()
    }

    /// Parses the Region of a resource, which can be `global`.
    fn any_region(&mut self, text: &Spanned<String>) -> Option<Region> {
        text.get_ref()
            .parse()
            .map_err(|error: crate::model::ParseRegionError| {
                self.push_problem(
                    text,
                    error.to_string(),
                    "for IAM resources, write \"global\"",
                );
            })
            .ok()
    }

    fn date(&mut self, text: &Spanned<Datetime>) -> Option<NaiveDate> {
        let datetime = text.get_ref();
        let date = datetime
            .date
            .filter(|_| datetime.time.is_none())
            .and_then(|date| {
                NaiveDate::from_ymd_opt(
                    i32::from(date.year),
                    u32::from(date.month),
                    u32::from(date.day),
                )
            });
        if date.is_none() {
            self.push_problem(
                text,
                "expected a date without a time",
                "write the last day of the mute, in UTC, without quotes: `until = 2026-12-31`",
            );
        }
        date
    }
}

fn criticality(raw: &RawCriticality) -> Criticality {
    Criticality {
        raise: raw.raise.iter().map(tag).collect(),
        lower: raw.lower.iter().map(tag).collect(),
    }
}

fn tag(raw: &RawTag) -> TagPattern {
    TagPattern {
        key: raw.key.clone(),
        value: WildcardPattern::new(&raw.value),
    }
}
