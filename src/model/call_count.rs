//! How often AWS was called.

/// The number of calls to AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCount {
    /// Attempts, including retries.
    pub calls: u64,
    /// Attempts that were throttled.
    pub throttles: u64,
}
