//! What is kept of an identity's policies until all resources are known.

use super::principal::Principal;
use super::privilege_level::PrivilegeLevel;
use super::statement::Statement;

/// What the record of an identity, a policy, or a resource with a policy shows of its documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// The documents: the inline policies of an identity, or the default version of a managed policy.
    pub documents: Vec<NamedDocument>,
    /// What the documents grant by themselves, if that is known.
    pub level: Option<PrivilegeLevel>,
    /// Whether the record shows which policies the identity has.
    pub is_listed: bool,
    /// The names of documents that are missing or malformed.
    pub not_read: Vec<String>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// The statements of the resource's own policy: of a role the trust policy, of a bucket the bucket policy.
    pub resource_policy: Option<Vec<Statement>>,
    /// The customer managed key that encrypts the resource.
    pub key: Option<String>,
}

/// A policy document and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedDocument {
    /// The name of the policy, or its ARN and version.
    pub name: String,
    /// Its statements.
    pub statements: Vec<Statement>,
}

impl Permissions {
    /// Returns whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the statements of all documents.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.documents
            .iter()
            .flat_map(|document| &document.statements)
    }

    /// Returns the principals that the resource's own policy names in statements that allow.
    pub fn named_principals(&self) -> impl Iterator<Item = &Principal> {
        let statements = self.resource_policy.iter().flatten();
        statements
            .filter(|statement| statement.effect == super::statement::Effect::Allow)
            .flat_map(|statement| statement.principals.named())
    }

    /// Whether only services can assume the role that has this trust policy.
    pub fn is_workload(&self) -> bool {
        let mut principals = self.named_principals().peekable();
        principals.peek().is_some()
            && principals.all(|principal| matches!(principal, Principal::Service(_)))
    }
}
