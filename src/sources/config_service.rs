//! AWS Config: the configuration items of the resources that traits are found on or travel through.

use aws_sdk_config::Client;
use futures_util::future::try_join_all;

use crate::aws::{CallError, Limiter, RawAnswer};
use crate::model::ResourceType;

use super::api_target::{ApiTarget, Stopped};
use crate::records::{config_item, needed_types};

/// The IAM actions.
const SELECT: &str = "config:SelectResourceConfig";
const SELECT_AGGREGATE: &str = "config:SelectAggregateResourceConfig";

/// The most that a query gives at once. Source: the config model, `Limit`.
const PAGE: i32 = 100;

/// So that the types are read beside each other. An expression may have 4,096 characters, which is far more.
/// Source: the config model, `Expression`.
const TYPES_A_QUERY: usize = 8;

/// `SELECT *` would leave the configuration out. Source: AWS Config Developer Guide, "Query components".
const COLUMNS: &str = "resourceId, resourceName, resourceType, arn, accountId, awsRegion, \
                       configurationItemCaptureTime, configuration, supplementaryConfiguration, relationships, tags";

const DOING: &str = "reading the configuration items of AWS Config";

/// A Region without a recorder answers with no rows, as if there were no resources.
const NOTHING_RECORDED: &str = "AWS Config has recorded none of the resource types that the catalog needs; switch \
                                its recorder on, or set collect.resources to another source";

/// Reads the target to the end.
pub(super) async fn read(
    client: &Client,
    aggregator: Option<&str>,
    limiter: &Limiter,
    target: &ApiTarget<'_>,
) -> Result<(), Stopped> {
    let types = needed_types(&target.collection().catalog);
    let queries = types.chunks(TYPES_A_QUERY).map(|some| {
        target.read_listing(DOING, config_item::parse, move |token| async move {
            limiter.wait().await;
            page(client, aggregator, &expression(some), PAGE, token).await
        })
    });
    try_join_all(queries).await?;
    if target.records() == 0 {
        return Err(Stopped::NothingKnown(NOTHING_RECORDED));
    }
    Ok(())
}

async fn page(
    client: &Client,
    aggregator: Option<&str>,
    expression: &str,
    size: i32,
    token: Option<String>,
) -> Result<String, CallError> {
    let raw = RawAnswer::default();
    let interceptor = raw.interceptor();
    match aggregator {
        Some(name) => {
            let result = client
                .select_aggregate_resource_config()
                .configuration_aggregator_name(name)
                .expression(expression)
                .limit(size)
                .set_next_token(token)
                .customize()
                .interceptor(interceptor)
                .send()
                .await;
            raw.body(result, SELECT_AGGREGATE)
        }
        None => {
            let result = client
                .select_resource_config()
                .expression(expression)
                .limit(size)
                .set_next_token(token)
                .customize()
                .interceptor(interceptor)
                .send()
                .await;
            raw.body(result, SELECT)
        }
    }
}

fn expression(types: &[ResourceType]) -> String {
    let types: Vec<String> = types
        .iter()
        .map(|one| format!("'{}'", one.cloudformation()))
        .collect();
    format!(
        "SELECT {COLUMNS} WHERE resourceType IN ({})",
        types.join(", ")
    )
}

/// The smallest request that shows whether the target can be read.
pub(super) async fn probe(client: &Client, aggregator: Option<&str>) -> Result<(), CallError> {
    let expression = expression(&[ResourceType::Ec2Instance]);
    page(client, aggregator, &expression, 1, None)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_expression_fits() {
        let mut all = ResourceType::ALL.to_vec();
        all.sort_by_key(|one| std::cmp::Reverse(one.cloudformation().len()));
        assert!(expression(&all[..TYPES_A_QUERY]).len() <= 4_096);
    }
}
