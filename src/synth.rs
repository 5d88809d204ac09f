//! A made-up organization, as findings: to size a task, and to measure with.
//!
//! What is like a real one: few accounts are large and most are small (a power law); instances and functions share
//! groups and roles; images carry most of the vulnerabilities, few of them run; few scores of EPSS are high; most
//! controls pass; and about one resource in fifty is exposed. The same size and seed give the same bytes: there is no
//! clock here, and each account has random numbers of its own.

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

pub use files::{Written, write};

use account::AccountWriter;
use vulnerabilities::Pool;

/// How many resources an account has on average.
const PER_ACCOUNT: usize = 500;

/// How uneven accounts are: the account of rank `r` has a share proportional to `r` to the power of minus this.
const UNEVENNESS: f64 = 0.8;

/// An organization of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Organization {
    /// About how many resources it has.
    pub resources: usize,
    /// Another seed, another organization.
    pub seed: u64,
}

/// A finding, as the service tells it.
#[derive(Debug)]
pub struct Finding<'a> {
    /// Security Hub, Inspector or Macie.
    pub source: SourceKind,
    /// The record, as in `GetFindings` or `ListFindings`.
    pub record: &'a Value,
}

impl Organization {
    /// How many resources each account has, the largest first.
    pub fn accounts(&self) -> Vec<usize> {
        let count = self.resources.div_ceil(PER_ACCOUNT);
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

    /// Hands over every finding of an account, by its rank from 0 and its size, as [`Self::accounts`] tells them.
    pub fn findings(&self, rank: usize, size: usize, each: &mut dyn FnMut(Finding<'_>)) {
        AccountWriter::new(self, rank, Pool::shared(), each).write(size);
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
    fn the_same_seed_gives_the_same_findings_and_another_gives_others() {
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
        assert!(accounts.is_sorted_by(|one, other| one >= other));
    }

    #[test]
    fn the_organization_is_as_large_and_as_exposed_as_it_says() {
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
            .with_iam_edges();
        let evaluation = evaluate(&view, &catalog, &ActiveTriage::default());
        let exposed = evaluation.graded.len();
        let (wanted, seen) = (SMALL.resources, view.len());
        assert!(seen.abs_diff(wanted) < wanted / 10, "{seen} resources");
        assert!((20_000..45_000).contains(&signals), "{signals} signals");
        assert!((30..200).contains(&exposed), "{exposed} exposures");
        one_by_one(&view, &catalog, &evaluation);
    }

    /// The evaluation looks closely at few resources, and grades each combination once: it must be as if it had looked
    /// closely at each.
    fn one_by_one(view: &View, catalog: &Catalog, evaluation: &Evaluation) {
        let exposures = Exposures {
            view,
            catalog,
            triage: ActiveTriage::default(),
            evaluation,
        };
        let one = |resource| {
            let asked = GradedResource {
                resource,
                severity: Severity::Low,
            };
            let severity = exposures.describe(&asked)?.severity;
            Some(GradedResource { resource, severity })
        };
        let mut graded: Vec<GradedResource> = view.indices().filter_map(one).collect();
        graded.sort_by_key(|one| (std::cmp::Reverse(one.severity), one.resource));
        assert_eq!(graded, evaluation.graded);
    }
}
