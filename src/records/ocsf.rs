//! Findings in OCSF, as Security Hub's `GetFindingsV2` returns them and as Security Lake stores them.
//!
//! They are the findings that `GetFindings` returns in ASFF, so they are translated to ASFF, and one parser reads both.
//! Source: Security Hub User Guide, "OCSF findings in Security Hub"; the OCSF schema 1.6, classes 2002 to 2007; mappings of
//! ASFF to OCSF in the repository `ocsf/examples`.

mod finding;
mod vulnerability;

use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::model::{IgnoreReason, ResourceType};

use finding::{OcsfFinding, OcsfResource};

use super::parsed::ParseResult;
use super::{asff, fields};

/// Parses a finding. It is not evidence if it is closed, or of a product that exposured does not use.
///
/// # Errors
/// The finding is malformed.
pub fn parse(json: &str, catalog: &Catalog) -> ParseResult {
    let finding: OcsfFinding = fields::from_json("an OCSF finding", json)?;
    // Exposure findings are of the class of detections, whoever makes them.
    if finding.analytic_name() == Some("Exposure") {
        return Ok(Err(IgnoreReason::ExposureFinding));
    }
    asff::parse_value(to_asff(finding), catalog)
}

fn to_asff(mut finding: OcsfFinding) -> Value {
    let mut resources: Vec<Value> = finding.take_resources().map(resource).collect();
    resources.extend(bucket(&finding));
    let (record_state, workflow_status) = state(&finding);
    let info = &finding.finding_info;
    let vulnerabilities = finding.vulnerabilities.iter().flatten();
    let compliance = finding.compliance.as_ref();
    json!({
        "Id": info.uid,
        // Version 2 of Security Hub names the same products.
        "ProductArn": finding.metadata.product.uid.replacen(":productv2/", ":product/", 1),
        "GeneratorId": "",
        "AwsAccountId": finding.cloud.account.uid,
        "Region": finding.cloud.region,
        "Title": info.title.as_deref().unwrap_or_default(),
        "UpdatedAt": updated_at(&finding),
        "Types": info.types,
        "Severity": {"Label": finding.severity.as_deref().map(str::to_ascii_uppercase)},
        "RecordState": record_state,
        "Workflow": {"Status": workflow_status},
        "Compliance": compliance.map(|compliance| json!({
            "Status": compliance.status.as_deref().map(compliance_status),
            "SecurityControlId": compliance.control,
        })),
        "ProductFields": product_fields(&finding),
        "Vulnerabilities": vulnerabilities.map(vulnerability::to_asff).collect::<Vec<_>>(),
        "Resources": resources,
    })
}

/// When the finding last changed. Times are milliseconds since 1970, and RFC 3339 in the members that end in `_dt`.
fn updated_at(finding: &OcsfFinding) -> Value {
    let info = &finding.finding_info;
    let times = [&info.modified_time_dt, &finding.time_dt];
    if let Some(time) = times.into_iter().flatten().next() {
        return json!(time);
    }
    let times = [info.modified_time, finding.time];
    let milliseconds = times.into_iter().flatten().next();
    json!(milliseconds.map(|milliseconds| milliseconds / 1_000.0))
}

/// The record state and the workflow status. Source: the OCSF schema, `status_id` and `activity_id` of findings.
fn state(finding: &OcsfFinding) -> (Option<&str>, &'static str) {
    let is_closed = finding.activity_id == Some(3);
    let status = finding.status.as_deref().unwrap_or_default();
    let (is_ended, workflow_status) = match status.to_ascii_lowercase().as_str() {
        "archived" | "deleted" => (true, "NEW"),
        "suppressed" => (false, "SUPPRESSED"),
        "resolved" => (false, "RESOLVED"),
        _ => (false, "NEW"),
    };
    // A control that passed is resolved, and the record of it is as good as any.
    let is_ended = is_ended || is_closed && finding.compliance.is_none();
    let record_state = finding.unmapped("RecordState");
    (
        is_ended.then_some("ARCHIVED").or(record_state),
        workflow_status,
    )
}

/// Version 2 of Security Hub has the captions of OCSF, and Security Lake the values of ASFF.
fn compliance_status(status: &str) -> &str {
    match status {
        "Pass" => "PASSED",
        "Fail" => "FAILED",
        "Warning" => "WARNING",
        other => other,
    }
}

/// The fields that OCSF has no place for. Security Lake keeps them, and Macie's own type is the first of the types.
fn product_fields(finding: &OcsfFinding) -> Map<String, Value> {
    let unmapped = finding.unmapped.iter().flatten();
    let mut product_fields: Map<String, Value> = unmapped
        .filter_map(|(name, value)| {
            let name = name.strip_prefix("ProductFields.")?;
            Some((name.to_owned(), value.clone()))
        })
        .collect();
    let mut types = finding.finding_info.types.iter().flatten();
    let is_macie = |one: &&String| one.starts_with("SensitiveData:") || one.starts_with("Policy:");
    if let Some(finding_type) = types.find(is_macie) {
        product_fields.insert("aws/macie/FindingType".into(), json!(finding_type));
    }
    product_fields
}

fn resource(resource: OcsfResource) -> Value {
    // `uid` may be the bare name of a resource whose ARN is in `uid_alt`.
    let is_arn = |id: &&str| id.starts_with("arn:");
    let id = resource.uid_alt.as_deref().filter(is_arn);
    let resource_type = resource.resource_type.as_deref().unwrap_or_default();
    let tags = resource.tags.iter().flatten();
    let tags: Map<String, Value> = tags
        .map(|tag| (tag.name.clone(), json!(tag.value)))
        .collect();
    json!({
        "Type": resource_type,
        "Id": id.unwrap_or(&resource.uid),
        "Region": resource.region,
        "Tags": tags,
        "Details": resource.data.and_then(|data| details(resource_type, data)),
    })
}

/// The details under the name that ASFF has for the type. They are an object in version 2 of Security Hub, with a key such
/// as `awsEc2InstanceDetails`, and in Security Lake an object in a string, with a key such as `AwsEc2Instance`.
fn details(resource_type: &str, data: Value) -> Option<Value> {
    let data = match data {
        Value::String(text) => serde_json::from_str(&text).ok()?,
        data => data,
    };
    let Value::Object(mut members) = data else {
        return None;
    };
    let only_key = members
        .keys()
        .next()
        .filter(|_| members.len() == 1)
        .cloned();
    let wrapper = only_key.filter(|key| key.to_ascii_lowercase().starts_with("aws"));
    let details = match wrapper {
        Some(key) => members.remove(&key)?,
        None => Value::Object(members),
    };
    let asff_type = ResourceType::from_any_name(resource_type)?.asff();
    Some(json!({ asff_type: details }))
}

/// The bucket in which Macie found data, with the categories of the data. The resource is only the object.
fn bucket(finding: &OcsfFinding) -> Option<Value> {
    let bucket = finding.databucket.as_ref()?;
    let data = bucket.data_classifications();
    let data: Vec<Value> = data
        .filter_map(|data| data.category.as_deref())
        .filter_map(data_category)
        .map(|category| json!({ "Category": category }))
        .collect();
    Some(json!({
        "Type": ResourceType::S3Bucket.asff(),
        "Id": bucket.uid.as_deref().or(bucket.name.as_deref())?,
        "Region": finding.cloud.region,
        "DataClassification": {"Result": {"SensitiveData": data}},
    }))
}

/// Macie's category. Source: the OCSF schema, `data_classification`, `category_id`; the macie2 model,
/// `SensitiveDataItemCategory`.
fn data_category(caption: &str) -> Option<&'static str> {
    match caption {
        "Personal" => Some("PERSONAL_INFORMATION"),
        "Financial" => Some("FINANCIAL_INFORMATION"),
        "Security" | "Credentials" => Some("CREDENTIALS"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Evidence, FixAvailable, Product};
    use crate::records::parsed::ParsedRecord;
    use crate::records::testing::catalog;

    fn finding(class_uid: u64, product: &str, info: Value, rest: Value) -> Value {
        let mut finding = json!({
            "activity_id": 2, "class_uid": class_uid, "severity": "High", "status": "New",
            "cloud": {"account": {"uid": "111122223333"}, "provider": "AWS", "region": "us-east-1"},
            "metadata": {"product": {"uid": format!("arn:aws:securityhub:us-east-1::productv2/aws/{product}")}},
            "finding_info": {"uid": "f", "title": "t", "modified_time": 1_758_273_439_594_u64},
        });
        for (target, source) in [("finding_info", info), ("", rest)] {
            let target = match target {
                "" => &mut finding,
                key => &mut finding[key],
            };
            let members = source.as_object().unwrap().clone();
            target.as_object_mut().unwrap().extend(members);
        }
        finding
    }

    fn parsed(finding: &Value) -> Result<ParsedRecord, IgnoreReason> {
        crate::records::parse_any(&finding.to_string(), &catalog()).unwrap()
    }

    fn control(status: &str, workflow_status: &str) -> Value {
        finding(
            2003,
            "securityhub",
            json!({}),
            json!({
                "compliance": {"control": "S3.8", "status": status},
                "status": workflow_status,
                "resources": [{
                    "type": "AWS::S3::Bucket", "uid": "b", "uid_alt": "arn:aws:s3:::b", "region": "us-east-1",
                    "tags": [{"name": "team", "value": "web"}],
                }],
            }),
        )
    }

    #[test]
    fn a_control_is_failed_or_passed_or_suppressed() {
        let record = parsed(&control("Fail", "New")).unwrap();
        assert!(
            matches!(&record.evidence, Some(Evidence::Control { id, .. }) if id.as_str() == "S3.8")
        );
        assert_eq!(record.resources[0].resource.id, "arn:aws:s3:::b");
        assert_eq!(
            record.resources[0].tags,
            [("team".to_owned(), "web".to_owned())]
        );
        assert_eq!(record.updated_at.unwrap().timestamp(), 1_758_273_439);
        let passed = parsed(&control("Pass", "Resolved")).unwrap();
        assert!(matches!(
            passed.evidence,
            Some(Evidence::PassedControl { .. })
        ));
        for (status, workflow_status) in [("Fail", "Suppressed"), ("Warning", "New")] {
            let record = parsed(&control(status, workflow_status)).unwrap();
            assert_eq!(record.evidence, None, "{status} {workflow_status}");
        }
        let archived = parsed(&control("Fail", "Archived")).unwrap();
        assert!(archived.is_inactive());
    }

    #[test]
    fn a_vulnerability_has_what_inspector_reports() {
        let details = json!({"awsEc2InstanceDetails": {"subnetId": "subnet-1"}});
        let record = parsed(&finding(
            2002,
            "inspector",
            json!({"types": ["Software and Configuration Checks/Vulnerabilities/CVE", "Vulnerabilities"]}),
            json!({
                "resources": [{"type": "AWS::EC2::Instance", "uid": "i-0123456789abcdef0", "data": details}],
                "vulnerabilities": [{
                    "cve": {
                        "uid": "CVE-2023-44487", "epss": {"score": "0.94422"},
                        "cvss": [{"version": "3.1", "base_score": 7.5, "vector_string": "CVSS:3.1/AV:N/AC:L"}],
                    },
                    "affected_packages": [{"name": "net", "version": "v0.1.0", "fixed_in_version": "0.17.0"}],
                    "is_exploit_available": true, "fix_coverage": "Partial", "is_fix_available": true,
                }],
            }),
        ))
        .unwrap();
        let Some(Evidence::PackageVulnerability(found)) = record.evidence else {
            panic!("{:?}", record.evidence);
        };
        assert_eq!(found.id, "CVE-2023-44487");
        assert_eq!(found.epss.map(|score| score.value()), Some(0.94422));
        assert_eq!(found.cvss.unwrap().metric("AV"), Some("N"));
        assert_eq!(found.exploit_available, Some(true));
        assert_eq!(found.fix, Some(FixAvailable::Partial));
        assert_eq!(
            found.packages,
            [("net v0.1.0".to_owned(), Some("0.17.0".to_owned()))]
        );
        assert!(
            !record.resources[0].edges.is_empty(),
            "the subnet of the instance"
        );
    }

    #[test]
    fn a_flaw_in_code_has_its_weaknesses() {
        let record = parsed(&finding(
            2002,
            "inspector",
            json!({"types": ["Software and Configuration Checks/Vulnerabilities"]}),
            json!({
                "resources": [{"type": "AWS::Lambda::Function", "uid": "arn:aws:lambda:us-east-1:111122223333:function:f"}],
                "vulnerabilities": [{"title": "injection", "cwe": {"uid": "CWE-78"}, "affected_code": [{"file": {}}]}],
            }),
        ));
        assert!(matches!(
            record.unwrap().evidence,
            Some(Evidence::CodeVulnerability(flaw)) if flaw.cwes == ["CWE-78"]
        ));
    }

    #[test]
    fn a_threat_has_the_type_of_guardduty_in_both_spellings() {
        for types in [
            json!(["Threats", "Backdoor:EC2/C&CActivity.B"]),
            json!(["TTPs/Command and Control/Backdoor:EC2-C&CActivity.B"]),
        ] {
            let record = parsed(&finding(
                2004,
                "guardduty",
                json!({ "types": types }),
                json!({"resources": [{"type": "AWS::EC2::Instance", "uid": "i-0123456789abcdef0"}]}),
            ));
            assert!(matches!(
                record.unwrap().evidence,
                Some(Evidence::Detection { finding_type, .. }) if finding_type == "Backdoor:EC2/C&CActivity.B"
            ));
        }
    }

    #[test]
    fn sensitive_data_is_in_the_bucket() {
        let databucket = json!({
            "uid": "arn:aws:s3:::b", "name": "b",
            "file": {"data_classifications": [{"category": "Personal"}, {"category": "Security"}]},
        });
        let record = parsed(&finding(
            2006,
            "macie",
            json!({"types": ["SensitiveData:S3Object/Multiple", "Sensitive Data"]}),
            json!({"databucket": databucket, "resources": [{"type": "AWS::S3::Object", "uid": "o"}]}),
        ))
        .unwrap();
        assert_eq!(
            (record.product, record.resources.len()),
            (Product::Macie, 1)
        );
        assert_eq!(record.resources[0].resource.id, "arn:aws:s3:::b");
        let Some(Evidence::SensitiveData(data)) = record.evidence else {
            panic!("{:?}", record.evidence);
        };
        assert_eq!(data.finding_type, "SensitiveData:S3Object/Multiple");
        assert_eq!(data.categories, ["CREDENTIALS", "PERSONAL_INFORMATION"]);
    }

    #[test]
    fn exposures_and_other_products_are_not_evidence() {
        let exposure = json!({"analytic": {"name": "Exposure"}, "types": ["Exposure"]});
        for (product, info, expected) in [
            ("securityhub-risk", json!({}), IgnoreReason::ExposureFinding),
            ("x", exposure, IgnoreReason::ExposureFinding),
            ("access-analyzer", json!({}), IgnoreReason::OtherProduct),
        ] {
            let finding = finding(2004, product, info, json!({"resources": []}));
            assert_eq!(parsed(&finding).unwrap_err(), expected, "{product}");
        }
    }

    #[test]
    fn details_in_a_string_are_those_of_asff() {
        let text = json!({"AwsEc2Instance": {"SubnetId": "s"}}).to_string();
        assert_eq!(
            details("AWS::EC2::Instance", json!(text)),
            Some(json!({"AwsEc2Instance": {"SubnetId": "s"}}))
        );
        for data in [json!("{"), json!([1]), json!(null)] {
            assert_eq!(details("AWS::EC2::Instance", data), None);
        }
    }
}
