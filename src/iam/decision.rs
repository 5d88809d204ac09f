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
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::iam::document::PolicyDocument;
    use crate::iam::request::{RequestedTarget, RequestingIdentity};

    fn statements(statements: Value) -> Vec<Statement> {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        PolicyDocument::parse(&document).unwrap().statements
    }

    #[test]
    fn reading_a_bucket_means_reading_any_of_its_objects() {
        let reads = |document: Value, bucket: &str| {
            let prefix = format!("arn:aws:s3:::{bucket}/");
            decide_for(
                "role/app",
                &statements(document),
                "s3:GetObject",
                RequestedResource::SomeWithPrefix(&prefix),
            )
            .decision
        };
        let allow = |resource: &str| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource});
        for (resource, expected) in [
            ("*", Decision::Allowed),
            ("arn:aws:s3:::*", Decision::Allowed),
            ("arn:aws:s3:::data/*", Decision::Allowed),
            ("arn:aws:s3:::data/reports/*", Decision::Allowed),
            ("arn:aws:s3:::d?ta*", Decision::Allowed),
            ("arn:aws:s3:::data", Decision::Denied),
            ("arn:aws:s3:::database/*", Decision::Denied),
            ("arn:aws:s3:::${aws:PrincipalTag/team}/*", Decision::Unknown),
        ] {
            assert_eq!(reads(allow(resource), "data"), expected, "{resource}");
        }
        let except = |deny: Value| {
            let mut deny = deny;
            deny["Effect"] = json!("Deny");
            deny["Action"] = json!("s3:*");
            reads(json!([allow("*"), deny]), "data")
        };
        assert_eq!(
            except(json!({"Resource": "arn:aws:s3:::data/*"})),
            Decision::Denied
        );
        assert_eq!(
            except(json!({"Resource": "arn:aws:s3:::data/private/*"})),
            Decision::Allowed,
            "the rest can be read"
        );
        assert_eq!(
            except(json!({"NotResource": "arn:aws:s3:::public/*"})),
            Decision::Denied
        );
        for (condition, expected) in [
            (
                json!({"Bool": {"aws:SecureTransport": "false"}}),
                Decision::Allowed,
            ),
            (
                json!({"Bool": {"aws:ViaAWSService": "true"}}),
                Decision::Allowed,
            ),
            (
                json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
                Decision::Unknown,
            ),
        ] {
            let denied = json!({"Resource": "*", "Condition": condition});
            assert_eq!(except(denied), expected, "{condition}");
        }
    }

    #[test]
    fn an_unknown_names_what_is_missing() {
        let condition = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        let allow =
            json!({"Effect": "Allow", "Action": "a:*", "Resource": "*", "Condition": condition});
        let answer = |statements: Value| {
            let resource = RequestedResource::Arn("arn:aws:a:::x");
            let statements = self::statements(statements);
            decide_for("user/alice", &statements, "a:B", resource)
        };
        let names = BTreeSet::from(["aws:SourceIp".to_owned()]);
        assert_eq!(answer(json!([allow])).unknown, names);
        // A key that does not matter is not named.
        let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        assert_eq!(answer(json!([allow, deny])), Answer::DENIED);
    }

    /// What a policy of the resource and a boundary make of the policies of an identity.
    #[test]
    fn each_layer_decides_as_documented() {
        use Decision::{Allowed, Denied, Unknown};
        let alice = "arn:aws:iam::111122223333:user/alice";
        let app = "arn:aws:iam::111122223333:role/app";
        let own = json!("111122223333");
        let other = "444455556666";
        let resource = |principal: Value| {
            statements(
                json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"AWS": principal}}]),
            )
        };
        let (nothing, everything) = (
            Vec::new(),
            statements(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])),
        );
        let (to_alice, to_app, to_own) =
            (resource(json!(alice)), resource(json!(app)), resource(own));
        let read = |policy| ResourcePolicy::Read(policy);
        let required = |policy| ResourcePolicy::Required(policy);
        // Who, their own policies, the boundary, the account of the resource, its policy.
        for (name, own, boundary, account, policy, expected) in [
            (
                "user/alice",
                &everything,
                None,
                "111122223333",
                ResourcePolicy::NotRead("p"),
                Allowed,
            ),
            (
                "user/alice",
                &everything,
                None,
                other,
                ResourcePolicy::NotRead("p"),
                Unknown,
            ),
            (
                "user/alice",
                &nothing,
                None,
                other,
                ResourcePolicy::NotRead("p"),
                Denied,
            ),
            (
                "user/alice",
                &nothing,
                None,
                "111122223333",
                read(&to_alice),
                Allowed,
            ),
            ("user/alice", &nothing, None, other, read(&to_alice), Denied),
            (
                "user/alice",
                &everything,
                None,
                other,
                read(&to_alice),
                Allowed,
            ),
            (
                "user/alice",
                &everything,
                None,
                other,
                read(&to_own),
                Allowed,
            ),
            (
                "user/alice",
                &everything,
                None,
                other,
                read(&to_app),
                Denied,
            ),
            (
                "user/alice",
                &nothing,
                None,
                "111122223333",
                read(&to_own),
                Denied,
            ),
            (
                "user/alice",
                &everything,
                Some(&nothing),
                "111122223333",
                read(&to_own),
                Denied,
            ),
            // The implicit denial of a boundary limits a role, and not a user.
            (
                "user/alice",
                &nothing,
                Some(&nothing),
                "111122223333",
                read(&to_alice),
                Allowed,
            ),
            (
                "role/app",
                &nothing,
                Some(&nothing),
                "111122223333",
                read(&to_app),
                Denied,
            ),
            (
                "role/app",
                &nothing,
                Some(&everything),
                "111122223333",
                read(&to_app),
                Allowed,
            ),
            // A trust policy and a key policy have to allow in any case.
            (
                "role/app",
                &everything,
                None,
                "111122223333",
                required(&nothing),
                Denied,
            ),
            (
                "role/app",
                &everything,
                None,
                "111122223333",
                required(&to_own),
                Allowed,
            ),
            (
                "role/app",
                &nothing,
                None,
                "111122223333",
                required(&to_own),
                Denied,
            ),
            (
                "role/app",
                &nothing,
                None,
                "111122223333",
                required(&to_app),
                Allowed,
            ),
        ] {
            let identity = identity(name);
            let mut target = RequestedTarget::from_arn("arn:aws:a:::x");
            target.account = Some(account.parse().unwrap());
            let context = RequestContext::new(&identity, target);
            let policies = IdentityPolicies {
                statements: own.iter().collect(),
                boundary: boundary.map_or(Boundary::None, |boundary| {
                    Boundary::Read(boundary.iter().collect())
                }),
                ..IdentityPolicies::default()
            };
            let resource = RequestedResource::Arn("arn:aws:a:::x");
            let answer = policies.decide("a:B", resource, policy, &context);
            assert_eq!(
                answer.decision, expected,
                "{name} {boundary:?} {account} {policy:?}"
            );
        }
    }

    fn identity(name: &str) -> RequestingIdentity {
        RequestingIdentity {
            arn: Some(format!("arn:aws:iam::111122223333:{name}")),
            account: "111122223333".parse().unwrap(),
            kind: match name.starts_with("user/") {
                true => IdentityKind::User,
                false => IdentityKind::Role,
            },
            tags: Vec::new(),
        }
    }

    fn decide_for(
        name: &str,
        statements: &[Statement],
        action: &str,
        resource: RequestedResource<'_>,
    ) -> Answer {
        let identity = identity(name);
        let mut target = RequestedTarget::from_arn("arn:aws:s3:::data");
        target.account = Some(identity.account);
        let context = RequestContext::new(&identity, target);
        decide(statements, action, resource, &context)
    }

    /// Statements with conditions whose keys are known, absent, chosen, and unknown.
    fn any_statement() -> impl Strategy<Value = Value> {
        let condition = prop_oneof![
            Just(json!({})),
            Just(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
            Just(json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}})),
            Just(json!({"Bool": {"aws:SecureTransport": "true"}})),
            Just(json!({"StringLike": {"aws:RequestTag/team": "a"}})),
            Just(json!({"Null": {"aws:SourceVpc": "true"}})),
        ];
        let resources =
            prop::sample::select(vec!["*", "arn:aws:s3:::data/*", "${aws:SourceVpc}*", "x"]);
        let elements = (prop::bool::ANY, prop::bool::ANY, prop::bool::ANY);
        (elements, "[a-b]:[A-B*]", resources, condition).prop_map(
            |((is_allow, not_action, not_resource), action, resource, condition)| {
                json!({
                    "Effect": if is_allow { "Allow" } else { "Deny" },
                    (if not_action { "NotAction" } else { "Action" }): action,
                    (if not_resource { "NotResource" } else { "Resource" }): resource,
                    "Condition": condition,
                })
            },
        )
    }

    proptest! {
        #[test]
        fn the_order_of_statements_does_not_matter(
            documents in prop::collection::vec(any_statement(), 1..5).prop_shuffle(),
        ) {
            let resource = RequestedResource::SomeWithPrefix("arn:aws:s3:::data/");
            let mut reversed = documents.clone();
            reversed.reverse();
            let decided = |statements: &[Value]| {
                decide_for("user/alice", &self::statements(json!(statements)), "a:A", resource)
            };
            prop_assert_eq!(decided(&documents), decided(&reversed));
        }

        /// Giving a key a value only removes unknowns.
        #[test]
        fn a_known_value_only_removes_unknowns(
            documents in prop::collection::vec(any_statement(), 1..5),
            vpc in prop::sample::select(vec!["vpc-1", "vpc-2", "arn:aws:s3:::data/"]),
        ) {
            let statements = statements(json!(documents));
            let identity = identity("user/alice");
            let mut target = RequestedTarget::from_arn("arn:aws:s3:::data");
            target.account = Some(identity.account);
            let mut context = RequestContext::new(&identity, target);
            let resource = RequestedResource::Arn("arn:aws:s3:::data/x");
            let before = decide(&statements, "a:A", resource, &context);
            context.given.insert("aws:sourcevpc".into(), vec![vpc.into()]);
            let after = decide(&statements, "a:A", resource, &context);
            if before.decision == Decision::Unknown {
                prop_assert!(after.unknown.is_subset(&before.unknown));
            } else {
                prop_assert_eq!(before, after);
            }
        }

        #[test]
        fn each_effect_of_conditional_statements_works_in_one_direction(
            documents in prop::collection::vec(any_statement(), 0..4),
            added in any_statement(),
        ) {
            let resource = RequestedResource::SomeWithPrefix("arn:aws:s3:::data/");
            let decided = |statements: &[Value]| {
                let statements = self::statements(json!(statements));
                decide_for("user/alice", &statements, "a:A", resource).decision
            };
            let before = decided(&documents);
            let after = decided(&[documents, vec![added.clone()]].concat());
            if added["Effect"] == "Allow" {
                prop_assert!(after >= before);
            } else {
                prop_assert!(after <= before);
            }
        }

        /// An `Allow` never lowers the decision, and a `Deny` never raises it.
        #[test]
        fn each_effect_works_in_one_direction(
            actions in prop::collection::vec("[a-c]:[A-C*]", 1..4),
            resources in prop::collection::vec("[ab*?]{1,3}", 1..4),
            action in "[a-c]:[A-C]",
            resource in "[ab]{1,3}",
        ) {
            let statement = |effect: &str| json!({"Effect": effect, "Action": actions, "Resource": resources});
            let base = json!({"Effect": "Allow", "Action": "a:*", "Resource": "a*"});
            let decided = |document: Value| {
                let resource = RequestedResource::Arn(&resource);
                decide_for("role/app", &statements(document), &action, resource).decision
            };
            let before = decided(json!([base]));
            prop_assert!(decided(json!([base, statement("Allow")])) >= before);
            prop_assert!(decided(json!([base, statement("Deny")])) <= before);
        }
    }
}
