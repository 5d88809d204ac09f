//! What sources, publishing, and `check` share when they call AWS: one configured session, call rates, retries, paging,
//! error classes, and deadlines.
//!
//! Credentials, endpoints, the Region, retries, and proxies come from the SDK's own environment. This module sets only
//! what the environment leaves open.

mod call_budget;
mod call_error;
mod call_rate;
mod certificates;
mod endpoint;
mod iam_action;
mod member_role;
mod meter;
mod paging;
mod raw_response;
mod session;
mod unreachable;

pub use call_budget::CallBudget;
pub use call_error::{CallError, Failure, classify};
pub use call_rate::{CallRate, Limiter};
pub(crate) use endpoint::NameEndpoint;
pub use iam_action::{CallRegions, IamAction, Permission};
pub use member_role::{MemberRole, RoleTemplate};
pub use meter::CallMeter;
pub use paging::{Envelope, Page, PageEnd, read_pages};
pub(crate) use raw_response::{raw_response, whole_response};
pub use session::{Session, SessionError, configured_or_environment_regions};
pub(crate) use session::{client_config, sdk_client, sdk_region};
pub(crate) use unreachable::GiveUpOnUnreachable;
