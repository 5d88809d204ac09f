//! What is kept of an identity's policies until all resources are known.

use crate::model::AccountId;

use super::edges;
use super::statement::Statement;

/// What the documents of an identity or a policy allow, reduced to what decisions about edges depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    statements: Vec<Statement>,
    /// Whether a permissions boundary limits them. The document of the boundary is not evaluated.
    pub is_bounded: bool,
    /// Of a role: the accounts that it trusts without a condition.
    pub trusted_accounts: Vec<AccountId>,
}

impl Permissions {
    /// Keeps the statements on which a decision about an edge depends.
    pub fn new(
        statements: Vec<Statement>,
        is_bounded: bool,
        trusted_accounts: Vec<AccountId>,
    ) -> Self {
        let statements = statements.into_iter().filter(edges::is_relevant).collect();
        Self {
            statements,
            is_bounded,
            trusted_accounts,
        }
    }

    /// Returns whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty() && !self.is_bounded && self.trusted_accounts.is_empty()
    }

    /// Returns the statements.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}
