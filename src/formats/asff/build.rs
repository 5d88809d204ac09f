//! Exposure → ASFF, fitted to what the format allows.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    self, Arn, Evidence, Exposure, ExposureTrait, FixAvailable, NetworkPath, Partition,
    SignalReference,
};

use super::{
    AsffFinding, Cut, Cvss, FindingProviderFields, GENERATOR_PREFIX, Network, PRODUCT_NAME,
    Package, PathComponent, PortRange, Publication, Recommendation, RelatedFinding, Remediation,
    Resource, Severity, Vulnerability, product_arn, timestamp,
};
use crate::formats::asff_fit::Fit;

/// The most that each list takes. Source: the texts of the securityhub model.
const RESOURCES: usize = 32;
const RELATED_FINDINGS: usize = 10;
const TYPES: usize = 50;
/// AWS allows 50 tags on most resources. Source: Tagging AWS Resources User Guide.
const TAGS: usize = 50;
/// The format names no limit; what is beyond could not be read anyway, and 240 KB must hold.
const VULNERABILITIES: usize = 100;
const PACKAGES: usize = 20;
const PATH_COMPONENTS: usize = 50;

/// The finding, and what had to be cut to make it fit.
pub fn finding(publication: &Publication<'_>) -> (AsffFinding, Vec<Cut>) {
    let exposure = publication.exposure;
    let mut fit = Fit::default();
    let severity = Severity {
        label: exposure.severity.as_str().to_owned(),
        original: Some(exposure.severity.as_str().to_owned()),
    };
    let types = fit.list("Types", exposure.types.asff.clone(), TYPES);
    let related_findings = related_findings(publication, &mut fit);
    let (network, network_path) = network(exposure, &mut fit);
    let mut finding = AsffFinding {
        schema_version: "2018-10-08".to_owned(),
        id: exposure.id.as_str().to_owned(),
        product_arn: product_arn(
            publication.partition,
            &publication.region,
            publication.account,
        ),
        // A custom product may name itself; the default would be "Default" by "Personal".
        product_name: Some(PRODUCT_NAME.to_owned()),
        company_name: Some(PRODUCT_NAME.to_owned()),
        generator_id: format!("{GENERATOR_PREFIX}{}", exposure.rule),
        aws_account_id: publication.account.to_string(),
        types: types.clone(),
        first_observed_at: Some(timestamp(publication.first_observed_at)),
        last_observed_at: Some(timestamp(publication.updated_at)),
        created_at: timestamp(publication.created_at),
        updated_at: timestamp(publication.updated_at),
        title: fit.text("Title", &exposure.title, 256),
        description: fit.text("Description", &exposure.description, 1_024),
        remediation: remediation(exposure, &mut fit),
        product_fields: product_fields(publication, &mut fit),
        network,
        network_path,
        resources: resources(exposure, &mut fit),
        record_state: publication.record_state,
        related_findings: related_findings.clone(),
        vulnerabilities: vulnerabilities(exposure, &mut fit),
        finding_provider_fields: Some(FindingProviderFields {
            severity: severity.clone(),
            types,
            related_findings,
        }),
        severity,
    };
    fit.whole(&mut finding);
    (finding, fit.into_cuts())
}

/// The contributing traits, each with what ends it; AWS's page on the first of them.
fn remediation(exposure: &Exposure, fit: &mut Fit) -> Option<Remediation> {
    let first = exposure.contributing().next()?;
    let steps: Vec<&str> = exposure
        .contributing()
        .map(|one| one.remediation.text.as_str())
        .collect();
    let text = match &steps[..] {
        [only] => (*only).to_owned(),
        steps => {
            let numbered = steps
                .iter()
                .enumerate()
                .map(|(place, step)| format!("{}. {step}", place + 1));
            numbered.collect::<Vec<_>>().join(" ")
        }
    };
    Some(Remediation {
        recommendation: Recommendation {
            text: Some(fit.text("Remediation.Recommendation.Text", &text, 512)),
            url: Some(first.remediation.url.clone()),
        },
    })
}

/// The exposed resource first, then those that findings and the attack path name.
fn resources(exposure: &Exposure, fit: &mut Fit) -> Vec<Resource> {
    let tags = fit.list("Resources[0].Tags", exposure.tags.clone(), TAGS);
    let tags = tags
        .into_iter()
        .filter(|(key, _)| !key.trim().is_empty())
        .map(|(key, value)| {
            (
                fit.text("Resources[0].Tags", &key, 128),
                fit.text("Resources[0].Tags", &value, 256),
            )
        })
        .collect();
    let mut seen: BTreeSet<&str> = [exposure.resource.id.as_str()].into();
    let mut resources = vec![Resource {
        tags,
        ..resource(&exposure.resource)
    }];
    for signal in exposure.traits.iter().flat_map(|one| &one.signals) {
        if seen.insert(&signal.resource.id) {
            resources.push(resource(&signal.resource));
        }
    }
    let nodes = exposure.attack_path.nodes.iter();
    for node in nodes.filter(|node| node.id.parse::<Arn>().is_ok()) {
        let known = model::ResourceType::from_any_name(&node.node_type);
        if seen.insert(&node.id) {
            resources.push(Resource {
                resource_type: known.map_or("Other", model::ResourceType::asff).to_owned(),
                id: node.id.clone(),
                partition: None,
                region: None,
                tags: BTreeMap::new(),
            });
        }
    }
    fit.list("Resources", resources, RESOURCES)
}

fn resource(resource: &model::Resource) -> Resource {
    let arn: Option<Arn> = resource.id.parse().ok();
    let is_global = resource.region == model::Region::global();
    let partition = arn
        .map_or_else(
            || Partition::of_region(&resource.region),
            |arn| arn.partition(),
        )
        .as_str()
        .to_owned();
    Resource {
        resource_type: resource.resource_type.asff().to_owned(),
        id: resource.id.clone(),
        // The model's list of partitions has no newer ones.
        partition: ["aws", "aws-cn", "aws-us-gov"]
            .contains(&partition.as_str())
            .then_some(partition),
        region: (!is_global).then(|| resource.region.as_str().to_owned()),
        tags: BTreeMap::new(),
    }
}

/// The findings behind contributing traits first, the weightiest of each trait in turn, so that every trait is heard.
fn related_findings(publication: &Publication<'_>, fit: &mut Fit) -> Vec<RelatedFinding> {
    let mut seen = BTreeSet::new();
    let mut related = Vec::new();
    let deepest = publication
        .exposure
        .traits
        .iter()
        .map(|one| one.signals.len())
        .max()
        .unwrap_or_default();
    for contributing in [true, false] {
        for place in 0..deepest {
            let traits = publication
                .exposure
                .traits
                .iter()
                .filter(|one| one.contributing == contributing);
            for signal in traits.filter_map(|one| one.signals.get(place)) {
                // A resource's configuration, which stands for itself, is no finding.
                if signal.finding.as_str() != signal.resource.id && seen.insert(&signal.finding) {
                    related.push(related_finding(publication.partition, signal));
                }
            }
        }
    }
    fit.list("RelatedFindings", related, RELATED_FINDINGS)
}

/// Source: Security Hub User Guide, "Available AWS service integrations": the ARNs of AWS's own products.
fn related_finding(partition: Partition, signal: &SignalReference) -> RelatedFinding {
    let product = format!("product/aws/{}", signal.product.arn_name());
    // Of Macie's findings the id alone does not tell the Region; the resource's does.
    let found_in = signal
        .finding
        .as_str()
        .parse::<Arn>()
        .ok()
        .and_then(|arn| arn.region());
    let region = found_in.unwrap_or_else(|| signal.resource.region.clone());
    let arn = Arn::new(partition, "securityhub", region.as_str(), None, &product);
    RelatedFinding {
        product_arn: arn.as_str().to_owned(),
        id: signal.finding.as_str().to_owned(),
    }
}

fn network(exposure: &Exposure, fit: &mut Fit) -> (Option<Network>, Vec<PathComponent>) {
    let path = exposure
        .traits
        .iter()
        .flat_map(|one| &one.signals)
        .find_map(|signal| match &*signal.evidence {
            Evidence::NetworkReachability(path) => Some(path),
            _ => None,
        });
    let Some(path) = path else {
        return (None, Vec::new());
    };
    let steps = fit.list("NetworkPath", path.steps.clone(), PATH_COMPONENTS);
    let components = steps
        .iter()
        .filter(|step| {
            !step.component_id.trim().is_empty() && !step.component_type.trim().is_empty()
        })
        .map(|step| PathComponent {
            component_id: fit.text("NetworkPath[].ComponentId", &step.component_id, 32),
            component_type: fit.text("NetworkPath[].ComponentType", &step.component_type, 32),
        })
        .collect();
    (Some(ports(path, fit)), components)
}

fn ports(path: &NetworkPath, fit: &mut Fit) -> Network {
    Network {
        direction: Some("IN".to_owned()),
        protocol: path
            .protocol
            .as_deref()
            .map(|protocol| fit.text("Network.Protocol", protocol, 16)),
        open_port_range: path.ports.map(|range| PortRange {
            begin: i32::from(range.begin),
            end: i32::from(range.end),
        }),
    }
}

/// The weightiest first, which is the order of a trait's signals; each once.
fn vulnerabilities(exposure: &Exposure, fit: &mut Fit) -> Vec<Vulnerability> {
    let mut seen = BTreeSet::new();
    let found: Vec<&model::Vulnerability> = exposure
        .traits
        .iter()
        .flat_map(|one| &one.signals)
        .filter_map(|signal| match &*signal.evidence {
            Evidence::PackageVulnerability(vulnerability) => Some(vulnerability),
            _ => None,
        })
        .filter(|vulnerability| {
            !vulnerability.id.trim().is_empty() && seen.insert(&vulnerability.id)
        })
        .collect();
    let kept = fit.list("Vulnerabilities", found, VULNERABILITIES);
    kept.into_iter()
        .map(|vulnerability| one_vulnerability(vulnerability, fit))
        .collect()
}

fn one_vulnerability(vulnerability: &model::Vulnerability, fit: &mut Fit) -> Vulnerability {
    let packages = fit.list(
        "Vulnerabilities[].VulnerablePackages",
        vulnerability.packages.clone(),
        PACKAGES,
    );
    Vulnerability {
        id: vulnerability.id.clone(),
        vulnerable_packages: packages
            .into_iter()
            .filter_map(|(package, fixed_in_version)| {
                let (name, version) = package.split_once(' ').unwrap_or((&package, ""));
                (!name.is_empty()).then(|| Package {
                    name: name.to_owned(),
                    version: (!version.is_empty()).then(|| version.to_owned()),
                    fixed_in_version: fixed_in_version.filter(|version| !version.trim().is_empty()),
                })
            })
            .collect(),
        cvss: vulnerability
            .cvss
            .iter()
            .filter(|cvss| !cvss.version.trim().is_empty() && !cvss.vector.trim().is_empty())
            .map(|cvss| Cvss {
                version: cvss.version.clone(),
                base_score: f64::from(cvss.score_tenths) / 10.0,
                base_vector: cvss.vector.clone(),
            })
            .collect(),
        fix_available: vulnerability.fix.map(|fix| {
            match fix {
                FixAvailable::Yes => "YES",
                FixAvailable::No => "NO",
                FixAvailable::Partial => "PARTIAL",
            }
            .to_owned()
        }),
        epss_score: vulnerability.epss.map(model::Epss::value),
        exploit_available: vulnerability
            .exploit_available
            .map(|yes| if yes { "YES" } else { "NO" }.to_owned()),
    }
}

/// What the format has no field for: traits, factors, rules, the owner.
fn product_fields(publication: &Publication<'_>, fit: &mut Fit) -> BTreeMap<String, String> {
    let exposure = publication.exposure;
    let mut fields: Vec<(String, String)> = vec![
        ("rule".into(), exposure.rule.to_string()),
        (
            "rules".into(),
            joined(exposure.matched_rules.iter().map(ToString::to_string)),
        ),
        ("catalog".into(), publication.catalog_version.to_owned()),
        ("likelihood".into(), exposure.likelihood.as_str().to_owned()),
        (
            "impact".into(),
            exposure
                .impact
                .map_or("unknown", model::Impact::as_str)
                .to_owned(),
        ),
        (
            "resource/type".into(),
            exposure.resource.resource_type.to_string(),
        ),
        (
            "resource/account".into(),
            exposure.resource.account.to_string(),
        ),
        (
            "resource/region".into(),
            exposure.resource.region.to_string(),
        ),
    ];
    fields.push((
        "mitigations".into(),
        joined(exposure.mitigations.iter().map(|one| one.id.to_string())),
    ));
    for score in &exposure.factors {
        let why = score.reasons();
        let value = if why.is_empty() {
            score.level.value().to_string()
        } else {
            format!("{} ({why})", score.level.value())
        };
        fields.push((
            format!("factor/{}", score.factor.as_str().replace(' ', "-")),
            value,
        ));
    }
    let mut traits: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in &exposure.traits {
        traits
            .entry(trait_field(one))
            .or_default()
            .push(one.id.to_string());
    }
    fields.extend(
        traits
            .into_iter()
            .map(|(field, ids)| (field, ids.join(", "))),
    );
    fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let name = format!("{GENERATOR_PREFIX}{name}");
            let value = fit.text(&format!("ProductFields.{name}"), &value, 2_048);
            (name, value)
        })
        .collect()
}

/// `traits/contributing/sensitive-data`
fn trait_field(one: &ExposureTrait) -> String {
    let kind = if one.contributing {
        "contributing"
    } else {
        "contextual"
    };
    format!(
        "traits/{kind}/{}",
        one.trait_type.as_str().to_lowercase().replace(' ', "-")
    )
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}
