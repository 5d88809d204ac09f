//! Security Hub's inventory: the configuration of the resources on which traits are found, or through which they
//! propagate.
//!
//! `GetResourcesV2` responds where Security Hub itself is enabled (`EnableSecurityHubV2`), not where only CSPM is. The
//! delegated administrator sees the organization, and an aggregation Region sees its linked Regions.

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{
    AllowedOperators, ResourcesCompositeFilter, ResourcesFilters, ResourcesStringField,
    ResourcesStringFilter, StringFilter, StringFilterComparison,
};
use futures_util::future::{BoxFuture, try_join_all};

use crate::aws::{CallError, CallRate, Envelope, IamAction, Session, raw_response};
use crate::model::{Region, ResourceType, SourceKind};
use crate::records::{inventory, needed_types};

use super::outcome::CollectError;
use super::source::Source;
use super::target_reader::{Listing, TargetReader};

/// Source: Service Authorization Reference, "AWS Security Hub".
const GET_RESOURCES: IamAction = IamAction {
    statement: "ReadInventory",
    action: "securityhub:GetResourcesV2",
    reason: "read relationships between resources from Security Hub's inventory",
    resource: "arn:{partition}:securityhub:{region}:{account}:hubv2/*",
};

/// AWS allows 10 requests per second with bursts of 30, as for every operation of Security Hub without a rate of its own.
/// Source: Security Hub API Reference, "Throttling".
const RATE: CallRate = CallRate::new("securityhub:GetResourcesV2", 105, 25);

/// The largest page of `GetResourcesV2`. Source: the securityhub API model.
const PAGE_SIZE: i32 = 100;

/// The most filters in one composite filter. Source: Security Hub API Reference, `GetFindingsV2`, about the same structure.
const TYPES_PER_QUERY: usize = 20;

const LISTING: Listing = Listing {
    activity: "reading the resources in Security Hub",
    envelope: Envelope {
        records: "Resources",
        next_token: "NextToken",
    },
    parser: inventory::parse,
};

/// An inventory that is new, or that names types in an unknown way, returns an empty list.
const NO_DATA: &str = "Security Hub lists none of the resource types that the catalog needs; wait until its inventory is \
                       complete, or set collect.resources to another source";

/// Security Hub's `GetResourcesV2`.
#[derive(Debug)]
pub(super) struct SecurityHubResources;

impl Source for SecurityHubResources {
    fn kind(&self) -> SourceKind {
        SourceKind::SecurityHubResources
    }

    fn actions(&self) -> &'static [IamAction] {
        const { &[GET_RESOURCES] }
    }

    fn rate(&self) -> CallRate {
        RATE
    }

    /// Makes one query per 20 types, all of them concurrently.
    fn collect<'a>(
        &'a self,
        reader: &'a TargetReader<'_>,
    ) -> BoxFuture<'a, Result<(), CollectError>> {
        Box::pin(async move {
            let client = reader.session().security_hub(reader.region());
            let types = needed_types(reader.catalog());
            let queries = types.chunks(TYPES_PER_QUERY).map(|types| {
                let fetch = |token| get_resources(&client, types, PAGE_SIZE, token);
                reader.read_listing(&LISTING, fetch)
            });
            try_join_all(queries).await?;
            if reader.records_read() == 0 {
                return Err(CollectError::NoData(NO_DATA));
            }
            Ok(())
        })
    }

    fn probe<'a>(
        &'a self,
        session: &'a Session,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            let client = session.security_hub(region);
            get_resources(&client, &[ResourceType::Ec2Instance], 1, None)
                .await
                .map(drop)
        })
    }
}

async fn get_resources(
    client: &Client,
    types: &[ResourceType],
    page_size: i32,
    token: Option<String>,
) -> Result<String, CallError> {
    let request = client
        .get_resources_v2()
        .filters(any_of(types))
        .max_results(page_size)
        .set_next_token(token)
        .customize();
    raw_response(GET_RESOURCES.action, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}

fn any_of(types: &[ResourceType]) -> ResourcesFilters {
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
    let any_type = ResourcesCompositeFilter::builder()
        .set_string_filters(Some(types.iter().map(is_type).collect()))
        .operator(AllowedOperators::Or)
        .build();
    ResourcesFilters::builder()
        .composite_filters(any_type)
        .composite_operator(AllowedOperators::And)
        .build()
}
