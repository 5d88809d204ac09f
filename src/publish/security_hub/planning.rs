//! From exposures and published findings to a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::{ExposureSummary, Exposures, GradedResource};
use crate::formats::asff::FORMAT_VERSION;
use crate::model::{AccountId, CollectionTarget, CoverageRow, ExposureId};
use crate::publish::options::SecurityHubOptions;
use crate::publish::publisher::Publisher;
use crate::reconcile::{
    self, DesiredExposure, ExposureKey, Fingerprint, Plan, ReconcileOptions, UnlistedTags,
};

use super::imported::ImportedContent;
use super::published::PublishedFindings;

/// A plan, and what is needed to carry it out.
#[derive(Debug)]
pub struct SecurityHubPlan {
    /// The plan.
    pub plan: Plan,
    /// The exposures that were found, by key.
    pub(super) found: BTreeMap<ExposureKey, FoundExposure>,
    /// The findings that were read back.
    pub(super) published: PublishedFindings,
}

/// An exposure that was found.
#[derive(Debug)]
pub(super) struct FoundExposure {
    pub graded: GradedResource,
    pub fingerprint: Fingerprint,
    pub seen_by: BTreeSet<CollectionTarget>,
    pub lowered_by: BTreeSet<CollectionTarget>,
}

impl FoundExposure {
    /// What its finding depends on.
    pub(super) fn content(&self) -> ImportedContent {
        ImportedContent {
            fingerprint: self.fingerprint.clone(),
            seen_by: self.seen_by.clone(),
            lowered_by: self.lowered_by.clone(),
        }
    }
}

/// Compares what is published with what was found. Destinations that only the exposures name, and those that could not
/// be read before, are read now.
pub(in crate::publish) async fn plan(
    publisher: &Publisher<'_>,
    options: &SecurityHubOptions,
    mut published: PublishedFindings,
    exposures: &Exposures<'_>,
    coverage: &[CoverageRow],
    reconcile: ReconcileOptions,
) -> SecurityHubPlan {
    let known = known_accounts(publisher, &published, coverage);
    let desire = |summary: ExposureSummary| {
        let resource = &summary.resource;
        let unknown = options.unknown_account(resource, &known);
        let destination = options.destination(publisher.session, resource, &known);
        let region = resource.region.clone();
        let desired = DesiredExposure {
            fingerprint: Fingerprint::of(summary.facts, &destination, FORMAT_VERSION),
            id: ExposureId::of(&summary.resource),
            title: summary.title,
            resource: summary.resource.id,
            severity: summary.graded.severity,
            destination,
            seen_by: summary.seen_by,
            lowered_by: summary.lowered_by,
            unlisted_tags: summary.unlisted_tags.map(|are_reported| UnlistedTags {
                region,
                are_reported,
            }),
        };
        ((summary.graded, unknown), desired)
    };
    let (found, desired): (Vec<_>, Vec<DesiredExposure>) =
        exposures.summaries().into_iter().map(desire).unzip();
    let mut unknown: BTreeMap<AccountId, usize> = BTreeMap::new();
    for account in found.iter().filter_map(|(_, unknown)| *unknown) {
        *unknown.entry(account).or_default() += 1;
    }
    for (account, exposures) in unknown {
        publisher.log.account_unknown(account, exposures);
    }
    let destinations: BTreeSet<_> = desired
        .iter()
        .map(|exposure| exposure.destination.clone())
        .chain(published.unread().keys().cloned())
        .collect();
    published.read(publisher, options, &destinations).await;
    for (destination, error) in published.unread() {
        publisher
            .log
            .previous_unknown(destination, &format!("{error}; {}", error.remedy()));
    }
    let plan = reconcile::plan(
        &published.actual_state(),
        &desired,
        coverage,
        reconcile,
        publisher.now,
    );
    publisher.log.planned(&plan);
    for (region, exposures) in published.left_out(&plan, &publisher.session.regions) {
        publisher.log.region_left_out(&region, exposures);
    }
    let found_exposure = |(desired, (graded, _)): (DesiredExposure, (GradedResource, _))| {
        let fingerprint = desired.fingerprint;
        (
            (desired.destination, desired.id),
            FoundExposure {
                graded,
                fingerprint,
                seen_by: desired.seen_by,
                lowered_by: desired.lowered_by,
            },
        )
    };
    SecurityHubPlan {
        plan,
        found: desired.into_iter().zip(found).map(found_exposure).collect(),
        published,
    }
}

/// The accounts in which a role may be assumed: that of the caller, those that a record is from, and those in which the
/// administrator account sees published exposures.
fn known_accounts(
    publisher: &Publisher<'_>,
    published: &PublishedFindings,
    coverage: &[CoverageRow],
) -> BTreeSet<AccountId> {
    let from_records = coverage.iter().flat_map(|row| &row.accounts).copied();
    [publisher.session.account]
        .into_iter()
        .chain(from_records)
        .chain(published.accounts())
        .collect()
}
