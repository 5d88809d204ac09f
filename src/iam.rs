//! What IAM policies allow, as far as their documents alone can tell: allows, denies, or unknown.
//!
//! A small subset of IAM's evaluation, and no more than what findings need:
//! - `Effect`, `Action`, `NotAction`, `Resource`, `NotResource`, with `*` and `?`; a denial goes before what is allowed.
//! - A `Condition`, or a policy variable (`${aws:username}`), makes a statement one that may apply or not: what hangs on
//!   it is unknown. Unknown is never taken for safe: it is shown as such.
//! - What the documents do not show is not weighed: service control policies, session policies, the policy of the
//!   resource itself. "Allows" means that the identity's own policies do.
//!
//! Crates that evaluate IAM policies (`iam-rs` 0.7, `aws-iam` 0.2) answer for one request whose every condition key is
//! known, with yes or no. They know neither "unknown" nor the question "which of these resources".
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements reference".

mod document;
mod managed;
mod pattern;
mod permissions;

pub use document::{Document, NotAPolicy, Principals, Statement, Trusted};
pub use managed::managed;
pub use pattern::Pattern;
pub use permissions::{DATA_STORES, DataStore, Permissions};

/// What documents say of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Nothing allows it, or something denies it.
    Denies,
    /// It depends on what the documents do not tell.
    Unknown,
    /// It is allowed.
    Allows,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The resource of this ARN.
    Resource(&'a str),
    /// Something whose ARN begins so: an object in a bucket.
    Within(&'a str),
}

/// The action of becoming a role.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";

/// A name that no service, action or resource has: only what stands for all of them matches it.
const CANARY: &str = "exposured\u{1}";

/// What the documents of one identity, taken together, say of an action on a target.
pub fn decide<'a>(
    statements: impl Iterator<Item = &'a Statement>,
    action: &str,
    target: Target<'_>,
) -> Answer {
    let (mut allowed, mut may_be_allowed, mut may_be_denied) = (false, false, false);
    for statement in statements.filter(|statement| statement.is_about(action)) {
        let applies = statement.applies_to(target);
        match (statement.allows, statement.conditional) {
            (false, false) if applies => return Answer::Denies,
            (false, true) if applies => may_be_denied = true,
            (true, false) if applies => allowed = true,
            (true, true) if applies => may_be_allowed = true,
            _ => {}
        }
    }
    match (allowed, may_be_denied, may_be_allowed) {
        (true, false, _) => Answer::Allows,
        (true, true, _) | (false, _, true) => Answer::Unknown,
        (false, _, false) => Answer::Denies,
    }
}

/// How much a document gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// No service as a whole.
    Limited,
    /// It depends on what the document does not tell.
    Unknown,
    /// All actions of some service, or of all but IAM, on all resources.
    ServiceAdministrator,
    /// All actions on all resources; or those of IAM, by which one gives oneself the rest.
    Administrator,
}

impl Power {
    /// As the catalog names it; nothing for what is unknown.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Limited => Some("limited"),
            Self::Unknown => None,
            Self::ServiceAdministrator => Some("service-administrator"),
            Self::Administrator => Some("administrator"),
        }
    }
}

/// How much statements give away. The measure is that of the controls IAM.1 and IAM.21: actions on all resources,
/// without a condition.
pub fn power(statements: &[Statement]) -> Power {
    let ask = |service: &str| {
        decide(
            statements.iter(),
            &format!("{service}:{CANARY}"),
            Target::Resource(CANARY),
        )
    };
    let (of_iam, of_all) = (ask("iam"), ask(CANARY));
    let of_some = statements
        .iter()
        .flat_map(Statement::whole_services)
        .map(ask)
        .max()
        .unwrap_or(Answer::Denies);
    if of_iam == Answer::Allows {
        Power::Administrator
    } else if of_all == Answer::Allows || of_some == Answer::Allows {
        Power::ServiceAdministrator
    } else if [of_iam, of_all, of_some].contains(&Answer::Unknown) {
        Power::Unknown
    } else {
        Power::Limited
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn statements(statements: Value) -> Vec<Statement> {
        Document::read(&json!({"Version": "2012-10-17", "Statement": statements}))
            .unwrap()
            .statements
    }

    #[test]
    fn power_is_measured_by_what_is_allowed_on_everything() {
        let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        let table = [
            (
                json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
                Power::Administrator,
            ),
            (
                json!([{"Effect": "Allow", "Action": ["s3:Get*", "*:*"], "Resource": ["*"]}]),
                Power::Administrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}),
                Power::Administrator,
            ),
            (
                json!({"Effect": "Allow", "NotAction": "organizations:*", "Resource": "*"}),
                Power::Administrator,
            ),
            (
                json!({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}),
                Power::ServiceAdministrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "S3:*", "Resource": "*"}),
                Power::ServiceAdministrator,
            ),
            (
                json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}),
                Power::Limited,
            ),
            (
                json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}),
                Power::Limited,
            ),
            (
                json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": mfa}),
                Power::Unknown,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": mfa},
                ]),
                Power::Unknown,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "*", "Resource": "*"},
                ]),
                Power::Limited,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
                ]),
                Power::ServiceAdministrator,
            ),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "iam:DeleteRole", "Resource": "*"},
                ]),
                Power::Administrator,
            ),
            (json!([]), Power::Limited),
        ];
        for (document, expected) in table {
            assert_eq!(power(&statements(document.clone())), expected, "{document}");
        }
    }

    #[test]
    fn reading_a_bucket_is_reading_objects_in_it() {
        let reads = |document: Value, bucket: &str| {
            let within = format!("arn:aws:s3:::{bucket}/");
            decide(
                statements(document).iter(),
                "s3:GetObject",
                Target::Within(&within),
            )
        };
        let allow = |resource: &str| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource});
        for (resource, expected) in [
            ("*", Answer::Allows),
            ("arn:aws:s3:::*", Answer::Allows),
            ("arn:aws:s3:::data/*", Answer::Allows),
            ("arn:aws:s3:::data/reports/*", Answer::Allows),
            ("arn:aws:s3:::d?ta*", Answer::Allows),
            ("arn:aws:s3:::data", Answer::Denies),
            ("arn:aws:s3:::database/*", Answer::Denies),
            ("arn:aws:s3:::${aws:PrincipalTag/team}/*", Answer::Unknown),
        ] {
            assert_eq!(reads(allow(resource), "data"), expected, "{resource}");
        }
        let but = |deny: Value| {
            let mut deny = deny;
            deny["Effect"] = json!("Deny");
            deny["Action"] = json!("s3:*");
            reads(json!([allow("*"), deny]), "data")
        };
        assert_eq!(
            but(json!({"Resource": "arn:aws:s3:::data/*"})),
            Answer::Denies
        );
        assert_eq!(
            but(json!({"Resource": "arn:aws:s3:::data/private/*"})),
            Answer::Allows,
            "the rest can be read"
        );
        assert_eq!(
            but(json!({"NotResource": "arn:aws:s3:::public/*"})),
            Answer::Denies
        );
        let insecure = json!({"Bool": {"aws:SecureTransport": "false"}});
        assert_eq!(
            but(json!({"Resource": "*", "Condition": insecure})),
            Answer::Unknown
        );
    }

    proptest! {
        /// A denial never gives, and a permission never takes.
        #[test]
        fn statements_work_in_one_direction(
            actions in prop::collection::vec("[a-c]:[A-C*]", 1..4),
            resources in prop::collection::vec("[ab*?]{1,3}", 1..4),
            action in "[a-c]:[A-C]",
            resource in "[ab]{1,3}",
        ) {
            let of = |effect: &str| json!({"Effect": effect, "Action": actions, "Resource": resources});
            let base = json!({"Effect": "Allow", "Action": "a:*", "Resource": "a*"});
            let ask = |document: Value| {
                decide(statements(document).iter(), &action, Target::Resource(&resource))
            };
            let before = ask(json!([base]));
            prop_assert!(ask(json!([base, of("Allow")])) >= before);
            prop_assert!(ask(json!([base, of("Deny")])) <= before);
        }
    }
}
