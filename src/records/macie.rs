//! Findings of Macie, from `GetFindings`.
//!
//! Source: the macie2 model, `Finding`.

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::{
    Evidence, FindingId, IgnoreReason, Product, RecordKind, Region, ResourceMention, ResourceType,
    SensitiveData, clean,
};

use super::error::RecordError;
use super::finding_values::{data_categories, severity};
use super::parsed::{ParseResult, ParsedRecord};
use super::subject::{RecordContext, Subject};
use super::{fields, timestamp};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MacieFinding {
    id: String,
    account_id: String,
    region: String,
    category: Option<String>,
    #[serde(rename = "type")]
    finding_type: String,
    title: Option<String>,
    archived: Option<bool>,
    sample: Option<bool>,
    severity: Option<MacieSeverity>,
    updated_at: Option<Value>,
    classification_details: Option<ClassificationDetails>,
    resources_affected: Option<ResourcesAffected>,
}

#[derive(Deserialize)]
struct MacieSeverity {
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
    s3_bucket: Option<MacieBucket>,
}

#[derive(Deserialize)]
struct MacieBucket {
    arn: Option<String>,
    name: Option<String>,
    tags: Option<Vec<MacieTag>>,
}

#[derive(Deserialize)]
struct MacieTag {
    key: String,
    value: Option<String>,
}

impl MacieFinding {
    /// Why the finding is not evidence: it is a sample, or of a new category.
    fn ignore_reason(&self) -> Option<IgnoreReason> {
        let category = self.category.as_deref();
        if self.sample == Some(true) {
            return Some(IgnoreReason::SampleFinding);
        }
        let is_known = matches!(category, None | Some("CLASSIFICATION" | "POLICY"));
        (!is_known).then_some(IgnoreReason::UnknownType)
    }

    fn title(&self) -> String {
        clean(self.title.as_deref().unwrap_or(&self.finding_type))
    }

    fn bucket(&self) -> Result<&MacieBucket, RecordError> {
        let affected = self.resources_affected.as_ref();
        affected
            .and_then(|affected| affected.s3_bucket.as_ref())
            .ok_or(RecordError::MissingField {
                field: "resourcesAffected.s3Bucket",
            })
    }
}

impl MacieBucket {
    fn id(&self) -> Result<&str, RecordError> {
        match (&self.arn, &self.name) {
            (Some(arn), _) => fields::identifier("resourcesAffected.s3Bucket.arn", arn),
            (None, Some(name)) => fields::identifier("resourcesAffected.s3Bucket.name", name),
            (None, None) => Err(RecordError::MissingField {
                field: "resourcesAffected.s3Bucket.arn",
            }),
        }
    }

    fn tags(&self) -> Vec<(String, String)> {
        let tags = self.tags.iter().flatten();
        fields::tags_from_pairs(tags.map(|tag| (tag.key.as_str(), tag.value.as_deref())))
    }
}

/// Parses a finding.
///
/// # Errors
/// The finding is malformed.
pub fn parse(json: &str, catalog: &Catalog) -> ParseResult {
    let finding: MacieFinding = fields::from_json("a Macie finding", json)?;
    if let Some(reason) = finding.ignore_reason() {
        return Ok(Err(reason));
    }
    fields::identifier("id", &finding.id)?;
    let account = fields::parse("accountId", &finding.account_id)?;
    let updated_at = finding.updated_at.as_ref().and_then(timestamp::parse);
    if finding.archived == Some(true) {
        let id = FindingId(finding.id);
        let product = Product::Macie;
        return Ok(Ok(ParsedRecord::ended(id, product, account, updated_at)));
    }
    let region: Region = fields::parse("region", &finding.region)?;
    let context = RecordContext {
        catalog,
        account,
        region: &region,
        updated_at,
    };
    let bucket = finding.bucket()?;
    let mention = ResourceMention {
        resource_type: ResourceType::S3Bucket,
        id: bucket.id()?,
        account: context.account,
        region: &region,
    };
    let subject = Subject::new(mention, bucket.tags(), Value::Null);
    let record = ParsedRecord {
        kind: RecordKind::OpenFinding,
        lists_tags: false,
        account: Some(context.account),
        names_other_account: false,
        title: finding.title(),
        product: Product::Macie,
        updated_at: context.updated_at,
        evidence: Some(evidence(&finding)),
        finding: FindingId(finding.id),
        resources: vec![subject.into_parsed(context)],
        edges: Vec::new(),
        aws_policy: None,
    };
    Ok(Ok(record.within_account()))
}

fn evidence(finding: &MacieFinding) -> Evidence {
    let finding_type = clean(&finding.finding_type);
    if finding_type.starts_with("Policy:") {
        return Evidence::Detection {
            finding_type,
            title: finding.title(),
        };
    }
    let severity_label = finding
        .severity
        .as_ref()
        .and_then(|severity| severity.description.as_deref());
    Evidence::SensitiveData(SensitiveData {
        finding_type,
        severity: severity(severity_label),
        categories: categories(finding),
    })
}

fn categories(finding: &MacieFinding) -> Vec<String> {
    let items = finding
        .classification_details
        .as_ref()
        .and_then(|details| details.result.as_ref())
        .and_then(|result| result.sensitive_data.as_ref());
    let items = items.into_iter().flatten();
    let listed = items.filter_map(|item| item.category.as_deref());
    data_categories(listed, &finding.finding_type)
}
