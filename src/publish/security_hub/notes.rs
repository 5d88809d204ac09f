//! What we note in a finding's `ProductFields` for the cycles to come: nothing else remembers it.

use std::collections::{BTreeMap, BTreeSet};

use crate::formats::asff::AsffFinding;
use crate::model::{AccountId, CollectionTarget, Exposure, Region, SourceKind};
use crate::reconcile::{Published, Step};

/// [`crate::publish::content_digest`].
const DIGEST: &str = "exposured/digest";

/// The targets in which contributing traits were seen.
const SEEN_BY: &str = "exposured/seen-by";

/// How often the finding was archived and came back.
const REOPENED: &str = "exposured/reopened";

/// In how many cycles in a row it was missed since.
const MISSED: &str = "exposured/missed";

/// Notes what the exposure says and by which targets it was seen.
pub(super) fn write_content(finding: &mut AsffFinding, exposure: &Exposure, digest: &str) {
    finding.set_product_field(DIGEST, digest);
    finding.set_product_field(SEEN_BY, &seen_by(&exposure.seen_by));
}

/// Notes how the finding has come and gone.
pub(super) fn write_history(finding: &mut AsffFinding, step: &Step) {
    for (name, count) in [(REOPENED, step.reopened), (MISSED, step.missed)] {
        // A field without a value is left out.
        let value = if count == 0 {
            String::new()
        } else {
            count.to_string()
        };
        finding.set_product_field(name, &value);
    }
}

/// Reads the notes back.
pub(super) fn read(finding: &AsffFinding, published: Published) -> Published {
    let count = |name| {
        let noted = finding.product_field(name);
        noted.and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    Published {
        digest: finding.product_field(DIGEST).map(str::to_owned),
        seen_by: targets(finding.product_field(SEEN_BY).unwrap_or_default()),
        reopened: count(REOPENED),
        missed: count(MISSED),
        ..published
    }
}

/// `inspector 111122223333 eu-west-1 us-east-1, macie 111122223333 us-east-1`: short enough for all Regions there are.
pub(in crate::publish) fn seen_by(targets: &[CollectionTarget]) -> String {
    let mut regions: BTreeMap<(&str, AccountId), BTreeSet<&str>> = BTreeMap::new();
    for target in targets {
        if let (Some(account), Some(region)) = (target.account(), target.region()) {
            regions
                .entry((target.source.as_str(), account))
                .or_default()
                .insert(region.as_str());
        }
    }
    let named: Vec<String> = regions
        .into_iter()
        .map(|((source, account), regions)| {
            let regions: Vec<&str> = regions.into_iter().collect();
            format!("{source} {account} {}", regions.join(" "))
        })
        .collect();
    named.join(", ")
}

/// None if a part cannot be read: then it is not known what could show that the exposure is gone.
fn targets(text: &str) -> BTreeSet<CollectionTarget> {
    let groups: Option<Vec<Vec<CollectionTarget>>> = text.split(", ").map(group).collect();
    groups.unwrap_or_default().into_iter().flatten().collect()
}

fn group(text: &str) -> Option<Vec<CollectionTarget>> {
    let mut words = text.split(' ');
    let source = words.next()?;
    let source = SourceKind::SERVICES
        .into_iter()
        .find(|known| known.as_str() == source)?;
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
    fn targets_are_read_back_as_they_were_noted() {
        let noted = [
            target(SourceKind::SecurityHub, "us-east-1"),
            target(SourceKind::Inspector, "us-east-1"),
            target(SourceKind::Inspector, "eu-west-1"),
        ];
        let text = seen_by(&noted);
        assert_eq!(
            text,
            "inspector 111122223333 eu-west-1 us-east-1, security-hub 111122223333 us-east-1"
        );
        assert_eq!(targets(&text), BTreeSet::from(noted));
    }

    #[test]
    fn what_cannot_be_read_whole_is_not_read_in_part() {
        for text in [
            "",
            "inspector",
            "inspector 111122223333",
            "inspector us-east-1",
            "inspector 111122223333 mars",
            "inspector 111122223333 us-east-1, guardduty 111122223333 us-east-1",
        ] {
            assert_eq!(targets(text), BTreeSet::new(), "{text}");
        }
    }

    #[test]
    fn all_regions_of_all_sources_fit_into_one_field() {
        let region = |number| format!("ap-southeast-{number}");
        let noted: Vec<CollectionTarget> = (0..36)
            .flat_map(|number| {
                [
                    SourceKind::SecurityHub,
                    SourceKind::Inspector,
                    SourceKind::Macie,
                ]
                .map(|source| target(source, &region(number)))
            })
            .collect();
        // Source: the securityhub model: the longest value of `ProductFields`.
        assert!(seen_by(&noted).len() <= 2_048);
    }
}
