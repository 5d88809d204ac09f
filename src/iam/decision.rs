//! Decisions with three values: denied, unknown, or allowed.
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic".

use std::collections::BTreeSet;

use super::principal::Naming;
use super::request::{IdentityKind, RequestContext};
use super::statement::{Effect, RequestedResource, Statement};
use super::truth::Truth;

/// What policy documents decide about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Decision {
    /// No statement allows the request, or one denies it.
    Denied,
    /// The decision depends on something that the documents do not show.
    Unknown,
    /// The request is allowed.
    Allowed,
}

impl Decision {
    /// Returns the name of the decision.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A decision, and what would have to be known to make it where it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// The condition keys and documents that are missing. Empty unless the decision is unknown.
    pub unknown: BTreeSet<String>,
}

impl Answer {
    pub(super) const DENIED: Self = Self {
        decision: Decision::Denied,
        unknown: BTreeSet::new(),
    };

    fn new(truth: Truth) -> Self {
        match truth {
            Truth::No => Self::DENIED,
            Truth::Yes => Self {
                decision: Decision::Allowed,
                unknown: BTreeSet::new(),
            },
            Truth::Unknown(unknown) => Self {
                decision: Decision::Unknown,
                unknown,
            },
        }
    }

    /// The answer to a request about which something is not known.
    pub fn unknown(missing: String) -> Self {
        Self::new(Truth::unknown(missing))
    }

    /// The answer to whether any of several requests is allowed.
    pub fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::DENIED;
        for answer in answers {
            any = Self::new(Truth::from(any).or(answer.into()));
            if any.decision == Decision::Allowed {
                break;
            }
        }
        any
    }

    /// The answer to whether all of several requests are allowed.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(Truth::from(self).and(other.into()))
    }
}

impl From<Answer> for Truth {
    fn from(answer: Answer) -> Self {
        match answer.decision {
            Decision::Denied => Self::No,
            Decision::Unknown => Self::Unknown(answer.unknown),
            Decision::Allowed => Self::Yes,
        }
    }
}

/// The permissions boundary of an identity.
#[derive(Clone, Debug, Default)]
pub enum Boundary<'a> {
    /// There is none.
    #[default]
    None,
    /// Its statements.
    Read(Vec<&'a Statement>),
    /// Its document is not known. The text says which one.
    NotRead(String),
}

/// All policies of an identity.
#[derive(Clone, Debug, Default)]
pub struct IdentityPolicies<'a> {
    /// The statements of its inline and managed policies, and of those of its groups.
    pub statements: Vec<&'a Statement>,
    /// The documents that are not known. They may allow and deny anything.
    pub not_read: BTreeSet<String>,
    /// The AWS managed policies that are not known. They allow; the few that deny are known.
    pub not_read_of_aws: BTreeSet<String>,
    /// The permissions boundary.
    pub boundary: Boundary<'a>,
}

/// The policy of a resource.
#[derive(Clone, Copy, Debug)]
pub enum ResourcePolicy<'a> {
    /// Resources of this type have none, or it was not read. The text says which one is missing.
    NotRead(&'a str),
    /// Its statements.
    Read(&'a [Statement]),
    /// The statements of a policy without which nobody has access: a trust policy or a key policy.
    Required(&'a [Statement]),
}

/// What the statements of one document or of several say about a request.
struct Said {
    allowed: Truth,
    denied: Truth,
}

impl Said {
    fn by<'a>(
        statements: impl IntoIterator<Item = &'a Statement>,
        action: &str,
        arn: &str,
        context: &RequestContext<'_>,
    ) -> Self {
        let mut said = Self {
            allowed: Truth::No,
            denied: Truth::No,
        };
        for statement in statements {
            if !statement.covers_action(action) {
                continue;
            }
            let side = match statement.effect {
                Effect::Allow => &mut said.allowed,
                Effect::Deny => &mut said.denied,
            };
            if *side != Truth::Yes {
                let applies = statement.applies(arn, context);
                *side = std::mem::replace(side, Truth::No).or(applies);
            }
        }
        said
    }
}

fn not_read(names: &BTreeSet<String>) -> Truth {
    if names.is_empty() {
        Truth::No
    } else {
        Truth::Unknown(names.clone())
    }
}

/// Decides what the statements, which are those of all documents of one identity, say about an action on a resource,
/// whatever other policies say.
pub fn decide<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    action: &str,
    resource: RequestedResource<'_>,
    context: &RequestContext<'_>,
) -> Answer {
    let policies = IdentityPolicies {
        statements: statements.into_iter().collect(),
        ..IdentityPolicies::default()
    };
    policies.decide(action, resource, ResourcePolicy::NotRead(""), context)
}

impl IdentityPolicies<'_> {
    /// Decides whether the identity can take the action on the resource, according to its policies, its permissions
    /// boundary, and the policy of the resource.
    pub fn decide(
        &self,
        action: &str,
        resource: RequestedResource<'_>,
        policy: ResourcePolicy<'_>,
        context: &RequestContext<'_>,
    ) -> Answer {
        match resource {
            RequestedResource::Arn(arn) => {
                Answer::new(self.is_allowed(action, arn, policy, context))
            }
            RequestedResource::SomeWithPrefix(prefix) => {
                let examples = self.examples(action, prefix, policy, context);
                Answer::any(
                    examples
                        .iter()
                        .map(|arn| Answer::new(self.is_allowed(action, arn, policy, context))),
                )
            }
        }
    }

    /// Names of resources that begin with the prefix, of which one is allowed if any is: an unused name, and one for each
    /// pattern of the statements.
    fn examples(
        &self,
        action: &str,
        prefix: &str,
        policy: ResourcePolicy<'_>,
        context: &RequestContext<'_>,
    ) -> BTreeSet<String> {
        let of_resource = match policy {
            ResourcePolicy::NotRead(_) => &[],
            ResourcePolicy::Read(statements) | ResourcePolicy::Required(statements) => statements,
        };
        let of_boundary = match &self.boundary {
            Boundary::Read(statements) => statements.as_slice(),
            Boundary::None | Boundary::NotRead(_) => &[],
        };
        let unused = format!("{prefix}{}", super::pattern::UNUSED_NAME);
        let statements = self.statements.iter().chain(of_boundary).copied();
        statements
            .chain(of_resource)
            .filter(|statement| statement.covers_action(action))
            .flat_map(|statement| statement.examples_with_prefix(prefix, context))
            .chain([unused])
            .collect()
    }

    fn is_allowed(
        &self,
        action: &str,
        arn: &str,
        policy: ResourcePolicy<'_>,
        context: &RequestContext<'_>,
    ) -> Truth {
        let own = Said::by(self.statements.iter().copied(), action, arn, context);
        let boundary = match &self.boundary {
            Boundary::None => Said {
                allowed: Truth::Yes,
                denied: Truth::No,
            },
            Boundary::Read(statements) => {
                Said::by(statements.iter().copied(), action, arn, context)
            }
            Boundary::NotRead(name) => Said {
                allowed: Truth::unknown(name),
                denied: Truth::unknown(name),
            },
        };
        let own_allowed = own
            .allowed
            .or(not_read(&self.not_read))
            .or(not_read(&self.not_read_of_aws))
            .and(boundary.allowed.clone());
        let grant = ResourceGrant::of(policy, action, arn, context);
        let is_same_account = match context.target.account {
            Some(account) => Truth::from(account == context.identity.account),
            None => Truth::unknown(format!("account of {arn}")),
        };
        let within_account = {
            let direct = match context.identity.kind {
                IdentityKind::User => grant.to_identity.clone(),
                // Source: IAM User Guide, "Permissions boundaries for IAM entities", resource-based policies.
                IdentityKind::Role | IdentityKind::WorkloadRole => {
                    grant.to_identity.clone().and(boundary.allowed)
                }
            };
            let by_own_policies = match policy {
                ResourcePolicy::Required(_) => grant.to_account.clone().and(own_allowed.clone()),
                ResourcePolicy::Read(_) | ResourcePolicy::NotRead(_) => own_allowed.clone(),
            };
            direct.or(by_own_policies)
        };
        let across_accounts = match policy {
            ResourcePolicy::NotRead(name) => own_allowed.and(Truth::unknown(name)),
            ResourcePolicy::Read(_) | ResourcePolicy::Required(_) => {
                own_allowed.and(grant.to_identity.or(grant.to_account))
            }
        };
        let allowed = is_same_account
            .clone()
            .and(within_account)
            .or(is_same_account.not().and(across_accounts));
        let denied = own.denied.or(boundary.denied).or(grant.denied);
        // What a document that was not read denies matters only for what would be allowed otherwise.
        let denied = denied.or(not_read(&self.not_read));
        allowed.and(denied.not())
    }
}

/// What the policy of a resource says about a request.
struct ResourceGrant {
    /// Whether it allows the identity itself, whatever the identity's policies say.
    to_identity: Truth,
    /// Whether it allows the identity's account, whose policies then decide.
    to_account: Truth,
    denied: Truth,
}

impl ResourceGrant {
    fn of(
        policy: ResourcePolicy<'_>,
        action: &str,
        arn: &str,
        context: &RequestContext<'_>,
    ) -> Self {
        let mut grant = Self {
            to_identity: Truth::No,
            to_account: Truth::No,
            denied: Truth::No,
        };
        let (ResourcePolicy::Read(statements) | ResourcePolicy::Required(statements)) = policy
        else {
            return grant;
        };
        for statement in statements {
            if !statement.covers_action(action) {
                continue;
            }
            let naming = statement.principals.naming(context.identity);
            if naming == Naming::Nobody {
                continue;
            }
            let mut applies = statement.applies(arn, context);
            if naming == Naming::Unknown {
                applies = applies.and(Truth::unknown(format!(
                    "principal of statement {}",
                    statement.name
                )));
            }
            let side = match (statement.effect, naming) {
                (Effect::Deny, _) => &mut grant.denied,
                (Effect::Allow, Naming::Account) => &mut grant.to_account,
                (Effect::Allow, _) => &mut grant.to_identity,
            };
            *side = std::mem::replace(side, Truth::No).or(applies);
        }
        grant
    }
}

#[cfg(test)]
mod tests;
