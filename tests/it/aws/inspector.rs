//! Inspector2 `ListFindings`.

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

/// `StringFilterList` in the model.
const MAX_VALUES: usize = 10;

pub(super) fn list_findings(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    if !cloud.enabled(&call.account, &call.region, Service::Inspector) {
        return Err(Refusal::new(
            403,
            "AccessDeniedException",
            "Invoking account is not enabled.",
        ));
    }
    if !call.body["sortCriteria"].is_null() {
        return Err(Refusal::not_modeled(
            "Inspector ListFindings with sortCriteria",
        ));
    }
    let size = match &call.body["maxResults"] {
        Value::Null => DEFAULT_PAGE,
        size => match size.as_i64() {
            Some(size @ 1..=100) => size as usize,
            _ => {
                return Err(invalid(format!(
                    "maxResults must be between 1 and 100, was {size}"
                )));
            }
        },
    };
    let criteria = &call.body["filterCriteria"];
    let conditions = conditions(criteria)?;
    let store = &cloud.targets[&(call.account.clone(), call.region.clone())].inspector;
    let list = || {
        let matching = store.numbered().filter(|(_, finding)| {
            conditions
                .iter()
                .all(|(path, strings)| strings.match_any(&texts(finding, path)))
        });
        matching.map(|(serial, _)| serial).collect()
    };
    let subject = Subject {
        operation: call.operation,
        account: call.account.clone(),
        region: call.region.clone(),
        query: criteria.clone(),
    };
    let (page, next) = cloud
        .pages
        .page(subject, call.body["nextToken"].as_str(), size, list)
        .map_err(|_| invalid("nextToken has expired or belongs to another request"))?;
    let findings: Vec<_> = page
        .into_iter()
        .filter_map(|serial| store.by_serial(serial))
        .collect();
    let mut answer = json!({"findings": findings});
    if let Some(token) = next {
        answer["nextToken"] = token.into();
    }
    Ok(answer)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

fn conditions(criteria: &Value) -> Result<Vec<(&'static str, Strings)>, Refusal> {
    let Some(criteria) = criteria.as_object() else {
        return Ok(Vec::new());
    };
    criteria
        .iter()
        .filter(|(_, wanted)| !wanted.is_null())
        .map(|(name, wanted)| condition(name, wanted))
        .collect()
}

fn condition(attribute: &str, wanted: &Value) -> Result<(&'static str, Strings), Refusal> {
    let path = match attribute {
        "awsAccountId" => "awsAccountId",
        "exploitAvailable" => "exploitAvailable",
        "findingArn" => "findingArn",
        "findingStatus" => "status",
        "findingType" => "type",
        "fixAvailable" => "fixAvailable",
        "resourceId" => "resources.id",
        "resourceType" => "resources.type",
        "severity" => "severity",
        "title" => "title",
        "vulnerabilityId" => "packageVulnerabilityDetails.vulnerabilityId",
        _ => {
            return Err(Refusal::not_modeled(format!(
                "Inspector filter {attribute}"
            )));
        }
    };
    let wanted = wanted
        .as_array()
        .ok_or_else(|| invalid(format!("{attribute} must be a list")))?;
    if wanted.is_empty() || wanted.len() > MAX_VALUES {
        return Err(invalid(format!(
            "{attribute} must have 1 to {MAX_VALUES} values, not {}",
            wanted.len()
        )));
    }
    let mut strings = Strings::default();
    for filter in wanted {
        let value = filter["value"]
            .as_str()
            .filter(|value| (1..=1024).contains(&value.chars().count()));
        let comparison = filter["comparison"].as_str().and_then(Comparison::named);
        match (value, comparison) {
            (Some(value), Some(comparison)) if comparison != Comparison::PrefixNotEquals => {
                strings.push(comparison, value);
            }
            _ => return Err(invalid(format!("{attribute}: no such condition: {filter}"))),
        }
    }
    Ok((path, strings))
}
