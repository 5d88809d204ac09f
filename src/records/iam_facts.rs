//! IAM facts: what the policy documents in the details of an IAM resource show.
//!
//! They add attributes that no source has, which the catalog uses like any other:
//!
//! - `Grants`: `administrator`, `service-administrator`, or `limited`; absent if the documents do not decide it.
//! - `GrantsNotKnown`: whether they do not.
//! - `InlinePolicies`: `none` if an identity is known to have none.
//! - `AssumableBy.*` of a role: `anyone`, `another account`, `another account without a condition`, `any repository`,
//!   `organization`, `identity provider`, `nobody outside`, `unknown`.
//!
//! Source: the shapes of `AwsIamRole`, `AwsIamUser`, `AwsIamGroup`, and `AwsIamPolicy` in the securityhub model, which
//! have only the names of inline policies, and of the configuration items of AWS Config, which have the documents.

use serde_json::{Map, Value, json};

use crate::iam::{
    AssumableBy, AttachedDocuments, Grants, IdentityKind, ParsePolicyError, Permissions,
    PolicyDocument, PrivilegeLevel, RequestingIdentity, RoleTrust,
};
use crate::model::{RelationKind, Resource, ResourceType as T};

use super::json_path::{identifier_at, member, values_at};
use super::parsed::{EdgeEnd, EmptyList, ParsedEdge};

/// What the policy documents of a resource show.
#[derive(Debug, Default)]
pub(super) struct IamFacts {
    /// The statements for decisions that depend on other resources.
    pub permissions: Permissions,
    /// The attributes that follow from the documents.
    pub attributes: Value,
    /// Attributes that count only until another record has the documents.
    pub fallback_attributes: Value,
    /// Edges from those that can assume the role.
    pub edges: Vec<ParsedEdge>,
    /// The kind of these edges, if the trust policy names nobody.
    pub empty_lists: Vec<EmptyList>,
}

/// Returns the IAM facts of a resource. A resource that neither is of IAM nor has a policy has none.
pub(super) fn iam_facts(resource: &Resource, details: &Value) -> IamFacts {
    let Some(documents) = documents(resource, details) else {
        return IamFacts {
            permissions: resource_permissions(resource, details),
            ..IamFacts::default()
        };
    };
    let boundary = identifier_at(details, "PermissionsBoundary.PermissionsBoundaryArn");
    let trust_policy = trust_policy(resource, details);
    let trust = trust(resource, trust_policy.as_ref());
    let mut attributes = Map::new();
    let mut fallback_attributes = Value::Null;
    let is_listed = lists_policies(resource.resource_type, details);
    let grants = documents.grants(&any_identity_with(resource), false);
    match documents.grants(&any_identity_with(resource), boundary.is_some()) {
        // A record that lists managed policies, or an empty list of inline ones, leaves out no inline policy.
        Grants::NoDocuments if is_listed => {
            attributes.insert("InlinePolicies".into(), "none".into());
        }
        Grants::NoDocuments => {}
        Grants::NotShown => fallback_attributes = json!({"GrantsNotKnown": true}),
        Grants::Level(level) => {
            let is_unknown = level == PrivilegeLevel::Unknown;
            attributes.insert("GrantsNotKnown".into(), is_unknown.into());
            attributes.extend(level.as_str().map(|level| ("Grants".into(), level.into())));
        }
    }
    if !trust.assumable_by.is_empty() {
        let assumable_by = trust.assumable_by.iter().copied().map(AssumableBy::as_str);
        attributes.insert("AssumableBy".into(), assumable_by.collect());
    }
    let is_trust_known =
        !trust.assumable_by.is_empty() && !trust.assumable_by.contains(&AssumableBy::Unknown);
    let names_nobody = is_trust_known && trust.trusted.is_empty();
    let empty_list = EmptyList {
        kind: RelationKind::CanAssume,
        end: EdgeEnd::To,
    };
    let edge = |trusted| ParsedEdge::new(trusted, RelationKind::CanAssume, resource.clone());
    IamFacts {
        permissions: Permissions {
            documents: documents.documents,
            not_read: documents.not_read,
            level: match grants {
                Grants::Level(level) => Some(level),
                Grants::NoDocuments | Grants::NotShown => None,
            },
            is_listed,
            boundary: boundary.map(str::to_owned),
            resource_policy: trust_policy
                .and_then(Result::ok)
                .map(|policy| policy.statements),
            key: None,
        },
        attributes: Value::Object(attributes),
        fallback_attributes,
        edges: trust.trusted.into_iter().map(edge).collect(),
        empty_lists: names_nobody.then_some(empty_list).into_iter().collect(),
    }
}

/// The identity that has the documents: a user or role itself; of a managed policy or a group, any identity.
fn any_identity_with(resource: &Resource) -> RequestingIdentity {
    let mut identity = RequestingIdentity::any_of(resource.account);
    if let T::IamRole | T::IamUser = resource.resource_type {
        identity.arn = Some(resource.id.clone());
    }
    if resource.resource_type == T::IamUser {
        identity.kind = IdentityKind::User;
    }
    identity
}

/// The inline policies of an identity, or the default version of a managed policy.
fn documents(resource: &Resource, details: &Value) -> Option<AttachedDocuments> {
    let inline = |list: &str| -> Vec<(String, Option<&Value>)> {
        let policies = member(details, list).and_then(Value::as_array);
        let policies = policies.into_iter().flatten();
        policies
            .map(|policy| {
                let name = identifier_at(policy, "PolicyName").unwrap_or_default();
                let name = format!("inline policy `{name}` of {}", resource.id);
                (name, member(policy, "PolicyDocument"))
            })
            .collect()
    };
    let documents = match resource.resource_type {
        T::IamRole => inline("RolePolicyList"),
        T::IamUser => inline("UserPolicyList"),
        T::IamGroup => inline("GroupPolicyList"),
        // A finding about a policy has no document; which control failed is its evidence.
        T::IamPolicy => default_version(details)
            .map(|(version, document)| {
                let version = version.map(|version| format!(" {version}"));
                let name = format!("{}{}", resource.id, version.unwrap_or_default());
                (name, Some(document))
            })
            .into_iter()
            .collect(),
        _ => return None,
    };
    let parse = |document: Option<&Value>| PolicyDocument::parse(document?).ok();
    Some(AttachedDocuments::new(
        documents
            .into_iter()
            .map(|(name, document)| (name, parse(document)))
            .collect(),
    ))
}

/// The policy of a resource that is not of IAM, and the key that encrypts it.
///
/// Source: AWS Config's supplementary configuration of buckets and keys; the shape `AwsS3BucketDetails`.
fn resource_permissions(resource: &Resource, details: &Value) -> Permissions {
    let (policies, keys): (&[&str], &[&str]) = match resource.resource_type {
        T::S3Bucket => (
            &["BucketPolicy.PolicyText"],
            &[
                "ServerSideEncryptionConfiguration.Rules.*.ApplyServerSideEncryptionByDefault.KMSMasterKeyID",
                "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault.KMSMasterKeyID",
            ],
        ),
        T::KmsKey => (&["Policy", "KeyPolicy"], &[]),
        T::SecretsManagerSecret => (&["ResourcePolicy"], &["KmsKeyId"]),
        T::DynamoDbTable => (
            &["ResourcePolicy.PolicyDocument"],
            &[
                "SSESpecification.KMSMasterKeyId",
                "SSEDescription.KMSMasterKeyArn",
            ],
        ),
        _ => return Permissions::default(),
    };
    let policy = policies
        .iter()
        .flat_map(|path| values_at(details, path))
        .find_map(|policy| PolicyDocument::parse(policy).ok());
    let key = keys
        .iter()
        .find_map(|path| identifier_at(details, path))
        // Everyone in the account who can read the resource can use the key that AWS manages for the service.
        .filter(|key| !key.contains("alias/aws/"));
    Permissions {
        resource_policy: policy.map(|policy| policy.statements),
        key: key.map(str::to_owned),
        ..Permissions::default()
    }
}

fn lists_policies(resource_type: T, details: &Value) -> bool {
    let inline = match resource_type {
        T::IamRole => "RolePolicyList",
        T::IamUser => "UserPolicyList",
        T::IamGroup => "GroupPolicyList",
        _ => return false,
    };
    [inline, "AttachedManagedPolicies"]
        .iter()
        .any(|list| member(details, list).is_some_and(Value::is_array))
}

/// The ID and the document of the default version of a managed policy.
pub(super) fn default_version(details: &Value) -> Option<(Option<&str>, &Value)> {
    let versions = member(details, "PolicyVersionList")?.as_array()?;
    let default_id = member(details, "DefaultVersionId");
    versions
        .iter()
        .filter(|version| {
            member(version, "IsDefaultVersion") == Some(&Value::Bool(true))
                || (default_id.is_some() && member(version, "VersionId") == default_id)
        })
        .find_map(|version| {
            let document = member(version, "Document")?;
            Some((identifier_at(version, "VersionId"), document))
        })
}

fn trust_policy(
    resource: &Resource,
    details: &Value,
) -> Option<Result<PolicyDocument, ParsePolicyError>> {
    match resource.resource_type {
        T::IamRole => member(details, "AssumeRolePolicyDocument").map(PolicyDocument::parse),
        _ => None,
    }
}

fn trust(
    resource: &Resource,
    policy: Option<&Result<PolicyDocument, ParsePolicyError>>,
) -> RoleTrust {
    match policy {
        None => RoleTrust::default(),
        Some(Ok(policy)) => RoleTrust::evaluate(resource, policy),
        Some(Err(_)) => RoleTrust::unknown(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::testing::{edge_names, resource};

    const ADMINISTRATOR: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";

    fn grants_of(resource_type: T, details: Value) -> Value {
        iam_facts(&resource(resource_type, "x"), &details).attributes["Grants"].clone()
    }

    #[test]
    fn inline_and_managed_documents_show_an_administrator() {
        let inline =
            |list: &str| json!({list: [{"policyName": "p", "policyDocument": ADMINISTRATOR}]});
        for (resource_type, list) in [
            (T::IamRole, "rolePolicyList"),
            (T::IamUser, "userPolicyList"),
            (T::IamGroup, "groupPolicyList"),
        ] {
            assert_eq!(grants_of(resource_type, inline(list)), "administrator");
        }
        let versions = |default_id: &str| {
            json!({"defaultVersionId": default_id, "policyVersionList": [
                {"versionId": "v1", "document": ADMINISTRATOR},
                {"versionId": "v2", "document": {"Statement": []}},
            ]})
        };
        assert_eq!(grants_of(T::IamPolicy, versions("v1")), "administrator");
        assert_eq!(grants_of(T::IamPolicy, versions("v2")), "limited");
    }

    #[test]
    fn what_the_documents_do_not_decide_is_reported_as_unknown() {
        let boundary = json!({"permissionsBoundaryArn": "arn:aws:iam::111122223333:policy/b"});
        for unknown in [
            json!({"rolePolicyList": [{"policyDocument": ADMINISTRATOR}], "permissionsBoundary": boundary}),
            json!({"rolePolicyList": [{"policyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}, {"policyDocument": "{"}]}),
        ] {
            let attributes = iam_facts(&resource(T::IamRole, "x"), &unknown).attributes;
            assert_eq!(attributes, json!({"GrantsNotKnown": true}), "{unknown}");
        }
    }

    #[test]
    fn a_name_without_a_document_is_unknown_until_another_record_has_the_document() {
        let named = json!({"RolePolicyList": [{"PolicyName": "p"}]});
        let facts = iam_facts(&resource(T::IamRole, "x"), &named);
        assert_eq!(facts.attributes, json!({}));
        assert_eq!(facts.fallback_attributes, json!({"GrantsNotKnown": true}));
    }

    #[test]
    fn without_documents_there_are_no_attributes() {
        // A finding of IAM.1 has only the IDs of the versions.
        let versions =
            json!({"PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true}]});
        for (resource_type, details) in [(T::IamRole, json!({})), (T::IamPolicy, versions)] {
            let facts = iam_facts(&resource(resource_type, "x"), &details);
            assert_eq!(facts.attributes, json!({}), "{details}");
            assert_eq!(facts.fallback_attributes, Value::Null, "{details}");
        }
    }

    #[test]
    fn a_record_that_lists_policies_leaves_out_no_inline_policy() {
        for details in [
            json!({"rolePolicyList": []}),
            json!({"AttachedManagedPolicies": [{"PolicyName": "p"}]}),
        ] {
            let facts = iam_facts(&resource(T::IamRole, "x"), &details);
            assert_eq!(facts.attributes, json!({"InlinePolicies": "none"}));
        }
    }

    #[test]
    fn a_trust_policy_shows_who_can_assume_the_role() {
        let facts = |policy: Value| {
            let details = json!({"assumeRolePolicyDocument": policy});
            iam_facts(&resource(T::IamRole, "target"), &details)
        };
        let other_role = "arn:aws:iam::444455556666:role/ci";
        let trusting = facts(json!({"Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": [other_role, "111122223333"]},
        }}));
        assert_eq!(
            edge_names(&trusting.edges),
            ["role/ci can-assume role/target"]
        );
        assert_eq!(
            trusting.attributes,
            json!({"AssumableBy": ["another account", "another account without a condition"]})
        );
        assert_eq!(trusting.permissions.named_principals().count(), 2);
        let malformed = facts(json!("{"));
        assert_eq!(malformed.attributes, json!({"AssumableBy": ["unknown"]}));
    }
}
