//! What Inspector puts into Security Hub.

use crate::model::{
    CodeVulnerability, Cvss, Epss, Evidence, FixAvailable, NetworkPath, PathStep, PortRange,
    SourceSeverity, Vulnerability, clean,
};
use crate::records::parsed::RecordError;
use crate::records::time;

use super::form::{AsffVulnerability, Finding};

pub(super) fn inspector(finding: &Finding) -> Result<Option<Evidence>, RecordError> {
    if let Some(vulnerability) = finding.vulnerabilities.as_ref().and_then(|all| all.first()) {
        if !vulnerability.code_vulnerabilities.is_empty() {
            return Ok(Some(Evidence::CodeVulnerability(code_of(
                finding,
                vulnerability,
            ))));
        }
        return vulnerability_of(finding, vulnerability)
            .map(|found| Some(Evidence::PackageVulnerability(found)));
    }
    let is_reachability = finding.network_path.is_some()
        || finding
            .types
            .iter()
            .flatten()
            .any(|one| one.contains("Network Reachability"));
    if !is_reachability {
        return Ok(None);
    }
    let network = finding.network.as_ref();
    let ports = match network.and_then(|network| network.open_port_range.as_ref()) {
        Some(range) => Some(port_range(range.begin, range.end)?),
        None => None,
    };
    let steps = finding.network_path.iter().flatten().filter_map(|step| {
        Some(PathStep {
            component_type: clean(step.component_type.as_deref()?),
            component_id: clean(step.component_id.as_deref()?),
        })
    });
    Ok(Some(Evidence::NetworkReachability(NetworkPath {
        title: clean(&finding.title),
        protocol: network
            .and_then(|network| network.protocol.as_deref())
            .map(clean),
        ports,
        steps: steps.collect(),
    })))
}

fn code_of(finding: &Finding, found: &AsffVulnerability) -> CodeVulnerability {
    let mut cwes: Vec<String> = found
        .code_vulnerabilities
        .iter()
        .flat_map(|code| &code.cwes)
        .map(|cwe| clean(cwe))
        .collect();
    cwes.sort();
    cwes.dedup();
    CodeVulnerability {
        title: clean(&finding.title),
        severity: severity_of(finding),
        cwes,
    }
}

/// The ports, if they are on the scale.
///
/// # Errors
/// The numbers are no ports.
pub fn port_range(begin: i64, end: i64) -> Result<PortRange, RecordError> {
    match (u16::try_from(begin), u16::try_from(end)) {
        (Ok(begin), Ok(end)) if begin <= end => Ok(PortRange { begin, end }),
        _ => Err(RecordError::new(
            "open port range",
            format_args!("{begin} to {end} are no ports"),
        )),
    }
}

fn vulnerability_of(
    finding: &Finding,
    found: &AsffVulnerability,
) -> Result<Vulnerability, RecordError> {
    let epss = match found.epss_score.map(Epss::try_from) {
        Some(Ok(score)) => Some(score),
        Some(Err(error)) => return Err(RecordError::new("Vulnerabilities[].EpssScore", error)),
        None => None,
    };
    let cvss = found.cvss.iter().rev().find_map(|cvss| {
        Some(Cvss {
            version: clean(cvss.version.as_deref()?),
            vector: clean(cvss.base_vector.as_deref()?),
            score_tenths: tenths(cvss.base_score.unwrap_or_default()),
        })
    });
    let mut packages: Vec<(String, Option<String>)> = found
        .vulnerable_packages
        .iter()
        .filter_map(|package| {
            let name = format!(
                "{} {}",
                package.name.as_deref()?,
                package.version.as_deref().unwrap_or_default()
            );
            Some((
                clean(name.trim()),
                package.fixed_in_version.as_deref().map(clean),
            ))
        })
        .collect();
    packages.sort();
    packages.dedup();
    Ok(Vulnerability {
        id: clean(&found.id),
        title: clean(&finding.title),
        severity: severity_of(finding),
        epss,
        exploit_available: found.exploit_available.as_deref().and_then(yes_or_no),
        known_exploited: found
            .last_known_exploit_at
            .as_ref()
            .and_then(time::read)
            .is_some(),
        fix: found.fix_available.as_deref().and_then(fix_available),
        cvss,
        packages,
    })
}

/// A CVSS score in tenths; what is off the scale is cut to it.
pub fn tenths(score: f64) -> u16 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=100"
    )]
    let tenths = (score.clamp(0.0, 10.0) * 10.0).round() as u16;
    tenths
}

/// `YES` and `NO`.
pub fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "YES" => Some(true),
        "NO" => Some(false),
        _ => None,
    }
}

/// `YES`, `NO` and `PARTIAL`.
pub fn fix_available(text: &str) -> Option<FixAvailable> {
    match text {
        "YES" => Some(FixAvailable::Yes),
        "NO" => Some(FixAvailable::No),
        "PARTIAL" => Some(FixAvailable::Partial),
        _ => None,
    }
}

/// A severity; one that is absent or new is unknown, not low.
pub fn severity(label: Option<&str>) -> SourceSeverity {
    label
        .and_then(|label| label.parse().ok())
        .unwrap_or(SourceSeverity::Untriaged)
}

pub(super) fn severity_of(finding: &Finding) -> SourceSeverity {
    severity(
        finding
            .severity
            .as_ref()
            .and_then(|severity| severity.label.as_deref()),
    )
}
