//! Findings that GuardDuty sends to Security Hub.
//!
//! `Types` has GuardDuty's type `Execution:EC2/MaliciousFile` as `TTPs/Execution/Execution:EC2-MaliciousFile`.
//! Source: GuardDuty User Guide, "Integrating AWS Security Hub CSPM with GuardDuty", types of findings in ASFF.

use crate::model::{Evidence, clean};

use super::finding::AsffFinding;

/// The detection. `None` if none of the types is GuardDuty's, or if the resource is the attacker.
pub(super) fn evidence(finding: &AsffFinding) -> Option<Evidence> {
    let finding_type = finding.types().find_map(finding_type)?;
    if is_attacker(finding, &finding_type) {
        return None;
    }
    Some(Evidence::Detection {
        finding_type,
        title: clean(&finding.title),
    })
}

fn finding_type(asff_type: &str) -> Option<String> {
    let finding_type = asff_type.rsplit('/').next()?;
    finding_type
        .contains(':')
        .then(|| clean(&finding_type.replacen('-', "/", 1)))
}

/// Whether the resource guesses the passwords of others, rather than others those of the resource.
/// Source: GuardDuty User Guide, "Finding details", resource role.
fn is_attacker(finding: &AsffFinding, finding_type: &str) -> bool {
    let role = finding.product_field("aws/guardduty/service/resourceRole");
    finding_type.ends_with("BruteForce") && role == Some("ACTOR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_written_as_guardduty_writes_it() {
        for (asff_type, expected) in [
            (
                "TTPs/Execution/Execution:EC2-MaliciousFile",
                Some("Execution:EC2/MaliciousFile"),
            ),
            (
                "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS",
                Some("Backdoor:EC2/C&CActivity.B!DNS"),
            ),
            ("TTPs/Execution", None),
        ] {
            assert_eq!(finding_type(asff_type).as_deref(), expected);
        }
    }
}
