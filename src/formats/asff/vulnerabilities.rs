//! `Vulnerabilities`: the software vulnerabilities behind the traits.

use std::collections::BTreeSet;

use crate::model::{self, Epss, Evidence, Exposure, FixAvailable};

use super::finding::{Cvss, Package, Vulnerability};
use super::resources::signals;
use super::truncation::Truncator;

/// The format names no limit, but a finding must not exceed 240 KB.
const MAX_VULNERABILITIES: usize = 100;
const MAX_PACKAGES: usize = 20;

/// Each vulnerability once. The signals of a trait are sorted, so the most important ones come first.
pub(super) fn vulnerabilities(
    exposure: &Exposure,
    truncator: &mut Truncator,
) -> Vec<Vulnerability> {
    let mut seen = BTreeSet::new();
    let found: Vec<&model::Vulnerability> = signals(exposure)
        .filter_map(|signal| match &*signal.evidence {
            Evidence::PackageVulnerability(vulnerability) => Some(vulnerability),
            _ => None,
        })
        .filter(|vulnerability| {
            !vulnerability.id.trim().is_empty() && seen.insert(&vulnerability.id)
        })
        .collect();
    truncator
        .list("Vulnerabilities", found, MAX_VULNERABILITIES)
        .into_iter()
        .map(|found| vulnerability(found, truncator))
        .collect()
}

fn vulnerability(found: &model::Vulnerability, truncator: &mut Truncator) -> Vulnerability {
    let packages = truncator.list(
        "Vulnerabilities[].VulnerablePackages",
        found.packages.clone(),
        MAX_PACKAGES,
    );
    Vulnerability {
        id: found.id.clone(),
        vulnerable_packages: packages.into_iter().filter_map(package).collect(),
        cvss: found.cvss.iter().filter_map(cvss).collect(),
        fix_available: found.fix.map(|fix| fix_available(fix).to_owned()),
        epss_score: found.epss.map(Epss::value),
        exploit_available: found
            .exploit_available
            .map(|yes| if yes { "YES" } else { "NO" }.to_owned()),
    }
}

/// A package is given as `name version`.
fn package((package, fixed_in_version): (String, Option<String>)) -> Option<Package> {
    let (name, version) = package.split_once(' ').unwrap_or((&package, ""));
    (!name.is_empty()).then(|| Package {
        name: name.to_owned(),
        version: (!version.is_empty()).then(|| version.to_owned()),
        fixed_in_version: fixed_in_version.filter(|version| !version.trim().is_empty()),
    })
}

fn cvss(cvss: &model::Cvss) -> Option<Cvss> {
    let is_complete = !cvss.version.trim().is_empty() && !cvss.vector.trim().is_empty();
    is_complete.then(|| Cvss {
        version: cvss.version.clone(),
        base_score: f64::from(cvss.score_tenths) / 10.0,
        base_vector: cvss.vector.clone(),
    })
}

fn fix_available(fix: FixAvailable) -> &'static str {
    match fix {
        FixAvailable::Yes => "YES",
        FixAvailable::No => "NO",
        FixAvailable::Partial => "PARTIAL",
    }
}
