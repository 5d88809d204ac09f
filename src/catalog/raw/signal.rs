//! A signal of a trait or a mitigation.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::SourceSeverity;

/// What shows a trait or a mitigation: exactly one of `control`, `passed_control`, `inspector`, `macie`, `guardduty`,
/// `access_analyzer`, `sensitive_data`, `attribute`, and `known_resource`, with the conditions that belong to it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawSignal {
    /// A failed Security Hub control.
    pub control: Option<String>,
    /// A passed Security Hub control. Only for mitigations and for traits that raise no factor.
    pub passed_control: Option<String>,

    /// An Inspector finding.
    pub inspector: Option<RawInspector>,
    /// For a network path: where it starts.
    pub from: Option<RawOrigin>,
    /// For a network path: the ports, one of which it must cover.
    pub ports: Option<Vec<u16>>,
    /// For a package vulnerability: the allowed values of the CVSS metric "attack vector", such as `N`. `unknown` if the
    /// vulnerability has no CVSS vector.
    pub attack_vector: Option<Vec<String>>,
    /// For a package vulnerability: the allowed values of the CVSS metric "privileges required".
    pub privileges_required: Option<Vec<String>>,
    /// For a package vulnerability: the allowed values of the CVSS metric "user interaction".
    pub user_interaction: Option<Vec<String>>,
    /// For a package vulnerability: the minimum EPSS score.
    pub epss_at_least: Option<f64>,
    /// For a package vulnerability: whether an exploit is public.
    pub exploit_available: Option<bool>,
    /// For a package vulnerability: the prefix of its ID.
    pub id_prefix: Option<String>,
    /// For a code vulnerability: the CWE IDs, one of which it must have, such as `CWE-78`.
    pub cwes: Option<Vec<String>>,

    /// The prefix of the type of a Macie finding.
    pub macie: Option<String>,
    /// For sensitive data: a category that must be among those found, such as `CREDENTIALS`.
    pub category: Option<String>,

    /// The prefix of the type of a GuardDuty finding.
    pub guardduty: Option<String>,

    /// A finding of IAM Access Analyzer about external access.
    pub access_analyzer: Option<RawExternalAccess>,

    /// The prefix of the ASFF type of a finding from a data security product.
    pub sensitive_data: Option<String>,

    /// For a vulnerability or a Macie finding: the minimum severity.
    pub severity_at_least: Option<SourceSeverity>,

    /// The path of an attribute in the resource details. `*` stands for each element of a list.
    pub attribute: Option<String>,
    /// For an attribute: its value.
    pub equals: Option<RawValue>,
    /// For an attribute: that it is set and not empty.
    pub present: Option<bool>,
    /// For an attribute: the prefixes, one of which its value must have.
    pub starts_with: Option<Vec<String>>,
    /// For an attribute with members: the texts, one of which the name of a member must contain. Case does not matter, and
    /// values are not read.
    pub name_contains: Option<Vec<String>>,
    /// For an attribute that is a resource policy: that it allows anyone without a condition.
    pub allows_anyone: Option<bool>,
    /// For a resource policy: the action that it must allow, such as `ecr:PutImage`.
    pub action: Option<String>,

    /// The suffix of the ARN of a resource that is known by name.
    pub known_resource: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalog) enum RawInspector {
    NetworkReachability,
    PackageVulnerability,
    CodeVulnerability,
}

impl RawInspector {
    /// Returns the name in catalog files.
    pub(in crate::catalog) fn as_str(self) -> &'static str {
        match self {
            Self::NetworkReachability => "network-reachability",
            Self::PackageVulnerability => "package-vulnerability",
            Self::CodeVulnerability => "code-vulnerability",
        }
    }
}

/// Who has access, according to IAM Access Analyzer.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawExternalAccess {
    /// Anyone.
    Public,
    /// Any principal outside the zone of trust, or anyone.
    External,
}

impl RawExternalAccess {
    /// Returns the access in words.
    pub(in crate::catalog) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "anyone has access",
            Self::External => "an outsider has access",
        }
    }
}

/// Where a network path starts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawOrigin {
    /// An internet gateway, or an internet-facing load balancer.
    Internet,
    /// An internet-facing load balancer.
    LoadBalancer,
    /// A peering connection, a VPN gateway, or the VPC itself.
    PrivateNetwork,
}

impl RawOrigin {
    /// Returns the name in sentences.
    pub(in crate::catalog) fn as_str(self) -> &'static str {
        match self {
            Self::Internet => "internet",
            Self::LoadBalancer => "load balancer",
            Self::PrivateNetwork => "private network",
        }
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, Deserialize, PartialEq, JsonSchema)]
#[serde(untagged)]
pub(in crate::catalog) enum RawValue {
    Text(String),
    Flag(bool),
    Number(i64),
}
