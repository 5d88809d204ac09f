//! A synthetic organization as findings, to size a task and to run benchmarks.
//!
//! The distributions are realistic. Few accounts are large and most are small, by a power law. Instances and functions
//! share security groups and roles. Images have most of the vulnerabilities, and few of them run. Few EPSS scores are
//! high, most controls pass, and about one resource in fifty is exposed. The same size and seed give the same bytes: no
//! clock is read, and each account has its own sequence of random numbers.

mod account;
mod containers;
mod controls;
mod data_stores;
mod files;
mod findings;
mod vulnerabilities;
mod workloads;

use serde_json::Value;

use crate::model::SourceKind;

pub use files::{WriteOrganizationError, WriteSummary, write};

use account::AccountWriter;
use vulnerabilities::VulnerabilityPool;

/// The average number of resources of an account.
const RESOURCES_PER_ACCOUNT: usize = 500;

/// How uneven accounts are. The size of the account of rank `r` is proportional to `r` to the power of minus this value.
const UNEVENNESS: f64 = 0.8;

/// A synthetic organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The approximate number of resources.
    pub resources: usize,
    /// The seed. Different seeds give different organizations.
    pub seed: u64,
}

/// A finding in the format of its service.
#[derive(Debug)]
pub struct SyntheticFinding<'a> {
    /// Security Hub, Inspector, or Macie.
    pub source: SourceKind,
    /// The record, in the form that `GetFindings` or `ListFindings` returns.
    pub record: &'a Value,
}

impl Organization {
    /// Returns the number of resources of each account, the largest first.
    pub fn accounts(&self) -> Vec<usize> {
        let count = self.resources.div_ceil(RESOURCES_PER_ACCOUNT);
        let weight = |rank: usize| {
            #[allow(clippy::cast_precision_loss, reason = "ranks are far below 2^52")]
            let rank = rank as f64;
            rank.powf(-UNEVENNESS)
        };
        let total: f64 = (1..=count).map(weight).sum();
        (1..=count)
            .map(|rank| {
                #[allow(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a part of `resources`, which is far below 2^52"
                )]
                let share = (self.resources as f64 * weight(rank) / total).round() as usize;
                share.max(1)
            })
            .collect()
    }

    /// Calls a function for every finding of an account.
    ///
    /// The rank is the index of the account in [`Self::accounts`], and the size is its element there.
    pub fn findings(
        &self,
        rank: usize,
        size: usize,
        on_finding: &mut dyn FnMut(SyntheticFinding<'_>),
    ) {
        AccountWriter::new(self, rank, VulnerabilityPool::shared(), on_finding).write(size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::catalog::{Layers, compile};
    use crate::evaluate::{Evaluation, Exposures, GradedResource, evaluate};
    use crate::graph::{SnapshotWriter, Store, TargetOutcome, View, WrittenSnapshot};
    use crate::model::{ActiveTriage, CollectionTarget, Coverage, Severity};
    use crate::records;

    const SMALL: Organization = Organization {
        resources: 3_000,
        seed: 7,
    };

    fn all(organization: Organization) -> Vec<(SourceKind, String)> {
        let mut all = Vec::new();
        for (rank, size) in organization.accounts().into_iter().enumerate() {
            organization.findings(rank, size, &mut |finding| {
                all.push((finding.source, finding.record.to_string()));
            });
        }
        all
    }

    #[test]
    fn the_seed_determines_the_findings() {
        let tiny = Organization {
            resources: 200,
            ..SMALL
        };
        assert_eq!(all(tiny), all(tiny));
        assert_ne!(all(tiny), all(Organization { seed: 8, ..tiny }));
    }

    #[test]
    fn accounts_follow_a_power_law() {
        let accounts = Organization {
            resources: 1_000_000,
            seed: 1,
        }
        .accounts();
        let total: usize = accounts.iter().sum();
        assert!(total.abs_diff(1_000_000) < accounts.len());
        assert!(accounts[0] > 50 * accounts[accounts.len() - 1]);
        assert!(accounts.is_sorted_by(|account, next| account >= next));
    }

    #[test]
    fn the_organization_has_the_expected_numbers_of_resources_and_exposures() {
        let catalog = compile(&Layers::builtin()).unwrap();
        let mut writer = SnapshotWriter::new(&catalog);
        for (source, json) in all(SMALL) {
            let read = match source {
                SourceKind::SecurityHub => records::asff::parse,
                SourceKind::Inspector => records::inspector::parse,
                _ => records::macie::parse,
            };
            writer.write(read(&json, &catalog).unwrap().unwrap());
        }
        let WrittenSnapshot {
            snapshot,
            records,
            signals,
            ignored,
            accounts,
        } = writer.finish();
        let mut store = Store::default();
        store.put(TargetOutcome {
            target: CollectionTarget::file("all".to_owned()),
            snapshot,
            coverage: Coverage::Complete,
            reason: None,
            detail: None,
            records,
            signals,
            ignored,
            accounts,
            collected_at: None,
        });
        let view = store
            .merge()
            .without_excluded_traits(&catalog)
            .with_iam_facts(&catalog);
        let evaluation = evaluate(&view, &catalog, &ActiveTriage::default());
        let exposed = evaluation.graded.len();
        let (expected, actual) = (SMALL.resources, view.len());
        assert!(
            actual.abs_diff(expected) < expected / 10,
            "{actual} resources"
        );
        assert!((20_000..45_000).contains(&signals), "{signals} signals");
        assert!((30..200).contains(&exposed), "{exposed} exposures");
        assert_each_resource_has_the_same_severity_alone(&view, &catalog, &evaluation);
    }

    /// The evaluation skips resources that cannot be exposed, and grades each combination of traits once. The result must
    /// be the same as if each resource was evaluated alone.
    fn assert_each_resource_has_the_same_severity_alone(
        view: &View,
        catalog: &Catalog,
        evaluation: &Evaluation,
    ) {
        let exposures = Exposures {
            view,
            catalog,
            triage: ActiveTriage::default(),
            evaluation,
        };
        let grade = |resource| {
            let assumed = GradedResource {
                resource,
                severity: Severity::Low,
            };
            let severity = exposures.describe(&assumed)?.severity;
            Some(GradedResource { resource, severity })
        };
        let mut graded: Vec<GradedResource> = view.indices().filter_map(grade).collect();
        graded.sort_by_key(|graded| (std::cmp::Reverse(graded.severity), graded.resource));
        assert_eq!(graded, evaluation.graded);
    }
}
