//! Signals: what a source says of a resource.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Evidence, Resource};

/// The service that made a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// Security Hub CSPM: controls.
    SecurityHub,
    /// Amazon Inspector.
    Inspector,
    /// Amazon Macie.
    Macie,
    /// Amazon GuardDuty, whose findings are read as they stand in Security Hub.
    GuardDuty,
    /// AWS Config: what it recorded of a resource's configuration.
    Config,
}

impl Product {
    /// The product's part of a Security Hub product ARN.
    pub fn arn_name(self) -> &'static str {
        match self {
            Self::SecurityHub => "securityhub",
            Self::Inspector => "inspector",
            Self::Macie => "macie",
            Self::GuardDuty => "guardduty",
            Self::Config => "config",
        }
    }
}

/// The id of a finding, as its source gives it: an ARN, but for Macie whose ids are hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FindingId(pub String);

impl FindingId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for FindingId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What one finding says of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The finding.
    pub finding: FindingId,
    /// Who made it.
    pub product: Product,
    /// What it is about. May differ from the resource that is exposed.
    pub resource: Resource,
    /// What it says.
    pub evidence: Evidence,
    /// When the source last changed the finding.
    pub updated_at: DateTime<Utc>,
}
