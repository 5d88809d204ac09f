//! Findings that Inspector sends to Security Hub.

use crate::model::{CodeVulnerability, Evidence, NetworkPath, PathStep, Vulnerability, clean};
use crate::records::error::RecordError;
use crate::records::finding_values::{
    VulnerablePackage, cvss, epss, exploit_available, fix_available, names, packages, port_range,
};

use super::finding::{AsffFinding, AsffVulnerability};

/// The vulnerability or the network path that the finding reports.
pub(super) fn evidence(finding: &AsffFinding) -> Result<Option<Evidence>, RecordError> {
    let vulnerability = finding.vulnerabilities.iter().flatten().next();
    let Some(found) = vulnerability else {
        let vulnerability = titled_vulnerability(finding).map(Evidence::PackageVulnerability);
        return Ok(network_path(finding)?.or(vulnerability));
    };
    if !found.code_vulnerabilities.is_empty() {
        let code = code_vulnerability(finding, found);
        return Ok(Some(Evidence::CodeVulnerability(code)));
    }
    let package = package_vulnerability(finding, found)?;
    Ok(Some(Evidence::PackageVulnerability(package)))
}

/// The vulnerability that the title names, as in `CVE-2026-0001 - openssl`. Findings that were exported without their
/// `Vulnerabilities`, and those of Inspector Classic, have no more than that. The rest is unknown.
fn titled_vulnerability(finding: &AsffFinding) -> Option<Vulnerability> {
    let words = || {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let words = finding.title.split(move |letter| !is_part(letter));
        words.map(str::to_ascii_uppercase)
    };
    let id = words().find(|word| is_cve(word)).or_else(|| {
        let mut types = finding.types();
        let is_vulnerability = types.any(|one| one.ends_with("Vulnerabilities/CVE"));
        words().find(|word| is_vulnerability && !word.is_empty())
    })?;
    Some(Vulnerability {
        id: clean(&id),
        title: clean(&finding.title),
        severity: finding.severity(),
        epss: None,
        exploit_available: None,
        fix: None,
        cvss: None,
        packages: Vec::new(),
    })
}

/// Whether a word is a CVE ID: `CVE-`, a year, and a number.
fn is_cve(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let is_number = |text: &str| text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts[..], ["CVE", year, number] if is_number(year) && is_number(number))
}

fn network_path(finding: &AsffFinding) -> Result<Option<Evidence>, RecordError> {
    let is_reachability = finding.network_path.is_some()
        || finding
            .types()
            .any(|finding_type| finding_type.contains("Network Reachability"));
    if !is_reachability {
        return Ok(None);
    }
    let network = finding.network.as_ref();
    let range = network.and_then(|network| network.open_port_range.as_ref());
    let ports = range
        .map(|range| port_range("Network.OpenPortRange", range.begin, range.end))
        .transpose()?;
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

fn code_vulnerability(finding: &AsffFinding, found: &AsffVulnerability) -> CodeVulnerability {
    let cwes = found
        .code_vulnerabilities
        .iter()
        .flat_map(|code| &code.cwes);
    CodeVulnerability {
        title: clean(&finding.title),
        severity: finding.severity(),
        cwes: names(cwes.map(String::as_str)),
    }
}

fn package_vulnerability(
    finding: &AsffFinding,
    found: &AsffVulnerability,
) -> Result<Vulnerability, RecordError> {
    let exploited_at = found.last_known_exploit_at.as_ref();
    Ok(Vulnerability {
        id: clean(&found.id),
        title: clean(&finding.title),
        severity: finding.severity(),
        epss: epss("Vulnerabilities[].EpssScore", found.epss_score)?,
        exploit_available: exploit_available(found.exploit_available.as_deref(), exploited_at),
        fix: found.fix_available.as_deref().and_then(fix_available),
        cvss: found.cvss.iter().rev().find_map(|score| {
            let (version, vector) = (score.version.as_deref(), score.base_vector.as_deref());
            cvss(version, vector, score.base_score)
        }),
        packages: packages(vulnerable_packages(found)),
    })
}

fn vulnerable_packages(found: &AsffVulnerability) -> impl Iterator<Item = VulnerablePackage<'_>> {
    found.vulnerable_packages.iter().filter_map(|package| {
        Some(VulnerablePackage {
            name: package.name.as_deref()?,
            version: package.version.as_deref(),
            fixed_in: package.fixed_in_version.as_deref(),
        })
    })
}
