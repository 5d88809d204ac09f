//! The principals of trust policies.

use serde_json::Value;

use crate::model::{AccountId, Arn};

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
    /// A canonical user, or everyone except those in `NotPrincipal`: who that is, is not known.
    Other,
}

impl Principal {
    /// Parses the `Principal` of a statement. The result is sorted and has no duplicates.
    pub(super) fn parse_all(statement: &Value) -> Vec<Self> {
        if statement.get("NotPrincipal").is_some() {
            return vec![Self::Other];
        }
        let mut principals = match statement.get("Principal") {
            Some(Value::String(text)) => vec![Self::parse_aws(text)],
            Some(Value::Object(kinds)) => kinds
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
            // The unique ID of a deleted identity, or a role session.
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_form_of_a_principal_is_parsed() {
        let parsed = |principal: Value| Principal::parse_all(&json!({"Principal": principal}));
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
            (json!({"AWS": "AIDAIOSFODNN7EXAMPLE"}), Principal::Other),
        ] {
            assert_eq!(parsed(principal.clone()), [expected], "{principal}");
        }
    }

    #[test]
    fn everyone_except_some_is_not_known() {
        let statement = json!({"NotPrincipal": {"AWS": "111122223333"}});
        assert_eq!(Principal::parse_all(&statement), [Principal::Other]);
    }
}
