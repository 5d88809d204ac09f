//! Findings as the services tell them, with all the fields that real ones have.
//!
//! Source: Security Hub User Guide, "AWS Security Finding Format (ASFF)"; the models of inspector2 and macie2.

#![expect(
    clippy::indexing_slicing,
    reason = "assigning to a key of a JSON object inserts it"
)]

use serde_json::{Value, json};

use crate::model::SourceKind;

use super::account::{AccountWriter, Subject};

/// A control: its id and its title.
pub(super) type Control = (&'static str, &'static str);

impl AccountWriter<'_> {
    /// A control that looked at a resource, and failed or passed.
    pub(super) fn control(&mut self, (id, title): Control, failed: bool, subject: &Subject) {
        let finding = uuid(self.random.u128(..));
        let (created, updated) = (self.time(), self.time());
        let guide = format!("https://docs.aws.amazon.com/console/securityhub/{id}/remediation");
        let (severity, status, workflow) = if failed {
            ("MEDIUM", "FAILED", "NEW")
        } else {
            ("INFORMATIONAL", "PASSED", "RESOLVED")
        };
        let record = json!({
            "SchemaVersion": "2018-10-08",
            "Id": self.arn("securityhub", &format!("security-control/{id}/finding/{finding}")),
            "ProductArn": format!("arn:aws:securityhub:{}::product/aws/securityhub", self.region),
            "ProductName": "Security Hub",
            "CompanyName": "AWS",
            "Region": self.region,
            "GeneratorId": format!("security-control/{id}"),
            "AwsAccountId": self.number,
            "AwsAccountName": format!("account-{}", self.number),
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
            "FirstObservedAt": created,
            "LastObservedAt": updated,
            "CreatedAt": created,
            "UpdatedAt": updated,
            "ProcessedAt": updated,
            "Severity": {"Label": severity, "Normalized": 40, "Original": severity},
            "Title": title,
            "Description": format!("This control checks whether the following holds, and fails if it does not: {title}."),
            "Remediation": {"Recommendation": {
                "Text": "For information on how to correct this issue, consult the AWS Security Hub controls documentation.",
                "Url": guide,
            }},
            "ProductFields": {
                "RelatedAWSResources:0/name": format!("securityhub-{}-{:08x}", id.to_ascii_lowercase(), self.random.u32(..)),
                "RelatedAWSResources:0/type": "AWS::Config::ConfigRule",
                "aws/securityhub/ProductName": "Security Hub",
                "aws/securityhub/CompanyName": "AWS",
                "aws/securityhub/annotation": "AWS Config evaluated your resources against the rule.",
                "Resources:0/Id": subject.arn,
                "aws/securityhub/FindingId": format!(
                    "arn:aws:securityhub:{}::product/aws/securityhub/arn:aws:securityhub:{}:{}:security-control/{id}/finding/{finding}",
                    self.region, self.region, self.number
                ),
            },
            "Resources": [{
                "Type": subject.asff_type,
                "Id": subject.arn,
                "Partition": "aws",
                "Region": self.region,
                "Tags": subject.tags,
                "Details": {subject.asff_type: subject.details},
            }],
            "Compliance": {
                "Status": status,
                "SecurityControlId": id,
                "RelatedRequirements": ["NIST.800-53.r5 AC-3", "NIST.800-53.r5 AC-6", "PCI DSS v4.0.1/2.2.6"],
                "AssociatedStandards": [
                    {"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"},
                    {"StandardsId": "standards/nist-800-53/v/5.0.0"},
                ],
            },
            "WorkflowState": "NEW",
            "Workflow": {"Status": workflow},
            "RecordState": "ACTIVE",
            "FindingProviderFields": {
                "Severity": {"Label": severity, "Original": severity},
                "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
            },
        });
        self.hand_over(SourceKind::SecurityHub, &record);
    }

    /// The findings of each of these controls about a subject.
    pub(super) fn controls(&mut self, controls: &[(Control, f64)], subject: &Subject) {
        for (control, share) in controls {
            let failed = self.happens(*share);
            self.control(*control, failed, subject);
        }
    }

    /// A vulnerable package, by Inspector.
    pub(super) fn vulnerability(
        &mut self,
        inspector_type: &str,
        subject: &Subject,
        details: &Value,
    ) {
        let pool = self.pool;
        let found = pool.any(&mut self.random);
        let (first, last) = (self.time(), self.time());
        let text = format!(
            "A flaw was found in {} before {}. The component does not check its input as it should, so that a crafted \
             request can lead to a read or write outside of what was allocated, which an attacker may use to end the \
             process, to read memory of it, or to run code of their own with its permissions.",
            found.package,
            found.fixed_in.as_deref().unwrap_or("any version")
        );
        let number = self.random.u128(..);
        let mut record = json!({
            "findingArn": self.arn("inspector2", &format!("finding/{number:032x}")),
            "awsAccountId": self.number,
            "type": "PACKAGE_VULNERABILITY",
            "title": format!("{} - {}", found.id, found.package),
            "description": text,
            "severity": found.severity(),
            "status": "ACTIVE",
            "firstObservedAt": first,
            "lastObservedAt": last,
            "updatedAt": last,
            "inspectorScore": found.score,
            "inspectorScoreDetails": {"adjustedCvss": {
                "score": found.score,
                "scoreSource": "NVD",
                "cvssSource": "NVD",
                "version": "3.1",
                "scoringVector": format!("CVSS:3.1/{}", found.vector),
                "adjustments": [],
            }},
            "epss": {"score": found.epss},
            "exploitAvailable": if found.exploit_available { "YES" } else { "NO" },
            "fixAvailable": if found.fixed_in.is_some() { "YES" } else { "NO" },
            "packageVulnerabilityDetails": {
                "vulnerabilityId": found.id,
                "source": "NVD",
                "sourceUrl": format!("https://nvd.nist.gov/vuln/detail/{}", found.id),
                "vendorSeverity": found.severity(),
                "vendorCreatedAt": "2025-03-04T12:00:00.000Z",
                "vendorUpdatedAt": "2025-06-04T12:00:00.000Z",
                "referenceUrls": [
                    format!("https://cve.mitre.org/cgi-bin/cvename.cgi?name={}", found.id),
                    format!("https://access.redhat.com/security/cve/{}", found.id),
                ],
                "relatedVulnerabilities": [],
                "cvss": [{
                    "baseScore": found.score,
                    "scoringVector": format!("CVSS:3.1/{}", found.vector),
                    "source": "NVD",
                    "version": "3.1",
                }],
                "vulnerablePackages": [{
                    "name": found.package,
                    "version": found.version,
                    "release": "1.amzn2023",
                    "epoch": 0,
                    "arch": "X86_64",
                    "packageManager": "OS",
                    "fixedInVersion": found.fixed_in.as_deref().unwrap_or("NotAvailable"),
                    "remediation": format!("dnf update {}", found.package),
                }],
            },
            "remediation": {"recommendation": {"text": "None Provided"}},
            "resources": [self.inspector_resource(inspector_type, subject, details)],
        });
        if found.has_dated_exploit {
            record["exploitabilityDetails"] =
                json!({"lastKnownExploitAt": "2026-10-01T00:00:00.000Z"});
        }
        self.hand_over(SourceKind::Inspector, &record);
    }

    /// A path from the internet to an instance, by Inspector.
    pub(super) fn reachable(
        &mut self,
        instance: &Subject,
        interface: &str,
        group: &str,
        details: &Value,
    ) {
        let (begin, end) = if self.happens(0.5) {
            (22, 22)
        } else {
            (443, 443)
        };
        let title = format!("Port {begin} is reachable from an Internet Gateway - TCP");
        let (gateway, acl) = (self.id("igw"), self.id("acl"));
        let step = |component_type: &str, id: &str| json!({"componentId": id, "componentType": component_type, "componentArn": ""});
        let (first, last) = (self.time(), self.time());
        let number = self.random.u128(..);
        let record = json!({
            "findingArn": self.arn("inspector2", &format!("finding/{number:032x}")),
            "awsAccountId": self.number,
            "type": "NETWORK_REACHABILITY",
            "title": title,
            "description": format!("On the instance {}, the port range {begin}-{end} is reachable from the InternetGateway {gateway}.", instance.short_id),
            "severity": "MEDIUM",
            "status": "ACTIVE",
            "firstObservedAt": first,
            "lastObservedAt": last,
            "updatedAt": last,
            "remediation": {"recommendation": {"text": "You can restrict access to your instance by modifying the Security Groups or ACLs in the network path."}},
            "networkReachabilityDetails": {
                "openPortRange": {"begin": begin, "end": end},
                "protocol": "TCP",
                "networkPath": {"steps": [
                    step("AWS::EC2::InternetGateway", &gateway),
                    step("AWS::EC2::NetworkAcl", &acl),
                    step("AWS::EC2::SecurityGroup", group),
                    step("AWS::EC2::NetworkInterface", interface),
                    step("AWS::EC2::Instance", &instance.short_id),
                ]},
            },
            "resources": [self.inspector_resource("AWS_EC2_INSTANCE", instance, details)],
        });
        self.hand_over(SourceKind::Inspector, &record);
    }

    fn inspector_resource(
        &self,
        inspector_type: &str,
        subject: &Subject,
        details: &Value,
    ) -> Value {
        json!({
            "type": inspector_type,
            "id": subject.short_id,
            "partition": "aws",
            "region": self.region,
            "tags": subject.tags,
            "details": details,
        })
    }

    /// Sensitive data in a bucket, by Macie.
    pub(super) fn sensitive_data(&mut self, bucket: &Subject) {
        let (finding_type, category) = if self.happens(0.8) {
            ("SensitiveData:S3Object/Personal", "PERSONAL_INFORMATION")
        } else {
            ("SensitiveData:S3Object/Credentials", "CREDENTIALS")
        };
        let (first, last) = (self.time(), self.time());
        let object = self.name("export");
        let record = json!({
            "id": format!("{:032x}", self.random.u128(..)),
            "accountId": self.number,
            "region": self.region,
            "partition": "aws",
            "category": "CLASSIFICATION",
            "type": finding_type,
            "title": "The S3 object contains sensitive data",
            "description": "The S3 object contains more than one type of sensitive information, such as names or keys.",
            "severity": {"score": 3, "description": "High"},
            "archived": false,
            "sample": false,
            "count": 1,
            "createdAt": first,
            "updatedAt": last,
            "classificationDetails": {
                "jobId": format!("{:032x}", self.random.u128(..)),
                "result": {
                    "status": {"code": "COMPLETE"},
                    "sizeClassified": 75_000,
                    "mimeType": "text/csv",
                    "sensitiveData": [{
                        "category": category,
                        "totalCount": 12,
                        "detections": [{"type": "NAME", "count": 12}],
                    }],
                },
            },
            "resourcesAffected": {
                "s3Bucket": {
                    "arn": bucket.arn,
                    "name": bucket.short_id,
                    "owner": {"displayName": "owner", "id": format!("{:064x}", self.random.u128(..))},
                    "tags": [],
                    "publicAccess": {"effectivePermission": "NOT_PUBLIC"},
                },
                "s3Object": {"bucketArn": bucket.arn, "key": format!("{object}.csv"), "size": 75_000},
            },
        });
        self.hand_over(SourceKind::Macie, &record);
    }
}

/// With hyphens after 8, 12, 16 and 20 digits. Source: RFC 9562, section 4.
fn uuid(number: u128) -> String {
    let digits = format!("{number:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}
