//! One account: its numbers, its names, and what of it is written so far.

#![expect(
    clippy::indexing_slicing,
    reason = "random indexes are below the length of the list"
)]

use fastrand::Rng;
use serde_json::Value;

use crate::model::SourceKind;

use super::vulnerabilities::Pool;
use super::{Finding, Organization};

/// The Regions, each as likely as it stands here often.
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
    pub pool: &'static Pool,
    pub number: String,
    /// Of the workload that is being written.
    pub region: &'static str,
    /// How many resources are still to be written.
    left: usize,
    each: &'a mut dyn FnMut(Finding<'_>),
}

/// A resource, in the terms of ASFF and of Inspector.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub asff_type: &'static str,
    /// As ASFF and ARNs name it.
    pub arn: String,
    /// As Inspector's own API names it.
    pub short_id: String,
    pub details: Value,
    pub tags: Value,
}

impl<'a> AccountWriter<'a> {
    pub(super) fn new(
        organization: &Organization,
        rank: usize,
        pool: &'static Pool,
        each: &'a mut dyn FnMut(Finding<'_>),
    ) -> Self {
        let rank = rank as u64;
        // Far apart, so that no account's numbers are another's, shifted.
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
            left: 0,
            each,
        }
    }

    /// Writes workloads until there are this many resources.
    pub(super) fn write(mut self, resources: usize) {
        self.left = resources;
        while self.left > 0 {
            self.region = REGIONS[self.random.usize(..REGIONS.len())];
            self.workload();
        }
    }

    /// Takes up to this many of the remaining resources.
    pub(super) fn take(&mut self, wanted: usize) -> usize {
        let taken = wanted.min(self.left);
        self.left -= taken;
        taken
    }

    /// A small number mostly, at times a large one.
    pub(super) fn size(&mut self, most: usize) -> usize {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number from 1 to `most`"
        )]
        let size = (1.0 / (1.0 - self.random.f64()).max(1.0 / most as f64)) as usize;
        size.clamp(1, most)
    }

    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.random.f64() < probability
    }

    /// `i-0…`, `sg-0…`
    pub(super) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.random.u64(..))
    }

    /// A word and a number, as people name things.
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

    /// Within the twenty days before the one of which all is.
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

    pub(super) fn hand_over(&mut self, source: SourceKind, record: &Value) {
        (self.each)(Finding { source, record });
    }
}
