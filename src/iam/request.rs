//! What is known about a request: who makes it, what it is about, and the values of condition keys.
//!
//! Each condition key has a value that is known, absent, chosen by whoever makes the request, or unknown. A request here is
//! made directly, over TLS, with the identity's own credentials: that is what an attacker with these credentials can do.
//!
//! Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference, condition keys of each
//! service.

use std::collections::BTreeMap;

use crate::model::{AccountId, Arn};

/// The kinds of identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityKind {
    /// A user.
    User,
    /// A role, used by people as well as by workloads.
    Role,
    /// A role that only services can assume.
    WorkloadRole,
}

/// The identity that makes a request.
#[derive(Clone, Debug)]
pub struct RequestingIdentity {
    /// The ARN of the user or role. `None` for a document alone, which many identities may have.
    pub arn: Option<String>,
    /// Its account.
    pub account: AccountId,
    /// What it is.
    pub kind: IdentityKind,
    /// Its tags that were read.
    pub tags: Vec<(String, String)>,
}

impl RequestingIdentity {
    /// Any identity of an account.
    pub fn any_of(account: AccountId) -> Self {
        Self {
            arn: None,
            account,
            kind: IdentityKind::Role,
            tags: Vec::new(),
        }
    }

    /// The name, without the path.
    pub(super) fn name(&self) -> Option<&str> {
        self.arn.as_deref()?.rsplit('/').next()
    }

    pub(super) fn partition(&self) -> &str {
        let arn = self.arn.as_deref().unwrap_or_default();
        match arn.split(':').nth(1) {
            Some(partition) if !partition.is_empty() => partition,
            _ => "aws",
        }
    }
}

/// The resource that a request is about.
#[derive(Clone, Debug, Default)]
pub struct RequestedTarget {
    /// The account that owns it, if known.
    pub account: Option<AccountId>,
    /// Its Region, if it has one.
    pub region: Option<String>,
    /// Its tags that were read.
    pub tags: Vec<(String, String)>,
    /// Its ARN.
    pub arn: String,
}

impl RequestedTarget {
    /// The target with this ARN, as far as the ARN shows it.
    pub fn from_arn(arn: &str) -> Self {
        let parsed = arn.parse::<Arn>().ok();
        let part = |number| arn.split(':').nth(number).unwrap_or_default();
        Self {
            account: parsed.and_then(|arn| arn.account()),
            region: Some(part(3).to_owned()).filter(|region| !region.is_empty()),
            tags: Vec::new(),
            arn: arn.to_owned(),
        }
    }
}

/// Everything that is known about a request.
#[derive(Clone, Debug)]
pub struct RequestContext<'a> {
    /// Who makes it.
    pub identity: &'a RequestingIdentity,
    /// What it is about.
    pub target: RequestedTarget,
    /// The values of condition keys that are given. The keys are in lower case.
    pub given: BTreeMap<String, Vec<String>>,
}

/// The value of a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyValue {
    Known(Vec<String>),
    /// The request does not have the key.
    Absent,
    /// Whoever makes the request chooses the value.
    Chosen,
    Unknown,
}

/// Keys whose values whoever makes the request chooses. `iam:PermissionsBoundary` is not among them: who chooses it limits
/// what is created.
const CHOSEN: &[&str] = &[
    "aws:referer",
    "aws:tagkeys",
    "aws:useragent",
    "cloudformation:templateurl",
    "dynamodb:attributes",
    "dynamodb:leadingkeys",
    "dynamodb:select",
    "ec2:instancetype",
    "ec2:launchtemplate",
    "iam:passedtoservice",
    "iam:policyarn",
    "lambda:layer",
    "s3:authtype",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:signatureversion",
    "s3:tlsversion",
    "s3:versionid",
    "secretsmanager:versionid",
    "secretsmanager:versionstage",
    "sts:rolesessionname",
    "sts:sourceidentity",
];

/// Keys that only requests of AWS services have.
const OF_SERVICES: &[&str] = &[
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "kms:viaservice",
];

impl<'a> RequestContext<'a> {
    /// A request about a target, without given values.
    pub fn new(identity: &'a RequestingIdentity, target: RequestedTarget) -> Self {
        Self {
            identity,
            target,
            given: BTreeMap::new(),
        }
    }

    /// The value of a condition key. Keys are not case-sensitive, except for the tag in them.
    pub(super) fn value(&self, key: &str) -> KeyValue {
        let name = key.to_ascii_lowercase();
        if let Some(values) = self.given.get(&name) {
            return KeyValue::Known(values.clone());
        }
        let known = |value: &str| KeyValue::Known(vec![value.to_owned()]);
        if let Some((prefix, tag)) = key.split_once('/') {
            return self.tag_value(&prefix.to_ascii_lowercase(), tag);
        }
        match name.as_str() {
            "aws:principalarn" => or_unknown(self.identity.arn.as_deref()),
            "aws:principalaccount" => known(&self.identity.account.to_string()),
            "aws:principaltype" if self.identity.arn.is_some() => match self.identity.kind {
                IdentityKind::User => known("User"),
                IdentityKind::Role | IdentityKind::WorkloadRole => known("AssumedRole"),
            },
            "aws:username" if self.identity.arn.is_some() => match self.identity.kind {
                IdentityKind::User => or_unknown(self.identity.name()),
                IdentityKind::Role | IdentityKind::WorkloadRole => KeyValue::Absent,
            },
            "aws:multifactorauthpresent" | "aws:multifactorauthage"
                if self.identity.kind == IdentityKind::WorkloadRole =>
            {
                KeyValue::Absent
            }
            "aws:securetransport" => known("true"),
            "aws:viaawsservice" | "aws:principalisawsservice" => known("false"),
            "aws:resourceaccount" | "s3:resourceaccount" => {
                let account = self.target.account.map(|account| account.to_string());
                or_unknown(account.as_deref())
            }
            "aws:requestedregion" => or_unknown(self.target.region.as_deref()),
            "secretsmanager:secretid" => known(&self.target.arn),
            name if CHOSEN.contains(&name) => KeyValue::Chosen,
            name if OF_SERVICES.contains(&name) => KeyValue::Absent,
            _ => KeyValue::Unknown,
        }
    }

    /// The value of a tag in a key. A tag that was not read may exist, and a session may have tags of its own.
    fn tag_value(&self, prefix: &str, tag: &str) -> KeyValue {
        let tags = match prefix {
            "aws:requesttag" => return KeyValue::Chosen,
            "aws:principaltag" | "iam:principaltag" => &self.identity.tags,
            _ if prefix.ends_with(":resourcetag") => &self.target.tags,
            _ => return KeyValue::Unknown,
        };
        let mut found = tags.iter().filter(|(key, _)| key.eq_ignore_ascii_case(tag));
        or_unknown(found.next().map(|(_, value)| value.as_str()))
    }
}

fn or_unknown(value: Option<&str>) -> KeyValue {
    value.map_or(KeyValue::Unknown, |value| {
        KeyValue::Known(vec![value.to_owned()])
    })
}
