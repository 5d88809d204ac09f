//! Findings in the AWS Security Finding Format: those of Security Hub's controls, and those that Inspector, Macie,
//! GuardDuty, and data security products of partners send to Security Hub.
//!
//! Source: Security Hub User Guide, "AWS Security Finding Format (ASFF)"; the securityhub model.

mod control;
mod finding;
mod guardduty;
mod inspector;
mod macie;
mod origin;
mod partner;
mod sample;
mod standard_control_ids;

use serde_json::{Map, Value};

use crate::catalog::Catalog;
use crate::model::{
    Evidence, FindingId, Product, RecordKind, Region, RelationKind, Resource, ResourceType, clean,
    is_clean_identifier,
};

use finding::AsffFinding;

use super::edges::{image_from_reference, network_path_edges};
use super::error::RecordError;
use super::parsed::{ParseResult, ParsedEdge, ParsedRecord};
use super::product::Origin;
use super::subject::{FieldNames, FindingResource, RecordContext, Subject};
use super::{fields, timestamp};

const RESOURCE_FIELDS: FieldNames = FieldNames {
    id: "Resources[].Id",
    region: "Resources[].Region",
};

/// Parses a finding. It is not evidence if it is a sample, or of a product that exposured does not use.
///
/// # Errors
/// The finding is malformed.
pub fn parse(json: &str, catalog: &Catalog) -> ParseResult {
    parse_finding(fields::from_json("a Security Hub finding", json)?, catalog)
}

/// Parses a finding that another format was translated to.
pub(super) fn parse_value(finding: Value, catalog: &Catalog) -> ParseResult {
    let finding = serde_json::from_value(finding);
    let finding = finding.map_err(|source| RecordError::Json {
        record: "a finding as ASFF",
        source,
    })?;
    parse_finding(finding, catalog)
}

fn parse_finding(mut finding: AsffFinding, catalog: &Catalog) -> ParseResult {
    let origin = match origin::origin_of(&finding) {
        Ok(origin) => origin,
        Err(reason) => return Ok(Err(reason)),
    };
    fields::identifier("Id", &finding.id)?;
    let product = match origin {
        Origin::Aws(product) => product,
        Origin::Partner => Product::SecurityHub,
    };
    let account = fields::parse("AwsAccountId", &finding.aws_account_id)?;
    let updated_at = timestamp::latest([&finding.updated_at, &finding.last_observed_at]);
    if finding.record_state.as_deref() == Some("ARCHIVED") {
        let id = FindingId(finding.id);
        return Ok(Ok(ParsedRecord::ended(id, product, account, updated_at)));
    }
    let region = region(&finding)?;
    let context = RecordContext {
        catalog,
        account,
        region: &region,
        updated_at,
    };
    let kind = kind(&finding);
    let evidence = evidence(&finding, origin)?;
    let resources = std::mem::take(&mut finding.resources);
    let images = container_images(&resources);
    let subjects = resources
        .into_iter()
        .filter_map(|resource| {
            resource
                .into_subject(&RESOURCE_FIELDS, context, details)
                .transpose()
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut edges = match &evidence {
        Some(Evidence::NetworkReachability(path)) => {
            network_path_edges(path, context.account, &region)
        }
        _ => Vec::new(),
    };
    edges.extend(workload_edges(&subjects, &images));
    let record = ParsedRecord {
        lists_tags: false,
        kind,
        finding: FindingId(finding.id),
        product,
        account: Some(context.account),
        names_other_account: false,
        title: clean(&finding.title),
        updated_at: context.updated_at,
        evidence,
        resources: subjects
            .into_iter()
            .map(|subject| subject.into_parsed(context))
            .collect(),
        edges,
        aws_policy: None,
    };
    let record = record.within_account();
    Ok(Ok(match origin {
        Origin::Aws(_) => record,
        Origin::Partner => record.evidence_only(),
    }))
}

fn region(finding: &AsffFinding) -> Result<Region, RecordError> {
    match &finding.region {
        Some(region) => fields::parse("Region", region),
        None => {
            let region = finding.product_arn.split(':').nth(3);
            fields::parse("ProductArn", region.unwrap_or_default())
        }
    }
}

fn details(resource_type: ResourceType, mut details: Map<String, Value>) -> Option<Value> {
    details.remove(resource_type.asff())
}

/// What the finding reports. A finding that no longer counts reports nothing, unless it is a control that passed.
fn evidence(finding: &AsffFinding, origin: Origin) -> Result<Option<Evidence>, RecordError> {
    if !counts(finding) {
        return Ok(match origin {
            Origin::Aws(Product::SecurityHub) => control::passed(finding),
            _ => None,
        });
    }
    match origin {
        Origin::Aws(Product::SecurityHub) => Ok(control::failed(finding)),
        Origin::Aws(Product::Inspector) => inspector::evidence(finding),
        Origin::Aws(Product::Macie) => Ok(macie::evidence(finding)),
        Origin::Aws(Product::GuardDuty) => Ok(guardduty::evidence(finding)),
        // These send findings to Security Hub as well, but they are not collected there.
        Origin::Aws(Product::AccessAnalyzer | Product::Config | Product::Iam) => Ok(None),
        Origin::Partner => Ok(partner::data(finding)),
    }
}

/// Whether the finding still applies. One with another status, such as `NOT_AVAILABLE`, shows nothing, but has not ended.
fn kind(finding: &AsffFinding) -> RecordKind {
    let is_ended = matches!(finding.workflow_status(), Some("SUPPRESSED" | "RESOLVED"))
        || finding.compliance_status() == Some("PASSED");
    if is_ended {
        RecordKind::EndedFinding
    } else {
        RecordKind::OpenFinding
    }
}

/// Whether the finding counts: no user suppressed or resolved it, and it did not pass.
fn counts(finding: &AsffFinding) -> bool {
    matches!(finding.workflow_status(), None | Some("NEW" | "NOTIFIED"))
        && matches!(finding.compliance_status(), None | Some("FAILED"))
}

/// The images of the containers among the resources. Source: the securityhub model, `ContainerDetails`, `ImageName`.
fn container_images(resources: &[FindingResource]) -> Vec<Resource> {
    let image = |resource: &FindingResource| {
        let container = resource.details.as_ref()?.get("Container")?;
        let name = container.get("ImageName")?.as_str()?;
        image_from_reference(Some(name).filter(|name| is_clean_identifier(name))?)
    };
    resources.iter().filter_map(image).collect()
}

/// A finding about a container in a cluster names both: the cluster runs the image of the container.
fn workload_edges(subjects: &[Subject], images: &[Resource]) -> Vec<ParsedEdge> {
    subjects
        .iter()
        .map(|subject| &subject.resource)
        .filter(|resource| resource.resource_type == ResourceType::EksCluster)
        .flat_map(|cluster| {
            images.iter().map(|image| {
                ParsedEdge::new(cluster.clone(), RelationKind::RunsImage, image.clone())
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::macie as native_macie;
    use crate::records::testing::catalog;

    fn failed_control(generator_id: &str, product_fields: Value) -> Value {
        json!({
            "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub", "Id": "f",
            "GeneratorId": generator_id, "AwsAccountId": "111122223333", "Title": "t",
            "Compliance": {"Status": "FAILED"}, "ProductFields": product_fields, "Resources": [],
        })
    }

    #[test]
    fn a_control_is_named_by_its_id_in_any_standard() {
        let catalog = catalog();
        let cis = "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0";
        let cis_1_4 =
            "arn:aws:securityhub:us-east-1::standards/cis-aws-foundations-benchmark/v/1.4.0";
        for (generator_id, product_fields, expected) in [
            ("security-control/S3.2", json!({}), "S3.2"),
            (
                "aws-foundational-security-best-practices/v/1.0.0/EC2.8",
                json!({"ControlId": "EC2.8"}),
                "EC2.8",
            ),
            (
                "pci-dss/v/3.2.1/PCI.EC2.4",
                json!({"ControlId": "PCI.EC2.4"}),
                "EC2.12",
            ),
            ("pci-dss/v/3.2.1/PCI.EC2.5", json!({}), "EC2.13"),
            (
                &format!("{cis}/rule/4.1"),
                json!({"StandardsGuideArn": cis, "RuleId": "4.1"}),
                "EC2.13",
            ),
            (&format!("{cis}/rule/1.16"), json!(null), "IAM.2"),
            // The same number is another control in another version.
            (
                "cis-aws-foundations-benchmark/v/1.4.0/1.16",
                json!({"StandardsArn": cis_1_4, "ControlId": "1.16"}),
                "IAM.1",
            ),
            // A rule that no table has is a control of its own.
            (
                &format!("{cis}/rule/1.99"),
                json!({"RuleId": "1.99"}),
                "1.99",
            ),
        ] {
            let finding = failed_control(generator_id, product_fields);
            let parsed = parse(&finding.to_string(), &catalog).unwrap().unwrap();
            let Some(Evidence::Control { id, .. }) = parsed.evidence else {
                panic!("{generator_id}");
            };
            assert_eq!(id.as_str(), expected, "{generator_id}");
        }
        // A finding that names the control itself needs no table.
        let mut finding = failed_control("pci-dss/v/3.2.1/PCI.EC2.4", json!({}));
        finding["Compliance"]["SecurityControlId"] = json!("EC2.99");
        let parsed = parse(&finding.to_string(), &catalog).unwrap().unwrap();
        assert!(
            matches!(parsed.evidence, Some(Evidence::Control { id, .. }) if id.as_str() == "EC2.99")
        );
    }

    #[test]
    fn a_finding_of_inspector_without_vulnerabilities_names_them_in_its_title() {
        let catalog = catalog();
        let evidence = |title: &str, types: &str| {
            let finding = json!({
                "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/inspector", "Id": "f", "GeneratorId": "g",
                "AwsAccountId": "111122223333", "Title": title, "Types": [types], "Vulnerabilities": null,
                "Resources": [{"Type": "AwsEc2Instance", "Id": "i-1"}],
            });
            parse(&finding.to_string(), &catalog)
                .unwrap()
                .unwrap()
                .evidence
        };
        let cve = "Software and Configuration Checks/Vulnerabilities/CVE";
        for (title, types, expected) in [
            ("CVE-2026-0001 - openssl", cve, "CVE-2026-0001"),
            (
                "Instance i-1 is vulnerable to cve-2026-12345.",
                "x",
                "CVE-2026-12345",
            ),
            ("GHSA-abcd-1234-efgh - lodash", cve, "GHSA-ABCD-1234-EFGH"),
        ] {
            let Some(Evidence::PackageVulnerability(found)) = evidence(title, types) else {
                panic!("{title}");
            };
            assert_eq!(found.id, expected);
            // What the finding does not say is unknown.
            assert_eq!(
                (found.cvss, found.epss, found.exploit_available, found.fix),
                (None, None, None, None)
            );
        }
        for title in ["CVE-2026", "CVE-x-1", "Port 22 is reachable", ""] {
            assert_eq!(evidence(title, "x"), None, "{title}");
        }
    }

    fn macie_finding(finding_type: &str, data: Value) -> Value {
        json!({
            "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/macie", "Id": "m", "GeneratorId": "aws/macie",
            "AwsAccountId": "111122223333", "Title": "t", "Severity": {"Label": "HIGH"},
            "Types": [format!("Sensitive Data Identifications/PII/SensitiveData:S3Object-{finding_type}")],
            "Resources": [
                {"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b"},
                {"Type": "AwsS3Object", "Id": "arn:aws:s3:::b/o", "DataClassification": {"Result": {"SensitiveData": data}}},
            ],
        })
    }

    fn native_finding(finding_type: &str, data: Value) -> Value {
        json!({
            "id": "m", "accountId": "111122223333", "region": "us-east-1", "title": "t",
            "type": format!("SensitiveData:S3Object/{finding_type}"), "severity": {"description": "High"},
            "classificationDetails": {"result": {"sensitiveData": data}},
            "resourcesAffected": {"s3Bucket": {"arn": "arn:aws:s3:::b"}},
        })
    }

    #[test]
    fn a_finding_of_macie_reports_the_same_data_in_both_formats() {
        let catalog = catalog();
        for (finding_type, categories) in [
            (
                "Multiple",
                &["CREDENTIALS", "PERSONAL_INFORMATION"] as &[&str],
            ),
            ("Multiple", &[]),
            ("Credentials", &[]),
            ("Personal", &[]),
            ("Financial", &["FINANCIAL_INFORMATION"]),
            ("CustomIdentifier", &[]),
        ] {
            let list = |key: &str| categories.iter().map(|one| json!({ key: one })).collect();
            let asff = macie_finding(finding_type, list("Category"));
            let native = native_finding(finding_type, list("category"));
            let asff = parse(&asff.to_string(), &catalog).unwrap().unwrap();
            let native = native_macie::parse(&native.to_string(), &catalog)
                .unwrap()
                .unwrap();
            let Some(Evidence::SensitiveData(data)) = &asff.evidence else {
                panic!("{:?}", asff.evidence);
            };
            assert_eq!(asff.evidence, native.evidence);
            let expected: Vec<&str> = match (finding_type, categories) {
                ("Multiple", []) => vec![],
                ("Credentials", _) => vec!["CREDENTIALS"],
                ("Personal", _) => vec!["PERSONAL_INFORMATION"],
                ("CustomIdentifier", _) => vec!["CUSTOM_IDENTIFIER"],
                _ => categories.to_vec(),
            };
            assert_eq!(data.categories, expected, "{finding_type}");
        }
    }
}
