//! A resource, and lists of anything.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Resource;

/// A resource.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "resource")]
pub(super) struct ResourceJson<'a> {
    /// The CloudFormation type, such as `AWS::EC2::Instance`.
    #[serde(rename = "type")]
    resource_type: &'static str,
    /// The ARN, or another ID if the type has no ARN.
    id: &'a str,
    account: String,
    /// The Region, or `global`.
    region: &'a str,
}

impl<'a> From<&'a Resource> for ResourceJson<'a> {
    fn from(resource: &'a Resource) -> Self {
        Self {
            resource_type: resource.resource_type.cloudformation(),
            id: &resource.id,
            account: resource.account.to_string(),
            region: resource.region.as_str(),
        }
    }
}

/// Converts each element of a list.
pub(super) fn list<'a, T, J: From<&'a T>>(elements: &'a [T]) -> Vec<J> {
    elements.iter().map(J::from).collect()
}
