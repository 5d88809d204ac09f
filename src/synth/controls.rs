//! The controls that check the resources of an organization, and the probability that each fails.

use super::findings::Control;

pub(super) const IMDS: Control = (
    "EC2.8",
    "EC2 instances should use Instance Metadata Service Version 2 (IMDSv2)",
);
pub(super) const PUBLIC_ADDRESS: Control = (
    "EC2.9",
    "Amazon EC2 instances should not have a public IPv4 address",
);
pub(super) const PATCHES: Control = (
    "SSM.2",
    "Amazon EC2 instances managed by Systems Manager should have a patch compliance status of COMPLIANT after a patch \
     installation",
);
pub(super) const SOURCE_CHECK: Control = (
    "EC2.180",
    "EC2 network interfaces should have source/destination checking enabled",
);
pub(super) const OPEN_GROUP: Control = (
    "EC2.19",
    "Security groups should not allow unrestricted access to ports with high risk",
);
pub(super) const ROLE: Control = (
    "KMS.2",
    "IAM principals should not have IAM inline policies that allow decryption actions on all KMS keys",
);
pub(super) const FUNCTION_PUBLIC: Control = (
    "Lambda.1",
    "Lambda function policies should prohibit public access",
);
pub(super) const FUNCTION_RUNTIME: Control =
    ("Lambda.2", "Lambda functions should use supported runtimes");
pub(super) const FUNCTION_VPC: Control = ("Lambda.3", "Lambda functions should be in a VPC");
pub(super) const BUCKET: [(Control, f64); 5] = [
    (
        (
            "S3.2",
            "S3 general purpose buckets should block public read access",
        ),
        0.006,
    ),
    (
        (
            "S3.3",
            "S3 general purpose buckets should block public write access",
        ),
        0.001,
    ),
    (
        (
            "S3.8",
            "S3 general purpose buckets should block public access",
        ),
        0.03,
    ),
    (
        (
            "S3.14",
            "S3 general purpose buckets should have versioning enabled",
        ),
        0.4,
    ),
    (
        (
            "S3.17",
            "S3 general purpose buckets should be encrypted at rest with AWS KMS keys",
        ),
        0.8,
    ),
];
pub(super) const DATABASE: [(Control, f64); 6] = [
    (
        (
            "RDS.2",
            "RDS DB instances should prohibit public access, as determined by the PubliclyAccessible configuration",
        ),
        0.01,
    ),
    (
        (
            "RDS.7",
            "RDS clusters should have deletion protection enabled",
        ),
        0.0,
    ),
    (
        (
            "RDS.10",
            "IAM authentication should be configured for RDS instances",
        ),
        0.6,
    ),
    (
        (
            "RDS.11",
            "RDS instances should have automatic backups enabled",
        ),
        0.01,
    ),
    (
        (
            "RDS.13",
            "RDS automatic minor version upgrades should be enabled",
        ),
        0.2,
    ),
    (
        (
            "RDS.23",
            "RDS instances should not use a database engine default port",
        ),
        0.7,
    ),
];
pub(super) const TABLE: [(Control, f64); 2] = [
    (
        (
            "DynamoDB.2",
            "DynamoDB tables should have point-in-time recovery enabled",
        ),
        0.02,
    ),
    (
        (
            "DynamoDB.6",
            "DynamoDB tables should have deletion protection enabled",
        ),
        0.02,
    ),
];
pub(super) const SERVICE: [(Control, f64); 1] = [(
    (
        "ECS.2",
        "ECS services should not have public IP addresses assigned to them automatically",
    ),
    0.03,
)];
pub(super) const TASK: [(Control, f64); 3] = [
    (
        ("ECS.4", "ECS containers should run as non-privileged"),
        0.05,
    ),
    (
        (
            "ECS.5",
            "ECS containers should be limited to read-only access to root filesystems",
        ),
        0.5,
    ),
    (
        (
            "ECS.8",
            "Secrets should not be passed as container environment variables",
        ),
        0.01,
    ),
];
pub(super) const USER: [(Control, f64); 3] = [
    (
        (
            "IAM.3",
            "IAM users' access keys should be rotated every 90 days or less",
        ),
        0.02,
    ),
    (
        (
            "IAM.5",
            "MFA should be enabled for all IAM users that have a console password",
        ),
        0.02,
    ),
    (
        (
            "IAM.22",
            "IAM user credentials unused for 45 days should be removed",
        ),
        0.02,
    ),
];
