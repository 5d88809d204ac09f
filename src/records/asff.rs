//! Reading one finding in the AWS Security Finding Format: Security Hub's controls, and what Inspector and Macie put
//! into Security Hub.
//!
//! Source: Security Hub User Guide, "AWS Security Finding Format (ASFF)"; the securityhub model.

mod control;
mod form;
mod inspector;

use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::{
    AccountId, Evidence, FindingId, GENERATOR_PREFIX, Product, Region, RelationKind,
    ResourceMention, ResourceType, SensitiveData, clean, is_clean_identifier,
};

use super::parsed::{ParsedEdge, ParsedRecord, RecordError};
use super::subject::{RecordContext, Subject};
use super::{bridge, detection, image, network_path, time};

use control::{control, passed_control};
use form::{AsffResource, Finding};
pub use inspector::{fix_available, port_range, severity, tenths, yes_or_no};
use inspector::{inspector, severity_of};

/// The namespace of ASFF under which products say what sensitive data they found.
/// Source: Security Hub User Guide, "Types taxonomy for ASFF".
const SENSITIVE_DATA: &str = "Sensitive Data Identifications";

/// Reads a finding. `None` if it is one that exposured has no use for: of another product, archived, a sample.
///
/// # Errors
/// What is wrong with the record.
pub fn parse(json: &str, catalog: &Catalog) -> Result<Option<ParsedRecord>, RecordError> {
    let finding: Finding =
        serde_json::from_str(json).map_err(|error| RecordError::new("ASFF finding", error))?;
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
        return Err(RecordError::new(
            "Id",
            "control characters, or longer than any id",
        ));
    }
    let account: AccountId = finding
        .aws_account_id
        .parse()
        .map_err(|error| RecordError::new("AwsAccountId", error))?;
    let region = region(&finding)?;
    let subjects = finding
        .resources
        .iter()
        .filter_map(|resource| parse_resource(resource, account, &region).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    let evidence = if counts(&finding) {
        evidence(&finding, product)?
    } else {
        passed_control(&finding, product)
    };
    let mut edges = match &evidence {
        Some(Evidence::NetworkReachability(path)) => {
            network_path::relations(path, account, &region)
        }
        _ => Vec::new(),
    };
    edges.extend(workloads(&finding, &subjects));
    let updated_at = finding.updated_at.as_ref().and_then(time::read);
    let context = RecordContext {
        catalog,
        region: &region,
        updated_at,
    };
    Ok(Some(ParsedRecord {
        finding: FindingId(finding.id),
        product,
        title: clean(&finding.title),
        updated_at,
        evidence,
        resources: subjects
            .into_iter()
            .map(|subject| subject.into_parsed(context))
            .collect(),
        edges,
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

fn region(finding: &Finding) -> Result<Region, RecordError> {
    let text = finding
        .region
        .as_deref()
        .or_else(|| finding.product_arn.split(':').nth(3))
        .unwrap_or_default();
    text.parse()
        .map_err(|error| RecordError::new("Region", error))
}

fn parse_resource(
    resource: &AsffResource,
    account: AccountId,
    finding_region: &Region,
) -> Result<Option<Subject>, RecordError> {
    let Some(resource_type) = ResourceType::from_any_name(&resource.resource_type) else {
        return Ok(None);
    };
    if !is_clean_identifier(&resource.id) {
        return Err(RecordError::new(
            "Resources[].Id",
            "empty, control characters, or longer than any id",
        ));
    }
    let region = match &resource.region {
        Some(text) => text
            .parse()
            .map_err(|error| RecordError::new("Resources[].Region", error))?,
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
    Ok(Some(Subject {
        resource: bridge::identified(mention, &details),
        tags,
        details,
    }))
}

/// A finding about a container in a cluster names both, and the image that the container runs.
/// Source: the securityhub model, `ContainerDetails`, `ImageName`.
fn workloads(finding: &Finding, subjects: &[Subject]) -> Vec<ParsedEdge> {
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
    subjects
        .iter()
        .filter(|subject| subject.resource.resource_type == ResourceType::EksCluster)
        .flat_map(|cluster| {
            images().map(|image| {
                ParsedEdge::new(cluster.resource.clone(), RelationKind::RunsImage, image)
            })
        })
        .collect()
}

fn evidence(finding: &Finding, product: Product) -> Result<Option<Evidence>, RecordError> {
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
