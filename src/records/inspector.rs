//! Reading one finding of Inspector's own `ListFindings`.
//!
//! Source: the inspector2 model, `Finding`. Everything but a handful of fields is optional there.

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::{
    AccountId, CodeVulnerability, Cvss, Epss, Evidence, FindingId, NetworkPath, PathStep, Product,
    Region, ResourceMention, ResourceType, Vulnerability, clean, is_clean_identifier,
};

use super::asff::{fix_available, port_range, severity, tenths, yes_or_no};
use super::parsed::{ParsedRecord, RecordError};
use super::subject::{RecordContext, Subject};

use super::{bridge, network_path, time};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    finding_arn: String,
    aws_account_id: String,
    #[serde(rename = "type")]
    finding_type: String,
    title: Option<String>,
    severity: Option<String>,
    status: Option<String>,
    updated_at: Option<Value>,
    last_observed_at: Option<Value>,
    epss: Option<EpssDetails>,
    exploit_available: Option<String>,
    exploitability_details: Option<ExploitabilityDetails>,
    fix_available: Option<String>,
    inspector_score_details: Option<InspectorScoreDetails>,
    package_vulnerability_details: Option<PackageVulnerabilityDetails>,
    network_reachability_details: Option<NetworkReachabilityDetails>,
    code_vulnerability_details: Option<CodeVulnerabilityDetails>,
    resources: Vec<InspectorResource>,
}

#[derive(Deserialize)]
struct EpssDetails {
    score: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExploitabilityDetails {
    last_known_exploit_at: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InspectorScoreDetails {
    adjusted_cvss: Option<AdjustedCvss>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdjustedCvss {
    score: Option<f64>,
    scoring_vector: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackageVulnerabilityDetails {
    vulnerability_id: String,
    #[serde(default)]
    cvss: Vec<InspectorCvss>,
    #[serde(default)]
    vulnerable_packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InspectorCvss {
    base_score: Option<f64>,
    scoring_vector: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    name: String,
    version: Option<String>,
    fixed_in_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NetworkReachabilityDetails {
    open_port_range: Option<OpenPortRange>,
    protocol: Option<String>,
    network_path: Option<Path>,
}

#[derive(Deserialize)]
struct CodeVulnerabilityDetails {
    #[serde(default)]
    cwes: Vec<String>,
}

#[derive(Deserialize)]
struct OpenPortRange {
    begin: i64,
    end: i64,
}

#[derive(Deserialize)]
struct Path {
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    component_id: String,
    component_type: String,
}

#[derive(Deserialize)]
struct InspectorResource {
    #[serde(rename = "type")]
    resource_type: String,
    id: String,
    region: Option<String>,
    tags: Option<serde_json::Map<String, Value>>,
    details: Option<serde_json::Map<String, Value>>,
}

/// Reads a finding. `None` if it is one that exposured has no use for: closed, suppressed, of a new type.
///
/// # Errors
/// What is wrong with the record.
pub fn parse(json: &str, catalog: &Catalog) -> Result<Option<ParsedRecord>, RecordError> {
    let finding: Finding =
        serde_json::from_str(json).map_err(|error| RecordError::new("Inspector finding", error))?;
    if !matches!(finding.status.as_deref(), None | Some("ACTIVE")) {
        return Ok(None);
    }
    if !is_clean_identifier(&finding.finding_arn) {
        return Err(RecordError::new(
            "findingArn",
            "empty, control characters, or longer than any ARN",
        ));
    }
    let account: AccountId = finding
        .aws_account_id
        .parse()
        .map_err(|error| RecordError::new("awsAccountId", error))?;
    let region: Region = finding
        .finding_arn
        .split(':')
        .nth(3)
        .unwrap_or_default()
        .parse()
        .map_err(|error| RecordError::new("findingArn", error))?;
    let evidence = match finding.finding_type.as_str() {
        "NETWORK_REACHABILITY" => Evidence::NetworkReachability(path(&finding)?),
        "PACKAGE_VULNERABILITY" => Evidence::PackageVulnerability(vulnerability(&finding)?),
        "CODE_VULNERABILITY" => Evidence::CodeVulnerability(flaw(&finding)),
        _ => return Ok(None),
    };
    let subjects = finding
        .resources
        .iter()
        .filter_map(|resource| parse_resource(resource, account, &region).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    let edges = match &evidence {
        Evidence::NetworkReachability(path) => network_path::relations(path, account, &region),
        _ => Vec::new(),
    };
    let updated_at = finding
        .updated_at
        .or(finding.last_observed_at)
        .as_ref()
        .and_then(time::read);
    let context = RecordContext {
        catalog,
        region: &region,
        updated_at,
    };
    Ok(Some(ParsedRecord {
        title: clean(finding.title.as_deref().unwrap_or(&finding.finding_type)),
        finding: FindingId(finding.finding_arn),
        product: Product::Inspector,
        updated_at,
        evidence: Some(evidence),
        resources: subjects
            .into_iter()
            .map(|subject| subject.into_parsed(context))
            .collect(),
        edges,
    }))
}

fn parse_resource(
    resource: &InspectorResource,
    account: AccountId,
    finding_region: &Region,
) -> Result<Option<Subject>, RecordError> {
    let Some(resource_type) = ResourceType::from_any_name(&resource.resource_type) else {
        return Ok(None);
    };
    if !is_clean_identifier(&resource.id) {
        return Err(RecordError::new(
            "resources[].id",
            "empty, control characters, or longer than any id",
        ));
    }
    let region = match &resource.region {
        Some(text) => text
            .parse()
            .map_err(|error| RecordError::new("resources[].region", error))?,
        None => finding_region.clone(),
    };
    // The details stand under the type's own key (`awsEc2Instance`), of which there is one.
    let details = resource
        .details
        .iter()
        .flat_map(serde_json::Map::values)
        .next()
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
    Ok(Some(Subject {
        resource: bridge::identified(mention, &details),
        tags,
        details,
    }))
}

fn path(finding: &Finding) -> Result<NetworkPath, RecordError> {
    let details = finding
        .network_reachability_details
        .as_ref()
        .ok_or_else(|| RecordError::new("networkReachabilityDetails", "missing"))?;
    let ports = match &details.open_port_range {
        Some(range) => Some(port_range(range.begin, range.end)?),
        None => None,
    };
    let steps = details.network_path.iter().flat_map(|path| &path.steps);
    Ok(NetworkPath {
        title: clean(finding.title.as_deref().unwrap_or("Network reachability")),
        protocol: details.protocol.as_deref().map(clean),
        ports,
        steps: steps
            .map(|step| PathStep {
                component_type: clean(&step.component_type),
                component_id: clean(&step.component_id),
            })
            .collect(),
    })
}

fn flaw(finding: &Finding) -> CodeVulnerability {
    let mut cwes: Vec<String> = finding
        .code_vulnerability_details
        .iter()
        .flat_map(|details| &details.cwes)
        .map(|cwe| clean(cwe))
        .collect();
    cwes.sort();
    cwes.dedup();
    CodeVulnerability {
        title: clean(finding.title.as_deref().unwrap_or("Code vulnerability")),
        severity: severity(finding.severity.as_deref()),
        cwes,
    }
}

fn vulnerability(finding: &Finding) -> Result<Vulnerability, RecordError> {
    let details = finding
        .package_vulnerability_details
        .as_ref()
        .ok_or_else(|| RecordError::new("packageVulnerabilityDetails", "missing"))?;
    let epss = match finding
        .epss
        .as_ref()
        .and_then(|epss| epss.score)
        .map(Epss::try_from)
    {
        Some(Ok(score)) => Some(score),
        Some(Err(error)) => return Err(RecordError::new("epss.score", error)),
        None => None,
    };
    let mut packages: Vec<(String, Option<String>)> = details
        .vulnerable_packages
        .iter()
        .map(|package| {
            let name = format!(
                "{} {}",
                package.name,
                package.version.as_deref().unwrap_or_default()
            );
            (
                clean(name.trim()),
                package.fixed_in_version.as_deref().map(clean),
            )
        })
        .collect();
    packages.sort();
    packages.dedup();
    Ok(Vulnerability {
        id: clean(&details.vulnerability_id),
        title: clean(
            finding
                .title
                .as_deref()
                .unwrap_or(&details.vulnerability_id),
        ),
        severity: severity(finding.severity.as_deref()),
        epss,
        exploit_available: finding.exploit_available.as_deref().and_then(yes_or_no),
        known_exploited: finding
            .exploitability_details
            .as_ref()
            .and_then(|details| details.last_known_exploit_at.as_ref())
            .is_some_and(|time| !time.is_null()),
        fix: finding.fix_available.as_deref().and_then(fix_available),
        cvss: cvss(finding, details),
        packages,
    })
}

/// The vector that Inspector adjusted to the resource; else the newest version that is listed.
fn cvss(finding: &Finding, details: &PackageVulnerabilityDetails) -> Option<Cvss> {
    let adjusted = finding
        .inspector_score_details
        .as_ref()
        .and_then(|score| score.adjusted_cvss.as_ref());
    let vector = |version: Option<&String>, vector: Option<&String>, score: Option<f64>| {
        Some(Cvss {
            version: clean(version?),
            vector: clean(vector?),
            score_tenths: tenths(score.unwrap_or_default()),
        })
    };
    adjusted
        .and_then(|cvss| {
            vector(
                cvss.version.as_ref(),
                cvss.scoring_vector.as_ref(),
                cvss.score,
            )
        })
        .or_else(|| {
            details
                .cvss
                .iter()
                .filter_map(|cvss| {
                    vector(
                        cvss.version.as_ref(),
                        cvss.scoring_vector.as_ref(),
                        cvss.base_score,
                    )
                })
                .max_by(|one, other| {
                    (&one.version, &one.vector).cmp(&(&other.version, &other.vector))
                })
        })
}
