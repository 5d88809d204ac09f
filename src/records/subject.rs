//! A resource as a record describes it, and everything that follows from the description.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::Catalog;
use crate::model::{AccountId, Region, Resource, ResourceMention, ResourceType};

use super::edges::{empty_lists, resource_edges};
use super::error::RecordError;
use super::parsed::ParsedResource;
use super::{attributes, fields, iam_facts, id_resolution};

/// A resource as a record describes it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub resource: Resource,
    /// Sorted.
    tags: Vec<(String, String)>,
    /// The configuration, as the source writes it; `Null` if the record has none.
    details: Value,
}

/// What a subject has in common with the rest of its record.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordContext<'a> {
    pub catalog: &'a Catalog,
    pub account: AccountId,
    pub region: &'a Region,
    pub updated_at: Option<DateTime<Utc>>,
}

impl Subject {
    pub(super) fn new(
        mention: ResourceMention<'_>,
        tags: Vec<(String, String)>,
        details: Value,
    ) -> Self {
        Self {
            resource: id_resolution::resolve(mention, &details),
            tags,
            details,
        }
    }

    /// A resource of which nothing but its identity is known.
    pub(super) fn without_details(resource: Resource) -> Self {
        Self {
            resource,
            tags: Vec::new(),
            details: Value::Null,
        }
    }

    /// Derives attributes, edges, and IAM facts from the details, and drops the details.
    pub(super) fn into_parsed(self, context: RecordContext<'_>) -> ParsedResource {
        let Self {
            resource,
            tags,
            details,
        } = self;
        let iam = iam_facts::iam_facts(&resource, &details);
        let attributes = attributes::attributes(
            context.catalog,
            resource.resource_type,
            &details,
            &iam,
            context.updated_at,
        );
        let mut edges = resource_edges(&resource, &tags, &details, context.region);
        edges.extend(iam.edges);
        let mut empty_lists = empty_lists(&resource, &details);
        empty_lists.extend(iam.empty_lists);
        ParsedResource {
            resource,
            tags,
            attributes,
            edges,
            empty_lists,
            permissions: iam.permissions,
        }
    }
}

/// An element of the resources of a finding, which Inspector writes alike in its own format and in ASFF.
#[derive(Deserialize)]
pub(super) struct FindingResource {
    #[serde(rename = "Type", alias = "type")]
    resource_type: String,
    #[serde(rename = "Id", alias = "id")]
    id: String,
    #[serde(rename = "Region", alias = "region")]
    region: Option<String>,
    #[serde(rename = "Tags", alias = "tags")]
    tags: Option<Map<String, Value>>,
    /// By type.
    #[serde(rename = "Details", alias = "details")]
    pub details: Option<Map<String, Value>>,
    /// Of an S3 object in a finding of Macie.
    #[serde(rename = "DataClassification")]
    data_classification: Option<DataClassification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataClassification {
    result: Option<ClassificationResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ClassificationResult {
    sensitive_data: Option<Vec<SensitiveDataResult>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SensitiveDataResult {
    category: Option<String>,
}

/// The names of the fields of a [`FindingResource`] in its format.
pub(super) struct FieldNames {
    pub id: &'static str,
    pub region: &'static str,
}

impl FindingResource {
    /// The categories of sensitive data that Macie found in the resource.
    pub(super) fn data_categories(&self) -> impl Iterator<Item = &str> {
        let classification = self.data_classification.as_ref();
        let result = classification.and_then(|classification| classification.result.as_ref());
        let data = result.and_then(|result| result.sensitive_data.as_ref());
        let data = data.into_iter().flatten();
        data.filter_map(|found| found.category.as_deref())
    }

    /// The subject, or `None` if it is of a type that exposured does not know. `select` takes its details.
    pub(super) fn into_subject(
        self,
        names: &FieldNames,
        context: RecordContext<'_>,
        select: impl FnOnce(ResourceType, Map<String, Value>) -> Option<Value>,
    ) -> Result<Option<Subject>, RecordError> {
        let Some(resource_type) = ResourceType::from_any_name(&self.resource_type) else {
            return Ok(None);
        };
        let id = fields::identifier(names.id, &self.id)?;
        let region = match &self.region {
            Some(region) => fields::parse(names.region, region)?,
            None => context.region.clone(),
        };
        let tags = self.tags.as_ref().map(fields::tags_from_map);
        let details = self
            .details
            .and_then(|details| select(resource_type, details));
        let mention = ResourceMention {
            resource_type,
            id,
            account: context.account,
            region: &region,
        };
        Ok(Some(Subject::new(
            mention,
            tags.unwrap_or_default(),
            details.unwrap_or_default(),
        )))
    }
}
