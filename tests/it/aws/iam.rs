//! IAM `GetAccountAuthorizationDetails`.

use serde_json::{Map, Value, json};

use super::{
    fake_cloud::FakeCloud,
    http::Call,
    pages::Subject,
    query::{IAM, wrap, xml},
    response::Refusal,
};

/// The lists in the response (model).
const LISTS: [&str; 4] = [
    "UserDetailList",
    "GroupDetailList",
    "RoleDetailList",
    "Policies",
];

/// The members that hold a policy document (model: `policyDocumentType`).
const DOCUMENTS: [&str; 3] = ["AssumeRolePolicyDocument", "Document", "PolicyDocument"];

/// The default of `MaxItems` (model).
const DEFAULT_PAGE: usize = 100;

/// The entries of the four lists in the response, in their order.
pub(super) fn entries(details: &Value) -> Vec<(&'static str, Value)> {
    LISTS
        .iter()
        .flat_map(|list| {
            let entries = details[list].as_array().cloned().unwrap_or_default();
            entries.into_iter().map(|entry| (*list, entry))
        })
        .collect()
}

pub(super) fn get_account_authorization_details(
    cloud: &mut FakeCloud,
    call: &Call,
) -> Result<String, Refusal> {
    if call.body.get("Filter.member.1").is_some() {
        return Err(Refusal::not_modeled(
            "IAM GetAccountAuthorizationDetails with Filter",
        ));
    }
    let size = match call.body["MaxItems"].as_str().map(str::parse) {
        None => DEFAULT_PAGE,
        Some(Ok(size @ 1..=1000)) => size,
        Some(_) => return Err(invalid("MaxItems must be between 1 and 1000")),
    };
    let identities = cloud.identities.get(&call.account);
    let count = identities.map_or(0, Vec::len) as u64;
    let subject = Subject {
        operation: call.operation,
        account: call.account.clone(),
        region: call.region.clone(),
        query: Value::Null,
    };
    let (page, next) = cloud
        .pages
        .page(subject, call.body["Marker"].as_str(), size, || {
            (0..count).collect()
        })
        .map_err(|_| invalid("Invalid Marker"))?;
    let mut answer: Map<String, Value> = LISTS
        .iter()
        .map(|list| ((*list).to_owned(), json!([])))
        .collect();
    let identities = cloud.identities.get(&call.account);
    for serial in page {
        let entry = identities.and_then(|all| all.get(usize::try_from(serial).ok()?));
        if let Some((list, entry)) = entry {
            let list = answer[*list].as_array_mut().expect("a list");
            list.push(with_encoded_documents(entry));
        }
    }
    answer.insert("IsTruncated".to_owned(), next.is_some().into());
    if let Some(marker) = next {
        answer.insert("Marker".to_owned(), marker.into());
    }
    Ok(wrap(
        IAM,
        "GetAccountAuthorizationDetails",
        &xml(&Value::Object(answer)),
    ))
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "ValidationError", message)
}

/// Policy documents are URL-encoded JSON (model).
fn with_encoded_documents(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let encode = |(name, value): (&String, &Value)| {
                let encoded = if DOCUMENTS.contains(&name.as_str()) {
                    Value::String(percent_encoded(&value.to_string()))
                } else {
                    with_encoded_documents(value)
                };
                (name.clone(), encoded)
            };
            members.iter().map(encode).collect()
        }
        Value::Array(elements) => elements.iter().map(with_encoded_documents).collect(),
        other => other.clone(),
    }
}

/// Source: RFC 3986, section 2.3: the unreserved characters.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
