//! The fingerprint by which a published exposure is compared with the one that was found.

use std::fmt;
use std::hash::Hash;

use crate::evaluate::FactsDigest;
use crate::model::StableHasher;

use super::destination::Destination;

/// The fingerprint of the facts of an exposure: its rules, traits, factor scores, findings, and texts, its destination, and
/// the version of the published format.
///
/// Two exposures with the same fingerprint are published as the same finding. Computing it is much cheaper than describing
/// the exposure, and building and serializing its finding. A new version of Rust or of exposured may hash a fact
/// differently; then each exposure is updated once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Returns the fingerprint of an exposure that is published in a format of this version.
    pub fn of(facts: FactsDigest, destination: &Destination, format_version: u32) -> Self {
        let mut hasher = StableHasher::default();
        (format_version, destination, facts).hash(&mut hasher);
        Self(format!("{:032x}", hasher.finish128()))
    }

    /// Returns the fingerprint as 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Fingerprint {
    fn from(digits: String) -> Self {
        Self(digits)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::evaluate::ExposureSummary;
    use crate::evaluate::tests::sample_summaries;

    fn destination(region: &str) -> Destination {
        Destination {
            account: "111122223333".parse().unwrap(),
            region: region.parse().unwrap(),
        }
    }

    #[test]
    fn facts_destination_and_format_change_the_fingerprint() {
        let summaries = sample_summaries();
        let [first, second, ..] = &summaries[..] else {
            panic!("{summaries:?}");
        };
        let fingerprints = [
            Fingerprint::of(first.facts, &destination("us-east-1"), 1),
            Fingerprint::of(second.facts, &destination("us-east-1"), 1),
            Fingerprint::of(first.facts, &destination("eu-west-1"), 1),
            Fingerprint::of(first.facts, &destination("us-east-1"), 2),
        ];
        let different: BTreeSet<&str> = fingerprints.iter().map(Fingerprint::as_str).collect();
        assert_eq!(different.len(), fingerprints.len());
        assert!(different.iter().all(|digits| digits.len() == 32));
    }

    #[test]
    fn the_same_facts_have_the_same_fingerprint() {
        let fingerprints = |summaries: Vec<ExposureSummary>| -> Vec<Fingerprint> {
            let home = destination("us-east-1");
            let facts = summaries.into_iter().map(|summary| summary.facts);
            facts
                .map(|facts| Fingerprint::of(facts, &home, 1))
                .collect()
        };
        assert_eq!(
            fingerprints(sample_summaries()),
            fingerprints(sample_summaries())
        );
    }
}
