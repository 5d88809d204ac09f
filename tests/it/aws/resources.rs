//! Security Hub `GetResourcesV2`.

use serde_json::{Value, json};

use super::{
    fake_cloud::{FakeCloud, Service},
    filters::{Comparison, Strings, texts},
    http::Call,
    pages::Subject,
    response::Refusal,
};

/// The default page size; AWS does not document one.
const DEFAULT_PAGE: usize = 100;

/// The most composite filters, and the most filters in one. Source: API reference, `GetFindingsV2`, about the same structure.
const MAX_COMPOSITES: usize = 10;
const MAX_FILTERS: usize = 20;

pub(super) fn get_resources(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    if !cloud.enabled(&call.account, &call.region, Service::SecurityHubV2) {
        // The exact error is not documented; the model names this one for a missing resource.
        return Err(Refusal::new(
            404,
            "ResourceNotFoundException",
            "Security Hub is not enabled in this account and Region",
        ));
    }
    for unmodeled in ["Scopes", "SortCriteria"] {
        if !call.body[unmodeled].is_null() {
            return Err(Refusal::not_modeled(format!(
                "GetResourcesV2 with {unmodeled}"
            )));
        }
    }
    let size = match &call.body["MaxResults"] {
        Value::Null => DEFAULT_PAGE,
        size => match size.as_i64() {
            Some(size @ 1..=100) => size as usize,
            _ => {
                return Err(invalid(format!(
                    "MaxResults must be between 1 and 100, was {size}"
                )));
            }
        },
    };
    let filters = &call.body["Filters"];
    let composites = filters["CompositeFilters"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if composites.len() > MAX_COMPOSITES {
        return Err(invalid(format!(
            "at most {MAX_COMPOSITES} composite filters, not {}",
            composites.len()
        )));
    }
    let conditions = composites
        .iter()
        .map(condition)
        .collect::<Result<Vec<_>, _>>()?;
    let any = filters["CompositeOperator"] == "OR";
    let store = &cloud.targets[&(call.account.clone(), call.region.clone())].resources;
    let holds = |resource: &Value| {
        let mut each = conditions.iter().map(|condition| condition.holds(resource));
        conditions.is_empty()
            || if any {
                each.any(|one| one)
            } else {
                each.all(|one| one)
            }
    };
    let list = || {
        let matching = store.numbered().filter(|(_, resource)| holds(resource));
        matching.map(|(serial, _)| serial).collect()
    };
    let subject = Subject {
        operation: call.operation,
        account: call.account.clone(),
        region: call.region.clone(),
        query: filters.clone(),
    };
    let (page, next) = cloud
        .pages
        .page(subject, call.body["NextToken"].as_str(), size, list)
        .map_err(|_| invalid("NextToken has expired or belongs to another request"))?;
    let resources: Vec<_> = page
        .into_iter()
        .filter_map(|serial| store.by_serial(serial))
        .collect();
    let mut answer = json!({"Resources": resources});
    if let Some(token) = next {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

/// One composite filter: conditions on fields, joined by its operator.
struct Composite {
    fields: Vec<(&'static str, Strings)>,
    any: bool,
}

impl Composite {
    fn holds(&self, resource: &Value) -> bool {
        let mut each = self
            .fields
            .iter()
            .map(|(path, strings)| strings.match_any(&texts(resource, path)));
        if self.any {
            each.any(|one| one)
        } else {
            each.all(|one| one)
        }
    }
}

fn condition(composite: &Value) -> Result<Composite, Refusal> {
    for unmodeled in [
        "DateFilters",
        "NumberFilters",
        "MapFilters",
        "NestedCompositeFilters",
    ] {
        if !composite[unmodeled].is_null() {
            return Err(Refusal::not_modeled(format!(
                "GetResourcesV2 with {unmodeled}"
            )));
        }
    }
    let filters = composite["StringFilters"]
        .as_array()
        .ok_or_else(|| invalid("a composite filter without filters"))?;
    if filters.len() > MAX_FILTERS {
        return Err(invalid(format!(
            "at most {MAX_FILTERS} filters in a composite, not {}",
            filters.len()
        )));
    }
    let fields = filters
        .iter()
        .map(|filter| {
            let name = filter["FieldName"].as_str().unwrap_or_default();
            let path = match name {
                "ResourceType" => "ResourceType",
                "ResourceId" => "ResourceId",
                "AccountId" => "AccountId",
                "Region" => "Region",
                _ => {
                    return Err(Refusal::not_modeled(format!(
                        "GetResourcesV2 filter {name}"
                    )));
                }
            };
            let value = filter["Filter"]["Value"].as_str();
            let comparison = filter["Filter"]["Comparison"]
                .as_str()
                .and_then(Comparison::named);
            let (Some(value), Some(comparison)) = (value, comparison) else {
                return Err(invalid(format!("{name}: no such condition: {filter}")));
            };
            let mut strings = Strings::default();
            strings.push(comparison, value);
            Ok((path, strings))
        })
        .collect::<Result<_, _>>()?;
    Ok(Composite {
        fields,
        any: composite["Operator"] == "OR",
    })
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}
