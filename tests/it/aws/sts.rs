//! STS `GetCallerIdentity` and `AssumeRole`.

use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use super::{
    fake_cloud::{FakeCloud, Session},
    http::Call,
    query::{STS, escape, wrap},
    response::Refusal,
};

pub(super) fn get_caller_identity(call: &Call) -> String {
    let result = format!(
        "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
        escape(&call.caller),
        "AIDACKCEVSQ6C2EXAMPLE",
        call.account,
    );
    wrap(STS, "GetCallerIdentity", &result)
}

/// Returns credentials of the role, which expire.
pub(super) fn assume_role(cloud: &mut FakeCloud, call: &Call) -> Result<String, Refusal> {
    let field = |name: &str| call.body[name].as_str();
    let (Some(arn), Some(name)) = (field("RoleArn"), field("RoleSessionName")) else {
        return Err(invalid("RoleArn and RoleSessionName are required"));
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&name.len()) || !name.chars().all(legal) {
        return Err(invalid(format!(
            "{name} at 'roleSessionName' must satisfy [\\w+=,.@-]{{2,64}}"
        )));
    }
    let seconds = match field("DurationSeconds").map(str::parse::<i64>) {
        None => 3600,
        Some(Ok(seconds @ 900..=43200)) => seconds,
        Some(_) => return Err(invalid("'durationSeconds' must be between 900 and 43200")),
    };
    if seconds > 3600 {
        return Err(invalid(if call.in_session {
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        } else {
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        }));
    }
    let known = cloud.roles.get(arn).filter(|role| {
        role.external_id
            .as_deref()
            .is_none_or(|id| field("ExternalId") == Some(id))
    });
    if known.is_none() {
        let message = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            call.caller
        );
        return Err(Refusal::new(403, "AccessDenied", message));
    }
    let (partition, account, role) =
        parts(arn).ok_or_else(|| invalid(format!("{arn} is invalid")))?;
    let policy = field("Policy").map(session_policy).transpose()?;
    let number = cloud.sessions.len() + 1;
    let key = format!("ASIA{account}{number:04}");
    let session = Session {
        account: account.to_owned(),
        arn: format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}"),
        token: format!("IQoJb3JpZ2luX2VjE{number:08}=="),
        expires: Utc::now() + TimeDelta::seconds(seconds),
        policy,
    };
    let result = format!(
        "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>not-a-secret-{number}</SecretAccessKey>\
         <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>\
         <AssumedRoleUser><Arn>{arn}</Arn><AssumedRoleId>AROACKCEVSQ6C2EXAMPLE:{name}</AssumedRoleId>\
         </AssumedRoleUser>",
        session.token,
        session.expires.to_rfc3339_opts(SecondsFormat::Secs, true),
        arn = escape(&session.arn),
    );
    cloud.sessions.insert(key, session);
    Ok(wrap(STS, "AssumeRole", &result))
}

/// A session policy has at most 2,048 characters (model, `unrestrictedSessionPolicyDocumentType` and API reference).
fn session_policy(text: &str) -> Result<Value, Refusal> {
    if text.is_empty() || text.chars().count() > 2048 {
        return Err(invalid("'policy' must have between 1 and 2048 characters"));
    }
    serde_json::from_str(text).map_err(|_| {
        let message = "This policy contains invalid Json";
        Refusal::new(400, "MalformedPolicyDocument", message)
    })
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationError", message)
}

/// The partition, account, and name of `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
fn parts(arn: &str) -> Option<(&str, &str, &str)> {
    let fields: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, role] = fields[..] else {
        return None;
    };
    Some((
        partition,
        account,
        role.strip_prefix("role/")?.rsplit('/').next()?,
    ))
}
