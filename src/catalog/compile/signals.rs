//! Compiles the signals of traits and mitigations.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::SourceFile;
use crate::model::{ControlId, Epss, ResourceType, TraitIndex};

use super::super::attribute::{self, AttributeCondition, AttributeTest};
use super::super::conditions::{Conditions, SignalCondition, VulnerabilityCondition};
use super::super::definition::SignalDescription;
use super::super::raw::{RawInspector, RawSignal};
use super::Compiler;
use super::signal_descriptions::describe;

/// The kind of entry that a signal shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalOwner {
    /// A trait that raises a factor.
    Trait,
    /// A trait that raises no factor and only changes the title of an exposure.
    ContextualTrait,
    Mitigation,
}

impl Compiler {
    /// Adds the conditions of the signals, and returns a description of each signal.
    pub(super) fn signals(
        &mut self,
        file: &Arc<SourceFile>,
        signals: &Spanned<Vec<Spanned<RawSignal>>>,
        found_on: &[ResourceType],
        (owner, index): (SignalOwner, TraitIndex),
        into: &mut Conditions,
    ) -> Vec<SignalDescription> {
        if signals.get_ref().is_empty() {
            let message = "`signals` is empty, so this entry can never match";
            self.push_problem(file, signals.span(), message);
        }
        let mut controls = BTreeSet::new();
        for signal in signals.get_ref() {
            let raw = signal.get_ref();
            if let Some(message) = incompatible_keys(raw, owner) {
                self.push_problem(file, signal.span(), message);
                continue;
            }
            if let Some(control) = raw.control.as_ref().or(raw.passed_control.as_ref())
                && !controls.insert(ControlId::new(control))
            {
                let message = format!("control `{control}` is listed twice");
                self.push_problem(file, signal.span(), message);
            }
            self.signal(file, signal, found_on, index, into);
        }
        signals
            .get_ref()
            .iter()
            .map(|signal| describe(signal.get_ref()))
            .collect()
    }

    fn signal(
        &mut self,
        file: &Arc<SourceFile>,
        signal: &Spanned<RawSignal>,
        found_on: &[ResourceType],
        index: TraitIndex,
        into: &mut Conditions,
    ) {
        let raw = signal.get_ref();
        if let Some(control) = &raw.control {
            into.controls.insert(control.clone());
            into.by_control
                .entry(ControlId::new(control))
                .or_default()
                .push(index);
        } else if let Some(control) = &raw.passed_control {
            into.passed_controls.insert(control.clone());
            into.by_passed_control
                .entry(ControlId::new(control))
                .or_default()
                .push(index);
        } else if let Some(path) = &raw.attribute {
            for resource_type in found_on {
                into.attributes
                    .entry(*resource_type)
                    .or_default()
                    .push(AttributeCondition {
                        trait_index: index,
                        path: path.clone(),
                        test: AttributeTest::of(raw),
                    });
            }
        } else if let Some(suffix) = &raw.known_resource {
            into.known_resources.extend(
                found_on
                    .iter()
                    .map(|resource_type| (*resource_type, suffix.clone(), index)),
            );
        } else if let Some(condition) = self.signal_condition(file, signal) {
            into.by_signal.push((index, condition));
        }
    }

    fn signal_condition(
        &mut self,
        file: &Arc<SourceFile>,
        signal: &Spanned<RawSignal>,
    ) -> Option<SignalCondition> {
        let raw = signal.get_ref();
        // Macie reports policy findings about buckets besides sensitive data.
        let policy_finding = raw
            .macie
            .as_ref()
            .filter(|prefix| prefix.starts_with("Policy:"));
        if let Some(type_prefix) = raw.guardduty.as_ref().or(policy_finding) {
            return Some(SignalCondition::Detection {
                type_prefix: type_prefix.clone(),
            });
        }
        if let Some(type_prefix) = raw.macie.as_ref().or(raw.sensitive_data.as_ref()) {
            return Some(SignalCondition::SensitiveData {
                type_prefix: type_prefix.clone(),
                severity_at_least: raw.severity_at_least,
                category: raw.category.clone(),
            });
        }
        if let Some(access) = raw.access_analyzer {
            return Some(SignalCondition::ExternalAccess(access));
        }
        match raw.inspector? {
            RawInspector::NetworkReachability => Some(SignalCondition::NetworkReachability {
                from: raw.from,
                ports: raw.ports.clone().unwrap_or_default(),
            }),
            RawInspector::CodeVulnerability => Some(SignalCondition::CodeVulnerability {
                cwes: raw.cwes.clone().unwrap_or_default(),
                severity_at_least: raw.severity_at_least,
            }),
            RawInspector::PackageVulnerability => self
                .vulnerability_condition(file, signal)
                .map(SignalCondition::PackageVulnerability),
        }
    }

    fn vulnerability_condition(
        &mut self,
        file: &Arc<SourceFile>,
        signal: &Spanned<RawSignal>,
    ) -> Option<VulnerabilityCondition> {
        let raw = signal.get_ref();
        let epss_at_least = match raw.epss_at_least.map(Epss::try_from).transpose() {
            Ok(score) => score,
            Err(error) => {
                self.push_problem(file, signal.span(), error.to_string());
                return None;
            }
        };
        Some(VulnerabilityCondition {
            attack_vector: raw.attack_vector.clone(),
            privileges_required: raw.privileges_required.clone(),
            user_interaction: raw.user_interaction.clone(),
            epss_at_least,
            exploit_available: raw.exploit_available,
            id_prefix: raw.id_prefix.clone(),
            severity_at_least: raw.severity_at_least,
        })
    }
}

/// Returns why the keys of a signal do not belong together, if they do not.
fn incompatible_keys(raw: &RawSignal, owner: SignalOwner) -> Option<&'static str> {
    let kinds = [
        raw.control.is_some(),
        raw.passed_control.is_some(),
        raw.inspector.is_some(),
        raw.macie.is_some(),
        raw.guardduty.is_some(),
        raw.access_analyzer.is_some(),
        raw.sensitive_data.is_some(),
        raw.attribute.is_some(),
        raw.known_resource.is_some(),
    ];
    if kinds.into_iter().filter(|is_set| *is_set).count() != 1 {
        return Some(
            "expected exactly one of `control`, `passed_control`, `inspector`, `macie`, `guardduty`, `access_analyzer`, \
             `sensitive_data`, `attribute`, and `known_resource`",
        );
    }
    if raw.passed_control.is_some() && owner == SignalOwner::Trait {
        return Some(
            "`passed_control` shows a protection, so it is only allowed in a mitigation or in a trait that raises no \
             factor",
        );
    }
    let has_severity = matches!(
        raw.inspector,
        Some(RawInspector::PackageVulnerability | RawInspector::CodeVulnerability)
    ) || raw.macie.is_some();
    if has_path_keys(raw) && raw.inspector != Some(RawInspector::NetworkReachability) {
        Some("`from` and `ports` require `inspector = \"network-reachability\"`")
    } else if has_vulnerability_keys(raw)
        && raw.inspector != Some(RawInspector::PackageVulnerability)
    {
        Some("conditions on a vulnerability require `inspector = \"package-vulnerability\"`")
    } else if raw.cwes.is_some() && raw.inspector != Some(RawInspector::CodeVulnerability) {
        Some("`cwes` requires `inspector = \"code-vulnerability\"`")
    } else if raw.severity_at_least.is_some() && !has_severity {
        Some("`severity_at_least` requires `macie` or a vulnerability that Inspector finds")
    } else if raw.category.is_some() && raw.macie.is_none() {
        Some("`category` requires `macie`")
    } else {
        attribute::incompatible_keys(raw)
    }
}

fn has_path_keys(raw: &RawSignal) -> bool {
    raw.from.is_some() || raw.ports.is_some()
}

fn has_vulnerability_keys(raw: &RawSignal) -> bool {
    raw.attack_vector.is_some()
        || raw.privileges_required.is_some()
        || raw.user_interaction.is_some()
        || raw.epss_at_least.is_some()
        || raw.exploit_available.is_some()
        || raw.id_prefix.is_some()
}
