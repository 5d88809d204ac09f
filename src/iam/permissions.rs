//! What is kept of an identity's documents: the statements that answer the questions that are asked later, when all
//! resources are known.

use crate::model::{AccountId, ResourceType};

use super::{ASSUME_ROLE, Statement, Target};

/// A type of resource that holds data, and what reading it is.
#[derive(Clone, Copy, Debug)]
pub struct DataStore {
    /// The type.
    pub resource_type: ResourceType,
    /// Actions of which each reads what is in it.
    pub actions: &'static [&'static str],
    /// Whether what is read are things in it, with ARNs of their own.
    holds_objects: bool,
}

/// Databases are left out: `rds-db:connect` lets one in as a database user, whose rights stand in the database.
/// Source: Service Authorization Reference, access level "Read" of each service.
pub const DATA_STORES: [DataStore; 3] = [
    DataStore {
        resource_type: ResourceType::S3Bucket,
        actions: &["s3:GetObject"],
        holds_objects: true,
    },
    DataStore {
        resource_type: ResourceType::DynamoDbTable,
        actions: &[
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        ],
        holds_objects: false,
    },
    DataStore {
        resource_type: ResourceType::SecretsManagerSecret,
        actions: &["secretsmanager:GetSecretValue"],
        holds_objects: false,
    },
];

impl DataStore {
    /// What is asked for when one of them, by its ARN, is read.
    pub fn read_from<T>(&self, arn: &str, ask: impl FnOnce(Target<'_>) -> T) -> T {
        if self.holds_objects {
            ask(Target::Within(&format!("{arn}/")))
        } else {
            ask(Target::Resource(arn))
        }
    }
}

/// What an identity's own documents let it do, as far as it is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// The statements about reading data and becoming roles.
    statements: Vec<Statement>,
    /// Whether a permissions boundary narrows them, whose document is not weighed.
    pub is_bounded: bool,
    /// Of a role: the accounts that it trusts on no condition.
    pub trusts: Vec<AccountId>,
}

impl Permissions {
    /// Keeps what is asked for.
    pub fn of(statements: Vec<Statement>, is_bounded: bool, trusts: Vec<AccountId>) -> Self {
        let statements = statements
            .into_iter()
            .filter(|statement| {
                statement.is_about_any(&[ASSUME_ROLE])
                    || DATA_STORES
                        .iter()
                        .any(|store| statement.is_about_any(store.actions))
            })
            .collect();
        Self {
            statements,
            is_bounded,
            trusts,
        }
    }

    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty() && !self.is_bounded && self.trusts.is_empty()
    }

    /// The statements.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}
