//! What an Inspector finding reports.

use crate::model::{
    CodeVulnerability, Cvss, Evidence, NetworkPath, PathStep, Vulnerability, clean,
};
use crate::records::error::RecordError;
use crate::records::finding_values::{
    VulnerablePackage, cvss, epss, exploit_available, fix_available, names, packages, port_range,
    severity,
};

use super::finding::{CvssScore, InspectorFinding, PackageVulnerabilityDetails};

/// The vulnerability or the network path that the finding reports. `None` for a new type.
pub(super) fn evidence(finding: &InspectorFinding) -> Result<Option<Evidence>, RecordError> {
    Ok(Some(match finding.finding_type.as_str() {
        "NETWORK_REACHABILITY" => Evidence::NetworkReachability(network_path(finding)?),
        "PACKAGE_VULNERABILITY" => Evidence::PackageVulnerability(package_vulnerability(finding)?),
        "CODE_VULNERABILITY" => Evidence::CodeVulnerability(code_vulnerability(finding)),
        _ => return Ok(None),
    }))
}

fn network_path(finding: &InspectorFinding) -> Result<NetworkPath, RecordError> {
    let details = finding.network_reachability_details.as_ref();
    let details = details.ok_or(RecordError::MissingField {
        field: "networkReachabilityDetails",
    })?;
    let range = details.open_port_range.as_ref();
    let ports = range
        .map(|range| port_range("openPortRange", range.begin, range.end))
        .transpose()?;
    let steps = details.network_path.iter().flat_map(|path| &path.steps);
    Ok(NetworkPath {
        title: clean(finding.title.as_deref().unwrap_or("Network reachability")),
        protocol: details.protocol.as_deref().map(clean),
        ports,
        steps: steps
            .map(|step| PathStep {
                component_type: clean(&step.component_type),
                component_id: clean(&step.component_id),
            })
            .collect(),
    })
}

fn code_vulnerability(finding: &InspectorFinding) -> CodeVulnerability {
    let details = finding.code_vulnerability_details.iter();
    let cwes = details.flat_map(|details| &details.cwes);
    CodeVulnerability {
        title: clean(finding.title.as_deref().unwrap_or("Code vulnerability")),
        severity: severity(finding.severity.as_deref()),
        cwes: names(cwes.map(String::as_str)),
    }
}

fn package_vulnerability(finding: &InspectorFinding) -> Result<Vulnerability, RecordError> {
    let details = finding.package_vulnerability_details.as_ref();
    let details = details.ok_or(RecordError::MissingField {
        field: "packageVulnerabilityDetails",
    })?;
    let score = finding.epss.as_ref().and_then(|epss| epss.score);
    let title = finding.title.as_deref();
    let exploitability = finding.exploitability_details.as_ref();
    let exploited_at = exploitability.and_then(|details| details.last_known_exploit_at.as_ref());
    Ok(Vulnerability {
        id: clean(&details.vulnerability_id),
        title: clean(title.unwrap_or(&details.vulnerability_id)),
        severity: severity(finding.severity.as_deref()),
        epss: epss("epss.score", score)?,
        exploit_available: exploit_available(finding.exploit_available.as_deref(), exploited_at),
        fix: finding.fix_available.as_deref().and_then(fix_available),
        cvss: best_cvss(finding, details),
        packages: packages(vulnerable_packages(details)),
    })
}

/// The score that Inspector adjusted to the resource, or else the one with the newest version.
fn best_cvss(finding: &InspectorFinding, details: &PackageVulnerabilityDetails) -> Option<Cvss> {
    let parse = |score: &CvssScore| {
        let (version, vector) = (score.version.as_deref(), score.scoring_vector.as_deref());
        cvss(version, vector, score.score)
    };
    let score_details = finding.inspector_score_details.as_ref();
    let adjusted = score_details.and_then(|details| details.adjusted_cvss.as_ref());
    adjusted.and_then(parse).or_else(|| {
        let published = details.cvss.iter().filter_map(parse);
        published.max_by(|left, right| {
            (&left.version, &left.vector).cmp(&(&right.version, &right.vector))
        })
    })
}

fn vulnerable_packages(
    details: &PackageVulnerabilityDetails,
) -> impl Iterator<Item = VulnerablePackage<'_>> {
    let packages = details.vulnerable_packages.iter();
    packages.map(|package| VulnerablePackage {
        name: &package.name,
        version: package.version.as_deref(),
        fixed_in: package.fixed_in_version.as_deref(),
    })
}
