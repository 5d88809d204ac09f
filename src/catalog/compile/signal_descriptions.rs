//! Describes signals in words.

use super::super::attribute::AttributeTest;
use super::super::definition::{SignalDescription, SignalSource};
use super::super::raw::RawSignal;

/// Describes a signal, such as `control EC2.8 failed` or `package-vulnerability: EPSS 0.1 or more`.
pub(super) fn describe(raw: &RawSignal) -> SignalDescription {
    let (source, kind) = source_and_kind(raw);
    let conditions = [
        path_conditions(raw),
        vulnerability_conditions(raw),
        other_conditions(raw),
    ]
    .concat();
    let text = if conditions.is_empty() {
        kind
    } else {
        format!("{kind}: {}", conditions.join(", "))
    };
    SignalDescription { source, text }
}

fn source_and_kind(raw: &RawSignal) -> (SignalSource, String) {
    if let Some(control) = &raw.control {
        let text = format!("control {control} failed");
        (SignalSource::SecurityHub, text)
    } else if let Some(control) = &raw.passed_control {
        let text = format!("control {control} passed");
        (SignalSource::SecurityHub, text)
    } else if let Some(inspector) = raw.inspector {
        (SignalSource::Inspector, inspector.as_str().to_owned())
    } else if let Some(prefix) = &raw.macie {
        (SignalSource::Macie, format!("{prefix}…"))
    } else if let Some(prefix) = &raw.guardduty {
        (SignalSource::GuardDuty, format!("{prefix}…"))
    } else if let Some(access) = raw.access_analyzer {
        (SignalSource::AccessAnalyzer, access.as_str().to_owned())
    } else if let Some(prefix) = &raw.sensitive_data {
        (SignalSource::DataSecurityProducts, format!("{prefix}…"))
    } else if let Some(suffix) = &raw.known_resource {
        (SignalSource::ResourceName, format!("…{suffix}"))
    } else {
        let path = raw.attribute.as_deref().unwrap_or_default();
        let text = AttributeTest::of(raw).describe(path);
        (SignalSource::ResourceDetails, text)
    }
}

fn path_conditions(raw: &RawSignal) -> Vec<String> {
    let conditions = [
        raw.from.map(|from| format!("from the {}", from.as_str())),
        raw.ports
            .as_ref()
            .map(|ports| format!("one of the ports {ports:?}")),
    ];
    conditions.into_iter().flatten().collect()
}

fn vulnerability_conditions(raw: &RawSignal) -> Vec<String> {
    let metric = |name: &str, values: &Option<Vec<String>>| {
        values
            .as_ref()
            .map(|values| format!("{name} {}", values.join(" or ")))
    };
    let conditions = [
        metric("attack vector", &raw.attack_vector),
        metric("privileges required", &raw.privileges_required),
        metric("user interaction", &raw.user_interaction),
        raw.epss_at_least
            .map(|score| format!("EPSS {score} or more")),
        raw.exploit_available.map(|is_public| {
            if is_public {
                "an exploit is public".to_owned()
            } else {
                "no exploit is public".to_owned()
            }
        }),
        raw.id_prefix.as_ref().map(|prefix| format!("ID {prefix}…")),
    ];
    conditions.into_iter().flatten().collect()
}

fn other_conditions(raw: &RawSignal) -> Vec<String> {
    let conditions = [
        raw.cwes.as_ref().map(|cwes| cwes.join(" or ")),
        raw.category
            .as_ref()
            .map(|category| format!("with {category}")),
        raw.severity_at_least
            .map(|severity| format!("severity {severity:?} or more").to_lowercase()),
    ];
    conditions.into_iter().flatten().collect()
}
