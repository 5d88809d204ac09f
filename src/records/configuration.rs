//! The configuration of a resource, which AWS Config and Security Hub's inventory write alike.

use serde_json::{Map, Value};

use crate::model::{FindingId, Product, RecordKind};

use super::edges::{Relationship, relationship_edges};
use super::parsed::ParsedRecord;
use super::subject::{RecordContext, Subject};

/// The configuration of a resource.
#[derive(Default)]
pub(super) struct Configuration {
    pub details: Value,
    pub relationships: Vec<Relationship>,
}

impl Configuration {
    pub(super) fn new(
        configuration: Value,
        supplementary: Value,
        relationships: Vec<Relationship>,
    ) -> Self {
        Self {
            details: merge(configuration, supplementary),
            relationships,
        }
    }

    /// The configuration in a document whose shape is not documented: a whole configuration item, or else the
    /// configuration itself.
    pub(super) fn from_document(document: Value) -> Self {
        let mut document = unpack(document);
        let Some(configuration) = document.get_mut("configuration").map(Value::take) else {
            return Self {
                details: document,
                relationships: Vec::new(),
            };
        };
        let mut take = |name: &str| {
            let value = document.get_mut(name).map(Value::take);
            value.unwrap_or_default()
        };
        let supplementary = take("supplementaryConfiguration");
        let relationships = serde_json::from_value(take("relationships")).unwrap_or_default();
        Self::new(configuration, supplementary, relationships)
    }
}

/// A record that describes the configuration of a resource and has no finding.
pub(super) fn configuration_record(
    product: Product,
    kind: RecordKind,
    subject: Subject,
    relationships: &[Relationship],
    context: RecordContext<'_>,
) -> ParsedRecord {
    let edges = relationship_edges(&subject.resource, relationships);
    let record = ParsedRecord {
        kind,
        lists_tags: true,
        finding: FindingId(subject.resource.id.clone()),
        product,
        account: Some(context.account),
        names_other_account: false,
        title: format!("Configuration of {}", subject.resource.id),
        updated_at: context.updated_at,
        evidence: None,
        resources: vec![subject.into_parsed(context).with_edges(edges)],
        edges: Vec::new(),
        aws_policy: None,
    };
    record.within_account()
}

/// Merges configuration and supplementary configuration, which ASFF has in one object. They share no names.
fn merge(configuration: Value, supplementary: Value) -> Value {
    let mut merged = match unpack(supplementary) {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, unpack(value)))
            .collect(),
        _ => Map::new(),
    };
    match unpack(configuration) {
        Value::Object(members) => merged.extend(members),
        Value::Null => {}
        other => return other,
    }
    if merged.is_empty() {
        return Value::Null;
    }
    Value::Object(merged)
}

/// The value in a string of JSON, as which a history writes objects.
fn unpack(value: Value) -> Value {
    match &value {
        Value::String(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn supplementary_configuration_is_part_of_the_details() {
        let details = merge(
            json!({"name": "b"}),
            json!({"BucketVersioningConfiguration": "{\"status\":\"Suspended\"}"}),
        );
        assert_eq!(
            details,
            json!({"name": "b", "BucketVersioningConfiguration": {"status": "Suspended"}})
        );
    }

    #[test]
    fn a_document_may_be_a_configuration_item_or_the_configuration_itself() {
        let bare = json!({"metadataOptions": {"httpTokens": "optional"}});
        let item = json!({
            "configuration": bare.to_string(),
            "relationships": [{"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1"}],
        });
        for (document, relationships) in
            [(bare.clone(), 0), (json!(bare.to_string()), 0), (item, 1)]
        {
            let configuration = Configuration::from_document(document);
            assert_eq!(configuration.details, bare);
            assert_eq!(configuration.relationships.len(), relationships);
        }
    }
}
