//! Values of findings that Inspector writes alike in its own format and in ASFF.

use serde_json::Value;

use crate::model::{Cvss, Epss, FixAvailable, PortRange, SourceSeverity, clean};

use super::error::RecordError;
use super::timestamp;

/// A severity by its label. An absent or new label is unknown, not low.
pub(super) fn severity(label: Option<&str>) -> SourceSeverity {
    label
        .and_then(|label| label.parse().ok())
        .unwrap_or(SourceSeverity::Untriaged)
}

/// A range of ports.
pub(super) fn port_range(
    field: &'static str,
    begin: i64,
    end: i64,
) -> Result<PortRange, RecordError> {
    match (u16::try_from(begin), u16::try_from(end)) {
        (Ok(begin), Ok(end)) if begin <= end => Ok(PortRange { begin, end }),
        _ => Err(RecordError::field(
            field,
            format!("{begin} to {end} is not a range of ports"),
        )),
    }
}

/// An EPSS score.
pub(super) fn epss(field: &'static str, score: Option<f64>) -> Result<Option<Epss>, RecordError> {
    let score = score.map(Epss::try_from).transpose();
    score.map_err(|error| RecordError::field(field, error))
}

/// A CVSS score, if it has a version and a vector.
pub(super) fn cvss(
    version: Option<&str>,
    vector: Option<&str>,
    score: Option<f64>,
) -> Option<Cvss> {
    Some(Cvss {
        version: clean(version?),
        vector: clean(vector?),
        score_tenths: tenths(score.unwrap_or_default()),
    })
}

/// A score from 0 to 10 in tenths.
fn tenths(score: f64) -> u16 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=100"
    )]
    let tenths = (score.clamp(0.0, 10.0) * 10.0).round() as u16;
    tenths
}

/// Whether an exploit is public: `YES`, `NO`, or else unknown. The time of the last known exploit is the time at which one
/// was published, and no sign of an attack: findings have it together with an EPSS score near zero.
/// Source: Amazon Inspector User Guide, "Viewing details for your findings", exploit prediction and last known exploit.
pub(super) fn exploit_available(answer: Option<&str>, exploit_at: Option<&Value>) -> Option<bool> {
    match answer {
        Some("YES") => Some(true),
        Some("NO") => Some(false),
        _ => exploit_at.and_then(timestamp::parse).map(|_| true),
    }
}

/// `YES`, `NO`, or `PARTIAL`. Anything else is unknown.
pub(super) fn fix_available(text: &str) -> Option<FixAvailable> {
    match text {
        "YES" => Some(FixAvailable::Yes),
        "NO" => Some(FixAvailable::No),
        "PARTIAL" => Some(FixAvailable::Partial),
        _ => None,
    }
}

/// Names such as CWEs, cleaned, sorted, and without duplicates.
pub(super) fn names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = names.map(clean).collect();
    names.sort();
    names.dedup();
    names
}

/// The categories of sensitive data that a finding of Macie lists, or else the category that ends its type. `Multiple`
/// names none. Source: the macie2 model, `FindingType` and `SensitiveDataItemCategory`.
pub(super) fn data_categories<'a>(
    listed: impl Iterator<Item = &'a str>,
    finding_type: &str,
) -> Vec<String> {
    let listed = names(listed);
    if !listed.is_empty() {
        return listed;
    }
    let category = match finding_type.rsplit([':', '/', '-']).next() {
        Some("Credentials") => "CREDENTIALS",
        Some("CustomIdentifier") => "CUSTOM_IDENTIFIER",
        Some("Financial") => "FINANCIAL_INFORMATION",
        Some("Personal") => "PERSONAL_INFORMATION",
        _ => return Vec::new(),
    };
    vec![category.to_owned()]
}

/// A vulnerable package, as a finding writes it.
pub(super) struct VulnerablePackage<'a> {
    pub name: &'a str,
    pub version: Option<&'a str>,
    pub fixed_in: Option<&'a str>,
}

/// Packages with their versions, and the versions that fix them; cleaned, sorted, and without duplicates.
pub(super) fn packages<'a>(
    packages: impl Iterator<Item = VulnerablePackage<'a>>,
) -> Vec<(String, Option<String>)> {
    let mut packages: Vec<(String, Option<String>)> = packages
        .map(|package| {
            let version = package.version.unwrap_or_default();
            let name = format!("{} {version}", package.name);
            (clean(name.trim()), package.fixed_in.map(clean))
        })
        .collect();
    packages.sort();
    packages.dedup();
    packages
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_time_of_a_public_exploit_shows_that_there_is_one() {
        let time = json!("2026-10-30T00:00:00+00:00");
        for (answer, at, expected) in [
            (Some("YES"), None, Some(true)),
            (Some("NO"), Some(&time), Some(false)),
            (None, Some(&time), Some(true)),
            (Some("?"), Some(&Value::Null), None),
            (None, None, None),
        ] {
            assert_eq!(exploit_available(answer, at), expected, "{answer:?} {at:?}");
        }
    }

    #[test]
    fn only_numbers_from_0_to_65535_in_order_are_a_range_of_ports() {
        let range = |begin, end| port_range("ports", begin, end).ok();
        let all = PortRange {
            begin: 0,
            end: 65_535,
        };
        assert_eq!(range(0, 65_535), Some(all));
        for (begin, end) in [(0, 65_536), (-1, 80), (443, 80)] {
            assert_eq!(range(begin, end), None, "{begin} to {end}");
        }
    }

    #[test]
    fn a_score_stays_between_0_and_10() {
        for (score, expected) in [(9.8, 98), (-1.0, 0), (17.0, 100), (f64::NAN, 0)] {
            let cvss = cvss(Some("3.1"), Some("CVSS:3.1/AV:N"), Some(score)).unwrap();
            assert_eq!(cvss.score_tenths, expected, "{score}");
        }
    }

    #[test]
    fn an_unknown_severity_is_not_low() {
        assert_eq!(severity(Some("HIGH")), SourceSeverity::High);
        assert_eq!(severity(None), SourceSeverity::Untriaged);
        assert_eq!(severity(Some("SEVERE")), SourceSeverity::Untriaged);
    }
}
