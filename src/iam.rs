//! What IAM policies allow, as far as their documents show: allowed, denied, or unknown.
//!
//! - Policies of identities and of their groups, permissions boundaries, trust policies, policies of resources, and key
//!   policies are evaluated, within an account and across accounts. A statement that denies takes precedence.
//! - A condition key is known, absent, chosen by whoever makes the request, or unknown; see `request`. A decision that
//!   depends on an unknown key or on a document that was not read is unknown, and names it. Unknown is never treated as
//!   safe: it is shown as unknown.
//! - Service control policies, resource control policies, and session policies are not evaluated. The policy of a resource
//!   that was not read counts as absent within its account, and as unknown across accounts.
//!
//! The crates that evaluate IAM policies (`iam-rs` 0.7, `aws-iam` 0.2) answer yes or no for one request in which every
//! condition key is known. They support neither "unknown" nor the question "which of these resources".
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements reference".

mod condition;
mod data_store;
mod decision;
mod document;
mod grants;
mod managed_policies;
mod pattern;
mod permissions;
mod principal;
mod privilege_level;
mod reason;
mod request;
mod statement;
mod trust;
mod truth;
mod variable;

pub use data_store::{DATA_STORES, DataStore};
pub use decision::{Answer, Boundary, Decision, IdentityPolicies, ResourcePolicy, decide};
pub use document::{ParsePolicyError, PolicyDocument};
pub use grants::{AttachedDocuments, Grants};
pub use managed_policies::managed_policy;
pub use permissions::{NamedDocument, Permissions};
pub use principal::Principal;
pub use privilege_level::{PrivilegeLevel, privilege_level};
pub use reason::{DecidingStatement, DecisionReason, PolicyKind};
pub use request::{IdentityKind, RequestContext, RequestedTarget, RequestingIdentity};
pub use statement::{Effect, ParseStatementError, RequestedResource, Statement};
pub use trust::{ASSUME_ROLE, AssumableBy, RoleTrust};
