//! What a finding reports, in one phrase.

use std::fmt::Write;

use crate::model::{Evidence, NetworkPath, Resource, SignalReference, Vulnerability};

/// Describes what a finding reports, and about which resource.
pub(super) fn describe(signal: &SignalReference, subject: &Resource) -> String {
    let on = location(signal, subject);
    match &*signal.evidence {
        Evidence::Control { id, title } => format!("control {} on {on}: {title}", id.as_str()),
        Evidence::PassedControl { id, title } => {
            format!("control {} on {on}, which passed: {title}", id.as_str())
        }
        Evidence::NetworkReachability(path) => network_path(path),
        Evidence::PackageVulnerability(found) => vulnerability(found),
        Evidence::SensitiveData(data) => format!("{} in {on}", data.finding_type),
        Evidence::Attribute { path, value, title } => {
            format!("{path} = {value}, in the details of: {title}")
        }
        Evidence::CodeVulnerability(found) => {
            format!("vulnerable code of {on}: {}", found.title)
        }
        Evidence::Detection { .. } => format!("a detection on {on}: {}", signal.evidence.title()),
        Evidence::ExternalAccess { title, .. } => format!("the policies of {on}: {title}"),
        Evidence::KnownResource { id } => format!("the policy {id}"),
    }
}

fn network_path(path: &NetworkPath) -> String {
    match path.ports {
        Some(range) => format!(
            "a network path to ports {} to {}: {}",
            range.begin, range.end, path.title
        ),
        None => format!("a network path: {}", path.title),
    }
}

fn vulnerability(found: &Vulnerability) -> String {
    let epss = found.epss.map(|score| format!(", EPSS {}", score.value()));
    let exploit = if found.exploit_available == Some(true) {
        ", an exploit is public"
    } else {
        ""
    };
    format!("{}{}{exploit}", found.title, epss.unwrap_or_default())
}

/// The resource that a finding is about, and how it relates to the explained one: "sg-1, attached to eni-2 of this
/// instance".
fn location(signal: &SignalReference, subject: &Resource) -> String {
    let mut text = signal.resource.name().into_owned();
    let mut separator = ",";
    for (index, hop) in signal.route.iter().enumerate().rev() {
        let previous = index
            .checked_sub(1)
            .and_then(|previous| signal.route.get(previous));
        let holder = previous.map_or_else(
            || format!("this {}", subject.resource_type.noun()),
            |previous| previous.to.name().into_owned(),
        );
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{separator} {} {holder}",
            hop.relation.inverse_phrase()
        );
        separator = "";
    }
    text
}
