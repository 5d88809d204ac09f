//! Which statements make a decision.

use super::decision::{Boundary, Decision, IdentityPolicies, ResourcePolicy};
use super::principal::Naming;
use super::request::RequestContext;
use super::statement::{Effect, Statement};
use super::truth::Truth;

/// The kind of the policy that a statement is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum PolicyKind {
    /// A policy of the identity or of one of its groups.
    Identity,
    /// The permissions boundary of the identity.
    Boundary,
    /// The policy of the resource.
    Resource,
}

impl PolicyKind {
    /// Returns the name of the kind.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A statement that makes a decision, or that would make it if more was known.
#[derive(Clone, Copy, Debug)]
pub struct DecidingStatement<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// The kind of its policy.
    pub kind: PolicyKind,
    /// Whether it certainly applies to the request.
    pub is_certain: bool,
}

/// The reason for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum DecisionReason {
    /// Statements allow the request, and none denies it.
    StatementAllows,
    /// A statement denies the request.
    StatementDenies,
    /// No policy of the identity and no policy of the resource allows it.
    NothingAllows,
    /// The permissions boundary does not allow it.
    BoundaryDoesNotAllow,
    /// The policies of the identity allow it, but the policy of the resource, which has to allow it too, does not.
    ResourceDoesNotAllow,
    /// The key that encrypts the resource does not allow it.
    KeyDoesNotAllow,
    /// The values of condition keys, or documents, are not known.
    NotKnown,
}

impl DecisionReason {
    /// Returns the name of the reason.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl<'a> IdentityPolicies<'a> {
    /// Returns the statements that make the decision about a request, and the reason for it. A request that is denied
    /// because nothing allows it has no such statements.
    pub fn reason(
        &self,
        decision: Decision,
        action: &str,
        arn: &str,
        policy: ResourcePolicy<'a>,
        context: &RequestContext<'_>,
    ) -> (DecisionReason, Vec<DecidingStatement<'a>>) {
        let mut applying = self.applying(action, arn, policy, context);
        let allows = |kind| {
            let has = |one: &DecidingStatement<'_>| {
                one.kind == kind && one.statement.effect == Effect::Allow
            };
            applying.iter().any(has)
        };
        let reason = match decision {
            Decision::Allowed => DecisionReason::StatementAllows,
            Decision::Unknown => DecisionReason::NotKnown,
            Decision::Denied => {
                let is_denial = |one: &DecidingStatement<'_>| {
                    one.statement.effect == Effect::Deny && one.is_certain
                };
                if applying.iter().any(is_denial) {
                    DecisionReason::StatementDenies
                } else if !allows(PolicyKind::Identity) {
                    DecisionReason::NothingAllows
                } else if matches!(self.boundary, Boundary::Read(_))
                    && !allows(PolicyKind::Boundary)
                {
                    DecisionReason::BoundaryDoesNotAllow
                } else {
                    DecisionReason::ResourceDoesNotAllow
                }
            }
        };
        applying.retain(|one| match decision {
            Decision::Allowed => one.statement.effect == Effect::Allow && one.is_certain,
            Decision::Denied => one.statement.effect == Effect::Deny && one.is_certain,
            Decision::Unknown => true,
        });
        (reason, applying)
    }

    /// The statements that apply to a request, or may apply to it.
    fn applying(
        &self,
        action: &str,
        arn: &str,
        policy: ResourcePolicy<'a>,
        context: &RequestContext<'_>,
    ) -> Vec<DecidingStatement<'a>> {
        let of_boundary = match &self.boundary {
            Boundary::Read(statements) => statements.as_slice(),
            Boundary::None | Boundary::NotRead(_) => &[],
        };
        let of_resource = match policy {
            ResourcePolicy::NotRead(_) => &[],
            ResourcePolicy::Read(statements) | ResourcePolicy::Required(statements) => statements,
        };
        let own = self.statements.iter().copied();
        let own = own.map(|statement| (statement, PolicyKind::Identity));
        let boundary = of_boundary.iter().copied();
        let boundary = boundary.map(|statement| (statement, PolicyKind::Boundary));
        let resource = of_resource.iter().filter_map(|statement| {
            let naming = statement.principals.naming(context.identity);
            (naming != Naming::Nobody).then_some((statement, PolicyKind::Resource))
        });
        own.chain(boundary)
            .chain(resource)
            .filter(|(statement, _)| statement.covers_action(action))
            .filter_map(|(statement, kind)| {
                let applies = statement.applies(arn, context);
                (applies != Truth::No).then_some(DecidingStatement {
                    statement,
                    kind,
                    is_certain: applies == Truth::Yes,
                })
            })
            .collect()
    }
}
