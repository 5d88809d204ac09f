//! How factors determine the likelihood, and likelihood and impact the severity.

use std::collections::BTreeMap;

use crate::model::{Epss, Factor, Impact, Level, Likelihood, Severity};

/// The thresholds and the matrix of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeverityModel {
    /// Whether mitigations lower a severity.
    pub(super) mitigations: bool,
    /// The minimum EPSS scores for levels 1, 2, and 3.
    pub(super) epss: [Epss; 3],
    /// The minimum sums for moderate, high, and very high.
    pub(super) sums: [u8; 3],
    pub(super) matrix: BTreeMap<(Likelihood, Option<Impact>), Severity>,
}

impl SeverityModel {
    /// Returns the level of "likelihood of exploit" for an EPSS score.
    pub fn level_of(&self, score: Epss) -> Level {
        let level = self
            .epss
            .iter()
            .filter(|minimum| score >= **minimum)
            .count();
        // There are three thresholds, so the level is at most 3.
        u8::try_from(level)
            .ok()
            .and_then(Level::new)
            .unwrap_or_default()
    }

    /// Returns the sum that determines the likelihood: ease of exploit, ease of discovery, and the greater of awareness
    /// and likelihood of exploit. Both say how much attackers care, and a resource without a CVE only has the first.
    pub fn sum(levels: &BTreeMap<Factor, Level>) -> u8 {
        let level = |factor| levels.get(&factor).copied().unwrap_or_default();
        level(Factor::EaseOfExploit).value()
            + level(Factor::EaseOfDiscovery).value()
            + level(Factor::Awareness)
                .max(level(Factor::LikelihoodOfExploit))
                .value()
    }

    /// Returns the minimum sums for moderate, high, and very high.
    pub fn likelihood_thresholds(&self) -> [u8; 3] {
        self.sums
    }

    /// Returns the likelihood for the levels of the first four factors.
    pub fn likelihood(&self, levels: &BTreeMap<Factor, Level>) -> Likelihood {
        let sum = Self::sum(levels);
        match self.sums.iter().filter(|minimum| sum >= **minimum).count() {
            0 => Likelihood::Low,
            1 => Likelihood::Moderate,
            2 => Likelihood::High,
            _ => Likelihood::VeryHigh,
        }
    }

    /// Returns the severity from the matrix.
    pub fn severity(&self, likelihood: Likelihood, impact: Option<Impact>) -> Severity {
        // The compiler only accepts a matrix with all rows and columns.
        self.matrix
            .get(&(likelihood, impact))
            .copied()
            .unwrap_or(Severity::Low)
    }
}
