//! Reading one configuration item of AWS Config: a row of `SelectResourceConfig`, an item of a history or of a
//! snapshot. Attributes and relations, no finding.
//!
//! Source: the config model, `ConfigurationItem`; AWS Config Developer Guide, "Components of a configuration item". A
//! query's rows have `configuration` as an object, a history has it as a text, and a snapshot spells `ARN` and
//! `awsAccountId`.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::Catalog;
use crate::model::{
    AccountId, FindingId, Product, Region, ResourceMention, ResourceType, clean,
    is_clean_identifier,
};

use super::parsed::{ParsedRecord, RecordError};
use super::relationship::{self, Relationship};
use super::subject::{RecordContext, Subject};

use super::{bridge, time};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    resource_type: String,
    resource_id: Option<String>,
    #[serde(alias = "ARN")]
    arn: Option<String>,
    #[serde(alias = "awsAccountId")]
    account_id: String,
    aws_region: Option<String>,
    configuration_item_capture_time: Option<Value>,
    configuration_item_status: Option<String>,
    #[serde(default)]
    configuration: Value,
    #[serde(default)]
    supplementary_configuration: Value,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default)]
    tags: Value,
}

/// Reads an item. `None` if it is of a type that exposured does not know, or of a resource that is gone.
///
/// # Errors
/// What is wrong with the record.
pub fn parse(json: &str, catalog: &Catalog) -> Result<Option<ParsedRecord>, RecordError> {
    let wrong = |error: serde_json::Error| RecordError::new("configuration item", error);
    // A row of a query is a text that holds the item.
    let inner: String;
    let json = if json.trim_start().starts_with('"') {
        inner = serde_json::from_str(json).map_err(wrong)?;
        &inner
    } else {
        json
    };
    let item: Item = serde_json::from_str(json).map_err(wrong)?;
    let is_gone = item
        .configuration_item_status
        .as_deref()
        .is_some_and(|status| status.contains("Deleted"));
    let Some(resource_type) = ResourceType::from_any_name(&item.resource_type) else {
        return Ok(None);
    };
    if is_gone {
        return Ok(None);
    }
    let id = item
        .arn
        .as_deref()
        .filter(|arn| !arn.is_empty())
        .or(item.resource_id.as_deref())
        .filter(|id| is_clean_identifier(id))
        .ok_or_else(|| RecordError::new("resourceId", "missing, or no identifier"))?;
    let account: AccountId = item
        .account_id
        .parse()
        .map_err(|error| RecordError::new("accountId", error))?;
    let region: Region = match item.aws_region.as_deref() {
        Some(text) => text
            .parse()
            .map_err(|error| RecordError::new("awsRegion", error))?,
        None => Region::global(),
    };
    let details = merged(item.configuration, item.supplementary_configuration);
    let mention = ResourceMention {
        resource_type,
        id,
        account,
        region: &region,
    };
    let subject = Subject {
        resource: bridge::identified(mention, &details),
        tags: tags(&item.tags),
        details,
    };
    let context = RecordContext {
        catalog,
        region: &region,
        updated_at: item
            .configuration_item_capture_time
            .as_ref()
            .and_then(time::read),
    };
    Ok(Some(configuration_record(
        Product::Config,
        subject,
        &item.relationships,
        context,
    )))
}

/// A record that describes the configuration of a resource and has no finding.
pub(super) fn configuration_record(
    product: Product,
    subject: Subject,
    relationships: &[Relationship],
    context: RecordContext<'_>,
) -> ParsedRecord {
    ParsedRecord {
        finding: FindingId(subject.resource.id.clone()),
        product,
        title: format!("Configuration of {}", subject.resource.id),
        updated_at: context.updated_at,
        evidence: None,
        edges: relationship::relations(&subject.resource, relationships),
        resources: vec![subject.into_parsed(context)],
    }
}

/// A resource's configuration, where it is not sure that it is a whole item.
#[derive(Default)]
pub(super) struct Described {
    pub details: Value,
    pub relationships: Vec<Relationship>,
}

/// Of an item its configuration and relationships; anything else is taken for the configuration itself.
pub(super) fn described(config: Value) -> Described {
    let mut config = unpacked(config);
    let Some(configuration) = config.get_mut("configuration").map(Value::take) else {
        return Described {
            details: config,
            relationships: Vec::new(),
        };
    };
    let mut part = |name: &str| config.get_mut(name).map(Value::take).unwrap_or_default();
    Described {
        details: merged(configuration, part("supplementaryConfiguration")),
        relationships: serde_json::from_value(part("relationships")).unwrap_or_default(),
    }
}

/// Configuration and supplementary configuration as one: their names do not meet, and ASFF has both in one object.
fn merged(configuration: Value, supplementary: Value) -> Value {
    let mut all = match unpacked(supplementary) {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, unpacked(value)))
            .collect(),
        _ => Map::new(),
    };
    match unpacked(configuration) {
        Value::Object(members) => all.extend(members),
        Value::Null => {}
        other => return other,
    }
    if all.is_empty() {
        return Value::Null;
    }
    Value::Object(all)
}

/// A history writes objects as texts.
fn unpacked(value: Value) -> Value {
    match &value {
        Value::String(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    }
}

/// `[{"key": …, "value": …, "tag": "key=value"}]` in a query, `{key: value}` elsewhere.
fn tags(tags: &Value) -> Vec<(String, String)> {
    let text = |value: Option<&Value>| clean(value.and_then(Value::as_str).unwrap_or_default());
    let mut all: Vec<(String, String)> = match tags {
        Value::Array(tags) => tags
            .iter()
            .map(|tag| (text(tag.get("key")), text(tag.get("value"))))
            .collect(),
        Value::Object(tags) => tags
            .iter()
            .map(|(key, value)| (clean(key), text(Some(value))))
            .collect(),
        _ => Vec::new(),
    };
    all.retain(|(key, _)| !key.is_empty());
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::testing::catalog;

    fn instance() -> Value {
        json!({
            "resourceId": "i-1", "resourceType": "AWS::EC2::Instance", "accountId": "111122223333",
            "awsRegion": "us-east-1", "arn": "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
            "configurationItemCaptureTime": "2026-11-20T06:00:00.000Z",
            "configuration": {"metadataOptions": {"httpTokens": "optional"}},
            "relationships": [
                {"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1"},
                {"resourceType": "AWS::EC2::NetworkInterface", "resourceId": "eni-1"},
                {"resourceType": "AWS::EC2::Host", "resourceId": "h-1"},
            ],
            "tags": [{"key": "Name", "value": "web", "tag": "Name=web"}],
        })
    }

    #[test]
    fn all_forms_of_an_item_are_parsed_alike() {
        let row = instance();
        let mut history = instance();
        history["configuration"] = json!(history["configuration"].to_string());
        history["tags"] = json!({"Name": "web"});
        let mut snapshot = history.clone();
        let members = snapshot.as_object_mut().unwrap();
        for (old, new) in [("arn", "ARN"), ("accountId", "awsAccountId")] {
            let value = members.remove(old).unwrap();
            members.insert(new.into(), value);
        }
        let catalog = catalog();
        let expected = parse(&row.to_string(), &catalog).unwrap().unwrap();
        let resource = &expected.resources[0];
        assert_eq!(resource.tags, [("Name".into(), "web".into())]);
        assert_eq!(resource.attributes[0].path, "MetadataOptions.HttpTokens");
        let kinds: Vec<_> = expected.edges.iter().map(|edge| edge.kind).collect();
        assert_eq!(kinds.len(), 2, "{kinds:?}");
        for form in [json!(row.to_string()), history, snapshot] {
            let parsed = parse(&form.to_string(), &catalog).unwrap().unwrap();
            assert_eq!(format!("{parsed:?}"), format!("{expected:?}"));
        }
    }

    #[test]
    fn deleted_resources_and_unknown_types_are_skipped() {
        let catalog = catalog();
        let mut deleted = instance();
        deleted["configurationItemStatus"] = json!("ResourceDeleted");
        let mut unknown = instance();
        unknown["resourceType"] = json!("AWS::Lex::Bot");
        for item in [deleted, unknown] {
            assert!(parse(&item.to_string(), &catalog).unwrap().is_none());
        }
    }

    #[test]
    fn supplementary_configuration_is_part_of_the_details() {
        let details = merged(
            json!({"name": "b"}),
            json!({"BucketVersioningConfiguration": "{\"status\":\"Suspended\"}"}),
        );
        assert_eq!(
            details["BucketVersioningConfiguration"]["status"],
            "Suspended"
        );
        assert_eq!(details["name"], "b");
    }

    #[test]
    fn a_malformed_item_is_an_error() {
        let catalog = catalog();
        let mut nameless = instance();
        nameless["arn"] = json!(null);
        nameless["resourceId"] = json!("");
        for malformed in [json!("{"), json!({"resourceType": 7}), nameless] {
            let parsed = parse(&malformed.to_string(), &catalog);
            assert!(parsed.is_err(), "{malformed}");
        }
    }
}
