//! Reading one finding of Macie's own `GetFindings`.
//!
//! Source: the macie2 model, `Finding`.

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::{
    AccountId, Evidence, FindingId, Product, Region, ResourceMention, ResourceType, SensitiveData,
    clean, identify, is_clean_identifier,
};

use super::asff::severity;
use super::parsed::{ParsedRecord, RecordError};
use super::subject::{RecordContext, Subject};

use super::time;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    id: String,
    account_id: String,
    region: String,
    category: Option<String>,
    #[serde(rename = "type")]
    finding_type: String,
    title: Option<String>,
    archived: Option<bool>,
    sample: Option<bool>,
    severity: Option<Severity>,
    updated_at: Option<Value>,
    classification_details: Option<ClassificationDetails>,
    resources_affected: Option<ResourcesAffected>,
}

#[derive(Deserialize)]
struct Severity {
    description: Option<String>,
}

#[derive(Deserialize)]
struct ClassificationDetails {
    result: Option<ClassificationResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClassificationResult {
    #[serde(default)]
    sensitive_data: Option<Vec<SensitiveDataItem>>,
}

#[derive(Deserialize)]
struct SensitiveDataItem {
    category: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourcesAffected {
    s3_bucket: Option<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    arn: Option<String>,
    name: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    value: Option<String>,
}

/// Reads a finding. `None` if it is one that exposured has no use for: archived, a sample, of a new category.
///
/// # Errors
/// What is wrong with the record.
pub fn parse(json: &str, catalog: &Catalog) -> Result<Option<ParsedRecord>, RecordError> {
    let finding: Finding =
        serde_json::from_str(json).map_err(|error| RecordError::new("Macie finding", error))?;
    if finding.archived == Some(true)
        || finding.sample == Some(true)
        || finding
            .category
            .as_deref()
            .is_some_and(|category| !matches!(category, "CLASSIFICATION" | "POLICY"))
    {
        return Ok(None);
    }
    if !is_clean_identifier(&finding.id) {
        return Err(RecordError::new(
            "id",
            "empty, control characters, or longer than any id",
        ));
    }
    let account: AccountId = finding
        .account_id
        .parse()
        .map_err(|error| RecordError::new("accountId", error))?;
    let region: Region = finding
        .region
        .parse()
        .map_err(|error| RecordError::new("region", error))?;
    let bucket = finding
        .resources_affected
        .as_ref()
        .and_then(|affected| affected.s3_bucket.as_ref())
        .ok_or_else(|| RecordError::new("resourcesAffected.s3Bucket", "missing"))?;
    let id = bucket
        .arn
        .as_deref()
        .or(bucket.name.as_deref())
        .filter(|id| is_clean_identifier(id))
        .ok_or_else(|| {
            RecordError::new(
                "resourcesAffected.s3Bucket",
                "neither a sound arn nor a name",
            )
        })?;
    let mut tags: Vec<(String, String)> = bucket
        .tags
        .iter()
        .flatten()
        .map(|tag| {
            (
                clean(&tag.key),
                clean(tag.value.as_deref().unwrap_or_default()),
            )
        })
        .collect();
    tags.sort();
    let mention = ResourceMention {
        resource_type: ResourceType::S3Bucket,
        id,
        account,
        region: &region,
    };
    let subject = Subject {
        resource: identify(mention),
        tags,
        details: Value::Null,
    };
    let updated_at = finding.updated_at.as_ref().and_then(time::read);
    let context = RecordContext {
        catalog,
        region: &region,
        updated_at,
    };
    Ok(Some(ParsedRecord {
        title: clean(finding.title.as_deref().unwrap_or(&finding.finding_type)),
        product: Product::Macie,
        updated_at,
        evidence: Some(evidence(&finding)),
        finding: FindingId(finding.id),
        resources: vec![subject.into_parsed(context)],
        edges: Vec::new(),
    }))
}

fn evidence(finding: &Finding) -> Evidence {
    if finding.finding_type.starts_with("Policy:") {
        return Evidence::Detection {
            finding_type: clean(&finding.finding_type),
            title: clean(finding.title.as_deref().unwrap_or(&finding.finding_type)),
        };
    }
    Evidence::SensitiveData(SensitiveData {
        finding_type: clean(&finding.finding_type),
        severity: severity(
            finding
                .severity
                .as_ref()
                .and_then(|severity| severity.description.as_deref()),
        ),
        categories: categories(finding),
    })
}

fn categories(finding: &Finding) -> Vec<String> {
    let items = finding
        .classification_details
        .as_ref()
        .and_then(|details| details.result.as_ref())
        .and_then(|result| result.sensitive_data.as_ref());
    let mut categories: Vec<String> = items
        .into_iter()
        .flatten()
        .filter_map(|item| item.category.as_deref())
        .map(clean)
        .collect();
    categories.sort();
    categories.dedup();
    categories
}
