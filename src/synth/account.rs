//! The writer of the findings of one account, with its random numbers and names.

#![expect(
    clippy::indexing_slicing,
    reason = "random indexes are below the length of the list"
)]

use fastrand::Rng;
use serde_json::Value;

use crate::model::SourceKind;

use super::vulnerabilities::VulnerabilityPool;
use super::{Organization, SyntheticFinding};

/// The Regions. A Region that is listed more often is used more often.
const REGIONS: [&str; 6] = [
    "us-east-1",
    "us-east-1",
    "us-east-1",
    "eu-west-1",
    "eu-west-1",
    "ap-southeast-2",
];

/// Writes the findings of one account.
pub(super) struct AccountWriter<'a> {
    pub random: Rng,
    pub pool: &'static VulnerabilityPool,
    pub number: String,
    /// The Region of the workload that is being written.
    pub region: &'static str,
    /// The number of resources that are still to be written.
    remaining: usize,
    on_finding: &'a mut dyn FnMut(SyntheticFinding<'_>),
}

/// A resource, with its names and details in ASFF and in findings of Inspector.
#[derive(Clone, Debug)]
pub(super) struct SyntheticResource {
    pub asff_type: &'static str,
    /// The ID in ASFF.
    pub arn: String,
    /// The ID in the API of Inspector.
    pub short_id: String,
    pub details: Value,
    pub tags: Value,
}

impl<'a> AccountWriter<'a> {
    pub(super) fn new(
        organization: &Organization,
        rank: usize,
        pool: &'static VulnerabilityPool,
        on_finding: &'a mut dyn FnMut(SyntheticFinding<'_>),
    ) -> Self {
        let rank = rank as u64;
        // The seeds are far apart, so that the random numbers of two accounts are not the same with an offset.
        let seed = organization.seed ^ rank.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = Rng::with_seed(seed);
        Self {
            number: format!(
                "{:012}",
                100_000_000_000 + random.u64(..899_000_000) * 1_000 + rank % 1_000
            ),
            random,
            pool,
            region: REGIONS[0],
            remaining: 0,
            on_finding,
        }
    }

    /// Writes workloads until there are this many resources.
    pub(super) fn write(mut self, resources: usize) {
        self.remaining = resources;
        while self.remaining > 0 {
            self.region = REGIONS[self.random.usize(..REGIONS.len())];
            self.workload();
        }
    }

    /// Takes up to this many of the remaining resources.
    pub(super) fn take(&mut self, wanted: usize) -> usize {
        let taken = wanted.min(self.remaining);
        self.remaining -= taken;
        taken
    }

    /// Returns a number from 1 to `max`. Small numbers are much more frequent than large ones.
    pub(super) fn size(&mut self, max: usize) -> usize {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number from 1 to `max`"
        )]
        let size = (1.0 / (1.0 - self.random.f64()).max(1.0 / max as f64)) as usize;
        size.clamp(1, max)
    }

    /// Returns true with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.random.f64() < probability
    }

    /// Returns an ID such as `i-0…` or `sg-0…`.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.random.u64(..))
    }

    /// Returns a name such as `orders-host-00a1b2`.
    pub(super) fn name(&mut self, what: &str) -> String {
        const TEAMS: [&str; 12] = [
            "orders", "billing", "search", "catalog", "fraud", "ledger", "media", "notify", "web",
            "identity", "reports", "shipping",
        ];
        let team = TEAMS[self.random.usize(..TEAMS.len())];
        format!("{team}-{what}-{:06x}", self.random.u32(..0x0100_0000))
    }

    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{resource}",
            self.region, self.number
        )
    }

    pub(super) fn global_arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}::{}:{resource}", self.number)
    }

    /// Returns a time in the first twenty days of November 2026.
    pub(super) fn time(&mut self) -> String {
        format!(
            "2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            self.random.u32(1..=20),
            self.random.u32(..24),
            self.random.u32(..60),
            self.random.u32(..60),
            self.random.u32(..1_000)
        )
    }

    /// Passes a finding on.
    pub(super) fn write_finding(&mut self, source: SourceKind, record: &Value) {
        (self.on_finding)(SyntheticFinding { source, record });
    }
}
