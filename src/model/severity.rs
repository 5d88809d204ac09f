//! The five factors of severity and the scales of their results.
//!
//! Which levels give which severity is defined in the catalog.
//!
//! Source: AWS Security Hub User Guide, "Exposure findings severity".

use serde::{Deserialize, Serialize};
use strum::VariantArray;

/// One of the five factors by which AWS grades an exposure.
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
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum Factor {
    /// How well known the technique is, from unpublished to exploited in the wild.
    Awareness,
    /// How easily an attacker finds the resource.
    #[strum(serialize = "ease of discovery")]
    EaseOfDiscovery,
    /// How easily an attacker exploits it.
    #[strum(serialize = "ease of exploit")]
    EaseOfExploit,
    /// How likely a vulnerability is to be exploited in the next 30 days (FIRST's EPSS).
    #[strum(serialize = "likelihood of exploit")]
    LikelihoodOfExploit,
    /// The damage of a successful attack.
    Impact,
}

impl Factor {
    /// All factors, in the order in which they are shown.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the factor in words, as AWS names it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The level of a factor, 0 (none) to 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Level(u8);

impl Level {
    /// Creates a level, if it is on the scale.
    pub fn new(level: u8) -> Option<Self> {
        (level <= 3).then_some(Self(level))
    }

    /// Returns the level as a number.
    pub fn value(self) -> u8 {
        self.0
    }

    /// Returns the next higher level, at most 3.
    pub fn raised(self) -> Self {
        Self((self.0 + 1).min(3))
    }

    /// Returns the next lower level, at least 0.
    pub fn lowered(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// The likelihood of a successful attack, which follows from the first four factors.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
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
    #[strum(serialize = "very high")]
    VeryHigh,
}

impl Likelihood {
    /// Returns the likelihood in words.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The damage of a successful attack. Where nothing that is known defines it, it is unknown and the value is `None`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    schemars::JsonSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Impact {
    /// A host or function without privileges.
    Low,
    /// The administration of a service, a data store, or disruption.
    Medium,
    /// Administrator access, credentials, regulated data, or irreversible loss.
    High,
}

impl Impact {
    /// Returns the impact for a level of [`Factor::Impact`], or `None` for level 0, which is unknown.
    pub fn of_level(level: Level) -> Option<Self> {
        match level.value() {
            0 => None,
            1 => Some(Self::Low),
            2 => Some(Self::Medium),
            _ => Some(Self::High),
        }
    }

    /// Returns the impact in words.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The severity of an exposure. There is no INFORMATIONAL, because AWS does not publish exposures with it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    schemars::JsonSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
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
    /// All severities, most severe first, as they are shown.
    pub const DESCENDING: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Returns the severity as Security Hub and the command line show it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
