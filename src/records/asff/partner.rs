//! Findings of data security products of partners.

use crate::model::{Evidence, SensitiveData, clean};

use super::finding::AsffFinding;

/// The namespace for sensitive data. Source: Security Hub User Guide, "Types taxonomy for ASFF".
const SENSITIVE_DATA: &str = "Sensitive Data Identifications";

/// Whether a product reports sensitive data.
pub(super) fn is_data_security(finding: &AsffFinding) -> bool {
    sensitive_data_type(finding).is_some()
}

/// The sensitive data that the product found.
pub(super) fn data(finding: &AsffFinding) -> Option<Evidence> {
    Some(Evidence::SensitiveData(SensitiveData {
        finding_type: clean(sensitive_data_type(finding)?),
        severity: finding.severity(),
        categories: Vec::new(),
    }))
}

fn sensitive_data_type(finding: &AsffFinding) -> Option<&str> {
    finding
        .types()
        .find(|finding_type| finding_type.starts_with(SENSITIVE_DATA))
}
