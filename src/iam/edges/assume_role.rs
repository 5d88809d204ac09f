//! `can-assume`: from a role or user to the roles that it can assume.

use crate::iam::decision::{Decision, decide};
use crate::iam::statement::{RequestedResource, Statement};
use crate::model::AccountId;

/// The action of assuming a role.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";

pub(super) fn is_relevant(statement: &Statement) -> bool {
    statement.covers_action(ASSUME_ROLE)
}

/// Decides whether an identity of an account can assume a role whose trust policy names accounts: the trust policy has
/// to name the identity's account, and the identity's own policies have to allow it. Identities that a trust policy
/// names themselves are not decided here: the record of the role has those edges.
///
/// Source: IAM User Guide, "Policy evaluation logic", requests within an account.
pub fn can_assume<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    account: AccountId,
    role_arn: &str,
    trusted_accounts: &[AccountId],
) -> Decision {
    if !trusted_accounts.contains(&account) {
        return Decision::Denied;
    }
    decide(statements, ASSUME_ROLE, RequestedResource::Arn(role_arn))
}
