//! Findings of Inspector, from `ListFindings`.
//!
//! Source: the inspector2 model, `Finding`.

mod evidence;
mod finding;

use serde_json::{Map, Value};

use crate::catalog::Catalog;
use crate::model::{Evidence, FindingId, IgnoreReason, Product, RecordKind, Region, ResourceType};

use finding::InspectorFinding;

use super::edges::network_path_edges;
use super::parsed::{ParseResult, ParsedRecord};
use super::subject::{FieldNames, RecordContext};
use super::{fields, timestamp};

const RESOURCE_FIELDS: FieldNames = FieldNames {
    id: "resources[].id",
    region: "resources[].region",
};

/// Parses a finding. It is not evidence if it is of a new type.
///
/// # Errors
/// The finding is malformed.
pub fn parse(json: &str, catalog: &Catalog) -> ParseResult {
    let mut finding: InspectorFinding = fields::from_json("an Inspector finding", json)?;
    fields::identifier("findingArn", &finding.finding_arn)?;
    let account = fields::parse("awsAccountId", &finding.aws_account_id)?;
    let updated_at = timestamp::latest([&finding.updated_at, &finding.last_observed_at]);
    if !matches!(finding.status.as_deref(), None | Some("ACTIVE")) {
        let id = FindingId(finding.finding_arn);
        let product = Product::Inspector;
        return Ok(Ok(ParsedRecord::ended(id, product, account, updated_at)));
    }
    let region = finding.finding_arn.split(':').nth(3).unwrap_or_default();
    let region: Region = fields::parse("findingArn", region)?;
    let context = RecordContext {
        catalog,
        account,
        region: &region,
        updated_at,
    };
    let Some(evidence) = evidence::evidence(&finding)? else {
        return Ok(Err(IgnoreReason::UnknownType));
    };
    let edges = match &evidence {
        Evidence::NetworkReachability(path) => network_path_edges(path, context.account, &region),
        _ => Vec::new(),
    };
    let resources = std::mem::take(&mut finding.resources)
        .into_iter()
        .filter_map(|resource| {
            let subject = resource.into_subject(&RESOURCE_FIELDS, context, details);
            let parsed = subject.map(|subject| Some(subject?.into_parsed(context)));
            parsed.transpose()
        })
        .collect::<Result<_, _>>()?;
    let record = ParsedRecord {
        kind: RecordKind::OpenFinding,
        lists_tags: false,
        account: Some(context.account),
        names_other_account: false,
        title: finding.title(),
        finding: FindingId(finding.finding_arn),
        product: Product::Inspector,
        updated_at: context.updated_at,
        evidence: Some(evidence),
        resources,
        edges,
        aws_policy: None,
    };
    Ok(Ok(record.within_account()))
}

/// The details, under the only key: the type, such as `awsEc2Instance`.
fn details(_: ResourceType, details: Map<String, Value>) -> Option<Value> {
    details.into_iter().next().map(|(_, details)| details)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{CodeVulnerability, SourceSeverity};
    use crate::records::testing::catalog;

    fn finding(changes: &[(&str, Value)]) -> Value {
        let mut finding = json!({
            "findingArn": "arn:aws:inspector2:us-east-1:111122223333:finding/f", "awsAccountId": "111122223333",
            "status": "ACTIVE", "type": "CODE_VULNERABILITY", "title": "t", "severity": "HIGH",
            "codeVulnerabilityDetails": {"cwes": ["CWE-78", "CWE-89"]},
            "resources": [{
                "type": "AWS_LAMBDA_FUNCTION", "id": "arn:aws:lambda:us-east-1:111122223333:function:f",
            }],
        });
        for (key, value) in changes {
            finding[*key] = value.clone();
        }
        finding
    }

    fn parsed(changes: &[(&str, Value)]) -> Result<ParsedRecord, IgnoreReason> {
        parse(&finding(changes).to_string(), &catalog()).unwrap()
    }

    #[test]
    fn a_code_vulnerability_has_the_weaknesses_that_inspector_names() {
        let Some(Evidence::CodeVulnerability(found)) = parsed(&[]).unwrap().evidence else {
            panic!("not a code vulnerability");
        };
        let expected = CodeVulnerability {
            title: "t".into(),
            severity: SourceSeverity::High,
            cwes: vec!["CWE-78".into(), "CWE-89".into()],
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_finding_that_is_closed_or_suppressed_is_no_evidence() {
        for status in ["CLOSED", "SUPPRESSED"] {
            let ended = parsed(&[("status", json!(status))]).unwrap();
            assert!(ended.is_inactive() && ended.evidence.is_none(), "{status}");
        }
        for status in [json!("ACTIVE"), Value::Null] {
            assert!(parsed(&[("status", status)]).unwrap().evidence.is_some());
        }
        assert_eq!(
            parsed(&[("type", json!("NEW_TYPE"))]).err(),
            Some(IgnoreReason::UnknownType)
        );
    }
}
