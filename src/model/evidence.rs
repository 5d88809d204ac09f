//! What findings report, in the terms of the catalog and of explanations.

use std::fmt;

use super::{EntryPoint, ResourceType};

/// The ID of a Security Hub control, such as `EC2.8`, in upper case: AWS itself writes some IDs with different cases, such
/// as `AutoScaling.5` and `Autoscaling.5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlId(String);

impl ControlId {
    /// Creates an ID. Case does not matter.
    pub fn new(id: &str) -> Self {
        Self(id.trim().to_ascii_uppercase())
    }

    /// Returns the ID in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The probability, from 0 to 1, that a vulnerability is exploited within 30 days, according to FIRST's Exploit Prediction
/// Scoring System.
///
/// It is stored as an integer in parts of 100,000, which is the precision that FIRST publishes, so that scores can be
/// compared and hashed.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epss(u32);

/// The reason why a number is not an EPSS score.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("`{0}` is not an EPSS score, which is a number from 0 to 1")]
pub struct EpssRangeError(f64);

impl Epss {
    /// Returns the score in parts of 100,000.
    pub fn parts_of_100_000(self) -> u32 {
        self.0
    }

    /// Returns the score as a number from 0 to 1.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }
}

impl TryFrom<f64> for Epss {
    type Error = EpssRangeError;

    fn try_from(score: f64) -> Result<Self, EpssRangeError> {
        if (0.0..=1.0).contains(&score) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the score is between 0 and 1, so the result is at most 100,000"
            )]
            return Ok(Self((score * 100_000.0).round() as u32));
        }
        Err(EpssRangeError(score))
    }
}

impl fmt::Debug for Epss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.value())
    }
}

/// The severity of a finding according to its source.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Deserialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
// Macie writes `High`, other services write `HIGH`.
#[strum(serialize_all = "UPPERCASE", ascii_case_insensitive)]
pub enum SourceSeverity {
    /// The vendor has not scored the vulnerability yet, so its severity is unknown.
    Untriaged,
    /// Informational.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// Whether a fix for a vulnerability is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixAvailable {
    /// For all affected packages.
    Yes,
    /// For none of them.
    No,
    /// For some of them.
    Partial,
}

/// A CVSS base vector and its score.
///
/// Source: FIRST, "CVSS v3.1 Specification Document", section 6.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cvss {
    /// The version, such as `3.1`.
    pub version: String,
    /// The vector, such as `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/…`.
    pub vector: String,
    /// The base score in tenths, from 0 to 100.
    pub score_tenths: u16,
}

impl Cvss {
    /// Returns the value of a metric, such as `AV`.
    pub fn metric(&self, name: &str) -> Option<&str> {
        self.vector
            .split('/')
            .find_map(|part| part.strip_prefix(name)?.strip_prefix(':'))
    }
}

/// A software vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vulnerability {
    /// The ID, such as `CVE-2024-3094`, `GHSA-…`, or `MAL-…`.
    pub id: String,
    /// The finding's title.
    pub title: String,
    /// Inspector's severity.
    pub severity: SourceSeverity,
    /// The EPSS score. Vulnerabilities without a CVE and new ones have none.
    pub epss: Option<Epss>,
    /// Whether an exploit is public, if the source reports it. That does not mean that it was seen in an attack.
    pub exploit_available: Option<bool>,
    /// Whether a fix is available, if the source reports it.
    pub fix: Option<FixAvailable>,
    /// The CVSS vector, adjusted to the resource if Inspector did so.
    pub cvss: Option<Cvss>,
    /// The affected packages as `name version`, sorted, each with the version that fixes it.
    pub packages: Vec<(String, Option<String>)>,
}

/// A flaw in the code of a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeVulnerability {
    /// The finding's title.
    pub title: String,
    /// Inspector's severity.
    pub severity: SourceSeverity,
    /// The weaknesses, such as `CWE-78`, sorted.
    pub cwes: Vec<String>,
}

/// An inclusive range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    /// The first port.
    pub begin: u16,
    /// The last port.
    pub end: u16,
}

/// A component of a network path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathStep {
    /// The type, such as `AWS::EC2::InternetGateway`.
    pub component_type: String,
    /// The ID, such as `igw-0abc`.
    pub component_id: String,
}

/// A network path on which a resource is reachable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkPath {
    /// The finding's title.
    pub title: String,
    /// The protocol, `TCP` or `UDP`, if the source reports it.
    pub protocol: Option<String>,
    /// The ports, if the source reports them.
    pub ports: Option<PortRange>,
    /// The components, from the outermost to the resource.
    pub steps: Vec<PathStep>,
}

impl NetworkPath {
    /// Returns where the path starts. A path from the internet starts with an internet gateway or a load balancer.
    /// Inspector reports a load balancer as the first component only if it is internet-facing.
    ///
    /// Source: Amazon Inspector User Guide, "Finding types", network reachability.
    pub fn entry(&self) -> EntryPoint {
        match self.first_component() {
            Some(ResourceType::Ec2InternetGateway) => EntryPoint::Internet,
            _ if self.starts_at_load_balancer() => EntryPoint::Internet,
            _ => EntryPoint::PrivateNetwork,
        }
    }

    /// Returns whether the path starts with a load balancer. The resource then needs no public address.
    pub fn starts_at_load_balancer(&self) -> bool {
        matches!(
            self.first_component(),
            Some(ResourceType::LoadBalancer | ResourceType::ClassicLoadBalancer)
        )
    }

    fn first_component(&self) -> Option<ResourceType> {
        let first = self.steps.first()?;
        ResourceType::from_any_name(&first.component_type)
    }
}

/// Sensitive data that Macie found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SensitiveData {
    /// Macie's finding type, such as `SensitiveData:S3Object/Credentials`.
    pub finding_type: String,
    /// Macie's severity.
    pub severity: SourceSeverity,
    /// The categories, such as `CREDENTIALS`, sorted.
    pub categories: Vec<String>,
}

/// What a finding reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// A Security Hub control failed.
    Control {
        /// The control.
        id: ControlId,
        /// The finding's title.
        title: String,
    },
    /// A Security Hub control passed. It never shows a trait, but it can show a mitigation.
    PassedControl {
        /// The control.
        id: ControlId,
        /// The finding's title.
        title: String,
    },
    /// The resource is reachable on a network path.
    NetworkReachability(NetworkPath),
    /// The resource has a vulnerable package.
    PackageVulnerability(Vulnerability),
    /// The resource runs code with a flaw.
    CodeVulnerability(CodeVulnerability),
    /// The resource holds sensitive data.
    SensitiveData(SensitiveData),
    /// A service detected a threat (GuardDuty) or a policy that exposes data (Macie).
    Detection {
        /// The finding type of the service, such as `Execution:EC2/MaliciousFile`.
        finding_type: String,
        /// The finding's title.
        title: String,
    },
    /// A policy of the resource gives access to outsiders.
    ExternalAccess {
        /// Whether anyone has access. If not, or if that is unknown, it is some principal outside the zone of trust.
        is_public: bool,
        /// The access in words.
        title: String,
    },
    /// The details of the resource have an attribute.
    Attribute {
        /// The path to the attribute, such as `MetadataOptions.HttpTokens`.
        path: String,
        /// The value as the catalog names it. Other values may be secrets and are not kept.
        value: String,
        /// The title of the finding with the details.
        title: String,
    },
    /// The resource is known by its ARN, such as an AWS managed policy.
    KnownResource {
        /// Its ARN.
        id: String,
    },
}

impl Evidence {
    /// Returns the EPSS score, if the finding reports a vulnerability that has one.
    pub fn epss(&self) -> Option<Epss> {
        match self {
            Self::PackageVulnerability(vulnerability) => vulnerability.epss,
            _ => None,
        }
    }

    /// Returns a title for people to read.
    pub fn title(&self) -> &str {
        match self {
            Self::Control { title, .. }
            | Self::PassedControl { title, .. }
            | Self::Attribute { title, .. }
            | Self::ExternalAccess { title, .. }
            | Self::Detection { title, .. } => title,
            Self::NetworkReachability(path) => &path.title,
            Self::PackageVulnerability(vulnerability) => &vulnerability.title,
            Self::CodeVulnerability(flaw) => &flaw.title,
            Self::SensitiveData(data) => &data.finding_type,
            Self::KnownResource { id } => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epss_score_is_a_probability() {
        assert_eq!(Epss::try_from(0.97565).unwrap().value(), 0.97565);
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Epss::try_from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_metric_of_a_vector_is_found_by_its_name() {
        let cvss = Cvss {
            version: "3.1".into(),
            vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R".into(),
            score_tenths: 88,
        };
        assert_eq!(cvss.metric("AV"), Some("N"));
        assert_eq!(cvss.metric("UI"), Some("R"));
        assert_eq!(cvss.metric("A"), None);
    }

    #[test]
    fn control_ids_ignore_case() {
        assert_eq!(
            ControlId::new("Autoscaling.5"),
            ControlId::new("AutoScaling.5")
        );
    }
}
