//! The record formats, one per line: how a record is recognized, where lists and IDs of such records are found, and what
//! parses them. Files use the table today; any source whose content is not known in advance can.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::clean;

use super::error::RecordError;
use super::parsed::ParseResult;
use super::{
    access_analyzer, asff, authorization_details, config_item, fields, inspector, inventory, macie,
    ocsf, unread,
};

/// Parses one record of a known format.
pub type RecordParser = fn(&str, &Catalog) -> ParseResult;

struct RecordFormat {
    /// The name in messages.
    name: &'static str,
    /// Sets of top-level keys. A record that has all keys of a set has this format.
    markers: &'static [&'static [&'static str]],
    /// The keys under which the AWS CLI lists such records.
    lists: &'static [&'static str],
    /// The keys of a record's ID.
    ids: &'static [&'static str],
    parse: RecordParser,
}

const fn format(
    name: &'static str,
    markers: &'static [&'static [&'static str]],
    lists: &'static [&'static str],
    ids: &'static [&'static str],
    parse: RecordParser,
) -> RecordFormat {
    RecordFormat {
        name,
        markers,
        lists,
        ids,
        parse,
    }
}

/// All formats: name, markers, lists, IDs, parser. A record has the first format whose markers it has.
#[rustfmt::skip]
const FORMATS: &[RecordFormat] = &[
    format("Security Hub finding", &[&["ProductArn"]], &["Findings"], &["Id"], asff::parse),
    format("OCSF finding", &[&["class_uid", "finding_info"]], &["Findings"], &[], ocsf::parse),
    format("Inspector finding", &[&["findingArn"]], &["findings"], &["findingArn"], inspector::parse),
    format("Access Analyzer finding", &[&["resourceOwnerAccount", "analyzedAt"]], &["findings"], &["id"], access_analyzer::parse),
    format("Macie finding", &[&["resourcesAffected"], &["classificationDetails"]], &["findings"], &["id"], macie::parse),
    format("Security Hub resource", &[&["ResourceConfig"]], &["Resources"], &["ResourceId"], inventory::parse),
    // The lists are the rows of a query, the history of a resource or a snapshot as AWS Config delivers it, and what
    // `BatchGetResourceConfig` returns. The item of a deleted resource has no configuration.
    format("AWS Config item", &[&["resourceType", "configuration"], &["resourceType", "configurationItemStatus"]], &["Results", "configurationItems", "baseConfigurationItems"], &["arn", "resourceId"], config_item::parse),
    // Commands that list roles or users without their policies write neither list.
    format("IAM authorization details", &[&["UserId", "AttachedManagedPolicies"], &["GroupId", "AttachedManagedPolicies"], &["RoleId", "AttachedManagedPolicies"], &["PolicyId", "PolicyVersionList"]], &["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"], &["Arn"], authorization_details::parse),
];

/// Parses a record of any format, which its top-level keys reveal.
///
/// # Errors
/// The record has no known format, or is malformed.
pub fn parse_any(json: &str, catalog: &Catalog) -> ParseResult {
    let text = fields::unquoted(json)?;
    match format_of(&text)? {
        Some(format) => (format.parse)(&text, catalog),
        None => Err(unread::error(&text).unwrap_or_else(unknown_format)),
    }
}

/// Whether a record has a known format.
pub fn has_known_format(json: &str) -> bool {
    matches!(format_of(json), Ok(Some(_)))
}

/// Whether the AWS CLI lists records under this key.
pub fn is_list_key(key: &str) -> bool {
    FORMATS.iter().any(|format| format.lists.contains(&key))
}

/// The ID of a record that cannot be parsed, for messages about it.
pub fn record_id(json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(&fields::unquoted(json).ok()?).ok()?;
    FORMATS
        .iter()
        .flat_map(|format| format.ids)
        .find_map(|key| value.get(key)?.as_str())
        .map(clean)
}

fn format_of(json: &str) -> Result<Option<&'static RecordFormat>, RecordError> {
    let MarkersFound(found) = fields::from_json("a record", json)?;
    Ok(FORMATS.iter().find(|format| {
        let mut markers = format.markers.iter();
        markers.any(|keys| keys.iter().all(|key| found.contains(key)))
    }))
}

fn unknown_format() -> RecordError {
    let formats = FORMATS.iter().map(|format| {
        let keys = format.markers.iter().map(|keys| keys.join("` and `"));
        let keys: Vec<String> = keys.collect();
        format!("`{}` ({})", keys.join("` or `"), format.name)
    });
    let formats: Vec<String> = formats.collect();
    RecordError::UnknownFormat {
        expected: formats.join(", "),
    }
}

/// The markers of any format among the top-level keys of a record. A key with the value `null` does not count.
struct MarkersFound(Vec<&'static str>);

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for MarkersFound {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopLevelKeys;
        impl<'de> Visitor<'de> for TopLevelKeys {
            type Value = MarkersFound;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut members: A,
            ) -> Result<MarkersFound, A::Error> {
                let mut found = Vec::new();
                while let Some(Key(key)) = members.next_key()? {
                    let is_set = members.next_value::<Option<IgnoredAny>>()?.is_some();
                    found.extend(marker(&key).filter(|_| is_set));
                }
                Ok(MarkersFound(found))
            }
        }
        deserializer.deserialize_map(TopLevelKeys)
    }
}

fn marker(key: &str) -> Option<&'static str> {
    let markers = FORMATS.iter().flat_map(|format| format.markers).copied();
    markers.flatten().copied().find(|marker| *marker == key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name_of(record: &Value) -> Option<&'static str> {
        format_of(&record.to_string())
            .unwrap()
            .map(|format| format.name)
    }

    #[test]
    fn the_markers_of_each_format_reveal_it_and_no_other() {
        for format in FORMATS {
            for keys in format.markers {
                let record: Value = keys.iter().map(|key| (*key, json!({}))).collect();
                assert_eq!(name_of(&record), Some(format.name), "{keys:?}");
            }
        }
    }

    #[test]
    fn a_record_needs_every_key_of_a_marker_with_a_value() {
        for record in [
            json!({}),
            json!({"resourceType": "AWS::EC2::Instance"}),
            json!({"ProductArn": null}),
            json!({"Resources": [{"ProductArn": "p"}]}),
        ] {
            assert_eq!(name_of(&record), None, "{record}");
        }
    }

    #[test]
    fn the_error_for_an_unknown_format_lists_the_known_ones() {
        let catalog = crate::records::testing::catalog();
        let error = |json: &str| parse_any(json, &catalog).unwrap_err().to_string();
        insta::assert_snapshot!(error("{\"a\": 1}"), @"unknown record format: expected `ProductArn` (Security Hub finding), `class_uid` and `finding_info` (OCSF finding), `findingArn` (Inspector finding), `resourceOwnerAccount` and `analyzedAt` (Access Analyzer finding), `resourcesAffected` or `classificationDetails` (Macie finding), `ResourceConfig` (Security Hub resource), `resourceType` and `configuration` or `resourceType` and `configurationItemStatus` (AWS Config item), `UserId` and `AttachedManagedPolicies` or `GroupId` and `AttachedManagedPolicies` or `RoleId` and `AttachedManagedPolicies` or `PolicyId` and `PolicyVersionList` (IAM authorization details)");
        insta::assert_snapshot!(error("[]"), @"parsing a record: invalid type: sequence, expected a JSON object at line 1 column 0");
    }

    /// Records with every list that a parser reads.
    fn records_with_lists() -> [Value; 5] {
        let asff = json!({
            "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/inspector",
            "Id": "f", "GeneratorId": "AWSInspector", "AwsAccountId": "111122223333", "Title": "CVE-2026-1",
            "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
            "Compliance": {"Status": "FAILED", "StatusReasons": [{"ReasonCode": "X"}]},
            "NetworkPath": [{"ComponentId": "i-1", "ComponentType": "AWS::EC2::Instance"}],
            "Vulnerabilities": [{
                "Id": "CVE-2026-1", "Cvss": [{"Version": "3.1", "BaseVector": "CVSS:3.1/AV:N", "BaseScore": 9.8}],
                "VulnerablePackages": [{"Name": "openssl"}], "CodeVulnerabilities": [{"Cwes": ["CWE-79"]}],
            }],
            "Resources": [{"Type": "AwsEc2Instance", "Id": "i-1", "Details": {"AwsEc2Instance": {"SubnetIds": ["s"]}}}],
        });
        let inspector = json!({
            "findingArn": "arn:aws:inspector2:us-east-1:111122223333:finding/f", "awsAccountId": "111122223333",
            "type": "PACKAGE_VULNERABILITY",
            "packageVulnerabilityDetails": {
                "vulnerabilityId": "CVE-2026-1", "cvss": [{"version": "3.1", "scoringVector": "CVSS:3.1/AV:N"}],
                "vulnerablePackages": [{"name": "openssl"}],
            },
            "networkReachabilityDetails": {"networkPath": {"steps": [{"componentId": "i", "componentType": "t"}]}},
            "codeVulnerabilityDetails": {"cwes": ["CWE-79"]},
            "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-1"}],
        });
        let macie = json!({
            "id": "m", "accountId": "111122223333", "region": "us-east-1", "type": "SensitiveData:S3Object/Multiple",
            "classificationDetails": {"result": {"sensitiveData": [{"category": "CREDENTIALS"}]}},
            "resourcesAffected": {"s3Bucket": {"arn": "arn:aws:s3:::b", "tags": [{"key": "k"}]}},
        });
        let resource = json!({
            "ResourceConfig": {"relationships": [{"resourceType": "AWS::EC2::Instance"}], "configuration": {}},
            "ResourceId": "i-1", "ResourceType": "AWS::EC2::Instance", "AccountId": "111122223333",
            "Region": "us-east-1", "ResourceTags": [{"Key": "k"}],
        });
        let item = json!({
            "resourceType": "AWS::EC2::Instance", "resourceId": "i-1", "accountId": "111122223333",
            "awsRegion": "us-east-1", "configuration": {"securityGroups": [{"groupId": "sg-1"}]},
            "relationships": [{"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1"}],
            "tags": [{"key": "k"}],
        });
        [asff, inspector, macie, resource, item]
    }

    /// The JSON pointers to all lists in a value.
    fn lists_in(value: &Value, pointer: &str, found: &mut Vec<String>) {
        let members: Vec<(String, &Value)> = match value {
            Value::Array(elements) => {
                found.push(pointer.to_owned());
                let elements = elements.iter().enumerate();
                elements
                    .map(|(index, element)| (index.to_string(), element))
                    .collect()
            }
            Value::Object(members) => members
                .iter()
                .map(|(key, member)| (key.clone(), member))
                .collect(),
            _ => Vec::new(),
        };
        for (key, member) in members {
            lists_in(member, &format!("{pointer}/{key}"), found);
        }
    }

    #[test]
    fn a_null_list_is_an_empty_one() {
        let catalog = crate::records::testing::catalog();
        for record in records_with_lists() {
            let mut pointers = Vec::new();
            lists_in(&record, "", &mut pointers);
            assert!(pointers.len() > 1, "{record}");
            for pointer in pointers {
                let parsed = |list: Value| {
                    let mut record = record.clone();
                    *record.pointer_mut(&pointer).unwrap() = list;
                    let parsed = parse_any(&record.to_string(), &catalog);
                    format!(
                        "{:?}",
                        parsed.unwrap_or_else(|error| panic!("{pointer}: {error}"))
                    )
                };
                assert_eq!(parsed(Value::Null), parsed(json!([])), "{pointer}");
            }
        }
    }

    #[test]
    fn a_record_is_evidence_only_about_its_own_account() {
        let catalog = crate::records::testing::catalog();
        let mut tested = 0;
        for record in records_with_lists() {
            let text = record.to_string();
            // Macie names a bucket, whose ARN has no account.
            if !text.contains("\"i-1\"") {
                continue;
            }
            for (account, is_own) in [("111122223333", true), ("444455556666", false)] {
                let arn = |rest: &str| format!("\"arn:aws:ec2:us-east-1:{account}:{rest}\"");
                let text = text.replace("\"i-1\"", &arn("instance/i-1"));
                let text = text.replace("\"sg-1\"", &arn("security-group/sg-1"));
                let parsed = parse_any(&text, &catalog).unwrap().unwrap();
                assert_eq!(parsed.account.unwrap().to_string(), "111122223333");
                assert_eq!(parsed.names_other_account, !is_own, "{text}");
                assert_eq!(parsed.resources.len(), usize::from(is_own), "{text}");
                let edges = parsed.resources.iter().flat_map(|parsed| &parsed.edges);
                let mut edges = edges.chain(&parsed.edges);
                assert!(edges.all(|edge| Some(edge.from.account) == parsed.account));
                tested += 1;
            }
        }
        assert_eq!(tested, 8);
    }

    #[test]
    fn an_id_is_found_in_every_format_and_cleaned() {
        for format in FORMATS {
            for key in format.ids {
                let record = json!({ *key: "id\u{1b}" }).to_string();
                let quoted = json!(record).to_string();
                assert_eq!(record_id(&record), Some(clean("id\u{1b}")), "{key}");
                assert_eq!(record_id(&quoted), Some(clean("id\u{1b}")), "{key}");
            }
        }
        assert_eq!(record_id("{"), None);
    }
}
