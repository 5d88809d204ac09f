//! A single question: whether an identity can take an action on a resource, and why.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::index::ResourceIndex;
use crate::graph::view::View;
use crate::iam::{
    ASSUME_ROLE, Answer, DATA_STORES, DecidingStatement, Decision, DecisionReason, Effect,
    PolicyKind, RequestContext, RequestedResource, RequestedTarget, ResourcePolicy,
};
use crate::model::ResourceType;

use super::identity::{IdentityDocuments, ReadIdentity};
use super::key;
use super::lookup::PolicyLookup;

/// What no input has, and no decision takes into account.
const NEVER_WEIGHED: [&str; 3] = [
    "service control policies",
    "resource control policies",
    "session policies",
];

/// A question about an identity.
#[derive(Clone, Debug)]
pub struct AccessQuestion {
    /// The user or role.
    pub identity: ResourceIndex,
    /// The action, such as `s3:GetObject`.
    pub action: String,
    /// The ARN of the resource, or `*` for an action that takes none.
    pub resource: String,
    /// The values of condition keys. The keys are in lower case.
    pub context: BTreeMap<String, Vec<String>>,
}

/// A statement that makes a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedStatement {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The `Sid`, or else the number of the statement.
    pub statement: String,
    /// The document, with its version.
    pub document: String,
    /// The kind of the policy.
    pub kind: PolicyKind,
    /// Whether it certainly applies to the request.
    pub is_certain: bool,
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessAnswer {
    /// The decision.
    pub decision: Decision,
    /// Why it was made.
    pub reason: DecisionReason,
    /// The statements that make it.
    pub statements: Vec<NamedStatement>,
    /// The condition keys and documents that are missing.
    pub unknown: BTreeSet<String>,
    /// The kinds of policies that were not weighed.
    pub not_weighed: Vec<String>,
}

impl View {
    /// Answers a question about a user or role.
    pub fn decide_access(&self, question: &AccessQuestion) -> AccessAnswer {
        let mut lookup = PolicyLookup::new(self);
        let Some(documents) = IdentityDocuments::collect(&mut lookup, question.identity) else {
            let missing = format!("policies of {}", self.id(question.identity));
            return AccessAnswer {
                decision: Decision::Unknown,
                reason: DecisionReason::NotKnown,
                statements: Vec::new(),
                unknown: BTreeSet::from([missing]),
                not_weighed: not_weighed(None),
            };
        };
        let identity = documents.identity(self);
        let asked = Asked::new(self, &identity, question);
        let policy = asked.policy();
        let context = &asked.context;
        let resource = RequestedResource::Arn(&question.resource);
        let mut answer = identity
            .policies
            .decide(&question.action, resource, policy, context);
        let (reason, deciding) = identity.policies.reason(
            answer.decision,
            &question.action,
            &question.resource,
            policy,
            context,
        );
        let named = |one: &DecidingStatement<'_>| NamedStatement {
            effect: one.statement.effect,
            statement: one.statement.name.clone(),
            document: match one.kind {
                PolicyKind::Resource => asked.policy_name.clone(),
                _ => documents.name_of(one.statement),
            },
            kind: one.kind,
            is_certain: one.is_certain,
        };
        let mut result = AccessAnswer {
            decision: answer.decision,
            reason,
            statements: deciding.iter().map(named).collect(),
            unknown: BTreeSet::new(),
            not_weighed: not_weighed(asked.is_policy_missing.then_some(&asked.policy_name)),
        };
        if let Some(needed) = asked.key_answer(self, &identity, &question.action) {
            let before = answer.decision;
            answer = answer.and(needed);
            if answer.decision != before {
                result.reason = match answer.decision {
                    Decision::Unknown => DecisionReason::NotKnown,
                    _ => DecisionReason::KeyDoesNotAllow,
                };
            }
        }
        result.decision = answer.decision;
        result.unknown = answer.unknown;
        result
    }
}

fn not_weighed(missing_policy: Option<&String>) -> Vec<String> {
    let never = NEVER_WEIGHED.iter().map(|one| (*one).to_owned());
    let missing = missing_policy.map(|name| format!("{name} (not read)"));
    never.chain(missing).collect()
}

/// What is known about the resource of a question.
struct Asked<'a> {
    index: Option<ResourceIndex>,
    context: RequestContext<'a>,
    statements: Option<&'a [crate::iam::Statement]>,
    is_required: bool,
    policy_name: String,
    is_policy_missing: bool,
}

impl<'a> Asked<'a> {
    fn new(view: &'a View, identity: &'a ReadIdentity<'_>, question: &AccessQuestion) -> Self {
        let index = find_resource(view, &question.resource);
        let mut target = RequestedTarget::from_arn(&question.resource);
        if let Some(index) = index {
            let resource = view.resource(index);
            target.account = Some(resource.account);
            target.tags = view.tags(index);
            if !resource.resource_type.is_global() {
                target.region = Some(resource.region.as_str().to_owned());
            }
        } else if question.resource == "*" {
            target.account = Some(identity.requesting.account);
        }
        let resource_type = index.map(|index| view.resource_type(index));
        let is_assuming = question
            .action
            .to_ascii_lowercase()
            .starts_with(&ASSUME_ROLE.to_ascii_lowercase());
        let is_role = resource_type == Some(ResourceType::IamRole);
        let is_key = resource_type == Some(ResourceType::KmsKey);
        // The trust policy of a role decides only who assumes it.
        let statements = index
            .filter(|_| !is_role || is_assuming)
            .and_then(|index| view.permissions(index)?.resource_policy.as_deref());
        let kind = match (is_role, is_key) {
            (true, _) => "trust policy",
            (_, true) => "key policy",
            _ => "resource policy",
        };
        let mut context = RequestContext::new(&identity.requesting, target);
        context.given.clone_from(&question.context);
        let has_policy = match resource_type {
            Some(ResourceType::IamRole) => is_assuming,
            Some(other) => {
                other == ResourceType::KmsKey
                    || DATA_STORES.iter().any(|store| store.resource_type == other)
            }
            None => false,
        };
        Self {
            index,
            context,
            statements,
            is_required: is_role || is_key,
            policy_name: format!("{kind} of {}", question.resource),
            is_policy_missing: has_policy && statements.is_none(),
        }
    }

    fn policy(&self) -> ResourcePolicy<'_> {
        match self.statements {
            None => ResourcePolicy::NotRead(&self.policy_name),
            Some(statements) if self.is_required => ResourcePolicy::Required(statements),
            Some(statements) => ResourcePolicy::Read(statements),
        }
    }

    /// Whether the identity can use the key that encrypts the data, for an action that reads data.
    fn key_answer(&self, view: &View, identity: &ReadIdentity<'_>, action: &str) -> Option<Answer> {
        let index = self.index?;
        let resource_type = view.resource_type(index);
        if resource_type == ResourceType::IamRole {
            // Without its trust policy, nobody can assume a role.
            let missing = self.is_policy_missing.then(|| self.policy_name.clone())?;
            return Some(Answer::unknown(missing));
        }
        let store = DATA_STORES
            .iter()
            .find(|store| store.resource_type == resource_type)?;
        store
            .actions()
            .find(|reading| reading.eq_ignore_ascii_case(action))?;
        let key = view.permissions(index)?.key.as_deref()?;
        Some(key::can_decrypt(view, identity, index, key))
    }
}

/// Finds the resource that an ARN names, or the one that contains it: the bucket of an object.
fn find_resource(view: &View, arn: &str) -> Option<ResourceIndex> {
    let types = DATA_STORES.iter().map(|store| store.resource_type);
    let container = |separator| arn.split_once(separator).map(|(container, _)| container);
    let contained = match arn.split(':').nth(2)? {
        "s3" => container("/"),
        "dynamodb" => container("/index/"),
        _ => None,
    };
    let by_id = |id: &str| {
        let mut types = types.clone().chain(ResourceType::ALL.iter().copied());
        types.find_map(|resource_type| view.with_id(resource_type, id).next())
    };
    by_id(arn).or_else(|| by_id(contained?))
}
