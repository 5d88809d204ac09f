//! Data stores, and the actions that read their data.

use crate::model::{ResourceType, WildcardPattern};

use super::decision::{Answer, IdentityPolicies, ResourcePolicy};
use super::request::RequestContext;
use super::statement::RequestedResource;

/// A type of resource that holds data, and the actions that read the data.
#[derive(Clone, Copy, Debug)]
pub struct DataStore {
    /// The type.
    pub resource_type: ResourceType,
    /// Actions of which each reads the data of the store itself.
    actions: &'static [&'static str],
    /// What the store contains and has ARNs of its own: what follows the ARN of the store, and the actions that read it.
    contents: Option<(&'static str, &'static [&'static str])>,
}

/// The types of data stores. Databases are not among them: `rds-db:connect` logs in as a database user, and what that
/// user can read is defined in the database.
///
/// Source: Service Authorization Reference, access level "Read" of each service.
pub const DATA_STORES: [DataStore; 3] = [
    DataStore {
        resource_type: ResourceType::S3Bucket,
        actions: &[],
        contents: Some(("/", &["s3:GetObject"])),
    },
    DataStore {
        resource_type: ResourceType::DynamoDbTable,
        actions: &[
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PartiQLSelect",
            "dynamodb:Query",
            "dynamodb:Scan",
        ],
        contents: Some((
            "/index/",
            &["dynamodb:PartiQLSelect", "dynamodb:Query", "dynamodb:Scan"],
        )),
    },
    DataStore {
        resource_type: ResourceType::SecretsManagerSecret,
        actions: &["secretsmanager:GetSecretValue"],
        contents: None,
    },
];

impl DataStore {
    /// The actions that read the data.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        let contents = self.contents.map_or(&[][..], |(_, actions)| actions);
        self.actions.iter().chain(contents).copied()
    }

    /// Decides whether an identity can read the data of the store with this ARN by any of the actions.
    pub fn can_read(
        &self,
        policies: &IdentityPolicies<'_>,
        arn: &str,
        policy: ResourcePolicy<'_>,
        context: &RequestContext<'_>,
    ) -> Answer {
        let store = self
            .actions
            .iter()
            .map(|action| policies.decide(action, RequestedResource::Arn(arn), policy, context));
        let contents = self.contents.into_iter().flat_map(|(separator, actions)| {
            let prefix = format!("{arn}{separator}");
            actions.iter().map(move |action| {
                let some = RequestedResource::SomeWithPrefix(&prefix);
                policies.decide(action, some, policy, context)
            })
        });
        Answer::any(store.chain(contents))
    }

    /// Returns the pattern of the stores themselves for a pattern in a statement, which may match their contents:
    /// `arn:aws:s3:::data` for `arn:aws:s3:::data/*`.
    pub fn store_pattern(&self, pattern: &WildcardPattern) -> WildcardPattern {
        let store = self
            .contents
            .and_then(|(separator, _)| pattern.as_str().split_once(separator));
        store.map_or_else(|| pattern.clone(), |(store, _)| WildcardPattern::new(store))
    }
}
