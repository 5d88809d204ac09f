//! The keys that encrypt data stores: whoever reads the data has to be allowed to use the key.
//!
//! Source: S3 User Guide, "Using server-side encryption with AWS KMS keys", permissions.

use crate::graph::index::ResourceIndex;
use crate::graph::view::View;
use crate::iam::{Answer, RequestContext, RequestedResource, RequestedTarget, ResourcePolicy};
use crate::model::ResourceType;

use super::identity::ReadIdentity;

const DECRYPT: &str = "kms:Decrypt";

/// Decides whether an identity can use the customer managed key that encrypts a data store. A key policy that was not read
/// counts as one that delegates to the account, as the default one does.
pub(super) fn can_decrypt(
    view: &View,
    identity: &ReadIdentity<'_>,
    store: ResourceIndex,
    key: &str,
) -> Answer {
    let store = view.resource(store);
    let region = store.region.as_str();
    let partition = store.id.split(':').nth(1).unwrap_or("aws");
    let keys = format!("arn:{partition}:kms:{region}:{}:key/", store.account);
    let is_alias = key.contains("alias/");
    let arn = match key.starts_with("arn:") {
        true => key.to_owned(),
        false => format!("{keys}{key}"),
    };
    let read = view
        .with_id(ResourceType::KmsKey, &arn)
        .find_map(|key| view.permissions(key)?.resource_policy.as_deref());
    let name = format!("key policy of {key}");
    let policy = read.map_or(ResourcePolicy::NotRead(&name), ResourcePolicy::Required);
    let mut target = RequestedTarget::from_arn(&arn);
    target.account = target.account.or(Some(store.account));
    target.region = Some(region.to_owned());
    let mut context = RequestContext::new(&identity.requesting, target);
    let service = service_of(store.resource_type);
    let via = format!("{service}.{region}.amazonaws.com");
    context.given.insert("kms:viaservice".into(), vec![via]);
    let resource = if is_alias {
        // Which key has the alias is not known, so any of the account will do.
        RequestedResource::SomeWithPrefix(&keys)
    } else {
        RequestedResource::Arn(&arn)
    };
    identity
        .policies
        .decide(DECRYPT, resource, policy, &context)
}

fn service_of(store: ResourceType) -> &'static str {
    match store {
        ResourceType::S3Bucket => "s3",
        ResourceType::DynamoDbTable => "dynamodb",
        _ => "secretsmanager",
    }
}
