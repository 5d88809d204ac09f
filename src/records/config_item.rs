//! Configuration items of AWS Config: rows of `SelectResourceConfig`, and items of a history or of a snapshot. They have
//! attributes and edges, but no finding.
//!
//! Source: the config model, `ConfigurationItem`; AWS Config Developer Guide, "Components of a configuration item". Rows
//! of a query have `configuration` as an object, a history has it as a string, and a snapshot writes `ARN` and
//! `awsAccountId`.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::{IgnoreReason, Product, RecordKind, Region, ResourceMention, ResourceType};

use super::configuration::{Configuration, configuration_record};
use super::edges::Relationship;
use super::error::RecordError;
use super::parsed::ParseResult;
use super::subject::{RecordContext, Subject};
use super::{fields, timestamp};

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
    #[serde(default, deserialize_with = "listed")]
    relationships: Option<Vec<Relationship>>,
    #[serde(default)]
    tags: Value,
}

impl Item {
    /// What the item is. One without relationships, such as what `BatchGetResourceConfig` returns, is not whole.
    fn kind(&self) -> RecordKind {
        let status = self.configuration_item_status.as_deref();
        if status.is_some_and(|status| status.contains("Deleted")) {
            RecordKind::Deletion
        } else if self.relationships.is_some() {
            RecordKind::WholeConfiguration
        } else {
            RecordKind::Configuration
        }
    }

    /// The ARN, or else the resource ID.
    fn id(&self) -> Result<&str, RecordError> {
        if let Some(arn) = self.arn.as_deref().filter(|arn| !arn.is_empty()) {
            return fields::identifier("arn", arn);
        }
        match &self.resource_id {
            Some(id) => fields::identifier("resourceId", id),
            None => Err(RecordError::MissingField {
                field: "resourceId",
            }),
        }
    }
}

/// A list that is there. One that is null is empty.
fn listed<'de, D: Deserializer<'de>>(list: D) -> Result<Option<Vec<Relationship>>, D::Error> {
    fields::null_as_empty(list).map(Some)
}

/// Parses an item. It is not evidence if its type is unknown. The item of a deleted resource says only that.
///
/// # Errors
/// The item is malformed.
pub fn parse(json: &str, catalog: &Catalog) -> ParseResult {
    let json = fields::unquoted(json)?;
    let item: Item = fields::from_json("a configuration item", &json)?;
    let Some(resource_type) = ResourceType::from_any_name(&item.resource_type) else {
        return Ok(Err(IgnoreReason::UnknownType));
    };
    let region = match &item.aws_region {
        Some(region) => fields::parse("awsRegion", region)?,
        None => Region::global(),
    };
    let context = RecordContext {
        catalog,
        account: fields::parse("accountId", &item.account_id)?,
        region: &region,
        updated_at: item
            .configuration_item_capture_time
            .as_ref()
            .and_then(timestamp::parse),
    };
    let id = item.id()?.to_owned();
    let kind = item.kind();
    let mention = ResourceMention {
        resource_type,
        id: &id,
        account: context.account,
        region: &region,
    };
    let configuration = Configuration::new(
        item.configuration,
        item.supplementary_configuration,
        item.relationships.unwrap_or_default(),
    );
    let subject = Subject::new(mention, tags(&item.tags), configuration.details);
    if kind == RecordKind::Deletion {
        let subject = Subject::without_details(subject.resource);
        let record = configuration_record(Product::Config, kind, subject, &[], context);
        return Ok(Ok(record));
    }
    Ok(Ok(configuration_record(
        Product::Config,
        kind,
        subject,
        &configuration.relationships,
        context,
    )))
}

/// The tags: `[{"key": …, "value": …, "tag": "key=value"}]` in a query, `{key: value}` elsewhere.
fn tags(tags: &Value) -> Vec<(String, String)> {
    match tags {
        Value::Array(tags) => fields::tags_from_pairs(tags.iter().filter_map(|tag| {
            let key = tag.get("key")?.as_str()?;
            Some((key, tag.get("value").and_then(Value::as_str)))
        })),
        Value::Object(tags) => fields::tags_from_map(tags),
        _ => Vec::new(),
    }
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
        let kinds: Vec<_> = resource.edges.iter().map(|edge| edge.kind).collect();
        assert_eq!(kinds.len(), 2, "{kinds:?}");
        for form in [json!(row.to_string()), history, snapshot] {
            let parsed = parse(&form.to_string(), &catalog).unwrap().unwrap();
            assert_eq!(format!("{parsed:?}"), format!("{expected:?}"));
        }
    }

    #[test]
    fn the_item_of_a_deleted_resource_says_only_that() {
        let catalog = catalog();
        let mut deleted = instance();
        deleted["configurationItemStatus"] = json!("ResourceDeleted");
        for configuration in [json!(null), json!({}), instance()["configuration"].clone()] {
            deleted["configuration"] = configuration;
            let parsed = crate::records::parse_any(&deleted.to_string(), &catalog);
            let parsed = parsed.unwrap().unwrap();
            let [resource] = &parsed.resources[..] else {
                panic!("{parsed:?}");
            };
            assert_eq!(parsed.kind, RecordKind::Deletion);
            assert!(
                resource.attributes.is_empty()
                    && resource.edges.is_empty()
                    && parsed.edges.is_empty()
            );
        }
    }

    #[test]
    fn unknown_types_are_skipped() {
        let catalog = catalog();
        let mut unknown = instance();
        unknown["resourceType"] = json!("AWS::Lex::Bot");
        let parsed = crate::records::parse_any(&unknown.to_string(), &catalog);
        assert_eq!(parsed.unwrap().unwrap_err(), IgnoreReason::UnknownType);
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
