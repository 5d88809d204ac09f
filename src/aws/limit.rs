//! Staying below what an API allows, so that throttling is the exception.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// What an API allows one account in one Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallRate {
    /// `GetFindings`: 3 a second, bursts of 6. Source: Security Hub User Guide, "Quotas".
    GetFindings,
    /// `BatchImportFindings`: 10 a second, bursts of 30. Source: the same.
    BatchImportFindings,
    /// Inspector publishes no figure; 5 a second keeps us a modest guest.
    Inspector,
    /// Neither does Macie.
    Macie,
    /// `GetResourcesV2`: 10 a second, bursts of 30, as all of Security Hub's operations that have no rate of their own.
    /// Source: Security Hub API Reference, "Throttling".
    GetResourcesV2,
    /// AWS Config publishes no figure for its queries.
    Config,
}

/// Lets calls through at an API's rate.
#[derive(Debug)]
pub struct Limiter(DefaultDirectRateLimiter);

impl Limiter {
    /// One for one API of one account in one Region.
    pub fn new(rate: CallRate) -> Self {
        // A little below what is allowed: requests that leave evenly do not arrive evenly.
        let (milliseconds, burst) = match rate {
            CallRate::GetFindings => (345, const { NonZeroU32::new(5).unwrap() }),
            CallRate::BatchImportFindings => (105, const { NonZeroU32::new(25).unwrap() }),
            CallRate::GetResourcesV2 => (105, const { NonZeroU32::new(25).unwrap() }),
            CallRate::Inspector | CallRate::Macie | CallRate::Config => {
                (200, const { NonZeroU32::new(5).unwrap() })
            }
        };
        let quota = Quota::with_period(Duration::from_millis(milliseconds))
            .unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self(RateLimiter::direct(quota.allow_burst(burst)))
    }

    /// Waits until one more call may be made.
    pub async fn wait(&self) {
        self.0.until_ready().await;
    }
}
