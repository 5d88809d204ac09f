//! Two names of one resource that only its details bring together.
//!
//! Some findings name a user by its unique id (`user/AIDA…`), a database by its resource id (`dbinstance:db-ABC…`), a
//! service without its cluster; the details of the same record have the name. Source: `Id` in published findings, and
//! the shapes of `Details` in the securityhub model.

use serde_json::Value;

use crate::model::{Resource, ResourceMention, ResourceType as T, identify, is_clean_identifier};

use super::details::texts;

/// The resource that a record is about, by its id and its details.
pub(super) fn identified(mention: ResourceMention<'_>, details: &Value) -> Resource {
    let named = name(mention.resource_type, mention.id, details);
    let resource = identify(mention);
    match named.filter(|name| is_clean_identifier(name)) {
        // The ARN's account and Region go before those of the record.
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

/// The short id that goes by the name, if the id goes by another.
fn name(resource_type: T, id: &str, details: &Value) -> Option<String> {
    let text = |path: &str| texts(details, path).first().copied();
    // `arn:aws:iam::111122223333:user/AIDA…`, `user/AIDA…`, `AIDA…`.
    let short = id.rsplit(['/', ':']).next().unwrap_or(id);
    let is_unique_id = |prefix: &str| {
        short.len() >= 16
            && short.starts_with(prefix)
            && short
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    // Source: IAM User Guide, "IAM identifiers", unique ids.
    let of_iam = |prefix: &str, name: &str| {
        let path = text("Path").unwrap_or("/").trim_start_matches('/');
        is_unique_id(prefix)
            .then(|| text(name).map(|name| format!("{path}{name}")))
            .flatten()
    };
    match resource_type {
        T::IamGroup => of_iam("AGPA", "GroupName"),
        T::IamPolicy => of_iam("ANPA", "PolicyName"),
        T::IamRole => of_iam("AROA", "RoleName"),
        T::IamUser => of_iam("AIDA", "UserName"),
        T::RdsDbInstance if is_resource_id(id, short, "db-", text("DbiResourceId")) => {
            text("DBInstanceIdentifier").map(str::to_owned)
        }
        T::RdsDbCluster if is_resource_id(id, short, "cluster-", text("DbClusterResourceId")) => {
            text("DbClusterIdentifier").map(str::to_owned)
        }
        // The old form of the ARN. Source: ECS Developer Guide, "Amazon Resource Names (ARNs) and IDs".
        T::EcsService => {
            let service = id.rsplit_once("service/").map_or(id, |(_, rest)| rest);
            let cluster = text("Cluster")?.rsplit('/').next()?;
            (!service.contains('/')).then(|| format!("{cluster}/{service}"))
        }
        _ => None,
    }
}

/// A database may be called `db-…` as well: then the details' resource id, or the ARN's own kind, tells.
fn is_resource_id(id: &str, short: &str, prefix: &str, resource_id: Option<&str>) -> bool {
    short.starts_with(prefix)
        && (resource_id == Some(short) || id.contains("dbinstance:") || id.contains("dbcluster"))
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
        identified(mention, details).id
    }

    #[test]
    fn the_details_bring_two_names_together() {
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
    fn a_name_that_looks_like_an_id_stays_a_name() {
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
