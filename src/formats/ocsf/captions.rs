//! The IDs and captions of enumerations. Source: OCSF schema 1.8.0, class `detection_finding`.

use crate::model::{Impact, Likelihood, Product, Severity};

/// What happened to an exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// The exposure is new.
    Create,
    /// The exposure was known before.
    Update,
    /// The exposure is gone.
    Close,
}

impl Activity {
    /// `activity_id`.
    pub(super) fn id(self) -> u32 {
        match self {
            Self::Create => 1,
            Self::Update => 2,
            Self::Close => 3,
        }
    }

    /// `activity_name`.
    pub(super) fn caption(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Close => "Close",
        }
    }

    /// `status_id` and `status`.
    pub(super) fn status(self) -> (u32, &'static str) {
        match self {
            Self::Create | Self::Update => (1, "New"),
            Self::Close => (4, "Resolved"),
        }
    }
}

/// `severity_id` and `severity`.
pub(super) fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// `impact_id` and `impact`.
pub(super) fn impact(impact: Impact) -> (u32, &'static str) {
    match impact {
        Impact::Low => (1, "Low"),
        Impact::Medium => (2, "Medium"),
        Impact::High => (3, "High"),
    }
}

/// The likelihood, spelled as AWS shows it.
pub(super) fn likelihood(likelihood: Likelihood) -> &'static str {
    match likelihood {
        Likelihood::Low => "Low",
        Likelihood::Moderate => "Moderate",
        Likelihood::High => "High",
        Likelihood::VeryHigh => "Very High",
    }
}

/// The name of a product of AWS.
pub(super) fn product(product: Product) -> &'static str {
    match product {
        Product::SecurityHub => "Security Hub CSPM",
        Product::Inspector => "Inspector",
        Product::Macie => "Macie",
        Product::GuardDuty => "GuardDuty",
        Product::AccessAnalyzer => "IAM Access Analyzer",
        Product::Config => "Config",
        Product::Iam => "IAM",
    }
}
