//! Findings of Security Hub's controls.

use crate::model::{ControlId, Evidence, clean};

use super::finding::AsffFinding;
use super::standard_control_ids;

/// A control that failed.
pub(super) fn failed(finding: &AsffFinding) -> Option<Evidence> {
    finding.compliance_status()?;
    Some(Evidence::Control {
        id: control_id(finding)?,
        title: clean(&finding.title),
    })
}

/// A control that passed, whatever its workflow status, which Security Hub itself sets to RESOLVED. A control that
/// passed because it had nothing to evaluate shows nothing.
/// Source: Security Hub User Guide, "Compliance status", `CONFIG_EVALUATIONS_EMPTY`.
pub(super) fn passed(finding: &AsffFinding) -> Option<Evidence> {
    let compliance = finding.compliance.as_ref()?;
    let evaluated_nothing = compliance
        .status_reasons
        .iter()
        .flatten()
        .any(|reason| reason.reason_code.as_deref() == Some("CONFIG_EVALUATIONS_EMPTY"));
    if compliance.status.as_deref() != Some("PASSED") || evaluated_nothing {
        return None;
    }
    Some(Evidence::PassedControl {
        id: control_id(finding)?,
        title: clean(&finding.title),
    })
}

/// The ID of the control. Findings from before consolidated control findings have it, or what their standard calls it, in
/// a product field or at the end of the generator ID.
fn control_id(finding: &AsffFinding) -> Option<ControlId> {
    let compliance = finding.compliance.as_ref()?;
    if let Some(id) = &compliance.security_control_id {
        return Some(ControlId::new(&clean(id)));
    }
    let id = finding
        .product_field("ControlId")
        .or_else(|| finding.product_field("RuleId"))
        .or_else(|| finding.generator_id.rsplit('/').next())?;
    let id = standard_control_ids::control_id(finding, id).unwrap_or(id);
    Some(ControlId::new(&clean(id)))
}
