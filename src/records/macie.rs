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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::records::testing::catalog;

    fn parsed(changes: &[(&str, Value)]) -> Result<ParsedRecord, IgnoreReason> {
        let mut finding = json!({
            "id": "f", "accountId": "111122223333", "region": "us-east-1", "title": "t", "archived": false,
            "sample": false, "category": "CLASSIFICATION", "type": "SensitiveData:S3Object/Personal",
            "resourcesAffected": {"s3Bucket": {"arn": "arn:aws:s3:::b"}},
        });
        for (key, value) in changes {
            finding[*key] = value.clone();
        }
        parse(&finding.to_string(), &catalog()).unwrap()
    }

    #[test]
    fn a_finding_that_is_archived_a_sample_or_of_a_new_category_is_no_evidence() {
        let current = parsed(&[]).unwrap();
        assert!(current.evidence.is_some() && !current.is_inactive());
        let archived = parsed(&[("archived", json!(true))]).unwrap();
        assert!(archived.is_inactive() && archived.evidence.is_none());
        let sample = parsed(&[("sample", json!(true))]);
        assert_eq!(sample.err(), Some(IgnoreReason::SampleFinding));
        let category = parsed(&[("category", json!("NEW"))]);
        assert_eq!(category.err(), Some(IgnoreReason::UnknownType));
        for known in [json!("POLICY"), Value::Null] {
            assert!(parsed(&[("category", known)]).is_ok());
        }
    }

    #[test]
    fn a_bucket_may_be_named_by_its_arn_or_by_its_name() {
        for bucket in [json!({"arn": "arn:aws:s3:::b"}), json!({"name": "b"})] {
            let record = parsed(&[("resourcesAffected", json!({"s3Bucket": bucket}))]).unwrap();
            assert_eq!(record.resources[0].resource.id, "arn:aws:s3:::b");
        }
        for affected in [
            json!({}),
            json!({"s3Bucket": {}}),
            json!({"s3Bucket": {"name": "a\nb"}}),
        ] {
            let finding = json!({
                "id": "f", "accountId": "111122223333", "region": "us-east-1",
                "type": "SensitiveData:S3Object/Personal", "resourcesAffected": affected,
            });
            assert!(
                parse(&finding.to_string(), &catalog()).is_err(),
                "{finding}"
            );
        }
    }
}
