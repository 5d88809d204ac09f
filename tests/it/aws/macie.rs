//! Macie2 `ListFindings` and `GetFindings`.

use serde_json::{Value, json};

use super::{
    fake_cloud::{FakeCloud, Service},
    filters::values,
    http::Call,
    pages::Subject,
    response::Refusal,
};

/// The most IDs that `GetFindings` takes (model).
const MAX_IDS: usize = 50;

/// The largest page of `ListFindings`. The model has no upper bound for `maxResults`, but a service may always return
/// fewer results than requested: a caller has to follow the token.
const MAX_PAGE: usize = 50;

pub(super) fn list_findings(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    check_enabled(cloud, call)?;
    if !call.body["sortCriteria"].is_null() {
        return Err(Refusal::not_modeled("Macie ListFindings with sortCriteria"));
    }
    let size = match &call.body["maxResults"] {
        Value::Null => MAX_PAGE,
        size => match size.as_u64() {
            Some(size) if size > 0 => MAX_PAGE.min(size as usize),
            _ => return Err(invalid(format!("maxResults must be positive, was {size}"))),
        },
    };
    let criteria = &call.body["findingCriteria"]["criterion"];
    let conditions = conditions(criteria)?;
    let store = &cloud.targets[&(call.account.clone(), call.region.clone())].macie;
    let list = || {
        let matching = store
            .numbered()
            .filter(|(_, finding)| conditions.iter().all(|c| c.holds(finding)));
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
        .map_err(|_| invalid("The request contains an invalid nextToken"))?;
    let ids: Vec<_> = page
        .into_iter()
        .filter_map(|serial| store.by_serial(serial))
        .map(|f| &f["id"])
        .collect();
    let mut answer = json!({"findingIds": ids});
    if let Some(token) = next {
        answer["nextToken"] = token.into();
    }
    Ok(answer)
}

/// The response omits unknown IDs.
pub(super) fn get_findings(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    check_enabled(cloud, call)?;
    let ids = call.body["findingIds"]
        .as_array()
        .ok_or_else(|| invalid("findingIds is required"))?;
    if ids.is_empty() || ids.len() > MAX_IDS {
        return Err(invalid(format!(
            "findingIds must have 1 to {MAX_IDS} members, not {}",
            ids.len()
        )));
    }
    let target = &cloud.targets[&(call.account.clone(), call.region.clone())];
    let found = ids
        .iter()
        .filter_map(Value::as_str)
        .filter(|id| !target.macie_withheld.contains(*id))
        .filter_map(|id| target.macie.get(id))
        .map(|finding| &finding.json);
    Ok(json!({"findings": found.collect::<Vec<_>>()}))
}

fn check_enabled(cloud: &FakeCloud, call: &Call) -> Result<(), Refusal> {
    if cloud.enabled(&call.account, &call.region, Service::Macie) {
        return Ok(());
    }
    Err(Refusal::new(
        403,
        "AccessDeniedException",
        "Macie is not enabled.",
    ))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

/// The condition on one property. Values of `eq` and of `neq` are joined by OR: `neq` excludes what equals any of them.
#[derive(Default)]
struct Condition {
    path: String,
    eq: Option<Vec<String>>,
    neq: Vec<String>,
}

impl Condition {
    fn holds(&self, finding: &Value) -> bool {
        let found: Vec<_> = values(finding, &self.path)
            .into_iter()
            .map(as_text)
            .collect();
        let equals = |wanted: &[String]| found.iter().any(|value| wanted.contains(value));
        self.eq.as_deref().is_none_or(equals) && !equals(&self.neq)
    }
}

/// Criteria are strings, whatever the type of the property: `"archived": {"eq": ["false"]}`.
fn as_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn conditions(criteria: &Value) -> Result<Vec<Condition>, Refusal> {
    let Some(criteria) = criteria.as_object() else {
        return Ok(Vec::new());
    };
    criteria
        .iter()
        .map(|(property, criterion)| condition(property, criterion))
        .collect()
}

const PROPERTIES: [&str; 10] = [
    "accountId",
    "archived",
    "category",
    "id",
    "region",
    "resourcesAffected.s3Bucket.arn",
    "resourcesAffected.s3Bucket.name",
    "sample",
    "severity.description",
    "type",
];

fn condition(property: &str, criterion: &Value) -> Result<Condition, Refusal> {
    let operators = criterion
        .as_object()
        .ok_or_else(|| invalid(format!("{property} needs an operator")))?;
    let mut condition = Condition {
        path: property.to_owned(),
        ..Condition::default()
    };
    for (operator, wanted) in operators {
        let wanted = wanted
            .as_array()
            .map(|values| values.iter().map(as_text).collect());
        match (operator.as_str(), wanted) {
            ("eq", Some(wanted)) if PROPERTIES.contains(&property) => condition.eq = Some(wanted),
            ("neq", Some(wanted)) if PROPERTIES.contains(&property) => condition.neq = wanted,
            _ => {
                return Err(Refusal::not_modeled(format!(
                    "Macie criterion {property} {operator}"
                )));
            }
        }
    }
    Ok(condition)
}
