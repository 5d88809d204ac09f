//! Which exposures are listed, and how many.

use crate::evaluate::{Evaluation, Exposures};
use crate::graph::ResourceIndex;
use crate::model::{AccountId, Region, Resource, ResourceType, Severity};
use crate::pipeline::CycleOutcome;

/// Which exposures are listed. An empty list means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExposureFilter {
    /// The severities.
    pub severities: Vec<Severity>,
    /// The accounts.
    pub accounts: Vec<AccountId>,
    /// The Regions.
    pub regions: Vec<Region>,
    /// The resource types.
    pub types: Vec<ResourceType>,
}

fn allows<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}

impl ExposureFilter {
    /// Whether every exposure is listed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether exposures of the severity are listed.
    pub fn allows_severity(&self, severity: Severity) -> bool {
        allows(&self.severities, &severity)
    }

    /// Whether exposures of the resource are listed.
    pub fn allows_resource(&self, resource: &Resource) -> bool {
        allows(&self.accounts, &resource.account)
            && allows(&self.regions, &resource.region)
            && allows(&self.types, &resource.resource_type)
    }

    /// Whether the resource is looked up only if it has to be.
    fn allows_any_resource(&self) -> bool {
        self.accounts.is_empty() && self.regions.is_empty() && self.types.is_empty()
    }
}

/// What is listed, and how much of it.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Which exposures are listed.
    pub filter: ExposureFilter,
    /// The most entries; `None`: as many as the format lists by itself.
    pub limit: Option<usize>,
}

/// The exposures that are listed.
pub(super) struct Selection {
    /// Those exposures alone.
    pub(super) evaluation: Evaluation,
    /// How many match the filter.
    pub(super) matching: usize,
}

impl Selection {
    pub(super) fn new(outcome: &CycleOutcome, options: &ListOptions) -> Self {
        let filter = &options.filter;
        let mut graded = outcome.evaluation.graded.clone();
        graded.retain(|graded| {
            filter.allows_severity(graded.severity)
                && is_resource_allowed(filter, outcome, graded.resource)
        });
        let matching = graded.len();
        graded.truncate(options.limit.unwrap_or(matching));
        Self {
            evaluation: Evaluation {
                graded,
                ..Evaluation::default()
            },
            matching,
        }
    }

    /// Those exposures, to describe in full.
    pub(super) fn exposures<'a>(&'a self, outcome: &'a CycleOutcome) -> Exposures<'a> {
        Exposures {
            evaluation: &self.evaluation,
            ..outcome.exposures()
        }
    }

    pub(super) fn listed(&self) -> usize {
        self.evaluation.graded.len()
    }
}

pub(super) fn is_resource_allowed(
    filter: &ExposureFilter,
    outcome: &CycleOutcome,
    index: ResourceIndex,
) -> bool {
    filter.allows_any_resource() || filter.allows_resource(&outcome.view.resource(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_of_a_filter_counts() {
        let resource = Resource {
            resource_type: ResourceType::S3Bucket,
            id: "arn:aws:s3:::logs".into(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        let any = ExposureFilter::default();
        assert!(any.is_empty() && any.allows_resource(&resource));
        assert!(any.allows_severity(Severity::Low));
        let filter = ExposureFilter {
            severities: vec![Severity::Critical, Severity::High],
            accounts: vec!["444455556666".parse().unwrap(), resource.account],
            regions: vec![resource.region.clone()],
            types: vec![ResourceType::S3Bucket],
        };
        assert!(filter.allows_resource(&resource));
        assert!(filter.allows_severity(Severity::High));
        assert!(!filter.allows_severity(Severity::Medium));
        for other in [
            Resource {
                account: "000000000000".parse().unwrap(),
                ..resource.clone()
            },
            Resource {
                region: "eu-west-2".parse().unwrap(),
                ..resource.clone()
            },
            Resource {
                resource_type: ResourceType::Ec2Instance,
                ..resource.clone()
            },
        ] {
            assert!(!filter.allows_resource(&other), "{other:?}");
        }
    }
}
