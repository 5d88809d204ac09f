//! Decisions about single requests.

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
    let allow =
        |resource: &str| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource});
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
    let (to_alice, to_app, to_own) = (resource(json!(alice)), resource(json!(app)), resource(own));
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
