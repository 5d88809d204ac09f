//! Edges from and to container images: one name for the image that a task definition, Inspector, and Security Hub write
//! in different ways.
//!
//! A task definition names `111122223333.dkr.ecr.us-east-1.amazonaws.com/shop:v1` or `…/shop@sha256:…`. Inspector names
//! `arn:aws:ecr:us-east-1:111122223333:repository/shop/sha256:…` and lists the tags of the image. A digest identifies an
//! image. A tag points to one: if tags are mutable, running tasks may use an image to which the tag no longer points.

use serde_json::Value;

use crate::model::{
    AccountId, Arn, Partition, Region, RelationKind, Resource, ResourceType, is_clean_identifier,
};
use crate::records::json_path::{identifier_at, identifiers_at};
use crate::records::parsed::ParsedEdge;

/// The edges from a task definition to its images, and from tags to an image.
pub(super) fn image_edges(resource: &Resource, details: &Value) -> Vec<ParsedEdge> {
    match resource.resource_type {
        ResourceType::EcsTaskDefinition => identifiers_at(details, "ContainerDefinitions.*.Image")
            .into_iter()
            .filter_map(image_from_reference)
            .map(|image| ParsedEdge::new(resource.clone(), RelationKind::RunsImage, image))
            .collect(),
        ResourceType::EcrImage => tag_edges(resource, details),
        _ => Vec::new(),
    }
}

/// The image in ECR that a reference names. `None` for other registries, which no source scans.
pub(in crate::records) fn image_from_reference(reference: &str) -> Option<Resource> {
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
    let name = match path.split_once('@') {
        Some((repository, digest)) => {
            // A reference may have both, `shop:v1@sha256:…`; the digest takes precedence.
            let repository = repository.split(':').next().unwrap_or(repository);
            format!("{repository}/{digest}")
        }
        None if path.contains(':') => path.to_owned(),
        None => format!("{path}:latest"),
    };
    Some(image(account, region, &name))
}

fn tag_edges(image_by_digest: &Resource, details: &Value) -> Vec<ParsedEdge> {
    let Some(repository) = identifier_at(details, "RepositoryName") else {
        return Vec::new();
    };
    identifiers_at(details, "ImageTags.*")
        .into_iter()
        .map(|tag| {
            let image_by_tag = image(
                image_by_digest.account,
                image_by_digest.region.clone(),
                &format!("{repository}:{tag}"),
            );
            let kind = RelationKind::PointsToImage;
            ParsedEdge::new(image_by_tag, kind, image_by_digest.clone())
        })
        .collect()
}

/// An image by its name in the registry: `shop/sha256:…`, as Inspector writes the digest, or `shop:v1` for a tag, for
/// which AWS has no ARN.
fn image(account: AccountId, region: Region, name: &str) -> Resource {
    let partition = Partition::of_region(&region);
    let path = format!("repository/{name}");
    let arn = Arn::new(partition, "ecr", region.as_str(), Some(account), &path);
    debug_assert!(is_clean_identifier(arn.as_str()));
    Resource {
        resource_type: ResourceType::EcrImage,
        id: arn.as_str().to_owned(),
        account,
        region,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::testing::resource;

    #[test]
    fn a_reference_names_an_image_by_digest_or_tag() {
        let id = |reference: &str| image_from_reference(reference).map(|image| image.id);
        let registry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let arn = |name| {
            Some(format!(
                "arn:aws:ecr:eu-west-1:111122223333:repository/{name}"
            ))
        };
        for (reference, name) in [
            ("team/shop@sha256:abc", "team/shop/sha256:abc"),
            ("team/shop:v1@sha256:abc", "team/shop/sha256:abc"),
            ("team/shop:v1", "team/shop:v1"),
            ("team/shop", "team/shop:latest"),
        ] {
            assert_eq!(id(&format!("{registry}/{reference}")), arn(name));
        }
        for other_registry in [
            "nginx",
            "nginx:1",
            "public.ecr.aws/nginx/nginx:1",
            "registry.example.com/a/b:1",
        ] {
            assert_eq!(id(other_registry), None, "{other_registry}");
        }
    }

    #[test]
    fn a_tag_leads_from_the_task_definition_to_the_scanned_image() {
        let definition = resource(ResourceType::EcsTaskDefinition, "web:3");
        let scanned = resource(
            ResourceType::EcrImage,
            "arn:aws:ecr:us-east-1:111122223333:repository/shop/sha256:abc",
        );
        let runs = image_edges(
            &definition,
            &json!({"ContainerDefinitions": [{"Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/shop:v1"}]}),
        );
        let points_to = image_edges(
            &scanned,
            &json!({"repositoryName": "shop", "imageTags": ["v1", "latest"]}),
        );
        assert_eq!(runs[0].kind, RelationKind::RunsImage);
        assert_eq!(points_to.len(), 2);
        assert_eq!(
            points_to[0],
            ParsedEdge::new(runs[0].to.clone(), RelationKind::PointsToImage, scanned)
        );
    }
}
