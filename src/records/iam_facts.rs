//! What the details of IAM resources tell of permissions: what inline and managed documents allow, who may become a role.
//!
//! From it come attributes that no source has, for the catalog to name as any other:
//! - `Grants`: `administrator`, `service-administrator` or `limited`; absent where the documents do not tell;
//! - `GrantsNotKnown`: whether they do not;
//! - `AssumableBy.*`, of a role: `anyone`, `another account`, `unknown`, or else `nobody outside`.
//!
//! Source: the shapes of `AwsIamRole` and its kin in the securityhub model, which have names of inline policies alone,
//! and of AWS Config's items, which have their documents.

use serde_json::{Value, json};

use crate::iam::{
    ASSUME_ROLE, Effect, Permissions, PolicyDocument, Principal, PrivilegeLevel, Statement,
    privilege_level,
};
use crate::model::{
    AccountId, RelationKind, Resource, ResourceMention, ResourceType as T, identify,
    is_clean_identifier,
};

use super::json_path::{member, values_at};
use super::parsed::ParsedEdge;

/// What the details tell.
#[derive(Debug, Default)]
pub(super) struct IamFacts {
    /// What is kept for the questions that are asked when all resources are known.
    pub permissions: Permissions,
    /// The derived attributes.
    pub attributes: Value,
    /// Those that hold only as long as no other record tells more: that the source has no document.
    pub fallback_attributes: Value,
    /// Who may become the role.
    pub edges: Vec<ParsedEdge>,
}

/// The inline policies of an identity, or the versions of a managed policy.
struct Documents {
    count: usize,
    statements: Vec<Statement>,
    /// Whether some document is not there, or is none.
    has_unknown: bool,
}

/// What the details of a resource tell; nothing of one that is not of IAM.
pub(super) fn iam_facts(resource: &Resource, details: &Value) -> IamFacts {
    let Some(documents) = documents(resource.resource_type, details) else {
        return IamFacts::default();
    };
    let is_bounded = !values_at(details, "PermissionsBoundary.PermissionsBoundaryArn").is_empty();
    let trust = trust(resource, details);
    let mut derived = serde_json::Map::new();
    let mut fallback_attributes = Value::Null;
    match grants(&documents, is_bounded) {
        _ if documents.count == 0 => {}
        PrivilegeLevel::Unknown if documents.statements.is_empty() => {
            fallback_attributes = json!({"GrantsNotKnown": true});
        }
        power => {
            derived.insert(
                "GrantsNotKnown".into(),
                (power == PrivilegeLevel::Unknown).into(),
            );
            derived.extend(power.as_str().map(|name| ("Grants".into(), name.into())));
        }
    }
    if !trust.by.is_empty() {
        derived.insert("AssumableBy".into(), json!(trust.by));
    }
    IamFacts {
        permissions: Permissions::new(documents.statements, is_bounded, trust.accounts),
        attributes: Value::Object(derived),
        fallback_attributes,
        edges: trust.edges,
    }
}

fn grants(documents: &Documents, is_bounded: bool) -> PrivilegeLevel {
    match privilege_level(&documents.statements) {
        PrivilegeLevel::Administrator if !is_bounded => PrivilegeLevel::Administrator,
        PrivilegeLevel::ServiceAdministrator if !is_bounded && !documents.has_unknown => {
            PrivilegeLevel::ServiceAdministrator
        }
        PrivilegeLevel::Limited if !documents.has_unknown => PrivilegeLevel::Limited,
        _ => PrivilegeLevel::Unknown,
    }
}

fn documents(resource_type: T, details: &Value) -> Option<Documents> {
    let listed = |name: &str| {
        let list = member(details, name)?.as_array()?;
        Some(
            list.iter()
                .map(|one| member(one, "PolicyDocument"))
                .collect(),
        )
    };
    let found: Vec<Option<&Value>> = match resource_type {
        T::IamRole => listed("RolePolicyList").unwrap_or_default(),
        T::IamUser => listed("UserPolicyList").unwrap_or_default(),
        T::IamGroup => listed("GroupPolicyList").unwrap_or_default(),
        // A finding about a policy has no document: the control that failed says what is to be known.
        T::IamPolicy => default_version(details).map(Some).into_iter().collect(),
        _ => return None,
    };
    let read: Vec<Option<PolicyDocument>> = found
        .into_iter()
        .map(|document| PolicyDocument::parse(document?).ok())
        .collect();
    Some(Documents {
        count: read.len(),
        has_unknown: read.iter().any(Option::is_none),
        statements: read
            .into_iter()
            .flatten()
            .flat_map(|document| document.statements)
            .collect(),
    })
}

/// The document of the version that is in force.
fn default_version(details: &Value) -> Option<&Value> {
    let versions = member(details, "PolicyVersionList")?.as_array()?;
    let in_force = member(details, "DefaultVersionId");
    versions
        .iter()
        .filter(|version| {
            member(version, "IsDefaultVersion") == Some(&Value::Bool(true))
                || (in_force.is_some() && member(version, "VersionId") == in_force)
        })
        .find_map(|version| member(version, "Document"))
}

/// Who may become a role.
#[derive(Default)]
struct Trust {
    edges: Vec<ParsedEdge>,
    /// The accounts whose identities may, if their own policies let them.
    accounts: Vec<AccountId>,
    by: Vec<&'static str>,
}

/// Services are left out: that EC2 may become the role of an instance is what the role is for.
fn trust(role: &Resource, details: &Value) -> Trust {
    let mut trust = Trust::default();
    if role.resource_type != T::IamRole {
        return trust;
    }
    let Some(document) = member(details, "AssumeRolePolicyDocument") else {
        return trust;
    };
    let Ok(document) = PolicyDocument::parse(document) else {
        trust.by.push("unknown");
        return trust;
    };
    // Where something is denied, whom that leaves is not worked out.
    let denies = document
        .statements
        .iter()
        .any(|statement| statement.effect == Effect::Deny);
    let allowing = document.statements.iter().filter(|statement| {
        statement.effect == Effect::Allow && statement.covers_action(ASSUME_ROLE)
    });
    for statement in allowing {
        for trusted in &statement.principals {
            if let Principal::Service(_) = trusted {
                continue;
            }
            if statement.is_conditional || denies {
                trust.by.push("unknown");
                continue;
            }
            trust.add(role, trusted);
        }
    }
    trust.by.sort_unstable();
    trust.by.dedup();
    if trust.by.is_empty() {
        trust.by.push("nobody outside");
    }
    trust
}

impl Trust {
    fn add(&mut self, role: &Resource, trusted: &Principal) {
        let mut edge = |resource_type, id: &str, account| {
            let from = identify(ResourceMention {
                resource_type,
                id,
                account,
                region: &role.region,
            });
            if from != *role {
                self.edges
                    .push(ParsedEdge::new(from, RelationKind::CanAssume, role.clone()));
            }
        };
        match trusted {
            Principal::Anyone => self.by.push("anyone"),
            Principal::Account(account) if *account == role.account => self.accounts.push(*account),
            Principal::Account(account) => {
                edge(T::Account, &account.to_string(), *account);
                self.accounts.push(*account);
                self.by.push("another account");
            }
            Principal::Identity(arn) => match identity_type(arn) {
                Some((resource_type, account)) if is_clean_identifier(arn) => {
                    edge(resource_type, arn, account);
                    if account != role.account {
                        self.by.push("another account");
                    }
                }
                _ => self.by.push("unknown"),
            },
            Principal::Other => self.by.push("unknown"),
            Principal::Service(_) => {}
        }
    }
}

fn identity_type(arn: &str) -> Option<(T, AccountId)> {
    let arn: crate::model::Arn = arn.parse().ok()?;
    let resource_type = match arn.resource().split('/').next()? {
        "role" => T::IamRole,
        "user" => T::IamUser,
        _ => return None,
    };
    Some((resource_type, arn.account()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMINISTRATOR: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";

    fn resource(resource_type: T, id: &str) -> Resource {
        identify(ResourceMention {
            resource_type,
            id,
            account: "111122223333".parse().unwrap(),
            region: &"us-east-1".parse().unwrap(),
        })
    }

    fn grants_of(resource_type: T, details: Value) -> Value {
        iam_facts(&resource(resource_type, "x"), &details).attributes["Grants"].clone()
    }

    #[test]
    fn inline_and_managed_documents_tell_an_administrator() {
        let inline =
            |list: &str| json!({list: [{"policyName": "p", "policyDocument": ADMINISTRATOR}]});
        for (resource_type, list) in [
            (T::IamRole, "rolePolicyList"),
            (T::IamUser, "userPolicyList"),
            (T::IamGroup, "groupPolicyList"),
        ] {
            assert_eq!(grants_of(resource_type, inline(list)), "administrator");
        }
        let versions = |in_force: &str| {
            json!({"defaultVersionId": in_force, "policyVersionList": [
                {"versionId": "v1", "document": ADMINISTRATOR},
                {"versionId": "v2", "document": {"Statement": []}},
            ]})
        };
        assert_eq!(grants_of(T::IamPolicy, versions("v1")), "administrator");
        assert_eq!(grants_of(T::IamPolicy, versions("v2")), "limited");
    }

    #[test]
    fn what_cannot_be_told_is_said_to_be_unknown() {
        let boundary = json!({"permissionsBoundaryArn": "arn:aws:iam::111122223333:policy/b"});
        for unknown in [
            json!({"rolePolicyList": [{"policyDocument": ADMINISTRATOR}], "permissionsBoundary": boundary}),
            json!({"rolePolicyList": [{"policyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}, {"policyDocument": "{"}]}),
        ] {
            let told = iam_facts(&resource(T::IamRole, "x"), &unknown).attributes;
            assert_eq!(told["GrantsNotKnown"], true, "{unknown}");
            assert_eq!(told["Grants"], Value::Null, "{unknown}");
        }
    }

    #[test]
    fn a_name_without_a_document_is_unknown_until_another_source_has_the_document() {
        let named = json!({"RolePolicyList": [{"PolicyName": "p"}]});
        let told = iam_facts(&resource(T::IamRole, "x"), &named);
        assert_eq!(told.attributes, json!({}));
        assert_eq!(told.fallback_attributes["GrantsNotKnown"], true);
    }

    #[test]
    fn without_inline_policies_there_is_nothing_to_tell() {
        // The finding of IAM.1 has the ids of the versions.
        let versions =
            json!({"PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true}]});
        for (resource_type, details) in [
            (T::IamRole, json!({"rolePolicyList": []})),
            (T::IamRole, json!({})),
            (T::IamPolicy, versions),
        ] {
            let told = iam_facts(&resource(resource_type, "x"), &details);
            assert_eq!(told.attributes, json!({}), "{details}");
            assert_eq!(told.fallback_attributes, Value::Null, "{details}");
        }
    }

    #[test]
    fn a_trust_policy_says_who_may_become_the_role() {
        let trusts = |principal: Value, condition: Value| {
            let details = json!({"assumeRolePolicyDocument": {"Statement": {
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition,
            }}});
            let told = iam_facts(&resource(T::IamRole, "target"), &details);
            let edges: Vec<String> = told.edges.iter().map(|edge| edge.from.id.clone()).collect();
            (
                edges,
                told.attributes["AssumableBy"].clone(),
                told.permissions.trusted_accounts,
            )
        };
        let none = json!({});
        let ours: AccountId = "111122223333".parse().unwrap();
        let theirs: AccountId = "444455556666".parse().unwrap();
        let role = "arn:aws:iam::111122223333:role/ci";
        assert_eq!(
            trusts(json!({"AWS": role}), none.clone()),
            (vec![role.to_owned()], json!(["nobody outside"]), vec![])
        );
        assert_eq!(
            trusts(
                json!({"AWS": "arn:aws:iam::111122223333:root"}),
                none.clone()
            ),
            (vec![], json!(["nobody outside"]), vec![ours])
        );
        assert_eq!(
            trusts(json!({"AWS": "444455556666"}), none.clone()),
            (
                vec!["AWS::::Account:444455556666".to_owned()],
                json!(["another account"]),
                vec![theirs]
            )
        );
        assert_eq!(
            trusts(json!("*"), none.clone()),
            (vec![], json!(["anyone"]), vec![])
        );
        assert_eq!(
            trusts(json!("*"), json!({"StringEquals": {"sts:ExternalId": "x"}})),
            (vec![], json!(["unknown"]), vec![])
        );
        assert_eq!(
            trusts(json!({"Service": "ec2.amazonaws.com"}), none),
            (vec![], json!(["nobody outside"]), vec![])
        );
    }
}
