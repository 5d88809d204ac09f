//! What a finding says, in the terms that the catalog can ask for and the explanation can show.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{EntryPoint, ResourceType};

/// The id of a Security Hub control, such as `EC2.8`, upper-cased: ids differ in case between pages and findings
/// (`AutoScaling.3` but `Autoscaling.5`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ControlId(String);

impl ControlId {
    /// The id, compared without regard to case.
    pub fn new(id: &str) -> Self {
        Self(id.trim().to_ascii_uppercase())
    }

    /// Upper-cased.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A probability of exploitation within 30 days, 0 to 1, by FIRST's Exploit Prediction Scoring System.
/// Kept in parts of 100,000, which is the precision that FIRST publishes, so that it compares and hashes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epss(u32);

/// The number is no probability.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} is not an EPSS score: a number from 0 to 1 is expected")]
pub struct EpssRangeError(f64);

impl Epss {
    /// As a whole number, for comparing.
    pub fn parts_of_100_000(self) -> u32 {
        self.0
    }

    /// The score as a number from 0 to 1.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }
}

impl TryFrom<f64> for Epss {
    type Error = EpssRangeError;

    fn try_from(score: f64) -> Result<Self, EpssRangeError> {
        if (0.0..=1.0).contains(&score) {
            // In range: at most 100,000.
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be within 0..=1 above"
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

impl Serialize for Epss {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

/// How severe a source calls its finding.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum SourceSeverity {
    /// The vendor has not scored it: unknown, not low.
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

impl FromStr for SourceSeverity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // Macie writes `High`, the others `HIGH`.
        match text.to_ascii_uppercase().as_str() {
            "UNTRIAGED" => Ok(Self::Untriaged),
            "INFORMATIONAL" => Ok(Self::Informational),
            "LOW" => Ok(Self::Low),
            "MEDIUM" => Ok(Self::Medium),
            "HIGH" => Ok(Self::High),
            "CRITICAL" => Ok(Self::Critical),
            _ => Err(()),
        }
    }
}

/// Whether a vulnerability has a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FixAvailable {
    /// For all affected packages.
    Yes,
    /// For none.
    No,
    /// For some.
    Partial,
}

/// A CVSS base vector, as text and score. Source: FIRST, "CVSS v3.1 Specification Document", section 6.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Cvss {
    /// The version, such as `3.1`.
    pub version: String,
    /// `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/…`
    pub vector: String,
    /// The base score in tenths, 0 to 100.
    #[serde(skip)]
    pub score_tenths: u16,
}

impl Cvss {
    /// The value of a metric such as `AV`.
    pub fn metric(&self, name: &str) -> Option<&str> {
        self.vector
            .split('/')
            .find_map(|part| part.strip_prefix(name)?.strip_prefix(':'))
    }
}

/// A software vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Vulnerability {
    /// `CVE-2024-3094`, `GHSA-…`, `MAL-…`.
    pub id: String,
    /// The finding's title.
    pub title: String,
    /// Inspector's severity.
    pub severity: SourceSeverity,
    /// The EPSS score; absent for what has no CVE, and for new ones.
    pub epss: Option<Epss>,
    /// Whether an exploit is public; absent where the source does not say.
    pub exploit_available: Option<bool>,
    /// Whether it was seen exploited (`lastKnownExploitAt`, CISA's catalog).
    pub known_exploited: bool,
    /// Whether there is a fix.
    pub fix: Option<FixAvailable>,
    /// The vector, adjusted to the resource where Inspector did that.
    pub cvss: Option<Cvss>,
    /// The affected packages, `name version`, sorted, and the version that fixes each.
    pub packages: Vec<(String, Option<String>)>,
}

/// A flaw in code of one's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CodeVulnerability {
    /// The finding's title.
    pub title: String,
    /// Inspector's severity.
    pub severity: SourceSeverity,
    /// The kinds of weakness, such as `CWE-78`, sorted.
    pub cwes: Vec<String>,
}

/// A range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PortRange {
    /// The first.
    pub begin: u16,
    /// The last.
    pub end: u16,
}

/// One component of a network path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PathStep {
    /// Such as `AWS::EC2::InternetGateway`.
    pub component_type: String,
    /// Such as `igw-0abc`.
    pub component_id: String,
}

/// A path on which a resource can be reached, from the outside in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NetworkPath {
    /// The finding's title.
    pub title: String,
    /// `TCP` or `UDP`, where the source says.
    pub protocol: Option<String>,
    /// The ports, where the source says.
    pub ports: Option<PortRange>,
    /// The components, the outermost first.
    pub steps: Vec<PathStep>,
}

impl NetworkPath {
    /// Where the path begins. Only one whose first component is an internet gateway, or a load balancer, comes from the
    /// internet: Inspector reports a balancer at the head only where it faces the internet.
    /// Source: Amazon Inspector User Guide, "Finding types", network reachability.
    pub fn entry(&self) -> EntryPoint {
        let first = self
            .steps
            .first()
            .and_then(|step| ResourceType::from_any_name(&step.component_type));
        match first {
            Some(
                ResourceType::Ec2InternetGateway
                | ResourceType::LoadBalancer
                | ResourceType::ClassicLoadBalancer,
            ) => EntryPoint::Internet,
            _ => EntryPoint::PrivateNetwork,
        }
    }
}

/// Sensitive data that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SensitiveData {
    /// Macie's finding type, such as `SensitiveData:S3Object/Credentials`.
    pub finding_type: String,
    /// Macie's severity.
    pub severity: SourceSeverity,
    /// Such as `CREDENTIALS`, sorted.
    pub categories: Vec<String>,
}

/// What one finding says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Evidence {
    /// A Security Hub control failed.
    Control {
        /// The control.
        id: ControlId,
        /// The finding's title.
        title: String,
    },
    /// A Security Hub control passed. It shows no trait; it may show what stands in the way.
    PassedControl {
        /// The control.
        id: ControlId,
        /// The finding's title.
        title: String,
    },
    /// A network path leads to the resource.
    NetworkReachability(NetworkPath),
    /// The resource has a vulnerable package.
    PackageVulnerability(Vulnerability),
    /// The resource runs code with a flaw.
    CodeVulnerability(CodeVulnerability),
    /// The resource holds sensitive data.
    SensitiveData(SensitiveData),
    /// A service saw something: a threat (GuardDuty), or a policy that lets data out (Macie).
    Detection {
        /// The service's own finding type, such as `Execution:EC2/MaliciousFile`.
        finding_type: String,
        /// The finding's title.
        title: String,
    },
    /// A fact in the resource's details.
    Attribute {
        /// The path to the attribute, such as `MetadataOptions.HttpTokens`.
        path: String,
        /// Its value, or that it is set; never the value of a thing that may be a secret.
        value: String,
        /// The title of the finding in which it stands.
        title: String,
    },
    /// The resource is one that is known by its name, such as an AWS managed policy.
    KnownResource {
        /// Its ARN.
        id: String,
    },
}

impl Evidence {
    /// How likely the vulnerability is to be exploited, if it is one and that is known.
    pub fn epss(&self) -> Option<Epss> {
        match self {
            Self::PackageVulnerability(vulnerability) => vulnerability.epss,
            _ => None,
        }
    }

    /// A line for people.
    pub fn title(&self) -> &str {
        match self {
            Self::Control { title, .. }
            | Self::PassedControl { title, .. }
            | Self::Attribute { title, .. }
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
    fn a_vector_is_asked_by_metric() {
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
