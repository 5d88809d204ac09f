//! Findings that Macie sends to Security Hub.

use crate::model::{Evidence, SensitiveData, clean};

use super::finding::AsffFinding;

/// The sensitive data, or the violation of a policy, that the finding reports.
pub(super) fn evidence(finding: &AsffFinding) -> Option<Evidence> {
    let last_of_type = || finding.types().next()?.rsplit('/').next();
    let finding_type = finding
        .product_field("aws/macie/FindingType")
        .or_else(last_of_type)
        .map(clean)?;
    // `Types` has `…/Policy:IAMUser-S3BucketPublic` and `…/SensitiveData:S3Object-Personal`.
    if finding_type.starts_with("Policy:") {
        return Some(Evidence::Detection {
            finding_type: finding_type.replacen('-', "/", 1),
            title: clean(&finding.title),
        });
    }
    if !finding_type.contains("S3Object") {
        return None;
    }
    let category = finding_type.rsplit([':', '/', '-']).next();
    Some(Evidence::SensitiveData(SensitiveData {
        categories: category.map(str::to_ascii_uppercase).into_iter().collect(),
        finding_type: finding_type.replace('-', "/"),
        severity: finding.severity(),
    }))
}
