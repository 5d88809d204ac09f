//! What people call a resource: the name that consoles and command lines show, rather than its ARN.

use std::borrow::Cow;

use super::{Resource, ResourceType};

/// How many hexadecimal digits of an image digest are shown, as in `docker images --digests`.
const SHOWN_DIGITS: usize = 12;

/// The number of random characters, after a hyphen, that Secrets Manager adds to the name of a secret.
/// Source: Secrets Manager User Guide, "What's in a Secrets Manager secret?".
const SECRET_SUFFIX: usize = 6;

impl Resource {
    /// What people call the resource: `checkout:7` for a task definition, `shop@sha256:24b4…` for an image, and the last
    /// part of the ID for most types.
    pub fn name(&self) -> Cow<'_, str> {
        special_name(self.resource_type, &self.id)
            .unwrap_or_else(|| Cow::Borrowed(self.id.rsplit([':', '/']).next().unwrap_or(&self.id)))
    }
}

/// The name, for types whose last part of the ID is not what people call them.
fn special_name(resource_type: ResourceType, id: &str) -> Option<Cow<'_, str>> {
    use ResourceType as T;
    let after = |separator| id.split_once(separator).map(|(_, rest)| rest);
    match resource_type {
        T::ApiGatewayMethod => api_method(id).map(Cow::Owned),
        T::EcrImage => Some(image_name(after("repository/")?)),
        T::EcsTaskDefinition => Some(after("task-definition/")?.into()),
        // `app/name/id` for the newer types, and the name alone for classic ones.
        T::LoadBalancer => Some(after("loadbalancer/")?.split('/').nth(1)?.into()),
        T::TargetGroup => Some(after("targetgroup/")?.split('/').next()?.into()),
        T::EksNodegroup => Some(after("nodegroup/")?.split('/').nth(1)?.into()),
        T::RdsDbSnapshot | T::RdsDbClusterSnapshot => Some(after("snapshot:")?.into()),
        T::SecretsManagerSecret => Some(secret_name(after(":secret:")?).into()),
        _ => None,
    }
}

/// `GET a/r` for `…/restapis/a/resources/r/methods/GET`: neither the API nor the path of its resource is known by name.
fn api_method(id: &str) -> Option<String> {
    let (_, path) = id.split_once("/restapis/")?;
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [api, "resources", resource, "methods", method] => {
            Some(format!("{method} {api}/{resource}"))
        }
        _ => None,
    }
}

/// `team/shop:v1` as it is, and `team/shop/sha256:…` as references to images write it, with a short digest.
fn image_name(path: &str) -> Cow<'_, str> {
    let Some((repository, digest)) = path.rsplit_once('/') else {
        return path.into();
    };
    let Some(digits) = digest.strip_prefix("sha256:") else {
        return path.into();
    };
    match digits.char_indices().nth(SHOWN_DIGITS) {
        Some((end, _)) => {
            let shown = digits.get(..end).unwrap_or(digits);
            format!("{repository}@sha256:{shown}…").into()
        }
        None => format!("{repository}@{digest}").into(),
    }
}

fn secret_name(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((name, suffix))
            if suffix.len() == SECRET_SUFFIX
                && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            name
        }
        _ => name,
    }
}

/// The value of the `Name` tag, which the consoles of AWS show beside the ID, if it is not empty.
pub fn name_tag(tags: &[(String, String)]) -> Option<&str> {
    tags.iter()
        .find(|(key, value)| key == "Name" && !value.trim().is_empty())
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tag_is_found_unless_it_is_empty() {
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            name_tag(&[tag("team", "web"), tag("Name", "web-1")]),
            Some("web-1")
        );
        assert_eq!(name_tag(&[tag("name", "web-1")]), None);
        assert_eq!(name_tag(&[tag("Name", " ")]), None);
    }

    #[test]
    fn each_type_has_the_name_that_people_use() {
        use ResourceType as T;
        let digest = "sha256:24b4f3c0a1d2e5f697887766554433221100ffeeddccbbaa9988776655443322";
        let image = format!("arn:aws:ecr:eu-west-1:111122223333:repository/team/shop/{digest}");
        let cases = [
            (
                T::ApiGatewayMethod,
                "arn:aws:apigateway:eu-west-1::/restapis/a1/resources/r2/methods/GET",
                "GET a1/r2",
            ),
            (T::EcrImage, &image, "team/shop@sha256:24b4f3c0a1d2…"),
            (
                T::EcrImage,
                "arn:aws:ecr:eu-west-1:111122223333:repository/shop/sha256:abc",
                "shop@sha256:abc",
            ),
            (
                T::EcrImage,
                "arn:aws:ecr:eu-west-1:111122223333:repository/team/shop:v1",
                "team/shop:v1",
            ),
            (
                T::EcsTaskDefinition,
                "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:7",
                "checkout:7",
            ),
            (
                T::EcsService,
                "arn:aws:ecs:eu-west-1:111122223333:service/main/checkout",
                "checkout",
            ),
            (
                T::LoadBalancer,
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc",
                "web",
            ),
            (
                T::ClassicLoadBalancer,
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/web",
                "web",
            ),
            (
                T::TargetGroup,
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/50dc",
                "web",
            ),
            (
                T::EksNodegroup,
                "arn:aws:eks:eu-west-1:111122223333:nodegroup/shop/workers/u-1",
                "workers",
            ),
            (
                T::RdsDbSnapshot,
                "arn:aws:rds:eu-west-1:111122223333:snapshot:rds:orders-2026-11-01",
                "rds:orders-2026-11-01",
            ),
            (
                T::SecretsManagerSecret,
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf",
                "prod/db",
            ),
            (
                T::SecretsManagerSecret,
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod-database",
                "prod-database",
            ),
            (
                T::IamRole,
                "arn:aws:iam::111122223333:role/service/web",
                "web",
            ),
            (
                T::Ec2Instance,
                "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
                "i-1",
            ),
            (T::S3Bucket, "arn:aws:s3:::payroll", "payroll"),
            (T::EcsTaskDefinition, "not an ARN", "not an ARN"),
        ];
        for (resource_type, id, expected) in cases {
            let resource = Resource {
                resource_type,
                id: id.to_owned(),
                account: "111122223333".parse().unwrap(),
                region: "eu-west-1".parse().unwrap(),
            };
            assert_eq!(resource.name(), expected, "{id}");
        }
    }
}
