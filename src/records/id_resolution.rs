//! Different IDs of one resource, resolved by its details.
//!
//! Some findings name a user by its unique ID (`user/AIDA…`), a database by its resource ID (`dbinstance:db-ABC…`), or a
//! service without its cluster. The details in the same record have the name that the ARN has.
//! Source: `Id` in published findings, and the shapes of `Details` in the securityhub model.

use serde_json::Value;

use crate::model::{Resource, ResourceMention, ResourceType as T, identify, is_clean_identifier};

use super::json_path::identifier_at;

/// The resource that a record is about, by its ID and its details.
pub(super) fn resolve(mention: ResourceMention<'_>, details: &Value) -> Resource {
    let resource = identify(mention);
    let name = match mention.resource_type {
        T::IamGroup | T::IamPolicy | T::IamRole | T::IamUser => iam_name(mention, details),
        T::RdsDbInstance | T::RdsDbCluster => database_name(mention, details),
        T::EcsService => service_name(mention.id, details),
        _ => None,
    };
    match name.filter(|name| is_clean_identifier(name)) {
        // The account and the Region of the ARN take precedence over those of the record.
        Some(name) => identify(ResourceMention {
            id: &name,
            account: resource.account,
            region: if resource.resource_type.is_global() {
                mention.region
            } else {
                &resource.region
            },
            ..mention
        }),
        None => resource,
    }
}

/// The last part of `arn:aws:iam::111122223333:user/AIDA…`, `user/AIDA…`, or `AIDA…`.
fn last_part(id: &str) -> &str {
    id.rsplit(['/', ':']).next().unwrap_or(id)
}

/// The path and name of an IAM resource whose ID is its unique ID.
/// Source: IAM User Guide, "IAM identifiers", unique identifiers.
fn iam_name(mention: ResourceMention<'_>, details: &Value) -> Option<String> {
    let (prefix, name) = match mention.resource_type {
        T::IamGroup => ("AGPA", "GroupName"),
        T::IamPolicy => ("ANPA", "PolicyName"),
        T::IamRole => ("AROA", "RoleName"),
        T::IamUser => ("AIDA", "UserName"),
        _ => return None,
    };
    let id = last_part(mention.id);
    let is_unique_id = id.len() >= 16
        && id.starts_with(prefix)
        && id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !is_unique_id {
        return None;
    }
    let path = identifier_at(details, "Path").unwrap_or("/");
    let name = identifier_at(details, name)?;
    Some(format!("{}{name}", path.trim_start_matches('/')))
}

/// The name of a database whose ID is its resource ID. A name may begin with `db-` as well; the resource ID in the
/// details, or the form of the ARN, distinguishes the two.
fn database_name(mention: ResourceMention<'_>, details: &Value) -> Option<String> {
    let (prefix, resource_id, name) = match mention.resource_type {
        T::RdsDbInstance => ("db-", "DbiResourceId", "DBInstanceIdentifier"),
        T::RdsDbCluster => ("cluster-", "DbClusterResourceId", "DbClusterIdentifier"),
        _ => return None,
    };
    let id = last_part(mention.id);
    let is_resource_id = id.starts_with(prefix)
        && (identifier_at(details, resource_id) == Some(id)
            || mention.id.contains("dbinstance:")
            || mention.id.contains("dbcluster"));
    if !is_resource_id {
        return None;
    }
    identifier_at(details, name).map(str::to_owned)
}

/// The cluster and name of a service whose ID is the old form of its ARN, without the cluster.
/// Source: ECS Developer Guide, "Amazon Resource Names (ARNs) and IDs".
fn service_name(id: &str, details: &Value) -> Option<String> {
    let service = id.rsplit_once("service/").map_or(id, |(_, rest)| rest);
    let cluster = identifier_at(details, "Cluster")?.rsplit('/').next()?;
    (!service.contains('/')).then(|| format!("{cluster}/{service}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Region;

    fn id(resource_type: T, id: &str, details: &Value) -> String {
        let region: Region = "eu-west-1".parse().unwrap();
        let mention = ResourceMention {
            resource_type,
            id,
            account: "111122223333".parse().unwrap(),
            region: &region,
        };
        resolve(mention, details).id
    }

    #[test]
    fn every_form_of_an_id_gives_one_name() {
        let user = json!({"UserId": "AIDAIOSFODNN7EXAMPLE", "UserName": "alice", "Path": "/ops/"});
        for named in [
            "arn:aws:iam::111122223333:user/AIDAIOSFODNN7EXAMPLE",
            "AIDAIOSFODNN7EXAMPLE",
            "arn:aws:iam::111122223333:user/ops/alice",
        ] {
            assert_eq!(
                id(T::IamUser, named, &user),
                "arn:aws:iam::111122223333:user/ops/alice"
            );
        }
        let database = json!({"DbiResourceId": "db-ABC", "DBInstanceIdentifier": "orders"});
        for named in [
            "arn:aws:rds:eu-west-1:111122223333:dbinstance:db-ABC",
            "db-ABC",
            "db:orders",
        ] {
            assert_eq!(
                id(T::RdsDbInstance, named, &database),
                "arn:aws:rds:eu-west-1:111122223333:db:orders"
            );
        }
        let cluster = json!({"DbClusterIdentifier": "c"});
        assert_eq!(
            id(
                T::RdsDbCluster,
                "arn:aws:rds:eu-west-1:111122223333:dbcluster/cluster-ABC",
                &cluster
            ),
            "arn:aws:rds:eu-west-1:111122223333:cluster:c"
        );
        let service = json!({"Cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/c"});
        assert_eq!(
            id(
                T::EcsService,
                "arn:aws:ecs:eu-west-1:111122223333:service/web",
                &service
            ),
            "arn:aws:ecs:eu-west-1:111122223333:service/c/web"
        );
    }

    #[test]
    fn a_name_that_looks_like_an_id_is_kept() {
        let database = json!({"DbiResourceId": "db-ABC", "DBInstanceIdentifier": "db-main"});
        assert_eq!(
            id(T::RdsDbInstance, "db-main", &database),
            "arn:aws:rds:eu-west-1:111122223333:db:db-main"
        );
        assert_eq!(
            id(T::IamUser, "AIDA", &json!({"UserName": "other"})),
            "arn:aws:iam::111122223333:user/AIDA"
        );
    }
}
