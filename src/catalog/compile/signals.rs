//! What shows a trait or a mitigation.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::Spanned;

use crate::diagnostics::SourceFile;
use crate::model::{ControlId, Epss, ResourceType, TraitIndex};

use super::super::attribute::{self, AttributeCondition, AttributeTest};
use super::super::derive::{Conditions, SignalCondition, VulnerabilityCondition};
use super::super::raw::{RawInspector, RawSignal};
use super::super::{SignalDescription, SignalSource};
use super::Compiler;

/// Whose signals are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// A trait that raises a factor.
    Trait,
    /// A trait that raises none, and only changes the title of an exposure.
    ContextualTrait,
    Mitigation,
}

impl Compiler {
    /// Notes what shows the fact, and gives each signal in words.
    pub(super) fn signals(
        &mut self,
        file: &Arc<SourceFile>,
        signals: &Spanned<Vec<Spanned<RawSignal>>>,
        found_on: &[ResourceType],
        (owner, index): (Owner, TraitIndex),
        into: &mut Conditions,
    ) -> Vec<SignalDescription> {
        if signals.get_ref().is_empty() {
            let message = "what derives from nothing never shows";
            self.complain(file, signals.span(), message);
        }
        let mut controls = BTreeSet::new();
        for signal in signals.get_ref() {
            let raw = signal.get_ref();
            if let Some(message) = misfit(raw, owner) {
                self.complain(file, signal.span(), message);
                continue;
            }
            if let Some(control) = raw.control.as_ref().or(raw.passed_control.as_ref())
                && !controls.insert(ControlId::new(control))
            {
                let message = format!("the control {control} stands in this entry twice");
                self.complain(file, signal.span(), message);
            }
            self.signal(file, signal, found_on, index, into);
        }
        signals
            .get_ref()
            .iter()
            .map(|signal| in_words(signal.get_ref()))
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
            into.known_resources
                .extend(found_on.iter().map(|one| (*one, suffix.clone(), index)));
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
        if let Some(type_prefix) = raw
            .guardduty
            .as_ref()
            .or(raw.macie.as_ref().filter(|one| one.starts_with("Policy:")))
        {
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
        match raw.inspector? {
            RawInspector::NetworkReachability => Some(SignalCondition::NetworkReachability {
                from: raw.from,
                ports: raw.ports.clone().unwrap_or_default(),
            }),
            RawInspector::CodeVulnerability => Some(SignalCondition::CodeVulnerability {
                cwes: raw.cwes.clone().unwrap_or_default(),
                severity_at_least: raw.severity_at_least,
            }),
            RawInspector::PackageVulnerability => {
                let epss_at_least = match raw.epss_at_least.map(Epss::try_from) {
                    None => None,
                    Some(Ok(score)) => Some(score),
                    Some(Err(error)) => {
                        self.complain(file, signal.span(), error.to_string());
                        return None;
                    }
                };
                Some(SignalCondition::PackageVulnerability(
                    VulnerabilityCondition {
                        attack_vector: raw.attack_vector.clone(),
                        privileges_required: raw.privileges_required.clone(),
                        user_interaction: raw.user_interaction.clone(),
                        epss_at_least,
                        exploit_available: raw.exploit_available,
                        known_exploited: raw.known_exploited,
                        id_prefix: raw.id_prefix.clone(),
                        severity_at_least: raw.severity_at_least,
                    },
                ))
            }
        }
    }
}

/// Why the keys of a signal do not go together, if they do not.
fn misfit(raw: &RawSignal, owner: Owner) -> Option<&'static str> {
    let kinds = [
        raw.control.is_some(),
        raw.passed_control.is_some(),
        raw.inspector.is_some(),
        raw.macie.is_some(),
        raw.guardduty.is_some(),
        raw.sensitive_data.is_some(),
        raw.attribute.is_some(),
        raw.known_resource.is_some(),
    ];
    if kinds.into_iter().filter(|is_set| *is_set).count() != 1 {
        return Some(
            "expected exactly one of control, passed_control, inspector, macie, guardduty, sensitive_data, attribute \
             and known_resource",
        );
    }
    if raw.passed_control.is_some() && owner == Owner::Trait {
        return Some(
            "a control that passed shows a protection, so it belongs to a mitigation, or to a trait that raises no \
             factor",
        );
    }
    let of_path = raw.from.is_some() || raw.ports.is_some();
    let of_vulnerability = raw.attack_vector.is_some()
        || raw.privileges_required.is_some()
        || raw.user_interaction.is_some()
        || raw.epss_at_least.is_some()
        || raw.exploit_available.is_some()
        || raw.known_exploited.is_some()
        || raw.id_prefix.is_some();
    let has_severity = matches!(
        raw.inspector,
        Some(RawInspector::PackageVulnerability | RawInspector::CodeVulnerability)
    ) || raw.macie.is_some();
    if of_path && raw.inspector != Some(RawInspector::NetworkReachability) {
        Some("from and ports belong to inspector = \"network-reachability\"")
    } else if of_vulnerability && raw.inspector != Some(RawInspector::PackageVulnerability) {
        Some("conditions on a vulnerability belong to inspector = \"package-vulnerability\"")
    } else if raw.cwes.is_some() && raw.inspector != Some(RawInspector::CodeVulnerability) {
        Some("cwes belongs to inspector = \"code-vulnerability\"")
    } else if raw.severity_at_least.is_some() && !has_severity {
        Some("severity_at_least belongs to macie or to a vulnerability that Inspector finds")
    } else if raw.category.is_some() && raw.macie.is_none() {
        Some("category belongs to macie")
    } else {
        attribute::misfit(raw)
    }
}

/// A signal in words: `control EC2.8 failed`, `package-vulnerability: EPSS 0.1 or more`.
fn in_words(raw: &RawSignal) -> SignalDescription {
    let list = |values: &Vec<String>| values.join(" or ");
    let (source, kind) = if let Some(control) = &raw.control {
        (
            SignalSource::SecurityHub,
            format!("control {control} failed"),
        )
    } else if let Some(control) = &raw.passed_control {
        (
            SignalSource::SecurityHub,
            format!("control {control} passed"),
        )
    } else if let Some(inspector) = raw.inspector {
        (SignalSource::Inspector, inspector.as_str().to_owned())
    } else if let Some(prefix) = &raw.macie {
        (SignalSource::Macie, format!("{prefix}…"))
    } else if let Some(prefix) = &raw.guardduty {
        (SignalSource::GuardDuty, format!("{prefix}…"))
    } else if let Some(prefix) = &raw.sensitive_data {
        (SignalSource::DataSecurityProducts, format!("{prefix}…"))
    } else if let Some(suffix) = &raw.known_resource {
        (SignalSource::ResourceName, format!("…{suffix}"))
    } else {
        let path = raw.attribute.as_deref().unwrap_or_default();
        (
            SignalSource::ResourceDetails,
            AttributeTest::of(raw).in_words(path),
        )
    };
    let conditions = [
        raw.from.map(|from| format!("from the {}", from.as_str())),
        raw.ports
            .as_ref()
            .map(|ports| format!("one of the ports {ports:?}")),
        raw.attack_vector
            .as_ref()
            .map(|one| format!("attack vector {}", list(one))),
        raw.privileges_required
            .as_ref()
            .map(|one| format!("privileges required {}", list(one))),
        raw.user_interaction
            .as_ref()
            .map(|one| format!("user interaction {}", list(one))),
        raw.epss_at_least
            .map(|score| format!("EPSS {score} or more")),
        raw.exploit_available.map(|yes| {
            if yes {
                "an exploit is public"
            } else {
                "no exploit is public"
            }
            .to_owned()
        }),
        raw.known_exploited.map(|yes| {
            if yes {
                "the date of a public exploit is known"
            } else {
                "no date of a public exploit is known"
            }
            .to_owned()
        }),
        raw.id_prefix.as_ref().map(|prefix| format!("id {prefix}…")),
        raw.cwes.as_ref().map(list),
        raw.category
            .as_ref()
            .map(|category| format!("with {category}")),
        raw.severity_at_least
            .map(|severity| format!("severity {severity:?} or more").to_lowercase()),
    ];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    let text = if conditions.is_empty() {
        kind
    } else {
        format!("{kind}: {}", conditions.join(", "))
    };
    SignalDescription { source, text }
}
