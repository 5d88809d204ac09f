//! Security Hub `GetFindings`.

use chrono::DateTime;
use serde_json::{Value, json};

use super::{
    fake_cloud::{FakeCloud, Service, Stored},
    filters::{Comparison, Strings, texts, values},
    http::Call,
    pages::Subject,
    response::Refusal,
};

/// The default page size; AWS does not document one.
const DEFAULT_PAGE: usize = 100;

pub(super) fn get_findings(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    if !cloud.enabled(&call.account, &call.region, Service::SecurityHub) {
        return Err(not_subscribed(&call.account));
    }
    let filters = &call.body["Filters"];
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
    let conditions = conditions(filters)?;
    let order = sort_order(&call.body["SortCriteria"])?;
    if let Some(target) = cloud.target_mut(&call.account, &call.region) {
        // A listing is one read of each finding that it would show.
        let is_listed = |stored: &&mut Stored| conditions.iter().all(|c| c.holds(&stored.json));
        let is_first = call.body["NextToken"].is_null();
        let listed = target.security_hub.iter_mut().filter(is_listed);
        listed.filter(|_| is_first).for_each(Stored::catch_up);
    }
    let store = &cloud.targets[&(call.account.clone(), call.region.clone())].security_hub;
    let list = || {
        let mut found: Vec<_> = store
            .numbered()
            .filter(|(_, f)| conditions.iter().all(|c| c.holds(f)))
            .collect();
        for (path, descending) in order.iter().rev() {
            found.sort_by(|(_, a), (_, b)| {
                let by_field = texts(a, path).cmp(&texts(b, path));
                if *descending {
                    by_field.reverse()
                } else {
                    by_field
                }
            });
        }
        found.into_iter().map(|(serial, _)| serial).collect()
    };
    let subject = Subject {
        operation: call.operation,
        account: call.account.clone(),
        region: call.region.clone(),
        query: json!([filters, call.body["SortCriteria"]]),
    };
    let (page, next) = cloud
        .pages
        .page(subject, call.body["NextToken"].as_str(), size, list)
        .map_err(|_| {
            invalid("Invalid parameter NextToken: it has expired or belongs to another request")
        })?;
    let findings: Vec<_> = page
        .into_iter()
        .filter_map(|serial| store.by_serial(serial))
        .collect();
    let mut answer = json!({"Findings": findings});
    if let Some(token) = next {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

pub(super) fn not_subscribed(account: &str) -> Refusal {
    let message = format!("Account {account} is not subscribed to AWS Security Hub");
    Refusal::new(401, "InvalidAccessException", message)
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidInputException", message)
}

/// The condition on one attribute.
struct Condition {
    path: &'static str,
    test: Test,
}

enum Test {
    Strings(Strings),
    Flags(Vec<bool>),
    /// Entries of a map: key, comparison, value.
    Entries(Vec<(String, Strings)>),
    Dates(Vec<(Option<String>, Option<String>)>),
}

impl Condition {
    fn holds(&self, finding: &Value) -> bool {
        match &self.test {
            Test::Strings(strings) => strings.match_any(&texts(finding, self.path)),
            Test::Flags(wanted) => {
                let flag = finding[self.path].as_bool().unwrap_or(false);
                wanted.contains(&flag)
            }
            Test::Entries(entries) => {
                let maps = values(finding, self.path);
                entries.iter().all(|(key, strings)| {
                    let found: Vec<_> = maps
                        .iter()
                        .filter_map(|map| map[key.as_str()].as_str())
                        .collect();
                    strings.match_any(&found)
                })
            }
            Test::Dates(ranges) => {
                let at = texts(finding, self.path).first().copied().and_then(instant);
                ranges.iter().any(|(start, end)| {
                    let bound = |bound: &Option<String>| bound.as_deref().and_then(instant);
                    at.is_some_and(|at| {
                        bound(start).is_none_or(|s| s <= at) && bound(end).is_none_or(|e| at <= e)
                    })
                })
            }
        }
    }
}

fn instant(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

/// The conditions of `AwsSecurityFindingFilters`: at most ten attributes with at most twenty values each.
fn conditions(filters: &Value) -> Result<Vec<Condition>, Refusal> {
    let Some(filters) = filters.as_object() else {
        return Ok(Vec::new());
    };
    let filters: Vec<_> = filters
        .iter()
        .filter(|(_, wanted)| !wanted.is_null())
        .collect();
    if filters.len() > 10 {
        return Err(invalid(format!(
            "Filters may name at most 10 attributes, not {}",
            filters.len()
        )));
    }
    filters
        .into_iter()
        .map(|(attribute, wanted)| condition(attribute, wanted))
        .collect()
}

fn condition(attribute: &str, wanted: &Value) -> Result<Condition, Refusal> {
    let wanted = wanted
        .as_array()
        .ok_or_else(|| invalid(format!("{attribute} must be a list")))?;
    if wanted.len() > 20 {
        return Err(invalid(format!(
            "{attribute} may have at most 20 values, not {}",
            wanted.len()
        )));
    }
    if let Some(path) = string_path(attribute) {
        return Ok(Condition {
            path,
            test: Test::Strings(strings(attribute, wanted.iter().collect())?),
        });
    }
    Ok(match attribute {
        "Sample" => {
            let flags = wanted
                .iter()
                .filter_map(|flag| flag["Value"].as_bool())
                .collect();
            Condition {
                path: "Sample",
                test: Test::Flags(flags),
            }
        }
        "ProductFields" => Condition {
            path: "ProductFields",
            test: entries(attribute, wanted)?,
        },
        "UserDefinedFields" => Condition {
            path: "UserDefinedFields",
            test: entries(attribute, wanted)?,
        },
        "ResourceTags" => Condition {
            path: "Resources.Tags",
            test: entries(attribute, wanted)?,
        },
        "CreatedAt" => Condition {
            path: "CreatedAt",
            test: dates(attribute, wanted)?,
        },
        "UpdatedAt" => Condition {
            path: "UpdatedAt",
            test: dates(attribute, wanted)?,
        },
        "FirstObservedAt" => Condition {
            path: "FirstObservedAt",
            test: dates(attribute, wanted)?,
        },
        "LastObservedAt" => Condition {
            path: "LastObservedAt",
            test: dates(attribute, wanted)?,
        },
        _ => {
            return Err(Refusal::not_modeled(format!(
                "GetFindings filter {attribute}"
            )));
        }
    })
}

/// The path in a finding of the attribute of a string filter.
fn string_path(attribute: &str) -> Option<&'static str> {
    Some(match attribute {
        "AwsAccountId" => "AwsAccountId",
        "AwsAccountName" => "AwsAccountName",
        "CompanyName" => "CompanyName",
        "ComplianceAssociatedStandardsId" => "Compliance.AssociatedStandards.StandardsId",
        "ComplianceSecurityControlId" => "Compliance.SecurityControlId",
        "ComplianceStatus" => "Compliance.Status",
        "Description" => "Description",
        "FindingProviderFieldsSeverityLabel" => "FindingProviderFields.Severity.Label",
        "FindingProviderFieldsTypes" => "FindingProviderFields.Types",
        "GeneratorId" => "GeneratorId",
        "Id" => "Id",
        "ProductArn" => "ProductArn",
        "ProductName" => "ProductName",
        "RecordState" => "RecordState",
        "Region" => "Region",
        "RelatedFindingsId" => "RelatedFindings.Id",
        "RelatedFindingsProductArn" => "RelatedFindings.ProductArn",
        "ResourceId" => "Resources.Id",
        "ResourcePartition" => "Resources.Partition",
        "ResourceRegion" => "Resources.Region",
        "ResourceType" => "Resources.Type",
        "SeverityLabel" => "Severity.Label",
        "Title" => "Title",
        "Type" => "Types",
        "VerificationState" => "VerificationState",
        "VulnerabilitiesExploitAvailable" => "Vulnerabilities.ExploitAvailable",
        "VulnerabilitiesFixAvailable" => "Vulnerabilities.FixAvailable",
        "WorkflowStatus" => "Workflow.Status",
        _ => return None,
    })
}

/// String filters. `CONTAINS` and similar comparisons are rejected: the model ties them to automation rules and to the V2
/// operations. `EQUALS` beside a negative filter on the same field is an error, `PREFIX` beside one is not.
fn strings(attribute: &str, wanted: Vec<&Value>) -> Result<Strings, Refusal> {
    let mut strings = Strings::default();
    for filter in wanted {
        let value = filter["Value"]
            .as_str()
            .filter(|value| !value.trim().is_empty());
        let comparison = filter["Comparison"].as_str().and_then(Comparison::named);
        let (Some(value), Some(comparison)) = (value, comparison) else {
            return Err(invalid(format!(
                "{attribute}: no such condition on findings: {filter}"
            )));
        };
        strings.push(comparison, value);
    }
    let negative = [Comparison::NotEquals, Comparison::PrefixNotEquals];
    if strings.compares_by(Comparison::Equals)
        && negative.into_iter().any(|by| strings.compares_by(by))
    {
        return Err(invalid(format!(
            "{attribute}: EQUALS and NOT_EQUALS or PREFIX_NOT_EQUALS exclude each other"
        )));
    }
    Ok(strings)
}

/// Map filters: those on the same key are joined like string filters.
fn entries(attribute: &str, wanted: &[Value]) -> Result<Test, Refusal> {
    let mut keys: Vec<&str> = wanted
        .iter()
        .filter_map(|filter| filter["Key"].as_str())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let of_key = |key: &str| {
        let filters = wanted
            .iter()
            .filter(|filter| filter["Key"] == key)
            .collect();
        Ok((key.to_owned(), strings(attribute, filters)?))
    };
    keys.into_iter()
        .map(of_key)
        .collect::<Result<_, _>>()
        .map(Test::Entries)
}

fn dates(attribute: &str, wanted: &[Value]) -> Result<Test, Refusal> {
    let range = |filter: &Value| {
        if !filter["DateRange"].is_null() {
            return Err(Refusal::not_modeled(format!(
                "GetFindings filter {attribute} by DateRange"
            )));
        }
        let bound = |name: &str| match filter[name].as_str() {
            Some(text) if instant(text).is_none() => {
                Err(invalid(format!("{attribute}: not a timestamp: {text}")))
            }
            bound => Ok(bound.map(str::to_owned)),
        };
        Ok((bound("Start")?, bound("End")?))
    };
    wanted
        .iter()
        .map(range)
        .collect::<Result<_, _>>()
        .map(Test::Dates)
}

/// The fields to sort by, and whether each is in descending order.
fn sort_order(criteria: &Value) -> Result<Vec<(&'static str, bool)>, Refusal> {
    let criteria = criteria.as_array().map(Vec::as_slice).unwrap_or_default();
    let field = |criterion: &Value| {
        let name = criterion["Field"].as_str().unwrap_or_default();
        let path = match name {
            "CreatedAt" => Some("CreatedAt"),
            "UpdatedAt" => Some("UpdatedAt"),
            "FirstObservedAt" => Some("FirstObservedAt"),
            "LastObservedAt" => Some("LastObservedAt"),
            name => string_path(name),
        };
        let path =
            path.ok_or_else(|| Refusal::not_modeled(format!("GetFindings sorted by {name}")))?;
        Ok((path, criterion["SortOrder"] == "desc"))
    };
    criteria.iter().map(field).collect()
}
