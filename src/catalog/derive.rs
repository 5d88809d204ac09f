//! From what a finding says to the traits that it shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    CodeVulnerability, ControlId, EntryPoint, Epss, Evidence, NetworkPath, ResourceType,
    SensitiveData, SourceSeverity, TraitIndex, TraitSet, Vulnerability,
};

use super::Catalog;
use super::attribute::AttributeCondition;
use super::raw::RawOrigin;

/// What a finding of Inspector or Macie must say to show a trait.
#[derive(Clone, Debug)]
pub enum SignalCondition {
    /// A network path.
    NetworkReachability {
        /// Where it starts.
        from: Option<RawOrigin>,
        /// The path covers one of these ports; empty means any port.
        ports: Vec<u16>,
    },
    /// A vulnerable package.
    PackageVulnerability(VulnerabilityCondition),
    /// Sensitive data.
    SensitiveData {
        /// How the finding's type begins.
        type_prefix: String,
        /// The least severity.
        severity_at_least: Option<SourceSeverity>,
        /// A category that must be among those found.
        category: Option<String>,
    },
    /// A flaw in code.
    CodeVulnerability {
        /// The weakness is one of these; empty means any weakness.
        cwes: Vec<String>,
        /// The least severity.
        severity_at_least: Option<SourceSeverity>,
    },
    /// What a service saw.
    Detection {
        /// How the finding's type begins.
        type_prefix: String,
    },
}

impl RawOrigin {
    fn is_of(self, path: &NetworkPath) -> bool {
        match self {
            Self::Internet => path.entry() == EntryPoint::Internet,
            Self::LoadBalancer => path.starts_at_load_balancer(),
            Self::PrivateNetwork => path.entry() == EntryPoint::PrivateNetwork,
        }
    }
}

/// What a vulnerability must be like. A condition on what the source does not say is not met.
#[derive(Clone, Debug, Default)]
pub struct VulnerabilityCondition {
    pub(super) attack_vector: Option<Vec<String>>,
    pub(super) privileges_required: Option<Vec<String>>,
    pub(super) user_interaction: Option<Vec<String>>,
    pub(super) epss_at_least: Option<Epss>,
    pub(super) exploit_available: Option<bool>,
    pub(super) known_exploited: Option<bool>,
    pub(super) id_prefix: Option<String>,
    pub(super) severity_at_least: Option<SourceSeverity>,
}

/// All conditions, by what they are looked up with.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    /// As AWS writes them, for asking Security Hub.
    pub controls: BTreeSet<String>,
    /// Those whose passed findings are asked for too, for the relations in them.
    pub relation_controls: BTreeSet<String>,
    pub by_control: BTreeMap<ControlId, Vec<TraitIndex>>,
    /// As AWS writes them.
    pub passed_controls: BTreeSet<String>,
    pub by_passed_control: BTreeMap<ControlId, Vec<TraitIndex>>,
    pub by_signal: Vec<(TraitIndex, SignalCondition)>,
    pub attributes: BTreeMap<ResourceType, Vec<AttributeCondition>>,
    pub known_resources: Vec<(ResourceType, String, TraitIndex)>,
}

impl Conditions {
    /// Adds other conditions to these.
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

impl Catalog {
    /// How the types of the GuardDuty findings in use begin, sorted.
    pub fn detections(&self) -> Vec<&str> {
        let mut prefixes: Vec<&str> = self
            .conditions
            .by_signal
            .iter()
            .filter_map(|(_, condition)| match condition {
                SignalCondition::Detection { type_prefix } => Some(type_prefix.as_str()),
                _ => None,
            })
            .collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes
    }

    /// The traits that evidence shows on the resource that it is about.
    pub fn traits_of(&self, evidence: &Evidence, resource_type: ResourceType) -> Vec<TraitIndex> {
        let shown: Vec<TraitIndex> = match evidence {
            Evidence::Control { id, .. } => self.traits_of_control(id).to_vec(),
            Evidence::PassedControl { id, .. } => self
                .conditions
                .by_passed_control
                .get(id)
                .cloned()
                .unwrap_or_default(),
            // These two are derived where the details are read.
            Evidence::Attribute { .. } | Evidence::KnownResource { .. } => Vec::new(),
            other => self
                .conditions
                .by_signal
                .iter()
                .filter(|(_, condition)| condition.is_met_by(other))
                .map(|(index, _)| *index)
                .collect(),
        };
        let all: TraitSet = shown.iter().copied().collect();
        shown
            .into_iter()
            .filter(|index| self.is_found_on(*index, resource_type))
            .filter(|index| !self.derivation(*index).except.intersects(&all))
            .collect()
    }

    /// Whether a signal about a resource of the type may show the trait: a finding about an account says nothing
    /// about the resources in it.
    pub fn is_found_on(&self, index: TraitIndex, resource_type: ResourceType) -> bool {
        let derivation = self.derivation(index);
        derivation.found_on.contains(&resource_type)
            || (derivation.found_on.is_empty()
                && derivation.resource_types.contains(&resource_type))
    }

    /// What to look for in the details of a resource of the type.
    pub fn attribute_conditions(&self, resource_type: ResourceType) -> &[AttributeCondition] {
        self.conditions
            .attributes
            .get(&resource_type)
            .map_or(&[], Vec::as_slice)
    }

    /// The traits that a resource has by its very name.
    pub fn traits_of_known_resource(
        &self,
        resource_type: ResourceType,
        id: &str,
    ) -> impl Iterator<Item = TraitIndex> {
        self.conditions
            .known_resources
            .iter()
            .filter(move |(known, suffix, _)| {
                *known == resource_type && id.ends_with(suffix.as_str())
            })
            .map(|(_, _, index)| *index)
    }
}

impl SignalCondition {
    fn is_met_by(&self, evidence: &Evidence) -> bool {
        match (self, evidence) {
            (Self::NetworkReachability { from, ports }, Evidence::NetworkReachability(path)) => {
                from.is_none_or(|from| from.is_of(path))
                    && (ports.is_empty() || covers(path, ports))
            }
            (
                Self::PackageVulnerability(condition),
                Evidence::PackageVulnerability(vulnerability),
            ) => condition.is_met_by(vulnerability),
            (
                Self::SensitiveData {
                    type_prefix,
                    severity_at_least,
                    category,
                },
                Evidence::SensitiveData(data),
            ) => {
                is_sensitive(data, type_prefix, *severity_at_least)
                    && category
                        .as_ref()
                        .is_none_or(|wanted| data.categories.contains(wanted))
            }
            (
                Self::CodeVulnerability {
                    cwes,
                    severity_at_least,
                },
                Evidence::CodeVulnerability(flaw),
            ) => is_flaw(flaw, cwes, *severity_at_least),
            (Self::Detection { type_prefix }, Evidence::Detection { finding_type, .. }) => {
                finding_type.starts_with(type_prefix.as_str())
            }
            _ => false,
        }
    }
}

fn covers(path: &NetworkPath, ports: &[u16]) -> bool {
    path.ports.is_some_and(|range| {
        ports
            .iter()
            .any(|port| (range.begin..=range.end).contains(port))
    })
}

fn is_sensitive(
    data: &SensitiveData,
    type_prefix: &str,
    severity_at_least: Option<SourceSeverity>,
) -> bool {
    data.finding_type.starts_with(type_prefix)
        && severity_at_least.is_none_or(|least| data.severity >= least)
}

fn is_flaw(
    flaw: &CodeVulnerability,
    cwes: &[String],
    severity_at_least: Option<SourceSeverity>,
) -> bool {
    (cwes.is_empty() || cwes.iter().any(|cwe| flaw.cwes.contains(cwe)))
        && severity_at_least.is_none_or(|least| flaw.severity >= least)
}

/// What a signal writes for a CVSS metric of a vulnerability without a vector.
const UNKNOWN_METRIC: &str = "unknown";

impl VulnerabilityCondition {
    fn is_met_by(&self, vulnerability: &Vulnerability) -> bool {
        let metric_is = |name: &str, wanted: &Option<Vec<String>>| {
            wanted.as_ref().is_none_or(|wanted| {
                let value = vulnerability
                    .cvss
                    .as_ref()
                    .and_then(|cvss| cvss.metric(name))
                    .unwrap_or(UNKNOWN_METRIC);
                wanted.iter().any(|one| one == value)
            })
        };
        metric_is("AV", &self.attack_vector)
            && metric_is("PR", &self.privileges_required)
            && metric_is("UI", &self.user_interaction)
            && self
                .epss_at_least
                .is_none_or(|least| vulnerability.epss.is_some_and(|score| score >= least))
            && self
                .exploit_available
                .is_none_or(|wanted| vulnerability.exploit_available == Some(wanted))
            && self
                .known_exploited
                .is_none_or(|wanted| vulnerability.known_exploited == wanted)
            && self
                .id_prefix
                .as_ref()
                .is_none_or(|prefix| vulnerability.id.starts_with(prefix.as_str()))
            && self
                .severity_at_least
                .is_none_or(|least| vulnerability.severity >= least)
    }
}
