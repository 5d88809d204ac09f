//! What a finding must contain to show a trait.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    CodeVulnerability, ControlId, EntryPoint, Epss, Evidence, NetworkPath, ResourceType,
    SensitiveData, SourceSeverity, TraitIndex, Vulnerability,
};

use super::attribute::AttributeCondition;
use super::raw::{RawExternalAccess, RawOrigin};

/// All conditions, by the key that they are looked up with.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    /// The Security Hub controls to query, as AWS writes them.
    pub controls: BTreeSet<String>,
    /// The controls whose passed findings are queried too, for the relations in their resource details.
    pub relation_controls: BTreeSet<String>,
    pub by_control: BTreeMap<ControlId, Vec<TraitIndex>>,
    /// The controls whose passing shows a mitigation, as AWS writes them.
    pub passed_controls: BTreeSet<String>,
    pub by_passed_control: BTreeMap<ControlId, Vec<TraitIndex>>,
    pub by_signal: Vec<(TraitIndex, SignalCondition)>,
    pub attributes: BTreeMap<ResourceType, Vec<AttributeCondition>>,
    pub known_resources: Vec<(ResourceType, String, TraitIndex)>,
}

impl Conditions {
    /// Returns these conditions and the other ones.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.controls.extend(other.controls);
        self.relation_controls.extend(other.relation_controls);
        self.passed_controls.extend(other.passed_controls);
        for (control, indices) in other.by_control {
            self.by_control.entry(control).or_default().extend(indices);
        }
        for (control, indices) in other.by_passed_control {
            self.by_passed_control
                .entry(control)
                .or_default()
                .extend(indices);
        }
        self.by_signal.extend(other.by_signal);
        for (resource_type, conditions) in other.attributes {
            self.attributes
                .entry(resource_type)
                .or_default()
                .extend(conditions);
        }
        self.known_resources.extend(other.known_resources);
        self
    }
}

/// What a finding of Inspector, Macie, GuardDuty, or a data security product must contain to show a trait.
#[derive(Clone, Debug)]
pub enum SignalCondition {
    /// A network path.
    NetworkReachability {
        /// Where the path must start.
        from: Option<RawOrigin>,
        /// The ports, one of which the path must cover. Empty for any port.
        ports: Vec<u16>,
    },
    /// A vulnerable package.
    PackageVulnerability(VulnerabilityCondition),
    /// Sensitive data.
    SensitiveData {
        /// The prefix of the finding type.
        type_prefix: String,
        /// The minimum severity.
        severity_at_least: Option<SourceSeverity>,
        /// A category that must be among those found.
        category: Option<String>,
    },
    /// A vulnerability in code.
    CodeVulnerability {
        /// The CWE IDs, one of which the vulnerability must have. Empty for any.
        cwes: Vec<String>,
        /// The minimum severity.
        severity_at_least: Option<SourceSeverity>,
    },
    /// Access of outsiders.
    ExternalAccess(RawExternalAccess),
    /// A threat or policy violation that a service detected.
    Detection {
        /// The prefix of the finding type.
        type_prefix: String,
    },
}

/// What a vulnerability must be like. A condition on something that the source does not report is not met.
#[derive(Clone, Debug, Default)]
pub struct VulnerabilityCondition {
    pub(super) attack_vector: Option<Vec<String>>,
    pub(super) privileges_required: Option<Vec<String>>,
    pub(super) user_interaction: Option<Vec<String>>,
    pub(super) epss_at_least: Option<Epss>,
    pub(super) exploit_available: Option<bool>,
    pub(super) id_prefix: Option<String>,
    pub(super) severity_at_least: Option<SourceSeverity>,
}

impl SignalCondition {
    pub(super) fn is_met_by(&self, evidence: &Evidence) -> bool {
        match (self, evidence) {
            (Self::NetworkReachability { from, ports }, Evidence::NetworkReachability(path)) => {
                from.is_none_or(|from| starts_at(path, from))
                    && (ports.is_empty() || covers_any(path, ports))
            }
            (Self::PackageVulnerability(condition), Evidence::PackageVulnerability(found)) => {
                condition.is_met_by(found)
            }
            (
                Self::SensitiveData {
                    type_prefix,
                    severity_at_least,
                    category,
                },
                Evidence::SensitiveData(data),
            ) => {
                is_of_type(data, type_prefix, *severity_at_least)
                    && category
                        .as_ref()
                        .is_none_or(|wanted| data.categories.contains(wanted))
            }
            (
                Self::CodeVulnerability {
                    cwes,
                    severity_at_least,
                },
                Evidence::CodeVulnerability(vulnerability),
            ) => has_any_cwe(vulnerability, cwes, *severity_at_least),
            (Self::ExternalAccess(access), Evidence::ExternalAccess { is_public, .. }) => {
                *is_public || *access == RawExternalAccess::External
            }
            (Self::Detection { type_prefix }, Evidence::Detection { finding_type, .. }) => {
                finding_type.starts_with(type_prefix.as_str())
            }
            _ => false,
        }
    }
}

fn starts_at(path: &NetworkPath, origin: RawOrigin) -> bool {
    match origin {
        RawOrigin::Internet => path.entry() == EntryPoint::Internet,
        RawOrigin::LoadBalancer => path.starts_at_load_balancer(),
        RawOrigin::PrivateNetwork => path.entry() == EntryPoint::PrivateNetwork,
    }
}

fn covers_any(path: &NetworkPath, ports: &[u16]) -> bool {
    path.ports.is_some_and(|range| {
        ports
            .iter()
            .any(|port| (range.begin..=range.end).contains(port))
    })
}

fn is_of_type(
    data: &SensitiveData,
    type_prefix: &str,
    severity_at_least: Option<SourceSeverity>,
) -> bool {
    data.finding_type.starts_with(type_prefix)
        && severity_at_least.is_none_or(|minimum| data.severity >= minimum)
}

fn has_any_cwe(
    vulnerability: &CodeVulnerability,
    cwes: &[String],
    severity_at_least: Option<SourceSeverity>,
) -> bool {
    (cwes.is_empty() || cwes.iter().any(|cwe| vulnerability.cwes.contains(cwe)))
        && severity_at_least.is_none_or(|minimum| vulnerability.severity >= minimum)
}

/// The value that matches a CVSS metric of a vulnerability without a CVSS vector.
const UNKNOWN_METRIC: &str = "unknown";

impl VulnerabilityCondition {
    fn is_met_by(&self, vulnerability: &Vulnerability) -> bool {
        has_metric(vulnerability, "AV", self.attack_vector.as_deref())
            && has_metric(vulnerability, "PR", self.privileges_required.as_deref())
            && has_metric(vulnerability, "UI", self.user_interaction.as_deref())
            && self
                .epss_at_least
                .is_none_or(|minimum| vulnerability.epss.is_some_and(|score| score >= minimum))
            && self
                .exploit_available
                .is_none_or(|wanted| vulnerability.exploit_available == Some(wanted))
            && self
                .id_prefix
                .as_ref()
                .is_none_or(|prefix| vulnerability.id.starts_with(prefix.as_str()))
            && self
                .severity_at_least
                .is_none_or(|minimum| vulnerability.severity >= minimum)
    }
}

/// Whether a CVSS metric has one of the wanted values, if any are wanted.
fn has_metric(vulnerability: &Vulnerability, metric: &str, wanted: Option<&[String]>) -> bool {
    wanted.is_none_or(|wanted| {
        let value = vulnerability
            .cvss
            .as_ref()
            .and_then(|cvss| cvss.metric(metric))
            .unwrap_or(UNKNOWN_METRIC);
        wanted.iter().any(|wanted| wanted == value)
    })
}
