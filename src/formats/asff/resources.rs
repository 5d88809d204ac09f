//! `Resources`, `Network`, `NetworkPath`, and `RelatedFindings`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    self, Arn, Evidence, Exposure, Partition, PathNode, ResourceType, SignalReference,
};

use super::finding::{Network, PathComponent, PortRange, RelatedFinding, Resource};
use super::publication::Publication;
use super::truncation::Truncator;

/// Source: the securityhub model, `AwsSecurityFinding`.
const MAX_RESOURCES: usize = 32;
const MAX_RELATED_FINDINGS: usize = 10;
/// AWS allows 50 tags on most resources. Source: Tagging AWS Resources User Guide.
const MAX_TAGS: usize = 50;
/// The format names no limit.
const MAX_PATH_COMPONENTS: usize = 50;

/// The exposed resource first, then the resources of the findings and of the attack path.
pub(super) fn resources(exposure: &Exposure, truncator: &mut Truncator) -> Vec<Resource> {
    let mut seen: BTreeSet<&str> = [exposure.resource.id.as_str()].into();
    let mut resources = vec![Resource {
        tags: tags(exposure, truncator),
        ..resource(&exposure.resource)
    }];
    for signal in signals(exposure) {
        if seen.insert(&signal.resource.id) {
            resources.push(resource(&signal.resource));
        }
    }
    for node in &exposure.attack_path.nodes {
        if node.id.parse::<Arn>().is_ok() && seen.insert(&node.id) {
            resources.push(path_resource(node));
        }
    }
    truncator.list("Resources", resources, MAX_RESOURCES)
}

fn tags(exposure: &Exposure, truncator: &mut Truncator) -> BTreeMap<String, String> {
    const FIELD: &str = "Resources[0].Tags";
    truncator
        .list(FIELD, exposure.tags.clone(), MAX_TAGS)
        .iter()
        .filter(|(key, _)| !key.trim().is_empty())
        .map(|(key, value)| {
            (
                truncator.text(FIELD, key, 128),
                truncator.text(FIELD, value, 256),
            )
        })
        .collect()
}

fn resource(resource: &model::Resource) -> Resource {
    let arn: Option<Arn> = resource.id.parse().ok();
    let is_global = resource.region == model::Region::global();
    let partition = arn.map_or_else(
        || Partition::of_region(&resource.region),
        |arn| arn.partition(),
    );
    Resource {
        resource_type: resource.resource_type.asff().to_owned(),
        id: resource.id.clone(),
        // The format does not know newer partitions.
        partition: ["aws", "aws-cn", "aws-us-gov"]
            .contains(&partition.as_str())
            .then(|| partition.as_str().to_owned()),
        region: (!is_global).then(|| resource.region.as_str().to_owned()),
        tags: BTreeMap::new(),
    }
}

fn path_resource(node: &PathNode) -> Resource {
    let resource_type = ResourceType::from_any_name(&node.node_type);
    Resource {
        resource_type: resource_type.map_or("Other", ResourceType::asff).to_owned(),
        id: node.id.clone(),
        partition: None,
        region: None,
        tags: BTreeMap::new(),
    }
}

/// The findings behind contributing traits first. The most important finding of each trait comes before the second of
/// any, so that every trait is represented.
pub(super) fn related_findings(
    publication: &Publication<'_>,
    truncator: &mut Truncator,
) -> Vec<RelatedFinding> {
    let traits = &publication.exposure.traits;
    let most_signals = traits
        .iter()
        .map(|one| one.signals.len())
        .max()
        .unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut related = Vec::new();
    for contributing in [true, false] {
        for rank in 0..most_signals {
            let signals = traits
                .iter()
                .filter(|one| one.contributing == contributing)
                .filter_map(|one| one.signals.get(rank));
            for signal in signals {
                // The configuration of a resource, which is its own evidence, is not a finding.
                if signal.finding.as_str() != signal.resource.id && seen.insert(&signal.finding) {
                    related.push(related_finding(publication.partition(), signal));
                }
            }
        }
    }
    truncator.list("RelatedFindings", related, MAX_RELATED_FINDINGS)
}

/// Source: Security Hub User Guide, "Available AWS service integrations": the ARNs of AWS products.
fn related_finding(partition: Partition, signal: &SignalReference) -> RelatedFinding {
    let product = format!("product/aws/{}", signal.product.arn_name());
    // The ID of a Macie finding does not contain the Region, so the Region of the resource is used.
    let arn: Option<Arn> = signal.finding.as_str().parse().ok();
    let region = arn
        .and_then(|arn| arn.region())
        .unwrap_or_else(|| signal.resource.region.clone());
    let arn = Arn::new(partition, "securityhub", region.as_str(), None, &product);
    RelatedFinding {
        product_arn: arn.as_str().to_owned(),
        id: signal.finding.as_str().to_owned(),
    }
}

/// The first network path that a finding describes.
pub(super) fn network(
    exposure: &Exposure,
    truncator: &mut Truncator,
) -> (Option<Network>, Vec<PathComponent>) {
    let path = signals(exposure).find_map(|signal| match &*signal.evidence {
        Evidence::NetworkReachability(path) => Some(path),
        _ => None,
    });
    let Some(path) = path else {
        return (None, Vec::new());
    };
    let network = Network {
        direction: Some("IN".to_owned()),
        protocol: path
            .protocol
            .as_deref()
            .map(|protocol| truncator.text("Network.Protocol", protocol, 16)),
        open_port_range: path.ports.map(|range| PortRange {
            begin: i32::from(range.begin),
            end: i32::from(range.end),
        }),
    };
    let components = truncator
        .list("NetworkPath", path.steps.clone(), MAX_PATH_COMPONENTS)
        .iter()
        .filter(|step| {
            !step.component_id.trim().is_empty() && !step.component_type.trim().is_empty()
        })
        .map(|step| PathComponent {
            component_id: truncator.text("NetworkPath[].ComponentId", &step.component_id, 32),
            component_type: truncator.text("NetworkPath[].ComponentType", &step.component_type, 32),
        })
        .collect();
    (Some(network), components)
}

/// The signals of all traits, in the order of the traits.
pub(super) fn signals(exposure: &Exposure) -> impl Iterator<Item = &SignalReference> {
    exposure.traits.iter().flat_map(|one| &one.signals)
}
