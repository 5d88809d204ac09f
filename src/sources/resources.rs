//! Security Hub's inventory: the configuration of the resources that traits are found on or travel through.
//!
//! `GetResourcesV2` answers where Security Hub itself is enabled (`EnableSecurityHubV2`), not where only CSPM is. The
//! delegated administrator sees the organization, an aggregation Region the linked Regions.

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{
    AllowedOperators, ResourcesCompositeFilter, ResourcesFilters, ResourcesStringField,
    ResourcesStringFilter, StringFilter, StringFilterComparison,
};
use futures_util::future::try_join_all;

use crate::aws::{CallError, Limiter, RawAnswer};
use crate::model::ResourceType;

use super::api_target::{ApiTarget, Stopped};
use crate::records::{inventory, needed_types};

/// The IAM action.
const ACTION: &str = "securityhub:GetResourcesV2";

/// The most that `GetResourcesV2` gives at once. Source: the securityhub model.
const PAGE: i32 = 100;

/// The most filters in one composite. Source: Security Hub API Reference, `GetFindingsV2`, which says it of the same
/// structure.
const TYPES_A_QUERY: usize = 20;

const DOING: &str = "reading the resources in Security Hub";

/// An inventory that is new, or spells types in a way that is not known, answers with an empty list.
const NOTHING_LISTED: &str = "Security Hub lists none of the resource types that the catalog needs; its inventory may \
                              still be filling, or set collect.resources to another source";

/// Reads the target to the end: a query for each 20 types, all of them at once within the API's rate.
pub(super) async fn read(
    client: &Client,
    limiter: &Limiter,
    target: &ApiTarget<'_>,
) -> Result<(), Stopped> {
    let types = needed_types(&target.collection().catalog);
    let queries = types.chunks(TYPES_A_QUERY).map(|some| {
        target.read_listing(DOING, inventory::parse, move |token| async move {
            limiter.wait().await;
            page(client, filters(some), PAGE, token).await
        })
    });
    try_join_all(queries).await?;
    if target.records() == 0 {
        return Err(Stopped::NothingKnown(NOTHING_LISTED));
    }
    Ok(())
}

async fn page(
    client: &Client,
    filters: ResourcesFilters,
    size: i32,
    token: Option<String>,
) -> Result<String, CallError> {
    let raw = RawAnswer::default();
    let result = client
        .get_resources_v2()
        .filters(filters)
        .max_results(size)
        .set_next_token(token)
        .customize()
        .interceptor(raw.interceptor())
        .send()
        .await;
    raw.body(result, ACTION)
}

/// One of the types.
fn filters(types: &[ResourceType]) -> ResourcesFilters {
    let is_type = |resource_type: &ResourceType| {
        ResourcesStringFilter::builder()
            .field_name(ResourcesStringField::ResourceType)
            .filter(
                StringFilter::builder()
                    .value(resource_type.cloudformation())
                    .comparison(StringFilterComparison::Equals)
                    .build(),
            )
            .build()
    };
    let any_of_them = ResourcesCompositeFilter::builder()
        .set_string_filters(Some(types.iter().map(is_type).collect()))
        .operator(AllowedOperators::Or)
        .build();
    ResourcesFilters::builder()
        .composite_filters(any_of_them)
        .composite_operator(AllowedOperators::And)
        .build()
}

/// The smallest request that shows whether the target can be read.
pub(super) async fn probe(client: &Client) -> Result<(), CallError> {
    page(client, filters(&[ResourceType::Ec2Instance]), 1, None)
        .await
        .map(drop)
}
