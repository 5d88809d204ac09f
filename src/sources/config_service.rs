//! AWS Config: the configuration items of the resources on which traits are found, or through which they propagate.

use aws_sdk_config::Client;
use futures_util::future::{BoxFuture, try_join_all};

use crate::aws::{
    CallError, CallRate, CallRegions, Envelope, IamAction, Session, raw_response, sdk_client,
};
use crate::model::{Region, ResourceType, SourceKind};
use crate::records::{config_item, needed_types};

use super::outcome::CollectError;
use super::source::Source;
use super::target_reader::{Listing, TargetReader};

/// This action has no resource types. Source: Service Authorization Reference, "AWS Config".
const SELECT: IamAction = IamAction {
    statement: "ReadConfig",
    action: "config:SelectResourceConfig",
    reason: "read relationships between resources from AWS Config",
    resource: "*",
};

/// The ARN of an aggregator ends with a generated ID. Source: Service Authorization Reference, "AWS Config".
const SELECT_AGGREGATE: IamAction = IamAction {
    statement: "ReadConfigAggregator",
    action: "config:SelectAggregateResourceConfig",
    reason: "read relationships between resources from an aggregator of AWS Config",
    resource: "arn:{partition}:config:{region}:{account}:config-aggregator/*",
};

/// AWS Config documents no rate for queries; this one is conservative.
const RATE: CallRate = CallRate::new("config", 200, 5);

/// The largest page of a query. Source: the config API model, `Limit`.
const PAGE_SIZE: i32 = 100;

/// Several queries run concurrently. An expression may have 4,096 characters, far more than these types take.
/// Source: the config API model, `Expression`.
const TYPES_PER_QUERY: usize = 8;

/// `SELECT *` would leave out the configuration. Source: AWS Config Developer Guide, "Query components".
const COLUMNS: &str = "resourceId, resourceName, resourceType, arn, accountId, awsRegion, \
                       configurationItemCaptureTime, configuration, supplementaryConfiguration, relationships, tags";

const LISTING: Listing = Listing {
    activity: "reading the configuration items of AWS Config",
    envelope: Envelope {
        records: "Results",
        next_token: "NextToken",
    },
    parser: config_item::parse,
};

/// A Region without a recorder returns no rows, as if it had no resources.
const NO_DATA: &str = "AWS Config has recorded none of the resource types that the catalog needs; turn its recorder on, \
                       or set collect.resources to another source";

/// AWS Config's `SelectResourceConfig`, or its `SelectAggregateResourceConfig`.
#[derive(Debug)]
pub(super) struct ConfigService {
    /// The aggregator to query, in the home Region, instead of the recorder of each Region.
    pub(super) aggregator: Option<String>,
}

impl Source for ConfigService {
    fn kind(&self) -> SourceKind {
        SourceKind::Config
    }

    fn actions(&self) -> &'static [IamAction] {
        match self.aggregator {
            Some(_) => const { &[SELECT_AGGREGATE] },
            None => const { &[SELECT] },
        }
    }

    fn rate(&self) -> CallRate {
        RATE
    }

    /// An aggregator covers all Regions.
    fn regions(&self, configured: &[Region]) -> CallRegions {
        match self.aggregator {
            Some(_) => CallRegions::first_of(configured),
            None => CallRegions::Each(configured.to_vec()),
        }
    }

    fn collect<'a>(
        &'a self,
        reader: &'a TargetReader<'_>,
    ) -> BoxFuture<'a, Result<(), CollectError>> {
        Box::pin(async move {
            let client = sdk_client!(aws_sdk_config, reader.session(), reader.region());
            let types = needed_types(reader.catalog());
            let queries = types.chunks(TYPES_PER_QUERY).map(|types| {
                let fetch = |token| self.select(&client, types, PAGE_SIZE, token);
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
            let client = sdk_client!(aws_sdk_config, session, region);
            self.select(&client, &[ResourceType::Ec2Instance], 1, None)
                .await
                .map(drop)
        })
    }
}

impl ConfigService {
    async fn select(
        &self,
        client: &Client,
        types: &[ResourceType],
        page_size: i32,
        token: Option<String>,
    ) -> Result<String, CallError> {
        let expression = expression(types);
        let Some(aggregator) = &self.aggregator else {
            let request = client
                .select_resource_config()
                .expression(expression)
                .limit(page_size)
                .set_next_token(token)
                .customize();
            return raw_response(SELECT.action, |interceptor| {
                request.interceptor(interceptor).send()
            })
            .await;
        };
        let request = client
            .select_aggregate_resource_config()
            .configuration_aggregator_name(aggregator)
            .expression(expression)
            .limit(page_size)
            .set_next_token(token)
            .customize();
        raw_response(SELECT_AGGREGATE.action, |interceptor| {
            request.interceptor(interceptor).send()
        })
        .await
    }
}

fn expression(types: &[ResourceType]) -> String {
    let types: Vec<String> = types
        .iter()
        .map(|resource_type| format!("'{}'", resource_type.cloudformation()))
        .collect();
    format!(
        "SELECT {COLUMNS} WHERE resourceType IN ({})",
        types.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_expression_is_within_the_limit() {
        let mut types = ResourceType::ALL.to_vec();
        types.sort_by_key(|resource_type| std::cmp::Reverse(resource_type.cloudformation().len()));
        assert!(expression(&types[..TYPES_PER_QUERY]).len() <= 4_096);
    }
}
