//! Resources of Security Hub's inventory, from `GetResourcesV2`. They have attributes and edges, but no finding.
//!
//! Source: the securityhub model, `ResourceResult`. The shape of `ResourceConfig` is not documented. It is parsed as AWS
//! Config writes `configuration`, as ASFF writes details, and, if it has a `configuration` itself, as a whole
//! configuration item. What has none of these forms is unknown.

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::{IgnoreReason, Product, RecordKind, Region, ResourceMention, ResourceType};

use super::configuration::{Configuration, configuration_record};
use super::parsed::ParseResult;
use super::subject::{RecordContext, Subject};
use super::{fields, timestamp};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceResult {
    resource_id: String,
    /// The account that recorded the resource.
    account_id: String,
    resource_owner_account_id: Option<String>,
    region: String,
    resource_region: Option<String>,
    // Optional in the model.
    resource_type: Option<String>,
    resource_detail_capture_time_dt: Option<Value>,
    #[serde(default)]
    resource_config: Value,
    resource_tags: Option<Vec<ResourceTag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceTag {
    key: String,
    value: Option<String>,
}

/// Parses a resource. It is not evidence if its type is unknown.
///
/// # Errors
/// The resource is malformed.
pub fn parse(json: &str, catalog: &Catalog) -> ParseResult {
    let result: ResourceResult = fields::from_json("a Security Hub resource", json)?;
    let resource_type = result.resource_type.as_deref();
    let Some(resource_type) = resource_type.and_then(ResourceType::from_any_name) else {
        return Ok(Err(IgnoreReason::UnknownType));
    };
    let account = match &result.resource_owner_account_id {
        Some(account) => fields::parse("ResourceOwnerAccountId", account)?,
        None => fields::parse("AccountId", &result.account_id)?,
    };
    let region: Region = match &result.resource_region {
        Some(region) => fields::parse("ResourceRegion", region)?,
        None => fields::parse("Region", &result.region)?,
    };
    let context = RecordContext {
        catalog,
        account,
        region: &region,
        updated_at: result
            .resource_detail_capture_time_dt
            .as_ref()
            .and_then(timestamp::parse),
    };
    let mention = ResourceMention {
        resource_type,
        id: fields::identifier("ResourceId", &result.resource_id)?,
        account,
        region: &region,
    };
    let tags = result.resource_tags.iter().flatten();
    let tags = fields::tags_from_pairs(tags.map(|tag| (tag.key.as_str(), tag.value.as_deref())));
    let configuration = Configuration::from_document(result.resource_config);
    let subject = Subject::new(mention, tags, configuration.details);
    Ok(Ok(configuration_record(
        Product::SecurityHub,
        RecordKind::Configuration,
        subject,
        &configuration.relationships,
        context,
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::testing::catalog;

    /// The attributes, and the number of edges, of an instance with this configuration.
    fn parsed(catalog: &Catalog, config: Value) -> (Vec<String>, usize) {
        let record = json!({
            "ResourceId": "i-1", "ResourceType": "AWS::EC2::Instance", "AccountId": "111122223333",
            "ResourceOwnerAccountId": "444455556666", "Region": "us-east-1", "ResourceRegion": "eu-west-1",
            "ResourceConfig": config,
        });
        let record = parse(&record.to_string(), catalog).unwrap().unwrap();
        let parsed = &record.resources[0];
        assert_eq!(
            parsed.resource.id,
            "arn:aws:ec2:eu-west-1:444455556666:instance/i-1"
        );
        let attributes = parsed.attributes.iter();
        let attributes =
            attributes.map(|attribute| format!("{} {}", attribute.path, attribute.value));
        (attributes.collect(), parsed.edges.len())
    }

    #[test]
    fn the_configuration_is_parsed_in_each_form() {
        let catalog = catalog();
        let bare = json!({"metadataOptions": {"httpTokens": "optional"}});
        let whole = json!({
            "configuration": bare.to_string(),
            "relationships": [{"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1"}],
        });
        let attributes = parsed(&catalog, bare.clone()).0;
        assert!(attributes.contains(&"MetadataOptions.HttpTokens optional".to_owned()));
        for (config, edges) in [(bare.clone(), 0), (json!(bare.to_string()), 0), (whole, 1)] {
            assert_eq!(parsed(&catalog, config), (attributes.clone(), edges));
        }
        assert_eq!(parsed(&catalog, Value::Null), (vec![], 0));
    }
}
