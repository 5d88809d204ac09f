//! A resource as a record describes it, and everything that follows from the description.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::catalog::{AttributeCondition, Catalog};
use crate::model::{Region, Resource};

use super::parsed::{ParsedAttribute, ParsedResource};
use super::{details, inferred, permissions, spelling};

/// A resource as a record describes it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub resource: Resource,
    /// Sorted.
    pub tags: Vec<(String, String)>,
    /// The configuration, as the source writes it; `Null` if the record has none.
    pub details: Value,
}

/// What a subject has in common with the rest of its record.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordContext<'a> {
    pub catalog: &'a Catalog,
    /// The Region of the record, for what global resources refer to.
    pub region: &'a Region,
    pub updated_at: Option<DateTime<Utc>>,
}

impl Subject {
    /// Derives attributes, edges, and IAM facts from the details, and drops the details.
    pub(super) fn into_parsed(self, context: RecordContext<'_>) -> ParsedResource {
        let iam = permissions::told(&self.resource, &self.details);
        let attributes = self.attributes(context, &iam.attributes, &iam.until_told);
        let mut edges = details::relations(&self.resource, &self.details, context.region);
        edges.extend(iam.edges);
        edges.extend(inferred::node_of(&self.resource, &self.tags));
        ParsedResource {
            resource: self.resource,
            tags: self.tags,
            attributes,
            edges,
            permissions: iam.permissions,
        }
    }

    /// The attributes that the catalog asks for: those of the details and `derived` ones with the time of the record,
    /// and `fallback` ones, which are older than those of any other record.
    fn attributes(
        &self,
        context: RecordContext<'_>,
        derived: &Value,
        fallback: &Value,
    ) -> Vec<ParsedAttribute> {
        let resource_type = self.resource.resource_type;
        let conditions = context.catalog.attribute_conditions(resource_type);
        let current = conditions.iter().filter_map(|condition| {
            let mut values = spelling::values(resource_type, &self.details, &condition.path);
            values.extend(details::attributes(derived, &condition.path));
            attribute(condition, &values, context.updated_at)
        });
        let fallback = conditions.iter().filter_map(|condition| {
            let values = details::attributes(fallback, &condition.path);
            attribute(condition, &values, None)
        });
        current.chain(fallback).collect()
    }
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
        value: condition.test.told(holds),
        holds,
        updated_at,
    })
}
