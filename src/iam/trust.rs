//! Who can assume a role, according to its trust policy.

use std::collections::BTreeSet;

use crate::model::{
    AccountId, Arn, Resource, ResourceMention, ResourceType, identify, is_clean_identifier,
};

use super::condition::{Condition, Wish};
use super::document::PolicyDocument;
use super::principal::{Principal, PrincipalSet};
use super::request::{RequestContext, RequestedTarget, RequestingIdentity};
use super::statement::{Effect, Statement};
use super::truth::Truth;

/// The action of assuming a role.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";
const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
const ASSUME_ROLE_WITH_SAML: &str = "sts:AssumeRoleWithSAML";

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
    /// Anyone.
    Anyone,
    /// An account, or an identity of an account, other than that of the role, even if a condition limits it.
    #[strum(serialize = "another account")]
    AnotherAccount,
    /// The same, without any condition.
    #[strum(serialize = "another account without a condition")]
    AnotherAccountUnconditionally,
    /// A workflow of any repository that a shared identity provider, such as that of GitHub, hosts.
    #[strum(serialize = "any repository")]
    AnyRepository,
    /// Any account of an organization.
    Organization,
    /// Those for whom an identity provider signs tokens or assertions.
    #[strum(serialize = "identity provider")]
    IdentityProvider,
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
    /// The roles and users that can assume the role, and the accounts, other than its own, whose identities can. The
    /// policies of those that were read may say otherwise.
    pub trusted: Vec<Resource>,
    /// Who outside the account can assume the role. Empty if the trust policy is not known.
    pub assumable_by: BTreeSet<AssumableBy>,
}

/// What conditions and denials leave of those whom a statement trusts. The greater limit leaves fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    /// All of them.
    None,
    /// That is not known.
    Unknown,
    /// Certain accounts.
    Accounts,
    /// The accounts of an organization.
    Organization,
    /// Nobody outside the account.
    OwnAccount,
}

impl RoleTrust {
    /// Evaluates a trust policy. Services are left out: that EC2 can assume the role of an instance is its purpose.
    pub fn evaluate(role: &Resource, policy: &PolicyDocument) -> Self {
        let mut trust = Self::default();
        let statements = policy.statements.as_slice();
        let denied = denied_limit(role, statements);
        let has_deny = statements
            .iter()
            .any(|statement| statement.effect == Effect::Deny);
        for statement in statements {
            if statement.effect == Effect::Deny {
                continue;
            }
            let limit = conditions_limit(role, &statement.conditions).max(denied);
            let is_certain = statement.conditions.is_empty() && !has_deny;
            if let PrincipalSet::Except(_) = statement.principals {
                trust.add(role, statement, &Principal::Anyone, limit, is_certain);
            }
            for principal in statement.principals.named() {
                trust.add(role, statement, principal, limit, is_certain);
            }
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

    fn add(
        &mut self,
        role: &Resource,
        statement: &Statement,
        principal: &Principal,
        limit: Limit,
        is_certain: bool,
    ) {
        if let Principal::Federated(provider) = principal {
            self.add_federated(statement, provider, limit);
            return;
        }
        if !statement.covers_action(ASSUME_ROLE) {
            return;
        }
        let account = match principal {
            Principal::Service(_) | Principal::Deleted | Principal::Federated(_) => return,
            Principal::Anyone => {
                self.assumable_by.extend(anyone_within(limit));
                return;
            }
            Principal::Account(account) | Principal::Session { account, .. } => Some(*account),
            Principal::Identity(arn) => identity(arn).map(|(_, account)| account),
            Principal::Other => None,
        };
        let Some(account) = account else {
            self.assumable_by.insert(AssumableBy::Unknown);
            return;
        };
        if is_certain {
            self.add_trusted(role, principal, account);
        }
        if account == role.account || limit == Limit::OwnAccount {
            return;
        }
        self.assumable_by.insert(AssumableBy::AnotherAccount);
        if is_certain {
            let unconditionally = AssumableBy::AnotherAccountUnconditionally;
            self.assumable_by.insert(unconditionally);
        }
    }

    fn add_federated(&mut self, statement: &Statement, provider: &str, limit: Limit) {
        let has_web_identity = statement.covers_action(ASSUME_ROLE_WITH_WEB_IDENTITY);
        if !has_web_identity && !statement.covers_action(ASSUME_ROLE_WITH_SAML) {
            return;
        }
        // Whoever has a token has no account, so that a limit to accounts leaves nobody.
        if limit > Limit::Unknown {
            return;
        }
        let host = provider.rsplit("oidc-provider/").next();
        let is_shared = host.is_some_and(|host| SHARED_PROVIDERS.contains(&host));
        if has_web_identity && is_shared && !statement.names_token_subject() {
            let anyone = [AssumableBy::Anyone, AssumableBy::AnyRepository];
            self.assumable_by.extend(anyone);
        } else {
            self.assumable_by.insert(AssumableBy::IdentityProvider);
        }
    }

    fn add_trusted(&mut self, role: &Resource, principal: &Principal, account: AccountId) {
        let id = match principal {
            Principal::Account(own) if *own == role.account => return,
            Principal::Account(account) => account.to_string(),
            Principal::Identity(arn) => arn.clone(),
            _ => return,
        };
        let resource_type = match principal {
            Principal::Identity(arn) => identity(arn).map(|(resource_type, _)| resource_type),
            _ => Some(ResourceType::Account),
        };
        let Some(resource_type) = resource_type else {
            return;
        };
        let trusted = identify(ResourceMention {
            resource_type,
            id: &id,
            account,
            region: &role.region,
        });
        if trusted != *role {
            self.trusted.push(trusted);
        }
    }
}

/// Who can assume a role that trusts everyone within a limit.
fn anyone_within(limit: Limit) -> Option<AssumableBy> {
    match limit {
        Limit::None => Some(AssumableBy::Anyone),
        Limit::Unknown => Some(AssumableBy::Unknown),
        Limit::Accounts => Some(AssumableBy::AnotherAccount),
        Limit::Organization => Some(AssumableBy::Organization),
        Limit::OwnAccount => None,
    }
}

/// What the conditions of a statement that allows leave.
fn conditions_limit(role: &Resource, conditions: &[Condition]) -> Limit {
    let limits = conditions.iter().map(|condition| {
        if condition.requires_value()
            && let Some(limit) = values_limit(role, condition)
        {
            return limit;
        }
        match is_met_from_outside(role, condition, Wish::Met) {
            Truth::Yes => Limit::None,
            Truth::Unknown(_) => Limit::Unknown,
            Truth::No => Limit::OwnAccount,
        }
    });
    limits.max().unwrap_or(Limit::None)
}

/// What the statements that deny leave.
fn denied_limit(role: &Resource, statements: &[Statement]) -> Limit {
    let is_own = |principal: &Principal| match principal {
        Principal::Account(account) | Principal::Session { account, .. } => {
            *account == role.account
        }
        Principal::Identity(arn) => {
            identity(arn).is_some_and(|(_, account)| account == role.account)
        }
        Principal::Service(_) | Principal::Deleted => true,
        Principal::Anyone | Principal::Federated(_) | Principal::Other => false,
    };
    let denies = statements
        .iter()
        .filter(|statement| statement.effect == Effect::Deny);
    let limits = denies.map(|statement| {
        let is_about_everyone = match &statement.principals {
            PrincipalSet::Only(principals) if principals.iter().all(is_own) => return Limit::None,
            PrincipalSet::Only(principals) => principals.contains(&Principal::Anyone),
            PrincipalSet::Except(principals) => principals.iter().all(is_own),
        };
        if !is_about_everyone || !statement.covers_action(ASSUME_ROLE) {
            return Limit::Unknown;
        }
        if let [condition] = statement.conditions.as_slice()
            && condition.excludes_values()
            && let Some(limit) = values_limit(role, condition)
        {
            return limit;
        }
        let met = statement
            .conditions
            .iter()
            .map(|condition| is_met_from_outside(role, condition, Wish::NotMet));
        match Truth::all(met) {
            Truth::No => Limit::None,
            Truth::Unknown(_) => Limit::Unknown,
            Truth::Yes => Limit::OwnAccount,
        }
    });
    limits.max().unwrap_or(Limit::None)
}

/// What remains if the key of the condition has to have one of its values, or `None` if the key is not about who makes the
/// request.
fn values_limit(role: &Resource, condition: &Condition) -> Option<Limit> {
    let accounts: Vec<&str> = match condition.key.to_ascii_lowercase().as_str() {
        "aws:principalorgid" | "aws:principalorgpaths" => {
            let is_specific = |value: &String| !value.starts_with('*');
            let is_specific = condition.values.iter().all(is_specific);
            return Some(if is_specific {
                Limit::Organization
            } else {
                Limit::None
            });
        }
        "aws:principalaccount" => condition.values.iter().map(String::as_str).collect(),
        "aws:principalarn" => condition
            .values
            .iter()
            .map(|arn| arn.split(':').nth(4).unwrap_or("*"))
            .collect(),
        _ => return None,
    };
    let own = role.account.to_string();
    Some(if accounts.iter().all(|account| *account == own) {
        Limit::OwnAccount
    } else if accounts
        .iter()
        .all(|account| account.parse::<AccountId>().is_ok())
    {
        Limit::Accounts
    } else {
        Limit::None
    })
}

/// Whether an attacker with an account of their own can meet the condition. They can use multi-factor authentication.
fn is_met_from_outside(role: &Resource, condition: &Condition, wish: Wish) -> Truth {
    let key = condition.key.to_ascii_lowercase();
    if key.starts_with("aws:multifactorauth") {
        return Truth::from(wish == Wish::Met);
    }
    let outsider = RequestingIdentity::any_of(role.account);
    let context = RequestContext::new(&outsider, RequestedTarget::from_arn(&role.id));
    condition.is_met(&context, true, wish)
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
        use AssumableBy::{AnotherAccount, Anyone, IdentityProvider, NobodyOutside};
        let own_role = "arn:aws:iam::111122223333:role/ci";
        let other_user = "arn:aws:iam::444455556666:user/alice";
        let own_account = "arn:aws:iam::111122223333:root";
        let target = "arn:aws:iam::111122223333:role/target";
        let other_account = "AWS::::Account:444455556666";
        let provider = "arn:aws:iam::111122223333:oidc-provider/x";
        for (principal, trusted, assumable_by) in [
            (json!("*"), vec![], Anyone),
            (json!({"AWS": own_role}), vec![own_role], NobodyOutside),
            (json!({"AWS": other_user}), vec![other_user], AnotherAccount),
            (json!({"AWS": target}), vec![], NobodyOutside),
            (json!({"AWS": own_account}), vec![], NobodyOutside),
            (
                json!({"AWS": "444455556666"}),
                vec![other_account],
                AnotherAccount,
            ),
            (
                json!({"AWS": "AROAIOSFODNN7EXAMPLE"}),
                vec![],
                NobodyOutside,
            ),
            (
                json!({"Service": "ec2.amazonaws.com"}),
                vec![],
                NobodyOutside,
            ),
        ] {
            let trust = evaluate(allow(principal.clone()));
            let ids: Vec<&str> = trust
                .trusted
                .iter()
                .map(|resource| resource.id.as_str())
                .collect();
            assert_eq!(ids, trusted, "{principal}");
            let first = trust.assumable_by.first().copied();
            assert_eq!(first, Some(assumable_by), "{principal}");
        }
        for action in ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"] {
            let mut federated = allow(json!({"Federated": provider}));
            federated["Action"] = json!(action);
            let expected = BTreeSet::from([IdentityProvider]);
            assert_eq!(evaluate(federated).assumable_by, expected, "{action}");
        }
    }

    #[test]
    fn conditions_and_denials_limit_who_can_assume_the_role() {
        use AssumableBy::{AnotherAccount, Anyone, NobodyOutside, Organization, Unknown};
        let with = |principal: &str, condition: Value| {
            let mut statement = allow(json!({ "AWS": principal }));
            statement["Condition"] = condition;
            statement
        };
        let deny = |principal: &str, condition: Value| {
            let mut statement = with(principal, condition);
            statement["Effect"] = json!("Deny");
            statement
        };
        let own = "111122223333";
        let other = "444455556666";
        let external_id = json!({"StringEquals": {"sts:ExternalId": "x"}});
        let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        let organization = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
        let outside_organization = json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}});
        let own_arn = json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}});
        let account = |account: &str| json!({"StringEquals": {"aws:PrincipalAccount": account}});
        let source = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        for (statements, expected) in [
            (json!([with(other, external_id.clone())]), AnotherAccount),
            (json!([with(own, mfa.clone())]), NobodyOutside),
            (json!([with("*", mfa)]), Anyone),
            (json!([with("*", external_id)]), Unknown),
            (json!([with("*", source.clone())]), Unknown),
            (json!([with("*", organization)]), Organization),
            (json!([with("*", own_arn)]), NobodyOutside),
            (json!([with("*", account(own))]), NobodyOutside),
            (json!([with("*", account(other))]), AnotherAccount),
            (
                json!([allow(json!("*")), deny("*", outside_organization)]),
                Organization,
            ),
            (
                json!([allow(json!("*")), deny("*", json!({}))]),
                NobodyOutside,
            ),
            (json!([allow(json!("*")), deny(own, json!({}))]), Anyone),
            (json!([allow(json!("*")), deny(other, json!({}))]), Unknown),
            (json!([allow(json!("*")), deny("*", source)]), Unknown),
        ] {
            let trust = evaluate(statements.clone());
            assert_eq!(
                trust.assumable_by,
                BTreeSet::from([expected]),
                "{statements}"
            );
        }
    }
}
