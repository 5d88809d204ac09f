//! Client-side rates slightly below what each API allows, so that throttling is the exception.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// How often one account may call an API in one Region. All callers of the same API share the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallRate {
    api: &'static str,
    interval: Duration,
    burst: NonZeroU32,
}

impl CallRate {
    /// AWS allows 3 requests per second with bursts of 6. Source: Security Hub API Reference, "Throttling".
    pub const SECURITY_HUB_GET_FINDINGS: Self = Self::new("securityhub:GetFindings", 345, 5);

    /// AWS allows 10 requests per second with bursts of 30. Source: Security Hub API Reference, "Throttling".
    pub const SECURITY_HUB_BATCH_IMPORT_FINDINGS: Self =
        Self::new("securityhub:BatchImportFindings", 105, 25);

    /// Returns the rate of an API: bursts of at most `burst` calls, and one more call every `interval_ms` milliseconds.
    /// `api` is a service or one of its operations.
    ///
    /// Stay a little below what AWS allows: requests that leave at even intervals do not arrive at even intervals.
    pub const fn new(api: &'static str, interval_ms: u64, burst: u32) -> Self {
        Self {
            api,
            interval: Duration::from_millis(interval_ms),
            burst: match NonZeroU32::new(burst) {
                Some(burst) => burst,
                None => NonZeroU32::MIN,
            },
        }
    }
}

/// Holds calls back so that they keep to a rate.
#[derive(Debug)]
pub struct Limiter(DefaultDirectRateLimiter);

impl Limiter {
    /// Returns a limiter for one API of one account in one Region.
    pub fn new(rate: CallRate) -> Self {
        // An interval of zero is no limit; one call per second is the safe reading.
        let quota = Quota::with_period(rate.interval).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self(RateLimiter::direct(quota.allow_burst(rate.burst)))
    }

    /// Waits until one more call may be made.
    pub async fn wait(&self) {
        self.0.until_ready().await;
    }
}
