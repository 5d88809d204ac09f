//! `can-read`: from an identity to the data stores whose contents it can read.

use crate::iam::decision::{Decision, decide};
use crate::iam::statement::{RequestedResource, Statement};
use crate::model::{ResourceType, WildcardPattern};

/// A type of resource that holds data, and the actions that read the data.
#[derive(Clone, Copy, Debug)]
pub struct DataStore {
    /// The type.
    pub resource_type: ResourceType,
    /// Actions of which each reads the data.
    pub actions: &'static [&'static str],
    /// Whether the actions are on objects in the store, which have ARNs of their own.
    contains_objects: bool,
}

/// The types of data stores. Databases are not among them: `rds-db:connect` logs in as a database user, and what that
/// user can read is defined in the database.
///
/// Source: Service Authorization Reference, access level "Read" of each service.
pub const DATA_STORES: [DataStore; 3] = [
    DataStore {
        resource_type: ResourceType::S3Bucket,
        actions: &["s3:GetObject"],
        contains_objects: true,
    },
    DataStore {
        resource_type: ResourceType::DynamoDbTable,
        actions: &[
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        ],
        contains_objects: false,
    },
    DataStore {
        resource_type: ResourceType::SecretsManagerSecret,
        actions: &["secretsmanager:GetSecretValue"],
        contains_objects: false,
    },
];

pub(super) fn is_relevant(statement: &Statement) -> bool {
    DATA_STORES
        .iter()
        .any(|store| statement.covers_any_action(store.actions))
}

impl DataStore {
    /// Decides whether the statements allow reading the data of the store with this ARN by any of the actions.
    pub fn can_read<'a>(
        &self,
        statements: impl IntoIterator<Item = &'a Statement> + Clone,
        arn: &str,
    ) -> Decision {
        let objects = format!("{arn}/");
        let resource = if self.contains_objects {
            RequestedResource::SomeWithPrefix(&objects)
        } else {
            RequestedResource::Arn(arn)
        };
        self.actions
            .iter()
            .map(|action| decide(statements.clone(), action, resource))
            .max()
            .unwrap_or(Decision::Denied)
    }

    /// Returns the pattern of the stores themselves for a pattern in a statement, which may match their objects:
    /// `arn:aws:s3:::data` for `arn:aws:s3:::data/*`.
    pub fn store_pattern(&self, pattern: &WildcardPattern) -> WildcardPattern {
        match pattern.as_str().split_once('/') {
            Some((store, _)) if self.contains_objects => WildcardPattern::new(store),
            _ => pattern.clone(),
        }
    }
}
