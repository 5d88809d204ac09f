//! Container images: one name for what a task definition, Inspector and Security Hub each write in their own way.
//!
//! A task definition names `111122223333.dkr.ecr.us-east-1.amazonaws.com/shop:v1` or `…/shop@sha256:…`. Inspector names
//! the image `arn:aws:ecr:us-east-1:111122223333:repository/shop/sha256:…` and lists its tags. A digest is the image;
//! a tag is a name that points to it, now: where tags can be moved, tasks that run already may run another.

use serde_json::Value;

use crate::model::{
    AccountId, Arn, Partition, Region, RelationKind, Resource, ResourceType, is_clean_identifier,
};

use super::details::texts;
use super::parsed::ParsedEdge;

/// The edges from and to images: task definition → image, and tag → image.
pub(super) fn relations(resource: &Resource, details: &Value) -> Vec<ParsedEdge> {
    match resource.resource_type {
        ResourceType::EcsTaskDefinition => texts(details, "ContainerDefinitions.*.Image")
            .into_iter()
            .filter_map(named)
            .map(|image| ParsedEdge::new(resource.clone(), RelationKind::RunsImage, image))
            .collect(),
        ResourceType::EcrImage => tagged(resource, details),
        _ => Vec::new(),
    }
}

/// The image that a reference in a registry of ECR means. `None` for other registries: no source looks into them.
pub(super) fn named(reference: &str) -> Option<Resource> {
    let (registry, path) = reference.split_once('/')?;
    let parts: Vec<&str> = registry.split('.').collect();
    let [
        account,
        "dkr",
        "ecr" | "ecr-fips",
        region,
        "amazonaws",
        "com",
        ..,
    ] = parts.as_slice()
    else {
        return None;
    };
    let account: AccountId = account.parse().ok()?;
    let region: Region = region.parse().ok()?;
    let id = match path.split_once('@') {
        Some((repository, digest)) => {
            // A reference may have both, `shop:v1@sha256:…`; the digest decides.
            let repository = repository.split(':').next().unwrap_or(repository);
            arn(account, &region, &format!("{repository}/{digest}"))
        }
        None if path.contains(':') => arn(account, &region, path),
        None => arn(account, &region, &format!("{path}:latest")),
    };
    Some(image(id, account, region))
}

fn tagged(resource: &Resource, details: &Value) -> Vec<ParsedEdge> {
    let Some(repository) = texts(details, "RepositoryName").first().copied() else {
        return Vec::new();
    };
    texts(details, "ImageTags.*")
        .into_iter()
        .map(|tag| {
            let id = arn(
                resource.account,
                &resource.region,
                &format!("{repository}:{tag}"),
            );
            let name = image(id, resource.account, resource.region.clone());
            ParsedEdge::new(name, RelationKind::PointsToImage, resource.clone())
        })
        .collect()
}

/// `arn:aws:ecr:us-east-1:111122223333:repository/` with what is in the repository behind it: a digest as Inspector
/// writes it, or a tag, for which AWS has no ARN.
fn arn(account: AccountId, region: &Region, path: &str) -> String {
    let partition = Partition::of_region(region);
    let path = format!("repository/{path}");
    Arn::new(partition, "ecr", region.as_str(), Some(account), &path)
        .as_str()
        .to_owned()
}

fn image(id: String, account: AccountId, region: Region) -> Resource {
    debug_assert!(is_clean_identifier(&id));
    Resource {
        resource_type: ResourceType::EcrImage,
        id,
        account,
        region,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{ResourceMention, identify};

    #[test]
    fn a_reference_names_digest_or_tag() {
        let id = |reference: &str| named(reference).map(|image| image.id);
        let registry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let arn = |rest| {
            Some(format!(
                "arn:aws:ecr:eu-west-1:111122223333:repository/{rest}"
            ))
        };
        assert_eq!(
            id(&format!("{registry}/team/shop@sha256:abc")),
            arn("team/shop/sha256:abc")
        );
        assert_eq!(
            id(&format!("{registry}/team/shop:v1@sha256:abc")),
            arn("team/shop/sha256:abc")
        );
        assert_eq!(id(&format!("{registry}/team/shop:v1")), arn("team/shop:v1"));
        assert_eq!(
            id(&format!("{registry}/team/shop")),
            arn("team/shop:latest")
        );
        for foreign in [
            "nginx",
            "nginx:1",
            "public.ecr.aws/nginx/nginx:1",
            "registry.example.com/a/b:1",
        ] {
            assert_eq!(id(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_tag_leads_from_the_task_definition_to_the_scanned_image() {
        let region: Region = "eu-west-1".parse().unwrap();
        let resource = |resource_type, id| {
            identify(ResourceMention {
                resource_type,
                id,
                account: "111122223333".parse().unwrap(),
                region: &region,
            })
        };
        let definition = resource(ResourceType::EcsTaskDefinition, "web:3");
        let scanned = resource(
            ResourceType::EcrImage,
            "arn:aws:ecr:eu-west-1:111122223333:repository/shop/sha256:abc",
        );
        let runs = relations(
            &definition,
            &json!({"ContainerDefinitions": [{"Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:v1"}]}),
        );
        let points = relations(
            &scanned,
            &json!({"repositoryName": "shop", "imageTags": ["v1", "latest"]}),
        );
        assert_eq!(runs[0].kind, RelationKind::RunsImage);
        assert_eq!(points.len(), 2);
        assert_eq!(
            (&points[0].from, points[0].kind, &points[0].to),
            (&runs[0].to, RelationKind::PointsToImage, &scanned)
        );
    }
}
