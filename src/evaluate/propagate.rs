//! Propagation of traits along the routes that the catalog defines.
//!
//! A trait that a finding reports on a security group, a role, or an image also applies to the instance or service that
//! uses it. Three questions are answered separately, from cheap to expensive: to which resources any trait can
//! propagate at all ([`reachability`]), which traits propagate to one of them ([`traits`]), and along which relations
//! they do so ([`provenance`]).

pub(super) mod provenance;
pub(super) mod reachability;
pub(super) mod traits;
pub(super) mod universal;
