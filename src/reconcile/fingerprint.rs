//! The fingerprint by which a published exposure is compared with the one that was found.

use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use crate::model::Exposure;

use super::destination::Destination;

/// The fingerprint of the facts of an exposure: its rules, traits, factor scores, findings, and texts, its destination, and
/// the version of the published format.
///
/// Two exposures with the same fingerprint are published as the same finding. Computing it is much cheaper than building
/// and serializing that finding. The facts are hashed by their types, so that a new fact is part of the fingerprint as soon
/// as it is part of [`Exposure`]. A new version of Rust may hash a type differently; then each exposure is updated once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Returns the fingerprint of an exposure that is published in a format of this version.
    pub fn of(exposure: &Exposure, destination: &Destination, format_version: u32) -> Self {
        let mut hasher = Sha256Hasher(Sha256::new());
        format_version.hash(&mut hasher);
        destination.hash(&mut hasher);
        exposure.hash(&mut hasher);
        let mut digits = hex::encode(hasher.0.finalize());
        // 128 bits are far more than it takes to tell the versions of one exposure apart.
        digits.truncate(32);
        Self(digits)
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

/// Feeds what types hash to SHA-256, because the standard library's hashers are not stable or have only 64 bits.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Not used: the whole digest is taken instead.
    fn finish(&self) -> u64 {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(self.0.clone().finalize()) {
            *to = from;
        }
        u64::from_be_bytes(first)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::evaluate::tests::sample_exposures;
    use crate::model::{Likelihood, Severity};

    fn destination(region: &str) -> Destination {
        Destination {
            account: "111122223333".parse().unwrap(),
            region: region.parse().unwrap(),
        }
    }

    fn fingerprint(exposure: &Exposure) -> Fingerprint {
        Fingerprint::of(exposure, &destination("us-east-1"), 1)
    }

    /// Changes of one fact each.
    const CHANGES: &[fn(&mut Exposure)] = &[
        |exposure| exposure.title.push('x'),
        |exposure| exposure.description.push('x'),
        |exposure| exposure.severity = Severity::Medium,
        |exposure| exposure.likelihood = Likelihood::VeryHigh,
        |exposure| exposure.impact = None,
        |exposure| exposure.resource.id.push('x'),
        |exposure| exposure.tags.push(("stage".into(), "prod".into())),
        |exposure| exposure.rule = "another-rule".parse().unwrap(),
        |exposure| exposure.matched_rules.push("another-rule".parse().unwrap()),
        |exposure| exposure.factors.truncate(1),
        |exposure| exposure.traits.truncate(1),
        |exposure| exposure.traits[0].contributing ^= true,
        |exposure| exposure.traits[0].title.push('x'),
        |exposure| exposure.traits[0].remediation.text.push('x'),
        |exposure| exposure.traits[0].signals.clear(),
        |exposure| exposure.traits[0].id = "another-trait".parse().unwrap(),
        |exposure| exposure.attack_path = crate::model::AttackPath::default(),
        |exposure| exposure.seen_by.clear(),
    ];

    #[test]
    fn each_fact_changes_the_fingerprint() {
        let exposure = sample_exposures().remove(0);
        let mut seen = BTreeSet::from([fingerprint(&exposure).to_string()]);
        for (number, change) in CHANGES.iter().enumerate() {
            let mut changed = exposure.clone();
            change(&mut changed);
            let is_new = seen.insert(fingerprint(&changed).to_string());
            assert!(
                is_new,
                "change {number} has the fingerprint of another exposure"
            );
        }
        for other in [
            Fingerprint::of(&exposure, &destination("eu-west-1"), 1),
            Fingerprint::of(&exposure, &destination("us-east-1"), 2),
        ] {
            assert!(seen.insert(other.to_string()));
        }
    }

    #[test]
    fn the_same_facts_have_the_same_fingerprint() {
        let (once, again) = (sample_exposures(), sample_exposures());
        assert!(once.len() > 1);
        let fingerprints: Vec<Fingerprint> = once.iter().map(fingerprint).collect();
        assert_eq!(
            fingerprints,
            again.iter().map(fingerprint).collect::<Vec<_>>()
        );
        let different: BTreeSet<&str> = fingerprints.iter().map(Fingerprint::as_str).collect();
        assert_eq!(different.len(), once.len());
        assert!(different.iter().all(|digits| digits.len() == 32));
    }
}
