//! Reading one resource of Security Hub's `GetResourcesV2`: attributes and relations, no finding.
//!
//! Source: the securityhub model, `ResourceResult`. `ResourceConfig` is a document without a documented shape; it is
//! read as AWS Config writes `configuration`.

use serde::Deserialize;
use serde_json::Value;

use crate::model::{
    AccountId, FindingId, Product, Region, ResourceMention, ResourceType, clean,
    is_clean_identifier,
};

use super::reading::{DescribedResource, Reading, Unreadable};

use super::{bridge, time};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceResult {
    resource_id: String,
    account_id: String,
    region: String,
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
pub fn read(json: &str) -> Result<Option<Reading>, Unreadable> {
    let result: ResourceResult = serde_json::from_str(json)
        .map_err(|error| Unreadable::because("Security Hub resource", error))?;
    let named = result
        .resource_type
        .as_deref()
        .and_then(ResourceType::of_any_spelling);
    let Some(resource_type) = named else {
        return Ok(None);
    };
    let id = result.resource_id.as_str();
    if !is_clean_identifier(id) {
        return Err(Unreadable::because(
            "ResourceId",
            "empty, control characters, or longer than any id",
        ));
    }
    let account: AccountId = result
        .account_id
        .parse()
        .map_err(|error| Unreadable::because("AccountId", error))?;
    let region: Region = result
        .region
        .parse()
        .map_err(|error| Unreadable::because("Region", error))?;
    let mention = ResourceMention {
        resource_type,
        id,
        account,
        region: &region,
    };
    let resource = bridge::identified(mention, &result.resource_config);
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
    Ok(Some(Reading {
        finding: FindingId(resource.id.clone()),
        product: Product::SecurityHub,
        title: format!("Configuration of {}", resource.id),
        region,
        updated_at: result
            .resource_detail_capture_time_dt
            .as_ref()
            .and_then(time::read),
        evidence: None,
        resources: vec![DescribedResource {
            resource,
            tags,
            details: result.resource_config,
        }],
        relations: Vec::new(),
    }))
}
