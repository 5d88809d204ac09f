//! What IAM policies allow, as far as their documents show: allowed, denied, or unknown.
//!
//! This is a subset of IAM's evaluation logic:
//!
//! - It evaluates `Effect`, `Action`, `NotAction`, `Resource`, and `NotResource` with the wildcards `*` and `?`. A
//!   statement that denies takes precedence.
//! - A statement with a `Condition` or a policy variable, such as `${aws:username}`, may or may not apply, so the
//!   decisions that depend on it are unknown. Unknown is never treated as safe: it is shown as unknown.
//! - Other kinds of policies are not evaluated: service control policies, session policies, and resource-based policies.
//!   "Allowed" means that the identity's own policies allow it.
//!
//! The crates that evaluate IAM policies (`iam-rs` 0.7, `aws-iam` 0.2) answer yes or no for one request in which every
//! condition key is known. They support neither "unknown" nor the question "which of these resources".
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements reference".

mod decision;
mod document;
mod edges;
mod grants;
mod managed_policies;
mod pattern;
mod permissions;
mod principal;
mod privilege_level;
mod statement;
mod trust;

pub use decision::{Decision, decide};
pub use document::{ParsePolicyError, PolicyDocument};
pub use edges::assume_role::{ASSUME_ROLE, can_assume};
pub use edges::data_access::{DATA_STORES, DataStore};
pub use grants::{AttachedDocuments, Grants};
pub use managed_policies::managed_policy_statements;
pub use permissions::Permissions;
pub use principal::Principal;
pub use privilege_level::{PrivilegeLevel, privilege_level};
pub use statement::{Effect, ParseStatementError, RequestedResource, Statement};
pub use trust::{AssumableBy, RoleTrust};
