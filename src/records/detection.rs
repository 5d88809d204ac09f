//! What GuardDuty saw, as it stands in Security Hub.
//!
//! GuardDuty's type `Execution:EC2/MaliciousFile` is written `TTPs/Execution/Execution:EC2-MaliciousFile` in `Types`.
//! Source: GuardDuty User Guide, "Integrating AWS Security Hub CSPM with GuardDuty", types of findings in ASFF.

use crate::model::{Evidence, clean};

/// The detection that the first of the types with GuardDuty's form names.
pub(super) fn read(types: &[String], title: &str) -> Option<Evidence> {
    let finding_type = types.iter().find_map(|one| {
        let own = one.rsplit('/').next()?;
        own.contains(':').then(|| clean(&own.replacen('-', "/", 1)))
    })?;
    Some(Evidence::Detection {
        finding_type,
        title: clean(title),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_told_as_guardduty_tells_it() {
        let told = |one: &str| match read(&[one.to_owned()], "t") {
            Some(Evidence::Detection { finding_type, .. }) => Some(finding_type),
            _ => None,
        };
        assert_eq!(
            told("TTPs/Execution/Execution:EC2-MaliciousFile").as_deref(),
            Some("Execution:EC2/MaliciousFile")
        );
        assert_eq!(
            told("TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS").as_deref(),
            Some("Backdoor:EC2/C&CActivity.B!DNS")
        );
        assert_eq!(told("TTPs/Execution"), None);
    }
}
