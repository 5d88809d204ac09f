//! How factors make a likelihood, and likelihood and impact a severity.

use std::collections::BTreeMap;

use crate::model::{Epss, Factor, Impact, Level, Likelihood, Severity};

/// The thresholds and the matrix, as the catalog gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeverityModel {
    /// Whether mitigations lower a severity.
    pub(super) mitigations: bool,
    /// The least scores of the levels 1, 2, 3.
    pub(super) epss: [Epss; 3],
    /// The least sums of moderate, high, very high.
    pub(super) sums: [u8; 3],
    pub(super) matrix: BTreeMap<(Likelihood, Option<Impact>), Severity>,
}

impl SeverityModel {
    /// The level of "likelihood of exploit" that a score stands for.
    pub fn level_of(&self, score: Epss) -> Level {
        let reached = self.epss.iter().filter(|least| score >= **least).count();
        // At most three thresholds are reached, and three is a level.
        u8::try_from(reached)
            .ok()
            .and_then(Level::new)
            .unwrap_or_default()
    }

    /// The sum that makes the likelihood: ease of exploit, ease of discovery, and the greater of awareness and
    /// likelihood of exploit (both say how much attackers care; a resource without a CVE has only the first).
    pub fn sum(levels: &BTreeMap<Factor, Level>) -> u8 {
        let level = |factor| levels.get(&factor).copied().unwrap_or_default();
        level(Factor::EaseOfExploit).value()
            + level(Factor::EaseOfDiscovery).value()
            + level(Factor::Awareness)
                .max(level(Factor::LikelihoodOfExploit))
                .value()
    }

    /// The least sums of moderate, high and very high.
    pub fn likelihood_thresholds(&self) -> [u8; 3] {
        self.sums
    }

    /// The likelihood that the first four factors make.
    pub fn likelihood(&self, levels: &BTreeMap<Factor, Level>) -> Likelihood {
        let sum = Self::sum(levels);
        match self.sums.iter().filter(|least| sum >= **least).count() {
            0 => Likelihood::Low,
            1 => Likelihood::Moderate,
            2 => Likelihood::High,
            _ => Likelihood::VeryHigh,
        }
    }

    /// The cell of the matrix.
    pub fn severity(&self, likelihood: Likelihood, impact: Option<Impact>) -> Severity {
        // The matrix was compiled from a table with all rows and columns: there is no other key.
        self.matrix
            .get(&(likelihood, impact))
            .copied()
            .unwrap_or(Severity::Low)
    }
}
