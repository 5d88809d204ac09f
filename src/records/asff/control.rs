//! Findings of Security Hub's own controls.

use crate::model::{ControlId, Evidence, Product, clean};

use super::form::Finding;

/// A control finding. `SecurityControlId` is there since consolidated control findings; older ones have the id in a
/// product field or at the end of the generator's id.
pub(super) fn control(finding: &Finding) -> Option<Evidence> {
    finding.compliance.as_ref()?.status.as_ref()?;
    Some(Evidence::Control {
        id: control_id(finding)?,
        title: clean(&finding.title),
    })
}

/// A control that passed, whatever its workflow status: Security Hub itself sets that to RESOLVED. One that passed
/// because there was nothing to look at says nothing.
/// Source: Security Hub User Guide, "Compliance status", `CONFIG_EVALUATIONS_EMPTY`.
pub(super) fn passed_control(finding: &Finding, product: Product) -> Option<Evidence> {
    const NOTHING_EVALUATED: &str = "CONFIG_EVALUATIONS_EMPTY";
    let compliance = finding.compliance.as_ref()?;
    let is_empty = compliance
        .status_reasons
        .iter()
        .flatten()
        .any(|reason| reason.reason_code.as_deref() == Some(NOTHING_EVALUATED));
    let passed = product == Product::SecurityHub
        && compliance.status.as_deref() == Some("PASSED")
        && !is_empty;
    if !passed {
        return None;
    }
    Some(Evidence::PassedControl {
        id: control_id(finding)?,
        title: clean(&finding.title),
    })
}

fn control_id(finding: &Finding) -> Option<ControlId> {
    let product_field = |name: &str| finding.product_fields.as_ref()?.get(name)?.as_str();
    let id = finding
        .compliance
        .as_ref()
        .and_then(|compliance| compliance.security_control_id.as_deref())
        .or_else(|| product_field("ControlId"))
        .or_else(|| product_field("RuleId"))
        .or_else(|| finding.generator_id.rsplit('/').next())?;
    Some(ControlId::new(&clean(id)))
}
