//! From exposures and published findings to a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::{Exposures, GradedResource};
use crate::formats::asff::FORMAT_VERSION;
use crate::model::{CoverageRow, Exposure};
use crate::publish::options::SecurityHubOptions;
use crate::publish::publisher::Publisher;
use crate::reconcile::{self, DesiredExposure, ExposureKey, Fingerprint, Plan, ReconcileOptions};

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
    let desire = |graded: &GradedResource, exposure: Exposure| {
        let destination = options.destination(publisher.session, &exposure.resource);
        let desired = DesiredExposure {
            fingerprint: Fingerprint::of(&exposure, &destination, FORMAT_VERSION),
            id: exposure.id,
            title: exposure.title,
            resource: exposure.resource.id,
            severity: exposure.severity,
            destination,
        };
        (*graded, desired)
    };
    let (graded, desired): (Vec<GradedResource>, Vec<DesiredExposure>) =
        exposures.map(desire).unzip();
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
    let found = |(desired, graded): (DesiredExposure, GradedResource)| {
        let fingerprint = desired.fingerprint;
        (
            (desired.destination, desired.id),
            FoundExposure {
                graded,
                fingerprint,
            },
        )
    };
    SecurityHubPlan {
        plan,
        found: desired.into_iter().zip(graded).map(found).collect(),
        published,
    }
}
