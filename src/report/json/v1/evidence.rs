//! What a finding reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    CodeVulnerability, Cvss, Epss, Evidence, NetworkPath, PathStep, PortRange, RouteHop,
    SensitiveData, SignalReference, Vulnerability,
};

use super::resource::{ResourceJson, list};
use super::vocabulary;

/// A finding that shows a trait or a mitigation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "signal")]
pub(super) struct SignalJson<'a> {
    /// The ID of the finding.
    finding: &'a str,
    #[schemars(schema_with = "vocabulary::product")]
    product: &'static str,
    /// The resource that the finding is about.
    resource: ResourceJson<'a>,
    evidence: EvidenceJson<'a>,
    /// The relations between the exposed resource and the resource of the finding, if they are not the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traveled: Vec<RouteHopJson<'a>>,
}

/// A relation, and the resource that it leads to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "route_hop")]
struct RouteHopJson<'a> {
    /// The kind of the relation, such as `assumes-role`.
    relation: &'static str,
    to: ResourceJson<'a>,
}

/// What a finding reports, by its kind.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "evidence")]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum EvidenceJson<'a> {
    /// A Security Hub control failed.
    Control { id: &'a str, title: &'a str },
    /// A Security Hub control passed.
    PassedControl { id: &'a str, title: &'a str },
    /// A network path leads to the resource.
    NetworkReachability(NetworkPathJson<'a>),
    /// The resource has a vulnerable package.
    PackageVulnerability(VulnerabilityJson<'a>),
    /// The resource runs vulnerable code.
    CodeVulnerability(CodeVulnerabilityJson<'a>),
    /// The resource holds sensitive data.
    SensitiveData(SensitiveDataJson<'a>),
    /// A service detected a threat, or a policy that gives access to data.
    Detection {
        finding_type: &'a str,
        title: &'a str,
    },
    /// A policy of the resource gives access to outsiders.
    ExternalAccess { is_public: bool, title: &'a str },
    /// The details of the resource contain an attribute.
    Attribute {
        path: &'a str,
        value: &'a str,
        title: &'a str,
    },
    /// The resource is known by its ARN, such as an AWS managed policy.
    KnownResource { id: &'a str },
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "network_path")]
struct NetworkPathJson<'a> {
    title: &'a str,
    protocol: Option<&'a str>,
    ports: Option<PortRangeJson>,
    /// The components of the path, the outermost first.
    steps: Vec<PathStepJson<'a>>,
}

/// A range of ports, both ends included.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "port_range")]
struct PortRangeJson {
    begin: u16,
    end: u16,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "network_path_step")]
struct PathStepJson<'a> {
    component_type: &'a str,
    component_id: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "vulnerability")]
struct VulnerabilityJson<'a> {
    /// The ID, such as `CVE-2024-3094`.
    id: &'a str,
    title: &'a str,
    #[schemars(schema_with = "vocabulary::source_severity")]
    severity: &'static str,
    /// The EPSS score, from 0 to 1.
    epss: Option<f64>,
    /// Whether an exploit is public; null if the source does not report it.
    exploit_available: Option<bool>,
    /// Whether all (`YES`), some (`PARTIAL`), or none (`NO`) of the packages have a fix.
    #[schemars(schema_with = "vocabulary::optional_fix_available")]
    fix: Option<&'static str>,
    cvss: Option<CvssJson<'a>>,
    packages: Vec<PackageJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "cvss")]
struct CvssJson<'a> {
    version: &'a str,
    vector: &'a str,
}

/// A package with its version, and the version that fixes it, if there is one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "package")]
struct PackageJson<'a>(&'a str, Option<&'a str>);

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "code_vulnerability")]
struct CodeVulnerabilityJson<'a> {
    title: &'a str,
    #[schemars(schema_with = "vocabulary::source_severity")]
    severity: &'static str,
    cwes: &'a [String],
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "sensitive_data")]
struct SensitiveDataJson<'a> {
    finding_type: &'a str,
    #[schemars(schema_with = "vocabulary::source_severity")]
    severity: &'static str,
    categories: &'a [String],
}

impl<'a> From<&'a SignalReference> for SignalJson<'a> {
    fn from(signal: &'a SignalReference) -> Self {
        Self {
            finding: signal.finding.as_str(),
            product: vocabulary::product_name(signal.product),
            resource: (&*signal.resource).into(),
            evidence: (&*signal.evidence).into(),
            traveled: list(&signal.route),
        }
    }
}

impl<'a> From<&'a RouteHop> for RouteHopJson<'a> {
    fn from(hop: &'a RouteHop) -> Self {
        Self {
            relation: hop.relation.as_str(),
            to: (&hop.to).into(),
        }
    }
}

impl<'a> From<&'a Evidence> for EvidenceJson<'a> {
    fn from(evidence: &'a Evidence) -> Self {
        match evidence {
            Evidence::Control { id, title } => Self::Control {
                id: id.as_str(),
                title,
            },
            Evidence::PassedControl { id, title } => Self::PassedControl {
                id: id.as_str(),
                title,
            },
            Evidence::NetworkReachability(path) => Self::NetworkReachability(path.into()),
            Evidence::PackageVulnerability(found) => Self::PackageVulnerability(found.into()),
            Evidence::CodeVulnerability(found) => Self::CodeVulnerability(found.into()),
            Evidence::SensitiveData(data) => Self::SensitiveData(data.into()),
            Evidence::Detection {
                finding_type,
                title,
            } => Self::Detection {
                finding_type,
                title,
            },
            Evidence::ExternalAccess { is_public, title } => Self::ExternalAccess {
                is_public: *is_public,
                title,
            },
            Evidence::Attribute { path, value, title } => Self::Attribute { path, value, title },
            Evidence::KnownResource { id } => Self::KnownResource { id },
        }
    }
}

impl<'a> From<&'a NetworkPath> for NetworkPathJson<'a> {
    fn from(path: &'a NetworkPath) -> Self {
        Self {
            title: &path.title,
            protocol: path.protocol.as_deref(),
            ports: path.ports.as_ref().map(PortRangeJson::from),
            steps: list(&path.steps),
        }
    }
}

impl From<&PortRange> for PortRangeJson {
    fn from(range: &PortRange) -> Self {
        Self {
            begin: range.begin,
            end: range.end,
        }
    }
}

impl<'a> From<&'a PathStep> for PathStepJson<'a> {
    fn from(step: &'a PathStep) -> Self {
        Self {
            component_type: &step.component_type,
            component_id: &step.component_id,
        }
    }
}

impl<'a> From<&'a Vulnerability> for VulnerabilityJson<'a> {
    fn from(found: &'a Vulnerability) -> Self {
        Self {
            id: &found.id,
            title: &found.title,
            severity: vocabulary::source_severity_name(found.severity),
            epss: found.epss.map(Epss::value),
            exploit_available: found.exploit_available,
            fix: found.fix.map(vocabulary::fix_available_name),
            cvss: found.cvss.as_ref().map(CvssJson::from),
            packages: list(&found.packages),
        }
    }
}

impl<'a> From<&'a Cvss> for CvssJson<'a> {
    fn from(cvss: &'a Cvss) -> Self {
        Self {
            version: &cvss.version,
            vector: &cvss.vector,
        }
    }
}

impl<'a> From<&'a (String, Option<String>)> for PackageJson<'a> {
    fn from((name, fixed_in): &'a (String, Option<String>)) -> Self {
        Self(name, fixed_in.as_deref())
    }
}

impl<'a> From<&'a CodeVulnerability> for CodeVulnerabilityJson<'a> {
    fn from(found: &'a CodeVulnerability) -> Self {
        Self {
            title: &found.title,
            severity: vocabulary::source_severity_name(found.severity),
            cwes: &found.cwes,
        }
    }
}

impl<'a> From<&'a SensitiveData> for SensitiveDataJson<'a> {
    fn from(data: &'a SensitiveData) -> Self {
        Self {
            finding_type: &data.finding_type,
            severity: vocabulary::source_severity_name(data.severity),
            categories: &data.categories,
        }
    }
}
