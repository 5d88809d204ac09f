//! From a request to a service, and back to a response: credential scope, routes, faults, rates, errors.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    body::to_bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, request::Parts},
    response::Response,
};
use chrono::Utc;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{
    access_analyzer, config,
    fake_cloud::{self, Bucket, FakeCloud, Operation, Request, Service},
    fault::Kind,
    iam, import, inspector, macie, query, resources,
    response::{Answer, Refusal, expired, refusal_of, refuse, render},
    security_hub, sts,
    wire::{Cut, Listener, Wire},
};

/// Binds a free port, and serves the fake AWS on the runtime.
pub(super) fn serve(runtime: &Runtime, cloud: Arc<Mutex<FakeCloud>>) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
    listener
        .set_nonblocking(true)
        .expect("a non-blocking listener");
    let address = listener.local_addr().expect("the listener's address");
    let _inside = runtime.enter();
    let listener =
        Listener(tokio::net::TcpListener::from_std(listener).expect("a listener in the runtime"));
    let app = Router::new()
        .fallback(handle)
        .with_state(cloud)
        .into_make_service_with_connect_info::<Wire>();
    runtime.spawn(async move { axum::serve(listener, app).await });
    address
}

/// A request as a service sees it.
pub(super) struct Call {
    pub operation: Operation,
    pub account: String,
    pub region: String,
    /// The caller's ARN.
    pub caller: String,
    /// Whether the caller is itself an assumed role.
    pub in_session: bool,
    /// The policy of that session, if it has one.
    pub session_policy: Option<Value>,
    pub body: Value,
    /// Size of the body in bytes.
    pub size: usize,
}

async fn handle(
    State(cloud): State<Arc<Mutex<FakeCloud>>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: axum::extract::Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 64 << 20).await else {
        return render(refuse(
            Service::SecurityHub,
            &Refusal::new(413, "RequestEntityTooLarge", "too large"),
        ));
    };
    let (call, entry, fault) = match admit(&mut cloud.lock().expect("cloud"), &head, &body) {
        Ok(admitted) => admitted,
        Err((service, refusal)) => return render(refuse(service, &refusal)),
    };
    if let Some(Kind::Hang(duration)) = fault {
        tokio::time::sleep(duration).await;
    }
    let mut cloud = cloud.lock().expect("cloud");
    if let Some(Kind::StaleTokens) = fault {
        cloud.pages.clear();
    }
    let service = call.operation.service();
    let mut answer = match fault.and_then(|kind| refusal_of(kind, service)) {
        Some(refusal) => refuse(service, &refusal),
        None => answer(&mut cloud, &first_page(call, fault)),
    };
    match fault {
        Some(Kind::ResetBeforeAnswer) => wire.cut(Cut::BeforeAnswer),
        Some(Kind::ResetMidAnswer) => wire.cut(Cut::MidAnswer),
        Some(Kind::StallMidAnswer) => wire.cut(Cut::Stall),
        Some(Kind::SameToken) => set_token(&mut answer, "AQICsame=="),
        Some(Kind::SamePage) => set_token(&mut answer, &format!("AQIC{entry:08X}==")),
        Some(Kind::TruncatedJson) => {
            let half = (0..=answer.body.len() / 2)
                .rev()
                .find(|at| answer.body.is_char_boundary(*at));
            answer.body.truncate(half.unwrap_or(0));
        }
        Some(Kind::NotJson) => {
            answer.content_type = "text/html";
            answer.body = "<html><body><h1>It works!</h1></body></html>".to_owned();
        }
        _ => {}
    }
    cloud.log[entry].status = answer.status;
    render(answer)
}

const TOKENS: [&str; 2] = ["NextToken", "nextToken"];

/// A fault of paging serves the first page for every token.
fn first_page(mut call: Call, fault: Option<Kind>) -> Call {
    if let (Some(Kind::SameToken | Kind::SamePage), Some(body)) = (fault, call.body.as_object_mut())
    {
        body.retain(|member, _| !TOKENS.contains(&member.as_str()));
    }
    call
}

/// Makes another page follow this one.
fn set_token(answer: &mut Answer, token: &str) {
    let mut body: Value = serde_json::from_str(&answer.body).expect("a page");
    // Security Hub and AWS Config write it with a capital letter.
    let is_capital = body.as_object().is_some_and(|members| {
        members
            .keys()
            .any(|member| member.starts_with(char::is_uppercase))
    });
    body[TOKENS[usize::from(!is_capital)]] = json!(token);
    answer.body = body.to_string();
}

type Admitted = (Call, usize, Option<Kind>);

/// Authenticates a request, finds its operation, and looks for a fault. Writes the log.
fn admit(cloud: &mut FakeCloud, head: &Parts, body: &[u8]) -> Result<Admitted, (Service, Refusal)> {
    let (key, region, service) = credential_scope(&head.headers).ok_or_else(|| {
        let refusal = Refusal::new(
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        );
        (Service::SecurityHub, refusal)
    })?;
    let Some(service) = Service::signed_as(service) else {
        let what = format!("{service}: {} {}", head.method, head.uri.path());
        cloud.unmodeled.push(what.clone());
        return Err((Service::SecurityHub, Refusal::not_modeled(what)));
    };
    let identity =
        authenticate(cloud, key, &head.headers, service).map_err(|refusal| (service, refusal))?;
    let Identity {
        account,
        caller,
        in_session,
        session_policy,
    } = identity;
    let json = match service {
        _ if service.speaks_query() => query::form(body),
        _ if body.is_empty() => json!({}),
        _ => serde_json::from_slice(body).map_err(|error| {
            (
                service,
                Refusal::new(
                    400,
                    "SerializationException",
                    format!("the body is not JSON: {error}"),
                ),
            )
        })?,
    };
    // AWS JSON 1.1 names the operation in a header, the query protocol in the form.
    let target = head
        .headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .or(json["Action"].as_str());
    let Some(operation) = route(service, &head.method, head.uri.path(), target) else {
        let what = format!(
            "{service:?}: {} {} {}",
            head.method,
            head.uri.path(),
            target.unwrap_or("null")
        );
        cloud.unmodeled.push(what.clone());
        return Err((service, Refusal::not_modeled(what)));
    };
    let fault = cloud.faults.iter_mut().find_map(|(of, fault)| {
        (*of == operation && fault.hits(&account, region, body)).then_some(fault.kind)
    });
    let fault =
        fault.or_else(|| over_rate(cloud, operation, &account, region).then_some(Kind::Throttle));
    let (region, at) = (region.to_owned(), Instant::now());
    cloud.log.push(Request {
        service,
        operation,
        account: account.clone(),
        region: region.clone(),
        caller: caller.clone(),
        body: json.clone(),
        at,
        status: 0,
    });
    let call = Call {
        operation,
        account,
        region,
        caller,
        in_session,
        session_policy,
        body: json,
        size: body.len(),
    };
    Ok((call, cloud.log.len() - 1, fault))
}

/// The access key, Region, and service of `Credential=KEY/20260101/REGION/SERVICE/aws4_request`. The signature itself is
/// not checked.
fn credential_scope(headers: &HeaderMap) -> Option<(&str, &str, &str)> {
    let authorization = headers
        .get("authorization")?
        .to_str()
        .ok()?
        .strip_prefix("AWS4-HMAC-SHA256 ")?;
    let field = |name| {
        authorization
            .split(',')
            .find_map(|field| field.trim().strip_prefix(name))
    };
    field("Signature=").filter(|signature| signature.len() == 64)?;
    let scope: Vec<_> = field("Credential=")?.split('/').collect();
    let [key, date, region, service, "aws4_request"] = scope[..] else {
        return None;
    };
    (date.len() == 8 && headers.contains_key("x-amz-date")).then_some((key, region, service))
}

/// Who sent a request.
struct Identity {
    account: String,
    caller: String,
    in_session: bool,
    session_policy: Option<Value>,
}

fn authenticate(
    cloud: &FakeCloud,
    key: &str,
    headers: &HeaderMap,
    service: Service,
) -> Result<Identity, Refusal> {
    if let Some(account) = fake_cloud::account_of_long_term_key(key) {
        return Ok(Identity {
            account: account.to_owned(),
            caller: format!("arn:aws:iam::{account}:user/exposured"),
            in_session: false,
            session_policy: None,
        });
    }
    let token = headers
        .get("x-amz-security-token")
        .and_then(|token| token.to_str().ok());
    match cloud.sessions.get(key) {
        Some(session) if Some(session.token.as_str()) == token => {
            if session.expires < Utc::now() {
                return Err(expired(service));
            }
            Ok(Identity {
                account: session.account.clone(),
                caller: session.arn.clone(),
                in_session: true,
                session_policy: session.policy.clone(),
            })
        }
        _ => {
            let code = if service.speaks_query() {
                "InvalidClientTokenId"
            } else {
                "UnrecognizedClientException"
            };
            Err(Refusal::new(
                403,
                code,
                "The security token included in the request is invalid.",
            ))
        }
    }
}

fn route(service: Service, method: &Method, path: &str, target: Option<&str>) -> Option<Operation> {
    let operation = match (service, path, target) {
        (Service::SecurityHub, "/resourcesv2", _) => Operation::GetResourcesV2,
        (Service::Config, "/", Some("StarlingDoveService.SelectResourceConfig")) => {
            Operation::SelectResourceConfig
        }
        (Service::Config, "/", Some("StarlingDoveService.SelectAggregateResourceConfig")) => {
            Operation::SelectAggregateResourceConfig
        }
        (Service::SecurityHub, "/findings", _) => Operation::GetFindings,
        (Service::SecurityHub, "/findings/import", _) => Operation::BatchImportFindings,
        (Service::Inspector, "/findings/list", _) => Operation::InspectorListFindings,
        (Service::Macie, "/findings", _) => Operation::MacieListFindings,
        (Service::Macie, "/findings/describe", _) => Operation::MacieGetFindings,
        (Service::AccessAnalyzer, "/analyzer", _) => {
            return (method == Method::GET).then_some(Operation::ListAnalyzers);
        }
        (Service::AccessAnalyzer, "/findingv2", _) => Operation::AnalyzerListFindings,
        (Service::Sts, "/", Some("GetCallerIdentity")) => Operation::GetCallerIdentity,
        (Service::Sts, "/", Some("AssumeRole")) => Operation::AssumeRole,
        (Service::Iam, "/", Some("GetAccountAuthorizationDetails")) => {
            Operation::GetAccountAuthorizationDetails
        }
        _ => return None,
    };
    (method == Method::POST).then_some(operation)
}

fn over_rate(cloud: &mut FakeCloud, operation: Operation, account: &str, region: &str) -> bool {
    let Some(limit) = operation.rate_limit().filter(|_| cloud.rate_limits) else {
        return false;
    };
    let now = Instant::now();
    let key = (account.to_owned(), region.to_owned(), operation);
    !cloud
        .buckets
        .entry(key)
        .or_insert_with(|| Bucket::full(limit.1, now))
        .take(limit, now)
}

/// The response of the service. Permissions are checked before anything else.
fn answer(cloud: &mut FakeCloud, call: &Call) -> Answer {
    let answered = match denied(cloud, call) {
        Some(refusal) => Err(refusal),
        None => match call.operation {
            Operation::GetFindings => security_hub::get_findings(cloud, call),
            Operation::BatchImportFindings => import::batch_import_findings(cloud, call),
            Operation::GetResourcesV2 => resources::get_resources(cloud, call),
            Operation::SelectResourceConfig => config::select(cloud, call),
            Operation::SelectAggregateResourceConfig => config::select_aggregate(cloud, call),
            Operation::InspectorListFindings => inspector::list_findings(cloud, call),
            Operation::MacieListFindings => macie::list_findings(cloud, call),
            Operation::MacieGetFindings => macie::get_findings(cloud, call),
            Operation::ListAnalyzers => Ok(access_analyzer::list_analyzers(cloud, call)),
            Operation::AnalyzerListFindings => access_analyzer::list_findings(cloud, call),
            Operation::GetCallerIdentity => Ok(Value::String(sts::get_caller_identity(call))),
            Operation::AssumeRole => sts::assume_role(cloud, call).map(Value::String),
            Operation::GetAccountAuthorizationDetails => {
                iam::get_account_authorization_details(cloud, call).map(Value::String)
            }
        },
    };
    match answered {
        Ok(Value::String(xml)) => Answer {
            status: 200,
            error: None,
            content_type: "text/xml",
            body: xml,
        },
        Ok(json) => Answer {
            status: 200,
            error: None,
            content_type: "application/json",
            body: json.to_string(),
        },
        Err(refusal) => {
            if refusal.code == "NotModeled" {
                cloud.unmodeled.push(refusal.message.clone());
            }
            refuse(call.operation.service(), &refusal)
        }
    }
}

fn denied(cloud: &FakeCloud, call: &Call) -> Option<Refusal> {
    // GetCallerIdentity needs no permission, even if a policy denies it (API model).
    if call.operation == Operation::GetCallerIdentity {
        return None;
    }
    let action = call.operation.action();
    let resource = resource(call);
    let target = cloud.target(&call.account, &call.region);
    let reason = if target.is_some_and(|target| target.denied.contains(action)) {
        "no identity-based policy"
    } else if !session_allows(call, action, &resource) {
        "no session policy"
    } else {
        return None;
    };
    let code = if call.operation.service().speaks_query() {
        "AccessDenied"
    } else {
        "AccessDeniedException"
    };
    let message = format!(
        "User: {} is not authorized to perform: {action} on resource: {resource} because {reason} allows the {action} \
         action",
        call.caller,
    );
    Some(Refusal::new(403, code, message))
}

/// Whether a statement of the session policy names the action and the resource. The only wildcard that exposured may use is
/// that for the Region, together with a condition.
fn session_allows(call: &Call, action: &str, resource: &str) -> bool {
    let Some(policy) = &call.session_policy else {
        return true;
    };
    let any_region = resource.replacen(&format!(":{}:", call.region), ":*:", 1);
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let mut allowing = statements.filter(|statement| statement["Effect"] == "Allow");
    allowing.any(|statement| {
        let regions = statement["Condition"]["StringEquals"]["aws:RequestedRegion"].as_array();
        let is_in_region =
            regions.is_some_and(|regions| regions.iter().any(|region| *region == *call.region));
        statement["Action"] == action && statement["Resource"] == any_region && is_in_region
    })
}

fn resource(call: &Call) -> String {
    match call.operation {
        Operation::BatchImportFindings => fake_cloud::default_product(&call.account, &call.region),
        Operation::GetFindings => {
            let partition = fake_cloud::partition(&call.region);
            format!(
                "arn:{partition}:securityhub:{}:{}:hub/default",
                call.region, call.account
            )
        }
        _ => "*".to_owned(),
    }
}
