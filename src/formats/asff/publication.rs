//! The input and the output of building a finding.

use chrono::{DateTime, Utc};

use crate::model::{AccountId, Arn, Exposure, Partition, RecordState, Region};

use super::finding::AsffFinding;
use super::truncation::Truncation;

/// The product and the company of our findings; Security Hub would call the company "Personal".
pub const PRODUCT_NAME: &str = "exposured";

/// Where, when, and how an exposure is published.
#[derive(Clone, Debug)]
pub struct Publication<'a> {
    /// The exposure.
    pub exposure: &'a Exposure,
    /// The account that imports the finding.
    pub account: AccountId,
    /// The Region of the endpoint.
    pub region: Region,
    /// When the finding was created.
    pub created_at: DateTime<Utc>,
    /// When the resource was first seen exposed.
    pub first_observed_at: DateTime<Utc>,
    /// When the finding was last updated.
    pub updated_at: DateTime<Utc>,
    /// Whether the finding is active.
    pub record_state: RecordState,
    /// The version of the catalog that graded the exposure.
    pub catalog_version: &'a str,
    /// Further `ProductFields`: state that a later cycle reads back. A field without a value is left out, since the
    /// format has no empty values.
    pub state: Vec<(&'static str, String)>,
}

impl Publication<'_> {
    /// The partition of the Region.
    pub(super) fn partition(&self) -> Partition {
        Partition::of_region(&self.region)
    }
}

/// A finding that fits the limits of the format.
#[derive(Clone, Debug, PartialEq)]
pub struct BuiltFinding {
    /// The finding.
    pub finding: AsffFinding,
    /// The finding as JSON.
    pub json: String,
    /// What had to be cut to fit.
    pub truncations: Vec<Truncation>,
}

/// The ARN of the product under which an account imports its own findings.
/// Source: Security Hub User Guide, "Requirements for custom product integrations".
pub fn product_arn(region: &Region, account: AccountId) -> String {
    Arn::new(
        Partition::of_region(region),
        "securityhub",
        region.as_str(),
        Some(account),
        &format!("product/{account}/default"),
    )
    .as_str()
    .to_owned()
}
