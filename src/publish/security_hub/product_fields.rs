//! The `ProductFields` in which a finding carries state from one cycle to the next; nothing else remembers it.

use std::collections::{BTreeMap, BTreeSet};

use crate::formats::asff::AsffFinding;
use crate::model::{AccountId, CollectionTarget, Exposure, Region, SourceKind};
use crate::reconcile::{Fingerprint, PlanStep, PublishedExposure, RecordedTargets};

/// The fingerprint of the facts.
const FINGERPRINT: &str = "fingerprint";

/// The collection targets that showed the contributing traits.
const SEEN_BY: &str = "seen-by";

/// The collection targets that showed what makes the exposure less severe.
const LOWERED_BY: &str = "lowered-by";

/// How often the finding was archived and then reopened.
const REOPENED: &str = "reopened";

/// The number of consecutive cycles in which the exposure was not found.
const MISSED: &str = "missed";

/// The fingerprint of an exposure, and the targets that it depends on. Those that were not read stay recorded.
pub(super) fn content_fields(
    fingerprint: &Fingerprint,
    exposure: &Exposure,
    unread: &RecordedTargets,
) -> [(&'static str, String); 3] {
    [
        (FINGERPRINT, fingerprint.to_string()),
        (
            SEEN_BY,
            targets_text(exposure.seen_by.iter().chain(&unread.seen_by)),
        ),
        (
            LOWERED_BY,
            targets_text(exposure.lowered_by.iter().chain(&unread.lowered_by)),
        ),
    ]
}

/// How the exposure came and went.
pub(super) fn history_fields(step: &PlanStep) -> [(&'static str, String); 2] {
    // A field with an empty value is left out.
    let text = |count: u32| match count {
        0 => String::new(),
        count => count.to_string(),
    };
    [(REOPENED, text(step.reopened)), (MISSED, text(step.missed))]
}

/// Adds the recorded state to a published exposure.
pub(super) fn read(finding: &AsffFinding, published: PublishedExposure) -> PublishedExposure {
    let count = |name| {
        let value = finding.product_field(name);
        value.and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    let targets = |name| parse_targets(finding.product_field(name).unwrap_or_default());
    PublishedExposure {
        fingerprint: finding
            .product_field(FINGERPRINT)
            .map(|digits| digits.to_owned().into()),
        seen_by: targets(SEEN_BY),
        lowered_by: targets(LOWERED_BY),
        reopened: count(REOPENED),
        missed: count(MISSED),
        ..published
    }
}

/// Targets as text, short enough for every AWS Region:
/// `inspector 111122223333 eu-west-1 us-east-1, macie 111122223333 us-east-1`.
fn targets_text<'a>(targets: impl IntoIterator<Item = &'a CollectionTarget>) -> String {
    let mut regions: BTreeMap<(&str, AccountId), BTreeSet<&str>> = BTreeMap::new();
    for target in targets {
        if let (Some(account), Some(region)) = (target.account(), target.region()) {
            regions
                .entry((target.source.as_str(), account))
                .or_default()
                .insert(region.as_str());
        }
    }
    let groups: Vec<String> = regions
        .into_iter()
        .map(|((source, account), regions)| {
            let regions: Vec<&str> = regions.into_iter().collect();
            format!("{source} {account} {}", regions.join(" "))
        })
        .collect();
    groups.join(", ")
}

/// Parses targets; empty if any part is invalid, because then it is unknown which targets could show that the exposure
/// is gone.
fn parse_targets(text: &str) -> BTreeSet<CollectionTarget> {
    let groups: Option<Vec<Vec<CollectionTarget>>> = text.split(", ").map(parse_group).collect();
    groups.unwrap_or_default().into_iter().flatten().collect()
}

fn parse_group(text: &str) -> Option<Vec<CollectionTarget>> {
    let mut words = text.split(' ');
    let source = words.next()?;
    let source: SourceKind = source.parse().ok()?;
    let account: AccountId = words.next()?.parse().ok()?;
    let target = |region: &str| {
        let region: Region = region.parse().ok()?;
        Some(CollectionTarget::api(source, account, region))
    };
    let targets: Vec<CollectionTarget> = words.map(target).collect::<Option<_>>()?;
    (!targets.is_empty()).then_some(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(source: SourceKind, region: &str) -> CollectionTarget {
        let account = "111122223333".parse().unwrap();
        CollectionTarget::api(source, account, region.parse().unwrap())
    }

    #[test]
    fn targets_survive_a_round_trip() {
        let targets = [
            target(SourceKind::SecurityHub, "us-east-1"),
            target(SourceKind::Inspector, "us-east-1"),
            target(SourceKind::Inspector, "eu-west-1"),
        ];
        let text = targets_text(&targets);
        assert_eq!(
            text,
            "inspector 111122223333 eu-west-1 us-east-1, security-hub 111122223333 us-east-1"
        );
        assert_eq!(parse_targets(&text), BTreeSet::from(targets));
    }

    #[test]
    fn partly_invalid_targets_are_ignored_completely() {
        for text in [
            "",
            "inspector",
            "inspector 111122223333",
            "inspector us-east-1",
            "inspector 111122223333 mars",
            "inspector 111122223333 us-east-1, guardduty 111122223333 us-east-1",
        ] {
            assert_eq!(parse_targets(text), BTreeSet::new(), "{text}");
        }
    }

    #[test]
    fn every_region_of_every_source_fits_into_one_field() {
        let region = |number| format!("ap-southeast-{number}");
        let targets: Vec<CollectionTarget> = (0..36)
            .flat_map(|number| {
                [
                    SourceKind::SecurityHub,
                    SourceKind::Inspector,
                    SourceKind::Macie,
                ]
                .map(|source| target(source, &region(number)))
            })
            .collect();
        // Source: the securityhub model: the maximum length of a value of `ProductFields`.
        assert!(targets_text(&targets).len() <= 2_048);
    }
}
