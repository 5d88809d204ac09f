//! Where an exposure is published.

use std::fmt;

use crate::model::{AccountId, Region};

/// The account and Region whose Security Hub a finding is imported into.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// The account that imports the finding.
    pub account: AccountId,
    /// The Region of the endpoint.
    pub region: Region,
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.account, self.region)
    }
}
