//! Who can assume a role, according to its trust policy.

use std::collections::BTreeSet;

use crate::model::{
    AccountId, Arn, Resource, ResourceMention, ResourceType, identify, is_clean_identifier,
};

use super::document::PolicyDocument;
use super::edges::assume_role::ASSUME_ROLE;
use super::principal::Principal;
use super::statement::{Effect, Statement};

const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// The identity providers that sign tokens for the repositories of all their customers.
///
/// Source: IAM User Guide, "Identity-provider controls for shared OIDC providers".
const SHARED_PROVIDERS: [&str; 3] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
];

/// Who outside an account can assume a role in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum AssumableBy {
    /// Anyone with an AWS account.
    Anyone,
    /// An account, or an identity of an account, other than that of the role.
    #[strum(serialize = "another account")]
    AnotherAccount,
    /// A workflow of any repository that a shared identity provider, such as that of GitHub, hosts.
    #[strum(serialize = "any repository")]
    AnyRepository,
    /// Nobody.
    #[strum(serialize = "nobody outside")]
    NobodyOutside,
    /// The trust policy alone does not decide it.
    Unknown,
}

impl AssumableBy {
    /// Returns the name in the catalog.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What the trust policy of a role allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleTrust {
    /// The roles and users that can assume the role, and the accounts, other than its own, whose identities can.
    pub trusted: Vec<Resource>,
    /// The accounts whose identities can assume the role if their own policies allow it.
    pub trusted_accounts: Vec<AccountId>,
    /// Who outside the account can assume the role. Empty if the trust policy is not known.
    pub assumable_by: BTreeSet<AssumableBy>,
}

impl RoleTrust {
    /// Evaluates a trust policy. Services are left out: that EC2 can assume the role of an instance is its purpose.
    ///
    /// If the policy denies anything, who remains is unknown.
    pub fn evaluate(role: &Resource, policy: &PolicyDocument) -> Self {
        let mut trust = Self::default();
        let statements = policy.statements.as_slice();
        let has_deny = statements
            .iter()
            .any(|statement| statement.effect == Effect::Deny);
        let allowing = statements.iter().filter(|statement| {
            statement.effect == Effect::Allow && statement.covers_action(ASSUME_ROLE)
        });
        for statement in allowing {
            let is_certain = !statement.is_conditional && !has_deny;
            for principal in &statement.principals {
                trust.add(role, principal, is_certain);
            }
        }
        if statements.iter().any(admits_any_repository) && !has_deny {
            trust.assumable_by.insert(AssumableBy::AnyRepository);
        }
        if trust.assumable_by.is_empty() {
            trust.assumable_by.insert(AssumableBy::NobodyOutside);
        }
        trust
    }

    /// Returns the trust of a role whose trust policy cannot be parsed.
    pub fn unknown() -> Self {
        Self {
            assumable_by: BTreeSet::from([AssumableBy::Unknown]),
            ..Self::default()
        }
    }

    fn add(&mut self, role: &Resource, principal: &Principal, is_certain: bool) {
        let assumable_by = match principal {
            Principal::Service(_) => return,
            _ if !is_certain => AssumableBy::Unknown,
            Principal::Anyone => AssumableBy::Anyone,
            Principal::Account(account) => {
                self.trusted_accounts.push(*account);
                if *account == role.account {
                    return;
                }
                self.add_trusted(role, ResourceType::Account, &account.to_string(), *account);
                AssumableBy::AnotherAccount
            }
            Principal::Identity(arn) => match identity(arn) {
                None => AssumableBy::Unknown,
                Some((resource_type, account)) => {
                    self.add_trusted(role, resource_type, arn, account);
                    if account == role.account {
                        return;
                    }
                    AssumableBy::AnotherAccount
                }
            },
            Principal::Other | Principal::Federated(_) => AssumableBy::Unknown,
        };
        self.assumable_by.insert(assumable_by);
    }

    fn add_trusted(
        &mut self,
        role: &Resource,
        resource_type: ResourceType,
        id: &str,
        account: AccountId,
    ) {
        let trusted = identify(ResourceMention {
            resource_type,
            id,
            account,
            region: &role.region,
        });
        if trusted != *role {
            self.trusted.push(trusted);
        }
    }
}

fn admits_any_repository(statement: &Statement) -> bool {
    statement.effect == Effect::Allow
        && statement.covers_action(ASSUME_ROLE_WITH_WEB_IDENTITY)
        && !statement.names_token_subject
        && statement.principals.iter().any(is_shared_provider)
}

fn is_shared_provider(principal: &Principal) -> bool {
    let Principal::Federated(provider) = principal else {
        return false;
    };
    let host = provider.rsplit("oidc-provider/").next();
    host.is_some_and(|host| SHARED_PROVIDERS.contains(&host))
}

/// Returns the type and the account of the role or user with this ARN.
fn identity(arn: &str) -> Option<(ResourceType, AccountId)> {
    if !is_clean_identifier(arn) {
        return None;
    }
    let arn: Arn = arn.parse().ok()?;
    let resource_type = match arn.resource().split('/').next()? {
        "role" => ResourceType::IamRole,
        "user" => ResourceType::IamUser,
        _ => return None,
    };
    Some((resource_type, arn.account()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn evaluate(statements: Value) -> RoleTrust {
        let role = identify(ResourceMention {
            resource_type: ResourceType::IamRole,
            id: "target",
            account: "111122223333".parse().unwrap(),
            region: &"us-east-1".parse().unwrap(),
        });
        let policy = PolicyDocument::parse(&json!({"Statement": statements})).unwrap();
        RoleTrust::evaluate(&role, &policy)
    }

    fn allow(principal: Value) -> Value {
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
    }

    #[test]
    fn a_shared_provider_without_a_subject_admits_any_repository() {
        let trusts = |provider: &str, condition: Value| {
            let provider = format!("arn:aws:iam::111122223333:oidc-provider/{provider}");
            let statement = json!({
                "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": provider}, "Condition": condition,
            });
            evaluate(statement)
                .assumable_by
                .contains(&AssumableBy::AnyRepository)
        };
        let github = "token.actions.githubusercontent.com";
        let claim = |operator: &str, claim: &str, value: Value| json!({operator: {format!("{github}:{claim}"): value}});
        let audience = claim("StringEquals", "aud", json!("sts.amazonaws.com"));
        for open in [
            audience.clone(),
            json!({}),
            claim("StringLike", "sub", json!("repo:*")),
            claim("StringLike", "sub", json!(["repo:shop/app:*", "*"])),
            claim("StringNotLike", "sub", json!("repo:shop/app:*")),
        ] {
            assert!(trusts(github, open.clone()), "{open}");
        }
        for narrow in [
            claim("StringLike", "sub", json!("repo:shop/app:*")),
            claim("StringEquals", "repository_owner", json!("shop")),
        ] {
            assert!(!trusts(github, narrow.clone()), "{narrow}");
        }
        assert!(
            !trusts("oidc.eks.us-east-1.amazonaws.com/id/A", audience),
            "only the cluster's own workloads have its tokens"
        );
    }

    #[test]
    fn each_principal_decides_who_can_assume_the_role() {
        use AssumableBy::{AnotherAccount, Anyone, NobodyOutside, Unknown};
        let own_role = "arn:aws:iam::111122223333:role/ci";
        let other_user = "arn:aws:iam::444455556666:user/alice";
        let own_account = "arn:aws:iam::111122223333:root";
        let target = "arn:aws:iam::111122223333:role/target";
        let other_account = "AWS::::Account:444455556666";
        let provider = "arn:aws:iam::111122223333:oidc-provider/x";
        for (principal, trusted, accounts, assumable_by) in [
            (json!("*"), vec![], vec![], Anyone),
            (
                json!({"AWS": own_role}),
                vec![own_role],
                vec![],
                NobodyOutside,
            ),
            (
                json!({"AWS": other_user}),
                vec![other_user],
                vec![],
                AnotherAccount,
            ),
            (json!({"AWS": target}), vec![], vec![], NobodyOutside),
            (
                json!({"AWS": own_account}),
                vec![],
                vec!["111122223333"],
                NobodyOutside,
            ),
            (
                json!({"AWS": "444455556666"}),
                vec![other_account],
                vec!["444455556666"],
                AnotherAccount,
            ),
            (
                json!({"Service": "ec2.amazonaws.com"}),
                vec![],
                vec![],
                NobodyOutside,
            ),
            (json!({"Federated": provider}), vec![], vec![], Unknown),
        ] {
            let trust = evaluate(allow(principal.clone()));
            let ids: Vec<&str> = trust
                .trusted
                .iter()
                .map(|resource| resource.id.as_str())
                .collect();
            assert_eq!(ids, trusted, "{principal}");
            let accounts: Vec<AccountId> = accounts.iter().map(|id| id.parse().unwrap()).collect();
            assert_eq!(trust.trusted_accounts, accounts, "{principal}");
            assert_eq!(
                trust.assumable_by,
                BTreeSet::from([assumable_by]),
                "{principal}"
            );
        }
    }

    #[test]
    fn a_condition_or_a_deny_makes_it_unknown() {
        let mut conditional = allow(json!("*"));
        conditional["Condition"] = json!({"StringEquals": {"sts:ExternalId": "x"}});
        let mut deny = allow(json!({"AWS": "444455556666"}));
        deny["Effect"] = json!("Deny");
        for statements in [json!([conditional]), json!([allow(json!("*")), deny])] {
            let trust = evaluate(statements);
            assert_eq!(trust.assumable_by, BTreeSet::from([AssumableBy::Unknown]));
            assert!(trust.trusted.is_empty());
        }
    }
}
