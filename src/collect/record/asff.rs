//! Reading one finding in the AWS Security Finding Format: Security Hub's controls, and what Inspector and Macie put
//! into Security Hub.
//!
//! Source: Security Hub User Guide, "AWS Security Finding Format (ASFF)"; the securityhub model.

use serde::Deserialize;
use serde_json::Value;

use crate::model::{
    AccountId, CodeVulnerability, ControlId, Cvss, Epss, Evidence, FindingId, FixAvailable,
    GENERATOR_PREFIX, NetworkPath, PathStep, PortRange, Product, Region, RelationKind,
    ResourceMention, ResourceType, SensitiveData, SourceSeverity, Vulnerability, clean,
    is_clean_identifier,
};

use super::details::Edge;
use super::reading::{DescribedResource, Reading, Unreadable};

use super::{bridge, detection, image, network_path, time};

/// The namespace of ASFF under which products say what sensitive data they found.
/// Source: Security Hub User Guide, "Types taxonomy for ASFF".
const SENSITIVE_DATA: &str = "Sensitive Data Identifications";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Finding {
    id: String,
    product_arn: String,
    product_name: Option<String>,
    generator_id: String,
    aws_account_id: String,
    title: String,
    region: Option<String>,
    updated_at: Option<Value>,
    types: Option<Vec<String>>,
    record_state: Option<String>,
    workflow: Option<Workflow>,
    compliance: Option<Compliance>,
    product_fields: Option<serde_json::Map<String, Value>>,
    sample: Option<bool>,
    severity: Option<Severity>,
    vulnerabilities: Option<Vec<AsffVulnerability>>,
    network_path: Option<Vec<AsffPathComponent>>,
    network: Option<Network>,
    resources: Vec<AsffResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Workflow {
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Compliance {
    status: Option<String>,
    security_control_id: Option<String>,
    status_reasons: Option<Vec<StatusReason>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatusReason {
    reason_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Severity {
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffVulnerability {
    id: String,
    #[serde(default)]
    cvss: Vec<AsffCvss>,
    epss_score: Option<f64>,
    exploit_available: Option<String>,
    last_known_exploit_at: Option<Value>,
    fix_available: Option<String>,
    #[serde(default)]
    vulnerable_packages: Vec<AsffPackage>,
    #[serde(default)]
    code_vulnerabilities: Vec<AsffCode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffCode {
    #[serde(default)]
    cwes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffCvss {
    version: Option<String>,
    base_score: Option<f64>,
    base_vector: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffPackage {
    name: Option<String>,
    version: Option<String>,
    fixed_in_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffPathComponent {
    component_id: Option<String>,
    component_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    protocol: Option<String>,
    open_port_range: Option<OpenPortRange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OpenPortRange {
    begin: i64,
    end: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AsffResource {
    #[serde(rename = "Type")]
    resource_type: String,
    id: String,
    region: Option<String>,
    tags: Option<serde_json::Map<String, Value>>,
    details: Option<serde_json::Map<String, Value>>,
}

/// Reads a finding. `None` if it is one that exposured has no use for: of another product, archived, a sample.
///
/// # Errors
/// What is wrong with the record.
pub fn read(json: &str) -> Result<Option<Reading>, Unreadable> {
    let finding: Finding =
        serde_json::from_str(json).map_err(|error| Unreadable::because("ASFF finding", error))?;
    // What exposured published itself would be evidence for itself.
    if finding.generator_id.starts_with(GENERATOR_PREFIX) {
        return Ok(None);
    }
    let Some(product) = product(&finding) else {
        return Ok(None);
    };
    if finding.sample == Some(true) || finding.record_state.as_deref() == Some("ARCHIVED") {
        return Ok(None);
    }
    if !is_clean_identifier(&finding.id) {
        return Err(Unreadable::because(
            "Id",
            "control characters, or longer than any id",
        ));
    }
    let account: AccountId = finding
        .aws_account_id
        .parse()
        .map_err(|error| Unreadable::because("AwsAccountId", error))?;
    let region = region(&finding)?;
    let resources = finding
        .resources
        .iter()
        .filter_map(|resource| described(resource, account, &region).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    let evidence = if counts(&finding) {
        evidence(&finding, product)?
    } else {
        passed_control(&finding, product)
    };
    let mut relations = match &evidence {
        Some(Evidence::NetworkReachability(path)) => {
            network_path::relations(path, account, &region)
        }
        _ => Vec::new(),
    };
    relations.extend(workloads(&finding, &resources));
    Ok(Some(Reading {
        finding: FindingId(finding.id),
        product,
        title: clean(&finding.title),
        region,
        updated_at: finding.updated_at.as_ref().and_then(time::read),
        evidence,
        resources,
        relations,
    }))
}

/// Told from the product ARN, `arn:aws:securityhub:us-east-1::product/aws/inspector`; `ProductName` may be missing.
fn product(finding: &Finding) -> Option<Product> {
    let products = [
        Product::SecurityHub,
        Product::Inspector,
        Product::Macie,
        Product::GuardDuty,
    ];
    let ours = products.into_iter().find(|product| {
        finding
            .product_arn
            .ends_with(&format!(":product/aws/{}", product.arn_name()))
            || (finding.product_arn.is_empty()
                && finding.product_name.as_deref().is_some_and(|name| {
                    name.replace(' ', "")
                        .eq_ignore_ascii_case(product.arn_name())
                }))
    });
    // A data security product of another maker: its finding is read as it stands in Security Hub.
    let is_partners = || {
        finding
            .types
            .iter()
            .flatten()
            .any(|one| one.starts_with(SENSITIVE_DATA))
    };
    ours.or_else(|| is_partners().then_some(Product::SecurityHub))
}

/// Whether the finding stands: not suppressed or resolved by a user, and, of a control, failed.
fn counts(finding: &Finding) -> bool {
    let workflow = finding
        .workflow
        .as_ref()
        .and_then(|workflow| workflow.status.as_deref());
    let compliance = finding
        .compliance
        .as_ref()
        .and_then(|compliance| compliance.status.as_deref());
    matches!(workflow, None | Some("NEW" | "NOTIFIED"))
        && matches!(compliance, None | Some("FAILED"))
}

fn region(finding: &Finding) -> Result<Region, Unreadable> {
    let text = finding
        .region
        .as_deref()
        .or_else(|| finding.product_arn.split(':').nth(3))
        .unwrap_or_default();
    text.parse()
        .map_err(|error| Unreadable::because("Region", error))
}

fn described(
    resource: &AsffResource,
    account: AccountId,
    finding_region: &Region,
) -> Result<Option<DescribedResource>, Unreadable> {
    let Some(resource_type) = ResourceType::of_any_spelling(&resource.resource_type) else {
        return Ok(None);
    };
    if !is_clean_identifier(&resource.id) {
        return Err(Unreadable::because(
            "Resources[].Id",
            "empty, control characters, or longer than any id",
        ));
    }
    let region = match &resource.region {
        Some(text) => text
            .parse()
            .map_err(|error| Unreadable::because("Resources[].Region", error))?,
        None => finding_region.clone(),
    };
    let details = resource
        .details
        .as_ref()
        .and_then(|details| details.get(resource_type.asff()))
        .cloned()
        .unwrap_or(Value::Null);
    let mut tags: Vec<(String, String)> = resource
        .tags
        .iter()
        .flatten()
        .map(|(key, value)| (clean(key), clean(value.as_str().unwrap_or_default())))
        .collect();
    tags.sort();
    let mention = ResourceMention {
        resource_type,
        id: &resource.id,
        account,
        region: &region,
    };
    Ok(Some(DescribedResource {
        resource: bridge::identified(mention, &details),
        tags,
        details,
    }))
}

/// A finding about a container in a cluster names both, and the image that the container runs.
/// Source: the securityhub model, `ContainerDetails`, `ImageName`.
fn workloads(finding: &Finding, resources: &[DescribedResource]) -> Vec<Edge> {
    let images = || {
        finding.resources.iter().filter_map(|resource| {
            let container = resource.details.as_ref()?.get("Container")?;
            image::named(
                container
                    .get("ImageName")?
                    .as_str()
                    .filter(|name| is_clean_identifier(name))?,
            )
        })
    };
    resources
        .iter()
        .filter(|described| described.resource.resource_type == ResourceType::EksCluster)
        .flat_map(|cluster| {
            images().map(|image| (cluster.resource.clone(), RelationKind::RunsImage, image))
        })
        .collect()
}

fn evidence(finding: &Finding, product: Product) -> Result<Option<Evidence>, Unreadable> {
    match product {
        Product::SecurityHub => Ok(control(finding).or_else(|| partner(finding))),
        Product::Inspector => inspector(finding),
        Product::Macie => Ok(macie(finding)),
        // What AWS Config puts into Security Hub is not among the products that are read.
        Product::Config => Ok(None),
        Product::GuardDuty => Ok(finding
            .types
            .as_ref()
            .and_then(|types| detection::read(types, &finding.title))
            .filter(|detection| !is_attacker(finding, detection))),
    }
}

/// Whether the resource is the one that guesses passwords, and not the one whose passwords are guessed.
/// Source: GuardDuty User Guide, "Finding details", resource role.
fn is_attacker(finding: &Finding, detection: &Evidence) -> bool {
    const ROLE: &str = "aws/guardduty/service/resourceRole";
    let role = finding
        .product_fields
        .as_ref()
        .and_then(|fields| fields.get(ROLE)?.as_str());
    let is_guessing = matches!(
        detection,
        Evidence::Detection { finding_type, .. } if finding_type.ends_with("BruteForce")
    );
    is_guessing && role == Some("ACTOR")
}

/// A control finding. `SecurityControlId` is there since consolidated control findings; older ones have the id in a
/// product field or at the end of the generator's id.
fn control(finding: &Finding) -> Option<Evidence> {
    finding.compliance.as_ref()?.status.as_ref()?;
    Some(Evidence::Control {
        id: control_id(finding)?,
        title: clean(&finding.title),
    })
}

/// A control that passed, whatever its workflow status: Security Hub itself sets that to RESOLVED. One that passed
/// because there was nothing to look at says nothing.
/// Source: Security Hub User Guide, "Compliance status", `CONFIG_EVALUATIONS_EMPTY`.
fn passed_control(finding: &Finding, product: Product) -> Option<Evidence> {
    const NOTHING_EVALUATED: &str = "CONFIG_EVALUATIONS_EMPTY";
    let compliance = finding.compliance.as_ref()?;
    let is_empty = compliance
        .status_reasons
        .iter()
        .flatten()
        .any(|reason| reason.reason_code.as_deref() == Some(NOTHING_EVALUATED));
    let passed = product == Product::SecurityHub
        && compliance.status.as_deref() == Some("PASSED")
        && !is_empty;
    if !passed {
        return None;
    }
    Some(Evidence::PassedControl {
        id: control_id(finding)?,
        title: clean(&finding.title),
    })
}

fn control_id(finding: &Finding) -> Option<ControlId> {
    let product_field = |name: &str| finding.product_fields.as_ref()?.get(name)?.as_str();
    let id = finding
        .compliance
        .as_ref()
        .and_then(|compliance| compliance.security_control_id.as_deref())
        .or_else(|| product_field("ControlId"))
        .or_else(|| product_field("RuleId"))
        .or_else(|| finding.generator_id.rsplit('/').next())?;
    Some(ControlId::new(&clean(id)))
}

fn inspector(finding: &Finding) -> Result<Option<Evidence>, Unreadable> {
    if let Some(vulnerability) = finding.vulnerabilities.as_ref().and_then(|all| all.first()) {
        if !vulnerability.code_vulnerabilities.is_empty() {
            return Ok(Some(Evidence::CodeVulnerability(code_of(
                finding,
                vulnerability,
            ))));
        }
        return vulnerability_of(finding, vulnerability)
            .map(|found| Some(Evidence::PackageVulnerability(found)));
    }
    let is_reachability = finding.network_path.is_some()
        || finding
            .types
            .iter()
            .flatten()
            .any(|one| one.contains("Network Reachability"));
    if !is_reachability {
        return Ok(None);
    }
    let network = finding.network.as_ref();
    let ports = match network.and_then(|network| network.open_port_range.as_ref()) {
        Some(range) => Some(port_range(range.begin, range.end)?),
        None => None,
    };
    let steps = finding.network_path.iter().flatten().filter_map(|step| {
        Some(PathStep {
            component_type: clean(step.component_type.as_deref()?),
            component_id: clean(step.component_id.as_deref()?),
        })
    });
    Ok(Some(Evidence::NetworkReachability(NetworkPath {
        title: clean(&finding.title),
        protocol: network
            .and_then(|network| network.protocol.as_deref())
            .map(clean),
        ports,
        steps: steps.collect(),
    })))
}

fn code_of(finding: &Finding, found: &AsffVulnerability) -> CodeVulnerability {
    let mut cwes: Vec<String> = found
        .code_vulnerabilities
        .iter()
        .flat_map(|code| &code.cwes)
        .map(|cwe| clean(cwe))
        .collect();
    cwes.sort();
    cwes.dedup();
    CodeVulnerability {
        title: clean(&finding.title),
        severity: severity_of(finding),
        cwes,
    }
}

/// The ports, if they are on the scale.
///
/// # Errors
/// The numbers are no ports.
pub fn port_range(begin: i64, end: i64) -> Result<PortRange, Unreadable> {
    match (u16::try_from(begin), u16::try_from(end)) {
        (Ok(begin), Ok(end)) if begin <= end => Ok(PortRange { begin, end }),
        _ => Err(Unreadable::because(
            "open port range",
            format_args!("{begin} to {end} are no ports"),
        )),
    }
}

fn vulnerability_of(
    finding: &Finding,
    found: &AsffVulnerability,
) -> Result<Vulnerability, Unreadable> {
    let epss = match found.epss_score.map(Epss::try_from) {
        Some(Ok(score)) => Some(score),
        Some(Err(error)) => return Err(Unreadable::because("Vulnerabilities[].EpssScore", error)),
        None => None,
    };
    let cvss = found.cvss.iter().rev().find_map(|cvss| {
        Some(Cvss {
            version: clean(cvss.version.as_deref()?),
            vector: clean(cvss.base_vector.as_deref()?),
            score_tenths: tenths(cvss.base_score.unwrap_or_default()),
        })
    });
    let mut packages: Vec<(String, Option<String>)> = found
        .vulnerable_packages
        .iter()
        .filter_map(|package| {
            let name = format!(
                "{} {}",
                package.name.as_deref()?,
                package.version.as_deref().unwrap_or_default()
            );
            Some((
                clean(name.trim()),
                package.fixed_in_version.as_deref().map(clean),
            ))
        })
        .collect();
    packages.sort();
    packages.dedup();
    Ok(Vulnerability {
        id: clean(&found.id),
        title: clean(&finding.title),
        severity: severity_of(finding),
        epss,
        exploit_available: found.exploit_available.as_deref().and_then(yes_or_no),
        known_exploited: found
            .last_known_exploit_at
            .as_ref()
            .and_then(time::read)
            .is_some(),
        fix: found.fix_available.as_deref().and_then(fix_available),
        cvss,
        packages,
    })
}

/// A CVSS score in tenths; what is off the scale is cut to it.
#[must_use]
pub fn tenths(score: f64) -> u16 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=100"
    )]
    let tenths = (score.clamp(0.0, 10.0) * 10.0).round() as u16;
    tenths
}

/// `YES` and `NO`.
#[must_use]
pub fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "YES" => Some(true),
        "NO" => Some(false),
        _ => None,
    }
}

/// `YES`, `NO` and `PARTIAL`.
#[must_use]
pub fn fix_available(text: &str) -> Option<FixAvailable> {
    match text {
        "YES" => Some(FixAvailable::Yes),
        "NO" => Some(FixAvailable::No),
        "PARTIAL" => Some(FixAvailable::Partial),
        _ => None,
    }
}

/// A severity; one that is absent or new is unknown, not low.
#[must_use]
pub fn severity(label: Option<&str>) -> SourceSeverity {
    label
        .and_then(|label| label.parse().ok())
        .unwrap_or(SourceSeverity::Untriaged)
}

fn severity_of(finding: &Finding) -> SourceSeverity {
    severity(
        finding
            .severity
            .as_ref()
            .and_then(|severity| severity.label.as_deref()),
    )
}

/// What a data security product of another maker found.
fn partner(finding: &Finding) -> Option<Evidence> {
    let finding_type = finding
        .types
        .iter()
        .flatten()
        .find(|one| one.starts_with(SENSITIVE_DATA))?;
    Some(Evidence::SensitiveData(SensitiveData {
        finding_type: clean(finding_type),
        severity: severity_of(finding),
        categories: Vec::new(),
    }))
}

fn macie(finding: &Finding) -> Option<Evidence> {
    let finding_type = finding
        .product_fields
        .as_ref()
        .and_then(|fields| fields.get("aws/macie/FindingType"))
        .and_then(Value::as_str)
        .or_else(|| {
            finding
                .types
                .as_ref()?
                .first()
                .map(String::as_str)
                .and_then(|one| one.rsplit('/').next())
        })
        .map(clean)?;
    if finding_type.starts_with("Policy:") {
        return Some(Evidence::Detection {
            // In `Types` it is written `…/Policy:IAMUser-S3BucketPublic`.
            finding_type: finding_type.replacen('-', "/", 1),
            title: clean(&finding.title),
        });
    }
    if !finding_type.contains("S3Object") {
        return None;
    }
    let categories = finding_type
        .rsplit([':', '/', '-'])
        .next()
        .map(|one| one.to_ascii_uppercase());
    Some(Evidence::SensitiveData(SensitiveData {
        // In `Types` it is written `…/SensitiveData:S3Object-Personal`.
        finding_type: finding_type.replace('-', "/"),
        severity: severity_of(finding),
        categories: categories.into_iter().collect(),
    }))
}
