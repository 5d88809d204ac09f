//! Findings of IAM Access Analyzer about external access, from `ListFindingsV2`, `ListFindings`, and `GetFindingV2`.
//!
//! Source: the accessanalyzer model, `FindingSummaryV2`, `FindingSummary`, and `GetFindingV2Response`.

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::{
    Evidence, FindingId, IgnoreReason, Product, RecordKind, Region, ResourceMention, ResourceType,
    clean,
};

use super::parsed::{ParseResult, ParsedRecord};
use super::subject::{RecordContext, Subject};
use super::{fields, timestamp};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnalyzerFinding {
    id: String,
    resource: Option<String>,
    resource_type: String,
    resource_owner_account: String,
    status: Option<String>,
    /// When access last changed.
    updated_at: Option<Value>,
    /// When the resource was last analyzed. Access that does not change is analyzed again all the same.
    analyzed_at: Option<Value>,
    /// Version 1 reports external access only, and has no type.
    finding_type: Option<String>,
    is_public: Option<bool>,
    finding_details: Option<Vec<FindingDetails>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FindingDetails {
    external_access_details: Option<ExternalAccessDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalAccessDetails {
    is_public: Option<bool>,
}

impl AnalyzerFinding {
    /// Whether anyone has access. A summary of `ListFindingsV2` does not say so.
    fn is_public(&self) -> Option<bool> {
        self.is_public.or_else(|| {
            let details = self.finding_details.iter().flatten();
            let mut external =
                details.filter_map(|details| details.external_access_details.as_ref());
            external.find_map(|details| details.is_public)
        })
    }
}

/// Parses a finding.
///
/// # Errors
/// The finding is malformed.
pub fn parse(json: &str, catalog: &Catalog) -> ParseResult {
    parse_as(json, None, catalog)
}

/// Parses a finding out of those that were listed because anyone has access.
///
/// # Errors
/// The finding is malformed.
pub fn parse_public(json: &str, catalog: &Catalog) -> ParseResult {
    parse_as(json, Some(true), catalog)
}

/// Parses a finding out of those that were listed because someone else than everyone has access.
///
/// # Errors
/// The finding is malformed.
pub fn parse_shared(json: &str, catalog: &Catalog) -> ParseResult {
    parse_as(json, Some(false), catalog)
}

fn parse_as(json: &str, listed_as_public: Option<bool>, catalog: &Catalog) -> ParseResult {
    let finding: AnalyzerFinding = fields::from_json("an Access Analyzer finding", json)?;
    let updated_at = timestamp::latest([&finding.updated_at, &finding.analyzed_at]);
    let is_external = matches!(
        finding.finding_type.as_deref(),
        None | Some("ExternalAccess")
    );
    let resource_type = ResourceType::from_any_name(&finding.resource_type);
    let (true, Some(resource_type), Some(id)) = (is_external, resource_type, &finding.resource)
    else {
        return Ok(Err(IgnoreReason::UnknownType));
    };
    fields::identifier("id", &finding.id)?;
    let account = fields::parse("resourceOwnerAccount", &finding.resource_owner_account)?;
    if !matches!(finding.status.as_deref(), None | Some("ACTIVE")) {
        let id = FindingId(finding.id);
        let product = Product::AccessAnalyzer;
        return Ok(Ok(ParsedRecord::ended(id, product, account, updated_at)));
    }
    let id = fields::identifier("resource", id)?;
    // The ARN of a bucket or a role has no Region.
    let region = id.split(':').nth(3).and_then(|region| region.parse().ok());
    let region = region.unwrap_or_else(Region::global);
    let context = RecordContext {
        catalog,
        account,
        region: &region,
        updated_at,
    };
    let mention = ResourceMention {
        resource_type,
        id,
        account: context.account,
        region: &region,
    };
    let is_public = listed_as_public.or_else(|| finding.is_public());
    let title = title(is_public);
    let subject = Subject::new(mention, Vec::new(), Value::Null);
    let record = ParsedRecord {
        kind: RecordKind::OpenFinding,
        lists_tags: false,
        finding: FindingId(finding.id),
        product: Product::AccessAnalyzer,
        account: Some(context.account),
        names_other_account: false,
        title: clean(title),
        updated_at: context.updated_at,
        evidence: Some(Evidence::ExternalAccess {
            is_public: is_public.unwrap_or(false),
            title: title.to_owned(),
        }),
        resources: vec![subject.into_parsed(context)],
        edges: Vec::new(),
        aws_policy: None,
    };
    Ok(Ok(record.within_account()))
}

/// Access Analyzer's findings have no title.
fn title(is_public: Option<bool>) -> &'static str {
    match is_public {
        Some(true) => "anyone has access",
        Some(false) => "a principal outside the zone of trust has access",
        None => "a principal outside the zone of trust, or anyone, has access",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::parse_any;
    use crate::records::testing::catalog;

    fn finding(rest: Value) -> String {
        let mut finding = json!({
            "id": "f", "resource": "arn:aws:sqs:us-east-1:111122223333:q", "resourceType": "AWS::SQS::Queue",
            "resourceOwnerAccount": "111122223333", "status": "ACTIVE", "analyzedAt": "2026-11-01T10:20:30Z",
            "updatedAt": "2026-11-01T10:20:30Z",
        });
        let rest = rest.as_object().unwrap().clone();
        finding.as_object_mut().unwrap().extend(rest);
        finding.to_string()
    }

    #[test]
    fn each_version_reports_whether_anyone_has_access() {
        let catalog = catalog();
        let details = |is_public| json!({"findingDetails": [{"externalAccessDetails": {"isPublic": is_public}}]});
        for (rest, expected) in [
            (json!({"isPublic": true}), true),
            (json!({"isPublic": false}), false),
            (details(true), true),
            (details(false), false),
            (json!({"findingType": "ExternalAccess"}), false),
        ] {
            let record = parse_any(&finding(rest.clone()), &catalog)
                .unwrap()
                .unwrap();
            assert_eq!(
                record.resources[0].resource.resource_type,
                ResourceType::SqsQueue
            );
            let Some(Evidence::ExternalAccess { is_public, .. }) = record.evidence else {
                panic!("{rest}");
            };
            assert_eq!(is_public, expected, "{rest}");
        }
        let summary = finding(json!({"findingType": "ExternalAccess"}));
        let record = parse_public(&summary, &catalog).unwrap().unwrap();
        assert!(matches!(
            record.evidence,
            Some(Evidence::ExternalAccess {
                is_public: true,
                ..
            })
        ));
    }

    #[test]
    fn unused_access_and_ended_findings_are_not_evidence() {
        let catalog = catalog();
        for (rest, expected) in [
            (
                json!({"findingType": "UnusedIAMRole"}),
                IgnoreReason::UnknownType,
            ),
            (
                json!({"resourceType": "AWS::New::Type"}),
                IgnoreReason::UnknownType,
            ),
        ] {
            let ignored = parse(&finding(rest.clone()), &catalog)
                .unwrap()
                .unwrap_err();
            assert_eq!(ignored, expected, "{rest}");
        }
        for status in ["ARCHIVED", "RESOLVED"] {
            let ended = parse(&finding(json!({"status": status})), &catalog);
            assert!(ended.unwrap().unwrap().is_inactive(), "{status}");
        }
    }
}
