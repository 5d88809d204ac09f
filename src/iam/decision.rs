//! Decisions with three values: denied, unknown, or allowed.

use super::statement::{Effect, RequestedResource, Statement};

/// What policy documents decide about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// No statement allows the request, or one denies it.
    Denied,
    /// The decision depends on something that the documents do not show.
    Unknown,
    /// The request is allowed.
    Allowed,
}

/// Decides what the statements, which are those of all documents of one identity, say about an action on a resource.
pub fn decide<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    action: &str,
    resource: RequestedResource<'_>,
) -> Decision {
    let (mut is_allowed, mut may_be_allowed, mut may_be_denied) = (false, false, false);
    let applicable = statements
        .into_iter()
        .filter(|statement| statement.covers_action(action) && statement.covers_resource(resource));
    for statement in applicable {
        match (statement.effect, statement.is_conditional) {
            (Effect::Deny, false) => return Decision::Denied,
            (Effect::Deny, true) => may_be_denied = true,
            (Effect::Allow, false) => is_allowed = true,
            (Effect::Allow, true) => may_be_allowed = true,
        }
    }
    match (is_allowed, may_be_denied, may_be_allowed) {
        (true, false, _) => Decision::Allowed,
        (true, true, _) | (false, _, true) => Decision::Unknown,
        (false, _, false) => Decision::Denied,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::iam::document::PolicyDocument;

    fn statements(statements: Value) -> Vec<Statement> {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        PolicyDocument::parse(&document).unwrap().statements
    }

    #[test]
    fn reading_a_bucket_means_reading_any_of_its_objects() {
        let reads = |document: Value, bucket: &str| {
            let prefix = format!("arn:aws:s3:::{bucket}/");
            decide(
                statements(document).iter(),
                "s3:GetObject",
                RequestedResource::SomeWithPrefix(&prefix),
            )
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
        let insecure = json!({"Bool": {"aws:SecureTransport": "false"}});
        assert_eq!(
            except(json!({"Resource": "*", "Condition": insecure})),
            Decision::Unknown
        );
    }

    proptest! {
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
                decide(statements(document).iter(), &action, RequestedResource::Arn(&resource))
            };
            let before = decided(json!([base]));
            prop_assert!(decided(json!([base, statement("Allow")])) >= before);
            prop_assert!(decided(json!([base, statement("Deny")])) <= before);
        }
    }
}
