//! IAM Access Analyzer `ListAnalyzers` and `ListFindingsV2`.

use serde_json::{Value, json};

use super::{
    fake_cloud::{FakeCloud, FindingStore},
    http::Call,
    pages::Subject,
    response::Refusal,
};

/// The largest page of `ListFindingsV2` (API reference).
const MAX_PAGE: usize = 100;

/// An account whose Region has findings has an analyzer.
pub(super) fn list_analyzers(cloud: &FakeCloud, call: &Call) -> Value {
    let has_findings = findings(cloud, call).is_some_and(|store| store.iter().next().is_some());
    let analyzers = has_findings.then(|| {
        json!([
            {"arn": analyzer(call, "unused"), "name": "unused", "type": "ACCOUNT_UNUSED_ACCESS", "status": "ACTIVE",
             "createdAt": "2026-01-01T00:00:00Z"},
            {"arn": analyzer(call, "external"), "name": "external", "type": "ACCOUNT", "status": "ACTIVE",
             "createdAt": "2026-01-01T00:00:00Z"},
        ])
    });
    json!({"analyzers": analyzers.unwrap_or_else(|| json!([]))})
}

pub(super) fn list_findings(cloud: &mut FakeCloud, call: &Call) -> Result<Value, Refusal> {
    if call.body["analyzerArn"] != analyzer(call, "external") {
        return Err(Refusal::new(
            404,
            "ResourceNotFoundException",
            "no such analyzer",
        ));
    }
    let filter = &call.body["filter"];
    let only = |name: &str| {
        filter[name]["eq"][0]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let (status, is_public) = (only("status"), only("isPublic"));
    if filter.as_object().is_none_or(|keys| keys.len() != 2) {
        return Err(Refusal::not_modeled("ListFindingsV2 with other filters"));
    }
    let size = call.body["maxResults"].as_u64().unwrap_or(50) as usize;
    if !(1..=MAX_PAGE).contains(&size) {
        return Err(Refusal::new(400, "ValidationException", "maxResults"));
    }
    let subject = Subject {
        operation: call.operation,
        account: call.account.clone(),
        region: call.region.clone(),
        query: filter.clone(),
    };
    let store = &cloud.targets[&(call.account.clone(), call.region.clone())].access_analyzer;
    let list = || {
        let matching = store.numbered().filter(|(_, finding)| {
            finding["status"] == status && finding["isPublic"] == (is_public == "true")
        });
        matching.map(|(serial, _)| serial).collect()
    };
    let (page, next) = cloud
        .pages
        .page(subject, call.body["nextToken"].as_str(), size, list)
        .map_err(|_| Refusal::new(400, "ValidationException", "nextToken"))?;
    let found = page
        .into_iter()
        .filter_map(|serial| store.by_serial(serial));
    let mut answer = json!({"findings": found.map(summary).collect::<Vec<_>>()});
    if let Some(token) = next {
        answer["nextToken"] = token.into();
    }
    Ok(answer)
}

/// `FindingSummaryV2` in the model has fewer members than a finding.
fn summary(finding: &Value) -> Value {
    let members = [
        "id",
        "resource",
        "resourceType",
        "resourceOwnerAccount",
        "status",
        "analyzedAt",
        "createdAt",
        "updatedAt",
    ];
    let mut summary: Value = members
        .iter()
        .map(|key| (*key, finding[key].clone()))
        .collect();
    summary["findingType"] = json!("ExternalAccess");
    summary
}

fn analyzer(call: &Call, name: &str) -> String {
    let (region, account) = (&call.region, &call.account);
    format!("arn:aws:access-analyzer:{region}:{account}:analyzer/{name}")
}

fn findings<'a>(cloud: &'a FakeCloud, call: &Call) -> Option<&'a FindingStore> {
    let target = cloud.target(&call.account, &call.region)?;
    Some(&target.access_analyzer)
}
