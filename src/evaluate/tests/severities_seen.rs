//! Severities that AWS was observed to publish, by title.
//!
//! Effective permissions are not evaluated yet: an administrative policy is used for high-impact permissions, and a
//! service administrative policy for limited ones.

use super::*;
use ResourceType as T;

const ADMINISTRATOR: &str = "administrative-access-policy";
const SERVICE_ADMINISTRATOR: &str = "service-administrative-policy";

struct Observed {
    resource_type: ResourceType,
    traits: &'static [&'static str],
    /// `None` if AWS published no exposure.
    exposure: Option<(Severity, &'static str)>,
}

const OBSERVED: &[Observed] = &[
    Observed {
        resource_type: T::Ec2Instance,
        // A modest profile: its permissions were known.
        traits: &[
            "internet-reachable",
            "instance-profile-attached",
            "permissions-limited",
        ],
        exposure: Some((
            Severity::Low,
            "Potential Credential Stealing: Internet reachable EC2 instance with instance profile",
        )),
    },
    Observed {
        resource_type: T::Ec2Instance,
        traits: &[
            "internet-reachable",
            "imds-v1-allowed",
            "open-security-group",
            "public-ipv4-assigned",
        ],
        exposure: None,
    },
    Observed {
        resource_type: T::LambdaFunction,
        traits: &[
            "publicly-invocable",
            "deployed-outside-vpc",
            "high-priority-vulnerability",
            ADMINISTRATOR,
        ],
        exposure: Some((
            Severity::Critical,
            "Publicly invocable Lambda function executed outside of VPC has vulnerability with known exploit that can \
             be exploited from remote network",
        )),
    },
    Observed {
        resource_type: T::Ec2Instance,
        traits: &["low-priority-vulnerability"],
        exposure: Some((
            Severity::Low,
            "Potential Resource Hijacking: EC2 instance has software vulnerabilities",
        )),
    },
    Observed {
        resource_type: T::Ec2Instance,
        traits: &["low-priority-vulnerability", ADMINISTRATOR],
        exposure: Some((
            Severity::Medium,
            "Potential Resource Hijacking: EC2 instance has software vulnerabilities with high-impact effective \
             permissions",
        )),
    },
    Observed {
        resource_type: T::IamUser,
        traits: &[ADMINISTRATOR, "unused-credentials"],
        exposure: Some((
            Severity::Medium,
            "Potential Unauthorized Access: IAM user with administrative access has unused credentials",
        )),
    },
    Observed {
        resource_type: T::IamUser,
        traits: &[
            ADMINISTRATOR,
            "unused-credentials",
            "weak-password-policies",
            "user-mfa-disabled",
        ],
        exposure: Some((
            Severity::Critical,
            "Potential Unauthorized Access: IAM user with administrative access has unused credentials and weak \
             password policies and MFA disabled",
        )),
    },
    Observed {
        resource_type: T::IamUser,
        traits: &["weak-password-policies", ADMINISTRATOR],
        exposure: Some((
            Severity::Medium,
            "Potential Unauthorized Access: IAM user has weak password policies with high-impact effective permissions",
        )),
    },
    Observed {
        resource_type: T::IamUser,
        traits: &[
            "weak-password-policies",
            "user-mfa-disabled",
            SERVICE_ADMINISTRATOR,
        ],
        exposure: Some((
            Severity::Medium,
            "Potential Unauthorized Access: IAM user has weak password policies and has MFA disabled with limited \
             effective permissions",
        )),
    },
    Observed {
        resource_type: T::IamUser,
        traits: &[
            "unrotated-access-keys",
            "weak-password-policies",
            "user-mfa-disabled",
            ADMINISTRATOR,
        ],
        exposure: Some((
            Severity::Critical,
            "Potential Unauthorized Access: IAM user has unrotated access keys, has weak password policies, and has \
             MFA disabled with high-impact effective permissions",
        )),
    },
    Observed {
        resource_type: T::DynamoDbTable,
        traits: &[
            "deletion-protection-disabled",
            "point-in-time-recovery-enabled",
        ],
        exposure: Some((
            Severity::Low,
            "Potential Data Destruction: DynamoDB table with deletion protection disabled but has point-in-time \
             recovery enabled",
        )),
    },
];

#[test]
fn every_observed_severity_is_given_with_its_title() {
    let catalog = catalog();
    for observed in OBSERVED {
        let exposure = exposed(&catalog, observed.resource_type, observed.traits);
        let actual = exposure
            .as_ref()
            .map(|exposure| (exposure.severity, exposure.title.as_str()));
        assert_eq!(actual, observed.exposure, "{:?}", observed.traits);
    }
}

#[test]
fn likelihoods_are_the_observed_ones() {
    let catalog = catalog();
    let likelihood = |resource_type, traits: &[&str]| {
        exposed(&catalog, resource_type, traits).map(|exposure| exposure.likelihood)
    };
    assert_eq!(
        likelihood(T::LambdaFunction, OBSERVED[2].traits),
        Some(Likelihood::VeryHigh)
    );
    assert_eq!(
        likelihood(T::IamUser, OBSERVED[9].traits),
        Some(Likelihood::High)
    );
}
