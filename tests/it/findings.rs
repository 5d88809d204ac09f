//! Findings for the tests, in the form in which the services return them.

use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "us-east-1";

/// When the findings were updated: the start of a day. A daemon leaves out findings that are older than
/// `collect.max_age`, so the tests that read from the fake server need current findings.
static UPDATED: LazyLock<DateTime<Utc>> = LazyLock::new(|| {
    let day = Utc::now() - TimeDelta::days(5);
    day.date_naive().and_time(chrono::NaiveTime::MIN).and_utc()
});

/// A time this many days after the findings were updated, or before.
pub fn updated(days_later: i64) -> String {
    let time = *UPDATED + TimeDelta::days(days_later);
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The same, in the form in which Inspector's API returns it.
pub fn updated_seconds(days_later: i64) -> i64 {
    (*UPDATED + TimeDelta::days(days_later)).timestamp()
}

/// Finding text in which the time of the findings is the same on each day.
pub fn with_fixed_time(text: &str) -> String {
    text.replace(&updated(0), "2026-11-20T06:00:00.000Z")
        .replace(&UPDATED.timestamp().to_string(), "1795154400")
}

pub fn ec2(kind: &str, id: &str) -> String {
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}/{id}")
}

/// An ID of 32 hexadecimal digits that depends only on the name.
pub fn digits(name: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}{:016x}", hash.rotate_left(17))
}

/// A failed control.
pub fn control(id: &str, resource_type: &str, resource: &str, details: Value) -> Value {
    let digits = digits(&format!("{id} {resource}"));
    let uuid = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ]
    .join("-");
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("arn:aws:securityhub:{REGION}:{ACCOUNT}:security-control/{id}/finding/{uuid}"),
        "ProductArn": format!("arn:aws:securityhub:{REGION}::product/aws/securityhub"),
        "ProductName": "Security Hub",
        "CompanyName": "AWS",
        "Region": REGION,
        "GeneratorId": format!("security-control/{id}"),
        "AwsAccountId": ACCOUNT,
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "CreatedAt": "2026-11-01T06:00:00.000Z",
        "UpdatedAt": updated(0),
        "Severity": {"Label": "HIGH"},
        "Title": format!("{id} failed"),
        "Description": format!("{id} failed"),
        "Resources": [{
            "Type": resource_type, "Id": resource, "Partition": "aws", "Region": REGION,
            "Details": {resource_type: details},
        }],
        "Compliance": {"Status": "FAILED", "SecurityControlId": id},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    })
}

fn inspector(kind: &str, instance: &str, profile: Option<&str>, title: &str) -> Value {
    let mut details =
        json!({"vpcId": "vpc-1", "subnetId": "subnet-1", "ipV4Addresses": ["203.0.113.10"]});
    if let Some(profile) = profile {
        details["iamInstanceProfileArn"] =
            json!(format!("arn:aws:iam::{ACCOUNT}:instance-profile/{profile}"));
    }
    json!({
        "findingArn": format!("arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{}", digits(&format!("{kind}{instance}{title}"))),
        "awsAccountId": ACCOUNT,
        "type": kind,
        "title": title,
        "description": title,
        "severity": "HIGH",
        "status": "ACTIVE",
        "firstObservedAt": updated_seconds(0),
        "lastObservedAt": updated_seconds(0),
        "updatedAt": updated_seconds(0),
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [{
            "type": "AWS_EC2_INSTANCE", "id": instance, "partition": "aws", "region": REGION,
            "tags": {"Name": instance}, "details": {"awsEc2Instance": details},
        }],
    })
}

/// A network path from the internet on every port, through `sg-open`.
pub fn reachable(instance: &str, profile: Option<&str>) -> Value {
    let mut finding = inspector(
        "NETWORK_REACHABILITY",
        instance,
        profile,
        "Port 0 - 65535 is reachable from an Internet Gateway - TCP",
    );
    let step = |kind: &str, id: &str| json!({"componentType": format!("AWS::EC2::{kind}"), "componentId": id});
    finding["networkReachabilityDetails"] = json!({
        "openPortRange": {"begin": 0, "end": 65535},
        "protocol": "TCP",
        "networkPath": {"steps": [
            step("InternetGateway", "igw-1"),
            step("NetworkAcl", "acl-1"),
            step("SecurityGroup", "sg-open"),
            step("NetworkInterface", &format!("eni-{instance}")),
            step("Instance", instance),
        ]},
    });
    finding
}

/// A vulnerable package.
pub fn vulnerability(instance: &str, id: &str, epss: f64, exploit: bool, vector: &str) -> Value {
    let mut finding = inspector(
        "PACKAGE_VULNERABILITY",
        instance,
        None,
        &format!("{id} - openssl"),
    );
    finding["epss"] = json!({"score": epss});
    finding["exploitAvailable"] = json!(if exploit { "YES" } else { "NO" });
    finding["fixAvailable"] = json!("YES");
    finding["inspectorScore"] = json!(9.8);
    finding["inspectorScoreDetails"] = json!({"adjustedCvss": {
        "score": 9.8, "scoringVector": vector, "version": "3.1", "cvssSource": "NVD", "scoreSource": "NVD", "adjustments": [],
    }});
    finding["packageVulnerabilityDetails"] = json!({
        "vulnerabilityId": id,
        "source": "NVD",
        "cvss": [{"baseScore": 9.8, "scoringVector": vector, "source": "NVD", "version": "3.1"}],
        "vulnerablePackages": [{"name": "openssl", "version": "1.0.1", "fixedInVersion": "0:1.0.2"}],
        "relatedVulnerabilities": [], "referenceUrls": [],
    });
    finding
}

/// Sensitive data in a bucket.
pub fn sensitive_data(bucket: &str) -> Value {
    json!({
        "id": digits(bucket),
        "accountId": ACCOUNT,
        "region": REGION,
        "partition": "aws",
        "category": "CLASSIFICATION",
        "type": "SensitiveData:S3Object/Credentials",
        "title": "The S3 object contains credentials data",
        "description": "The S3 object contains credentials data.",
        "archived": false,
        "sample": false,
        "count": 1,
        "createdAt": updated(0),
        "updatedAt": updated(0),
        "severity": {"description": "High", "score": 3},
        "resourcesAffected": {"s3Bucket": {"arn": format!("arn:aws:s3:::{bucket}"), "name": bucket}},
        "classificationDetails": {"result": {"sensitiveData": [{"category": "CREDENTIALS"}]}},
    })
}

/// Three instances that are reachable from the internet on every port, with a public address and an open security group:
/// one without an instance profile, one with a profile of few privileges, and one with an administrator's. The last one
/// requires IMDSv2.
pub struct Seed {
    pub security_hub: Vec<Value>,
    pub inspector: Vec<Value>,
    pub macie: Vec<Value>,
}

pub fn seed() -> Seed {
    let mut security_hub = vec![
        control(
            "EC2.19",
            "AwsEc2SecurityGroup",
            &ec2("security-group", "sg-open"),
            json!({"GroupId": "sg-open"}),
        ),
        control(
            "KMS.2",
            "AwsIamRole",
            &format!("arn:aws:iam::{ACCOUNT}:role/deploy"),
            json!({
                "InstanceProfileList": [{"Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/deploy")}],
                "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
            }),
        ),
        control(
            "KMS.2",
            "AwsIamRole",
            &format!("arn:aws:iam::{ACCOUNT}:role/web"),
            json!({
                "InstanceProfileList": [{"Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/web")}],
                "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}],
            }),
        ),
    ];
    let mut inspector = Vec::new();
    for (instance, profile) in [
        ("i-none", None),
        ("i-modest", Some("web")),
        ("i-admin", Some("deploy")),
    ] {
        let (tokens, imds_status) = match profile {
            Some("deploy") => ("required", "PASSED"),
            _ => ("optional", "FAILED"),
        };
        for (id, status) in [("EC2.8", imds_status), ("EC2.9", "FAILED")] {
            let details = json!({"VpcId": "vpc-1", "MetadataOptions": {"HttpTokens": tokens}});
            let mut finding = control(id, "AwsEc2Instance", &ec2("instance", instance), details);
            finding["Compliance"]["Status"] = json!(status);
            security_hub.push(finding);
        }
        inspector.push(reachable(instance, profile));
    }
    Seed {
        security_hub,
        inspector,
        macie: vec![sensitive_data("example-backups")],
    }
}
