//! Reading one resource of Security Hub's `GetResourcesV2`: attributes and relations, no finding.
//!
//! Source: the securityhub model, `ResourceResult`. `ResourceConfig` is a document without a documented shape. It is
//! read as AWS Config writes `configuration`, as ASFF writes details, and, if it has a `configuration` of its own, as
//! a whole configuration item; what is in none of these forms is unknown.

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::{
    AccountId, Product, Region, ResourceMention, ResourceType, clean, is_clean_identifier,
};

use super::parsed::{ParsedRecord, RecordError};
use super::subject::{RecordContext, Subject};

use super::{bridge, config_item, time};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceResult {
    resource_id: String,
    /// That recorded it.
    account_id: String,
    resource_owner_account_id: Option<String>,
    region: String,
    resource_region: Option<String>,
    // The model does not require it.
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

/// Reads a resource. `None` if it is of a type that exposured does not know.
///
/// # Errors
/// What is wrong with the record.
pub fn parse(json: &str, catalog: &Catalog) -> Result<Option<ParsedRecord>, RecordError> {
    let result: ResourceResult = serde_json::from_str(json)
        .map_err(|error| RecordError::new("Security Hub resource", error))?;
    let named = result
        .resource_type
        .as_deref()
        .and_then(ResourceType::from_any_name);
    let Some(resource_type) = named else {
        return Ok(None);
    };
    let id = result.resource_id.as_str();
    if !is_clean_identifier(id) {
        return Err(RecordError::new(
            "ResourceId",
            "empty, control characters, or longer than any id",
        ));
    }
    let account: AccountId = result
        .resource_owner_account_id
        .as_deref()
        .unwrap_or(&result.account_id)
        .parse()
        .map_err(|error| RecordError::new("ResourceOwnerAccountId or AccountId", error))?;
    let region: Region = result
        .resource_region
        .as_deref()
        .unwrap_or(&result.region)
        .parse()
        .map_err(|error| RecordError::new("ResourceRegion or Region", error))?;
    let described = config_item::described(result.resource_config);
    let mention = ResourceMention {
        resource_type,
        id,
        account,
        region: &region,
    };
    let mut tags: Vec<(String, String)> = result
        .resource_tags
        .iter()
        .flatten()
        .map(|tag| {
            (
                clean(&tag.key),
                clean(tag.value.as_deref().unwrap_or_default()),
            )
        })
        .collect();
    tags.sort();
    let subject = Subject {
        resource: bridge::identified(mention, &described.details),
        tags,
        details: described.details,
    };
    let context = RecordContext {
        catalog,
        region: &region,
        updated_at: result
            .resource_detail_capture_time_dt
            .as_ref()
            .and_then(time::read),
    };
    Ok(Some(config_item::configuration_record(
        Product::SecurityHub,
        subject,
        &described.relationships,
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
        (attributes.collect(), record.edges.len())
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
