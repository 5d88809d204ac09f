//! Findings that Macie sends to Security Hub.
//!
//! The categories of the data are in the `DataClassification` of the object. Source: the securityhub model,
//! `ClassificationResult`; Macie User Guide, "Evaluating Macie findings with Security Hub CSPM".

use crate::model::{Evidence, SensitiveData, clean};
use crate::records::finding_values::data_categories;
use crate::records::subject::FindingResource;

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
    let listed = finding.resources.iter();
    let listed = listed.flat_map(FindingResource::data_categories);
    Some(Evidence::SensitiveData(SensitiveData {
        categories: data_categories(listed, &finding_type),
        finding_type: finding_type.replace('-', "/"),
        severity: finding.severity(),
    }))
}
