//! Findings: who reports them and how they are identified.

use std::fmt;

use serde::Serialize;

/// The service that made a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Security Hub CSPM, which makes the findings of controls.
    SecurityHub,
    /// Amazon Inspector.
    Inspector,
    /// Amazon Macie.
    Macie,
    /// Amazon GuardDuty, whose findings are read from Security Hub.
    GuardDuty,
    /// IAM Access Analyzer.
    AccessAnalyzer,
    /// AWS Config, which records the configuration of resources.
    Config,
    /// IAM, which lists identities and their policies.
    Iam,
}

impl Product {
    /// Returns the name of the product in the ARN of a Security Hub product.
    pub fn arn_name(self) -> &'static str {
        match self {
            Self::SecurityHub => "securityhub",
            Self::Inspector => "inspector",
            Self::Macie => "macie",
            Self::GuardDuty => "guardduty",
            Self::AccessAnalyzer => "access-analyzer",
            Self::Config => "config",
            Self::Iam => "iam",
        }
    }
}

/// The ID of a finding, as its source reports it: an ARN, except for Macie, whose IDs are hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FindingId(pub String);

impl FindingId {
    /// Returns the ID as text.
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
