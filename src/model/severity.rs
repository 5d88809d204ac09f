//! The five factors, what they make, and the grades that an exposure can have.
//!
//! Only the scales are here; which level gives which grade is data of the catalog.
//! Source of the words: AWS Security Hub User Guide, "Exposure findings severity".

use serde::{Deserialize, Serialize};

/// One of the five things that AWS grades an exposure by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// How well known the technique is: from unpublished to exploited in the wild.
    Awareness,
    /// How easily an attacker finds the resource.
    EaseOfDiscovery,
    /// How little an attacker needs to make use of it.
    EaseOfExploit,
    /// How likely a vulnerability is to be exploited in the next 30 days (FIRST's EPSS).
    LikelihoodOfExploit,
    /// What is lost.
    Impact,
}

impl Factor {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Awareness,
        Self::EaseOfDiscovery,
        Self::EaseOfExploit,
        Self::LikelihoodOfExploit,
        Self::Impact,
    ];
}

/// The level of a factor, 0 (none) to 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Level(u8);

impl Level {
    /// The level, if it is on the scale.
    pub fn new(level: u8) -> Option<Self> {
        (level <= 3).then_some(Self(level))
    }

    /// As a number for sums.
    pub fn value(self) -> u8 {
        self.0
    }

    /// One step up, to 3 at most.
    pub fn raised(self) -> Self {
        Self((self.0 + 1).min(3))
    }

    /// One step down, to 0 at least.
    pub fn lowered(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// What the first four factors make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Likelihood {
    /// Low.
    #[serde(rename = "low")]
    Low,
    /// Moderate.
    #[serde(rename = "moderate")]
    Moderate,
    /// High.
    #[serde(rename = "high")]
    High,
    /// Very high.
    #[serde(rename = "very high")]
    VeryHigh,
}

/// What is lost. `None` of it means that nothing known says.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// One host or function without privileges.
    Low,
    /// One service's administration, one data store, disruption.
    Medium,
    /// Administrator, credentials, regulated data, or loss that cannot be undone.
    High,
}

impl Impact {
    /// The impact that a level of [`Factor::Impact`] stands for; level 0 is "unknown".
    pub fn of_level(level: Level) -> Option<Self> {
        match level.value() {
            0 => None,
            1 => Some(Self::Low),
            2 => Some(Self::Medium),
            _ => Some(Self::High),
        }
    }
}

/// The grade of an exposure. There is no INFORMATIONAL: AWS does not publish it, and neither do we.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All, most severe first, as they are shown.
    pub const DESCENDING: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// As Security Hub and the command line show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

impl Likelihood {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::VeryHigh => "very high",
        }
    }
}

impl Impact {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Factor {
    /// In words, as AWS names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Awareness => "awareness",
            Self::EaseOfDiscovery => "ease of discovery",
            Self::EaseOfExploit => "ease of exploit",
            Self::LikelihoodOfExploit => "likelihood of exploit",
            Self::Impact => "impact",
        }
    }
}
