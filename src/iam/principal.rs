//! The principals of trust policies.

use serde_json::Value;

use crate::model::{AccountId, Arn};

use super::request::{IdentityKind, RequestingIdentity};

/// A principal that a statement names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// Anyone: `*`.
    Anyone,
    /// An account: every identity in it whose own policies allow the action.
    Account(AccountId),
    /// The role or user with this ARN.
    Identity(String),
    /// The AWS service with this service principal.
    Service(String),
    /// The identities of the identity provider with this ARN.
    Federated(String),
    /// A session of the role with this name.
    Session {
        /// The account of the role.
        account: AccountId,
        /// The name of the role, without its path.
        role: String,
    },
    /// A user or role that was deleted: its unique ID.
    Deleted,
    /// A canonical user, or another principal that cannot be identified.
    Other,
}

impl Principal {
    fn parse_all(value: &Value) -> Vec<Self> {
        let mut principals = match value {
            Value::String(text) => vec![Self::parse_aws(text)],
            Value::Object(kinds) => kinds
                .iter()
                .flat_map(|(kind, values)| {
                    let values = match values {
                        Value::Array(values) => values.as_slice(),
                        value => std::slice::from_ref(value),
                    };
                    values
                        .iter()
                        .filter_map(Value::as_str)
                        .map(move |text| Self::parse(kind, text))
                })
                .collect(),
            _ => Vec::new(),
        };
        principals.sort();
        principals.dedup();
        principals
    }

    fn parse(kind: &str, text: &str) -> Self {
        match kind {
            "AWS" => Self::parse_aws(text),
            "Service" => Self::Service(text.to_owned()),
            "Federated" => Self::Federated(text.to_owned()),
            _ => Self::Other,
        }
    }

    /// Parses `*`, `111122223333`, `arn:aws:iam::111122223333:root`, or the ARN of a role or user.
    fn parse_aws(text: &str) -> Self {
        if text == "*" {
            return Self::Anyone;
        }
        if let Ok(account) = text.parse() {
            return Self::Account(account);
        }
        match text.parse::<Arn>() {
            Ok(arn) if arn.service() == "iam" && arn.resource() == "root" => {
                arn.account().map_or(Self::Other, Self::Account)
            }
            Ok(arn) if arn.service() == "iam" => Self::Identity(text.to_owned()),
            Ok(arn) if arn.service() == "sts" => Self::parse_session(&arn),
            // Source: IAM User Guide, "IAM identifiers", unique identifiers.
            Err(_)
                if ["AIDA", "AROA", "AGPA"]
                    .iter()
                    .any(|prefix| text.starts_with(prefix)) =>
            {
                Self::Deleted
            }
            _ => Self::Other,
        }
    }

    /// Parses `assumed-role/ROLE/SESSION`.
    fn parse_session(arn: &Arn) -> Self {
        let mut parts = arn.resource().split('/');
        match (parts.next(), parts.next(), arn.account()) {
            (Some("assumed-role"), Some(role), Some(account)) => Self::Session {
                account,
                role: role.to_owned(),
            },
            _ => Self::Other,
        }
    }

    /// How the principal relates to an identity.
    fn names(&self, identity: &RequestingIdentity) -> Naming {
        match self {
            Self::Anyone => Naming::Identity,
            Self::Account(account) if *account == identity.account => Naming::Account,
            Self::Identity(arn) if identity.arn.as_deref() == Some(arn) => Naming::Identity,
            Self::Session { account, role }
                if *account == identity.account
                    && identity.kind != IdentityKind::User
                    && identity.name() == Some(role) =>
            {
                Naming::Identity
            }
            Self::Other => Naming::Unknown,
            _ => Naming::Nobody,
        }
    }
}

/// How a statement names an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// It does not.
    Nobody,
    /// That is not known.
    Unknown,
    /// It names the identity's account.
    Account,
    /// It names the identity, or everyone.
    Identity,
}

/// The principals that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PrincipalSet {
    /// Those of `Principal`. None in the policy of an identity.
    Only(Vec<Principal>),
    /// Everyone except those of `NotPrincipal`.
    Except(Vec<Principal>),
}

impl PrincipalSet {
    /// Parses the principals of a statement. They are sorted and have no duplicates.
    pub(super) fn parse(statement: &Value) -> Self {
        match (statement.get("NotPrincipal"), statement.get("Principal")) {
            (Some(principals), _) => Self::Except(Principal::parse_all(principals)),
            (None, Some(principals)) => Self::Only(Principal::parse_all(principals)),
            (None, None) => Self::Only(Vec::new()),
        }
    }

    /// The principals that are included by name.
    pub(super) fn named(&self) -> &[Principal] {
        match self {
            Self::Only(principals) => principals,
            Self::Except(_) => &[],
        }
    }

    /// How the set names an identity.
    pub(super) fn naming(&self, identity: &RequestingIdentity) -> Naming {
        let naming = |principals: &[Principal]| {
            let namings = principals.iter().map(|principal| principal.names(identity));
            namings.max().unwrap_or(Naming::Nobody)
        };
        match self {
            Self::Only(principals) => naming(principals),
            Self::Except(principals) => match naming(principals) {
                Naming::Nobody => Naming::Identity,
                Naming::Unknown => Naming::Unknown,
                Naming::Account | Naming::Identity => Naming::Nobody,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_form_of_a_principal_is_parsed() {
        let parsed = |principal: Value| Principal::parse_all(&principal);
        let account: AccountId = "111122223333".parse().unwrap();
        let role = "arn:aws:iam::111122223333:role/ci";
        for (principal, expected) in [
            (json!("*"), Principal::Anyone),
            (json!({"AWS": ["*"]}), Principal::Anyone),
            (
                json!({"AWS": ["111122223333", "arn:aws-cn:iam::111122223333:root"]}),
                Principal::Account(account),
            ),
            (json!({"AWS": role}), Principal::Identity(role.into())),
            (
                json!({"Service": "ec2.amazonaws.com"}),
                Principal::Service("ec2.amazonaws.com".into()),
            ),
            (
                json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/x"}),
                Principal::Federated("arn:aws:iam::111122223333:oidc-provider/x".into()),
            ),
            (json!({"AWS": "AIDAIOSFODNN7EXAMPLE"}), Principal::Deleted),
            (json!({"CanonicalUser": "79a5"}), Principal::Other),
            (
                json!({"AWS": "arn:aws:sts::111122223333:assumed-role/ci/session"}),
                Principal::Session {
                    account,
                    role: "ci".into(),
                },
            ),
        ] {
            assert_eq!(parsed(principal.clone()), [expected], "{principal}");
        }
    }

    #[test]
    fn an_identity_is_named_itself_or_by_its_account() {
        let identity = RequestingIdentity {
            arn: Some("arn:aws:iam::111122223333:role/ops/ci".into()),
            account: "111122223333".parse().unwrap(),
            kind: IdentityKind::Role,
            tags: Vec::new(),
        };
        let own_role = json!({"AWS": "arn:aws:iam::111122223333:role/ops/ci"});
        let own_session = json!({"AWS": "arn:aws:sts::111122223333:assumed-role/ci/s"});
        let other = json!({"AWS": "444455556666"});
        for (principal, only, except) in [
            (json!("*"), Naming::Identity, Naming::Nobody),
            (own_role, Naming::Identity, Naming::Nobody),
            (own_session, Naming::Identity, Naming::Nobody),
            (
                json!({"AWS": "111122223333"}),
                Naming::Account,
                Naming::Nobody,
            ),
            (other, Naming::Nobody, Naming::Identity),
            (
                json!({"Service": "ec2.amazonaws.com"}),
                Naming::Nobody,
                Naming::Identity,
            ),
            (
                json!({"CanonicalUser": "79a5"}),
                Naming::Unknown,
                Naming::Unknown,
            ),
        ] {
            let naming = |element: &str| {
                PrincipalSet::parse(&json!({ element: principal })).naming(&identity)
            };
            assert_eq!(naming("Principal"), only, "{principal}");
            assert_eq!(naming("NotPrincipal"), except, "{principal}");
        }
    }
}
