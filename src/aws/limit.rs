//! Staying below what an API allows, so that throttling is the exception.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Jitter, Quota, RateLimiter};

/// What an API allows one account in one Region.
#[derive(Clone, Copy, Debug)]
pub enum CallRate {
    /// `GetFindings`: 3 a second, bursts of 6. Source: Security Hub User Guide, "Quotas".
    GetFindings,
    /// `BatchImportFindings`: 10 a second, bursts of 30. Source: the same.
    BatchImportFindings,
    /// Inspector and Macie publish no figure; 5 a second is what AWS's own tools stay below.
    Undocumented,
}

/// Lets calls through at an API's rate.
#[derive(Debug)]
pub struct Limiter(DefaultDirectRateLimiter);

impl Limiter {
    /// One for one API of one account in one Region.
    #[must_use]
    pub fn new(rate: CallRate) -> Self {
        let (per_second, burst) = match rate {
            CallRate::GetFindings => (
                const { NonZeroU32::new(3).unwrap() },
                const { NonZeroU32::new(6).unwrap() },
            ),
            CallRate::BatchImportFindings => (
                const { NonZeroU32::new(10).unwrap() },
                const { NonZeroU32::new(30).unwrap() },
            ),
            CallRate::Undocumented => (
                const { NonZeroU32::new(5).unwrap() },
                const { NonZeroU32::new(5).unwrap() },
            ),
        };
        Self(RateLimiter::direct(
            Quota::per_second(per_second).allow_burst(burst),
        ))
    }

    /// Waits until one more call may be made.
    pub async fn wait(&self) {
        // The service counts when requests arrive, not when they leave: a little jitter keeps queued ones apart.
        self.0
            .until_ready_with_jitter(Jitter::up_to(Duration::from_millis(20)))
            .await;
    }
}
