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

/// GuardDuty's type. Most types in ASFF contain it with a hyphen for its slash. Some have its purpose, or the behavior, as
/// their category, and attack sequences have their slash.
fn finding_type(asff_type: &str) -> Option<String> {
    let parts: Vec<&str> = asff_type.split('/').collect();
    let Some(start) = parts.iter().position(|part| part.contains(':')) else {
        let [.., category, name] = parts[..] else {
            return None;
        };
        return with_purpose(category, name);
    };
    let category = start.checked_sub(1).and_then(|index| parts.get(index));
    let name = parts.get(start..)?.join("/");
    let finding_type = match category {
        Some(&"AnomalousBehavior") => name.replacen('-', "/AnomalousBehavior.", 1),
        Some(category) if name.starts_with("EC2:") => {
            format!("{category}:{}", name.replace('-', "").replacen(':', "/", 1))
        }
        _ if name.contains('/') => name,
        _ => name.replacen('-', "/", 1),
    };
    Some(clean(&finding_type))
}

/// The type of a purpose, such as `Credential Access`, and a name, such as `IAMUser-AnomalousBehavior`.
fn with_purpose(purpose: &str, name: &str) -> Option<String> {
    let (resource, threat) = name.split_once('-')?;
    let purpose = purpose.replace(' ', "");
    Some(clean(&format!("{purpose}:{resource}/{threat}")))
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
            (
                "TTPs/Credential Access/IAMUser-AnomalousBehavior",
                Some("CredentialAccess:IAMUser/AnomalousBehavior"),
            ),
            (
                "TTPs/Discovery/RDS-TorIPCaller",
                Some("Discovery:RDS/TorIPCaller"),
            ),
            (
                "TTPs/AnomalousBehavior/CredentialAccess:Kubernetes-SecretsAccessed",
                Some("CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed"),
            ),
            (
                "TTPs/DefenseEvasion/EC2:Unusual-DNS-Resolver",
                Some("DefenseEvasion:EC2/UnusualDNSResolver"),
            ),
            (
                "TTPs/Discovery:S3-TorIPCaller",
                Some("Discovery:S3/TorIPCaller"),
            ),
            (
                "TTPs/AttackSequence:IAM/CompromisedCredentials",
                Some("AttackSequence:IAM/CompromisedCredentials"),
            ),
            // The type in OCSF is GuardDuty's own.
            (
                "AttackSequence:EKS/CompromisedCluster",
                Some("AttackSequence:EKS/CompromisedCluster"),
            ),
            ("Threats", None),
            ("TTPs/Execution", None),
        ] {
            assert_eq!(finding_type(asff_type).as_deref(), expected);
        }
    }
}
