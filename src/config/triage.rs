//! Mutes and criticality tags: from the raw form to the validated form.

use chrono::NaiveDate;
use toml::Spanned;
use toml::value::Datetime;

use crate::model::{AccountId, Criticality, Mute, MutedItem, Region, TagPattern, WildcardPattern};

use super::raw::{RawConfig, RawCriticality, RawMute, RawTag};
use super::valid::Checking;
use super::{PlacedMute, Triaging};

/// The name that means every exposure rule.
const EVERY: &str = "*";

impl Checking<'_> {
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

    fn mute(&mut self, placed: &Spanned<RawMute>) -> Option<PlacedMute> {
        let raw = placed.get_ref();
        if raw.resource.is_none()
            && raw.account.is_none()
            && raw.region.is_none()
            && raw.tag.is_none()
        {
            self.complain(
                placed,
                "the mute does not say which resources it is about",
                "give resource, account, region or tag; resource = \"*\" is every one",
            );
        }
        for (text, what) in [(&raw.reason, "reason"), (&raw.owner, "owner")] {
            if text.get_ref().trim().is_empty() {
                self.complain(
                    text,
                    format!("the {what} is empty"),
                    "whoever reads the mute in a year wants to know",
                );
            }
        }
        // All fields are checked before one is required, so that every problem is reported.
        let muted = self.muted(placed);
        let account = raw.account.as_ref().map(|text| self.account(text));
        let region = raw.region.as_ref().map(|text| self.any_region(text));
        let until = self.day(&raw.until);
        let (at, muted) = muted?;
        let until = until?;
        Some(PlacedMute {
            at: at.span(),
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

    /// What is muted, and where that stands.
    fn muted<'a>(
        &mut self,
        placed: &'a Spanned<RawMute>,
    ) -> Option<(&'a Spanned<String>, MutedItem)> {
        let raw = placed.get_ref();
        let (at, muted) = match (&raw.trait_id, &raw.exposure) {
            (Some(id), None) => (id, id.get_ref().parse().map(MutedItem::Trait)),
            (None, Some(id)) if id.get_ref() == EVERY => (id, Ok(MutedItem::EveryExposure)),
            (None, Some(id)) => (id, id.get_ref().parse().map(MutedItem::Exposure)),
            _ => {
                self.complain(
                    placed,
                    "a mute is about either a trait or an exposure",
                    "give trait = \"…\", or exposure = \"…\"; exposure = \"*\" is every one",
                );
                return None;
            }
        };
        match muted {
            Ok(muted) => Some((at, muted)),
            Err(error) => {
                self.complain(
                    at,
                    error.to_string(),
                    "`exposured catalog list` names them all",
                );
                None
            }
        }
    }

    fn account(&mut self, text: &Spanned<String>) -> Option<AccountId> {
        text.get_ref()
            .parse()
            .map_err(|error: crate::model::ParseAccountIdError| {
                self.complain(text, error.to_string(), "an account has twelve digits");
            })
            .ok()
    }

    /// Of a resource, so `global` is one.
    fn any_region(&mut self, text: &Spanned<String>) -> Option<Region> {
        text.get_ref()
            .parse()
            .map_err(|error: crate::model::ParseRegionError| {
                self.complain(
                    text,
                    error.to_string(),
                    "IAM's resources are in the Region \"global\"",
                );
            })
            .ok()
    }

    fn day(&mut self, text: &Spanned<Datetime>) -> Option<NaiveDate> {
        let at = text.get_ref();
        let date = at.date.filter(|_| at.time.is_none()).and_then(|date| {
            NaiveDate::from_ymd_opt(
                i32::from(date.year),
                u32::from(date.month),
                u32::from(date.day),
            )
        });
        if date.is_none() {
            self.complain(
                text,
                "expected a day",
                "write until = 2026-12-31, without quotes: it is the last day, in UTC, on which the mute holds",
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
