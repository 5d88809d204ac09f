//! AWS Config `SelectResourceConfig` and `SelectAggregateResourceConfig`, for the one form of query that is modeled:
//! `SELECT columns WHERE resourceType IN ('…', '…')`.

use serde_json::{Map, Value, json};

use super::{
    fake_cloud::{FakeCloud, FindingStore, Service},
    http::Call,
    pages::Subject,
    response::Refusal,
};

/// The default page size (API reference, `SelectAggregateResourceConfig`; the other operation documents none).
const DEFAULT_PAGE: usize = 25;

/// `Expression` in the model.
const LONGEST_EXPRESSION: usize = 4_096;

pub(super) fn select(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    rows(cloud, call, None)
}

pub(super) fn select_aggregate(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    let name = call.body["ConfigurationAggregatorName"]
        .as_str()
        .filter(|name| (1..=256).contains(&name.len()))
        .ok_or_else(|| {
            Refusal::new(
                400,
                "ValidationException",
                "ConfigurationAggregatorName is missing or too long",
            )
        })?
        .to_owned();
    rows(cloud, call, Some(&name))
}

fn rows(cloud: &mut FakeCloud, call: &Call, aggregator: Option<&str>) -> Result<Value, Refusal> {
    let size = match &call.body["Limit"] {
        Value::Null => DEFAULT_PAGE,
        // 0 is the default.
        size => match size.as_i64() {
            Some(0) => DEFAULT_PAGE,
            Some(size @ 1..=100) => size as usize,
            _ => {
                return Err(Refusal::new(
                    400,
                    "InvalidLimitException",
                    format!("The limit {size} is outside the allowable range"),
                ));
            }
        },
    };
    let expression = call.body["Expression"].as_str().unwrap_or_default();
    let query = Query::parse(expression)?;
    let empty = FindingStore::default();
    let target = cloud.target(&call.account, &call.region);
    // Without a recorder there are no rows, and no error.
    let recorded = target.filter(|_| cloud.enabled(&call.account, &call.region, Service::Config));
    let store = match aggregator {
        None => recorded.map_or(&empty, |target| &target.config_items),
        Some(name) => target
            .and_then(|target| target.aggregators.get(name))
            .ok_or_else(|| {
                Refusal::new(
                    400,
                    "NoSuchConfigurationAggregatorException",
                    "The configuration aggregator does not exist.",
                )
            })?,
    };
    let items: Vec<(u64, Value)> = store
        .numbered()
        .filter(|(_, item)| query.selects(item))
        .map(|(serial, item)| (serial, query.row(item)))
        .collect();
    let subject = Subject {
        operation: call.operation,
        account: call.account.clone(),
        region: call.region.clone(),
        query: json!([expression, aggregator]),
    };
    let list = || items.iter().map(|(serial, _)| *serial).collect();
    let (page, next) = cloud
        .pages
        .page(subject, call.body["NextToken"].as_str(), size, list)
        .map_err(|_| {
            Refusal::new(
                400,
                "InvalidNextTokenException",
                "The specified next token is not valid",
            )
        })?;
    let results: Vec<String> = page
        .into_iter()
        .filter_map(|serial| {
            let (_, row) = items.iter().find(|(known, _)| *known == serial)?;
            Some(row.to_string())
        })
        .collect();
    let fields: Vec<Value> = query
        .columns
        .iter()
        .map(|name| json!({"Name": name}))
        .collect();
    let mut answer = json!({"Results": results, "QueryInfo": {"SelectFields": fields}});
    if let Some(token) = next {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

struct Query {
    columns: Vec<String>,
    types: Vec<String>,
}

impl Query {
    fn parse(expression: &str) -> Result<Self, Refusal> {
        let invalid = || {
            Refusal::new(
                400,
                "InvalidExpressionException",
                "The syntax of the query is incorrect.",
            )
        };
        if expression.is_empty() || expression.len() > LONGEST_EXPRESSION {
            return Err(Refusal::new(
                400,
                "ValidationException",
                format!("Expression must have 1 to {LONGEST_EXPRESSION} characters"),
            ));
        }
        let rest = expression.strip_prefix("SELECT ").ok_or_else(invalid)?;
        let (columns, condition) = rest.split_once(" WHERE ").ok_or_else(invalid)?;
        let types = condition
            .strip_prefix("resourceType IN (")
            .and_then(|list| list.strip_suffix(')'))
            .ok_or_else(|| Refusal::not_modeled(format!("Config query {condition}")))?;
        let types = types
            .split(',')
            .map(|one| {
                let quoted = one.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                Some(quoted.to_owned())
            })
            .collect::<Option<_>>()
            .ok_or_else(invalid)?;
        let columns = columns
            .split(',')
            .map(|one| one.trim().to_owned())
            .collect();
        Ok(Self { columns, types })
    }

    fn selects(&self, item: &Value) -> bool {
        self.types.iter().any(|one| item["resourceType"] == **one)
    }

    /// The columns of an item. A column that the item does not have is left out.
    fn row(&self, item: &Value) -> Value {
        let members: Map<String, Value> = self
            .columns
            .iter()
            .filter_map(|name| Some((name.clone(), item.get(name)?.clone())))
            .collect();
        Value::Object(members)
    }
}
