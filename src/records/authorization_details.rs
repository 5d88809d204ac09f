//! Users, groups, roles, and managed policies, as `iam get-account-authorization-details` lists them. A record is the whole
//! state of its identity: what it does not list does not exist.
//!
//! Source: the iam model, `UserDetail`, `GroupDetail`, `RoleDetail`, and `ManagedPolicyDetail`. The AWS CLI decodes policy
//! documents into objects; the API returns them percent-encoded.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::iam::{NamedDocument, PolicyDocument};
use crate::model::{Arn, Product, RecordKind, Region, ResourceMention, ResourceType as T};

use super::configuration::configuration_record;
use super::error::RecordError;
use super::parsed::{ParseResult, ParsedRecord};
use super::subject::{RecordContext, Subject};
use super::{fields, iam_facts, json_path, timestamp};

/// The lists of each type. A list that is absent is empty.
const LISTS: &[(T, &[&str])] = &[
    (
        T::IamUser,
        &["UserPolicyList", "AttachedManagedPolicies", "GroupList"],
    ),
    (T::IamGroup, &["GroupPolicyList", "AttachedManagedPolicies"]),
    (
        T::IamRole,
        &[
            "RolePolicyList",
            "AttachedManagedPolicies",
            "InstanceProfileList",
        ],
    ),
];

/// The times in a record. The latest of them is the earliest time at which it can have been read.
const TIMES: &[&str] = &[
    READ_AT,
    "CreateDate",
    "UpdateDate",
    "RoleLastUsed.LastUsedDate",
    "PolicyVersionList.*.CreateDate",
];

/// When the record was read, which the source adds. No response has such a member.
pub const READ_AT: &str = "ReadAt";

/// Parses a user, a group, a role, or a managed policy.
///
/// # Errors
/// The record is malformed.
pub fn parse(json: &str, catalog: &Catalog) -> ParseResult {
    let mut details: Map<String, Value> = fields::from_json("IAM authorization details", json)?;
    let arn = details.get("Arn").and_then(Value::as_str);
    let arn = arn.ok_or(RecordError::MissingField { field: "Arn" })?;
    let id = fields::identifier("Arn", arn)?.to_owned();
    let arn: Arn = fields::parse("Arn", &id)?;
    let resource_type = resource_type(&arn)?;
    let lists = LISTS.iter().find(|(listed, _)| *listed == resource_type);
    for list in lists.into_iter().flat_map(|(_, lists)| *lists) {
        let value = details.entry(*list).or_insert(Value::Null);
        if value.is_null() {
            *value = json!([]);
        }
    }
    let tags = tags(details.get("Tags"));
    let details = Value::Object(details);
    let updated_at = latest_time(&details);
    let Some(account) = arn.account() else {
        return aws_policy(&id, &details, updated_at);
    };
    let home_region = arn.partition().home_region();
    let context = RecordContext {
        catalog,
        account,
        region: &home_region,
        updated_at,
    };
    let mention = ResourceMention {
        resource_type,
        id: &id,
        account,
        region: &Region::global(),
    };
    let subject = Subject::new(mention, tags, details);
    let mut record = configuration_record(
        Product::Iam,
        RecordKind::WholeConfiguration,
        subject,
        &[],
        context,
    );
    // The details of a group or a policy have no tags.
    record.lists_tags = matches!(resource_type, T::IamUser | T::IamRole);
    Ok(Ok(record))
}

fn resource_type(arn: &Arn) -> Result<T, RecordError> {
    let kind = arn.resource().split('/').next();
    match (arn.service(), kind.unwrap_or_default()) {
        ("iam", "user") => Ok(T::IamUser),
        ("iam", "group") => Ok(T::IamGroup),
        ("iam", "role") => Ok(T::IamRole),
        ("iam", "policy") => Ok(T::IamPolicy),
        _ => Err(RecordError::field(
            "Arn",
            "not the ARN of a user, a group, a role, or a policy of IAM",
        )),
    }
}

/// A policy that belongs to AWS and to no account.
fn aws_policy(arn: &str, details: &Value, updated_at: Option<DateTime<Utc>>) -> ParseResult {
    let document = iam_facts::default_version(details);
    let (version, document) = document.ok_or(RecordError::MissingField {
        field: "PolicyVersionList",
    })?;
    let document = PolicyDocument::parse(document);
    let document = document.map_err(|error| RecordError::field("Document", error))?;
    let version = version.unwrap_or_default();
    Ok(Ok(ParsedRecord::of_aws_policy(
        arn,
        NamedDocument {
            name: format!("{arn} {version} (AWS managed)"),
            statements: document.statements,
        },
        updated_at,
    )))
}

fn tags(tags: Option<&Value>) -> Vec<(String, String)> {
    let tags = tags.and_then(Value::as_array).into_iter().flatten();
    fields::tags_from_pairs(tags.filter_map(|tag| {
        let text = |name| tag.get(name).and_then(Value::as_str);
        Some((text("Key")?, text("Value")))
    }))
}

fn latest_time(details: &Value) -> Option<DateTime<Utc>> {
    let times = TIMES
        .iter()
        .flat_map(|path| json_path::values_at(details, path));
    times.filter_map(timestamp::parse).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::testing::{catalog, edge_names};

    const ADMINISTRATOR: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";

    fn arn(rest: &str) -> String {
        format!("arn:aws:iam::111122223333:{rest}")
    }

    fn parsed(record: &Value) -> ParsedRecord {
        let parsed = crate::records::parse_any(&record.to_string(), &catalog());
        parsed.unwrap().unwrap()
    }

    fn role() -> Value {
        json!({
            "Path": "/ci/", "RoleName": "deploy", "RoleId": "AROA1", "Arn": arn("role/ci/deploy"),
            "CreateDate": "2026-01-01T00:00:00+00:00",
            "RoleLastUsed": {"LastUsedDate": "2026-11-20T06:00:00+00:00", "Region": "us-east-1"},
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn("user/alice")},
            }]},
            "InstanceProfileList": [{"InstanceProfileName": "web", "Arn": arn("instance-profile/web"), "Roles": []}],
            "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": ADMINISTRATOR}],
            "AttachedManagedPolicies": [{"PolicyName": "base", "PolicyArn": arn("policy/base")}],
            "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy/limit")},
            "Tags": [{"Key": "team", "Value": "ci"}],
        })
    }

    #[test]
    fn a_role_has_its_policies_trust_boundary_profiles_and_tags() {
        let record = parsed(&role());
        assert_eq!(record.product, Product::Iam);
        assert_eq!(
            record.updated_at.unwrap().to_rfc3339(),
            "2026-11-20T06:00:00+00:00"
        );
        let [role] = &record.resources[..] else {
            panic!("{record:?}");
        };
        assert_eq!(role.resource.id, arn("role/ci/deploy"));
        assert_eq!(role.tags, [("team".into(), "ci".into())]);
        assert_eq!(
            edge_names(&role.edges),
            [
                "role/ci/deploy grants-policy policy/base",
                "instance-profile/web contains-role role/ci/deploy",
                "user/alice can-assume role/ci/deploy",
            ]
        );
        let permissions = &role.permissions;
        assert_eq!(permissions.boundary, Some(arn("policy/limit")));
        assert_eq!(permissions.documents.len(), 1);
        assert_eq!(permissions.named_principals().count(), 1);
        assert!(permissions.is_listed && permissions.not_read.is_empty());
    }

    #[test]
    fn documents_are_read_encoded_and_as_objects() {
        let mut decoded = role();
        decoded["RolePolicyList"][0]["PolicyDocument"] = json!({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        });
        let mut encoded = role();
        encoded["AssumeRolePolicyDocument"] = json!(
            role()["AssumeRolePolicyDocument"]
                .to_string()
                .replace('"', "%22")
                .replacen('{', "%7B", 1)
        );
        let expected = format!("{:?}", parsed(&role()));
        assert_eq!(format!("{:?}", parsed(&decoded)), expected);
        assert_eq!(format!("{:?}", parsed(&encoded)), expected);
    }

    #[test]
    fn an_identity_without_policies_has_none() {
        for (kind, name) in [("User", "user/a"), ("Group", "group/a"), ("Role", "role/a")] {
            let record = json!({
                format!("{kind}Id"): "X", format!("{kind}Name"): "a", "Arn": arn(name), "AttachedManagedPolicies": [],
            });
            let record = parsed(&record);
            let permissions = &record.resources[0].permissions;
            assert!(permissions.is_listed, "{kind}");
            assert!(permissions.documents.is_empty() && permissions.not_read.is_empty());
        }
    }

    #[test]
    fn a_user_is_in_its_groups_of_its_partition() {
        let user = json!({
            "UserId": "AIDA1", "UserName": "alice", "Arn": "arn:aws-cn:iam::111122223333:user/alice",
            "GroupList": ["admins"], "AttachedManagedPolicies": [],
        });
        let record = parsed(&user);
        let group = record.resources[0].edges.iter();
        let mut group = group.filter(|edge| edge.to.resource_type == T::IamGroup);
        let id = &group.next().unwrap().to.id;
        assert_eq!(id, "arn:aws-cn:iam::111122223333:group/admins");
    }

    fn policy(arn: &str) -> Value {
        json!({
            "PolicyId": "ANPA1", "PolicyName": "base", "Arn": arn, "DefaultVersionId": "v2",
            "UpdateDate": "2026-10-01T00:00:00Z",
            "PolicyVersionList": [
                {"VersionId": "v2", "IsDefaultVersion": true, "Document": ADMINISTRATOR},
                {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Statement": []}},
            ],
        })
    }

    #[test]
    fn the_default_version_of_a_policy_counts() {
        let record = parsed(&policy(&arn("policy/base")));
        let documents = &record.resources[0].permissions.documents;
        assert_eq!(documents.len(), 1);
        assert_eq!(documents[0].name, format!("{} v2", arn("policy/base")));
        assert_eq!(documents[0].statements.len(), 1);
    }

    #[test]
    fn an_aws_managed_policy_belongs_to_no_account() {
        let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
        let record = parsed(&policy(arn));
        assert_eq!((record.account, record.resources.len()), (None, 0));
        let (named, document) = record.aws_policy.unwrap();
        assert_eq!(named, arn);
        assert_eq!(document.name, format!("{arn} v2 (AWS managed)"));
    }

    #[test]
    fn what_other_commands_list_is_no_evidence_that_there_are_no_policies() {
        // `iam list-roles` and `iam list-users` leave out policies.
        for record in [
            json!({"RoleId": "AROA1", "Arn": arn("role/r"), "AssumeRolePolicyDocument": {}}),
            json!({"UserId": "AIDA1", "Arn": arn("user/u")}),
        ] {
            let parsed = crate::records::parse_any(&record.to_string(), &catalog());
            assert!(matches!(parsed, Err(RecordError::UnknownFormat { .. })));
        }
    }

    #[test]
    fn a_malformed_record_is_an_error() {
        for arn in [
            "",
            "alice",
            "arn:aws:s3:::b",
            "arn:aws:iam::111122223333:mfa/a",
            "arn:aws:iam::aws:policy/p",
        ] {
            let record = json!({"UserId": "AIDA1", "Arn": arn, "AttachedManagedPolicies": []});
            assert!(parse(&record.to_string(), &catalog()).is_err(), "{arn}");
        }
    }
}
