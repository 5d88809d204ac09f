//! The attributes of a resource that the catalog asks for.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::catalog::{AttributeCondition, Catalog};
use crate::model::ResourceType;

use super::iam_facts::IamFacts;
use super::parsed::ParsedAttribute;
use super::{field_aliases, json_path};

/// Returns the attributes in the details of a resource, and those that its IAM facts add.
pub(super) fn attributes(
    catalog: &Catalog,
    resource_type: ResourceType,
    details: &Value,
    iam: &IamFacts,
    updated_at: Option<DateTime<Utc>>,
) -> Vec<ParsedAttribute> {
    let conditions = catalog.attribute_conditions(resource_type);
    let current = conditions.iter().filter_map(|condition| {
        let mut values = field_aliases::values_at(resource_type, details, &condition.path);
        values.extend(json_path::values_at(&iam.attributes, &condition.path));
        attribute(condition, &values, updated_at)
    });
    let fallback = conditions.iter().filter_map(|condition| {
        let values = json_path::values_at(&iam.fallback_attributes, &condition.path);
        attribute(condition, &values, None)
    });
    current.chain(fallback).collect()
}

fn attribute(
    condition: &AttributeCondition,
    values: &[&Value],
    updated_at: Option<DateTime<Utc>>,
) -> Option<ParsedAttribute> {
    if values.is_empty() {
        return None;
    }
    let holds = values.iter().any(|value| condition.test.is_met_by(value));
    Some(ParsedAttribute {
        trait_index: condition.trait_index,
        path: condition.path.clone(),
        value: condition.test.describe_value(holds),
        holds,
        updated_at,
    })
}
