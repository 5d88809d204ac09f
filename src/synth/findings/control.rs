//! Findings of Security Hub CSPM controls.
//!
//! Source: Security Hub User Guide, "AWS Security Finding Format (ASFF)".

use serde_json::{Value, json};

use crate::model::SourceKind;
use crate::synth::account::{AccountWriter, SyntheticResource};

const STANDARDS_TYPE: &str = "Software and Configuration Checks/Industry and Regulatory Standards";

/// The ID and the title of a control.
pub(in crate::synth) type Control = (&'static str, &'static str);

impl AccountWriter<'_> {
    /// Writes the finding of a control about a resource.
    pub(in crate::synth) fn control(
        &mut self,
        (id, title): Control,
        has_failed: bool,
        resource: &SyntheticResource,
    ) {
        let finding = uuid(self.random.u128(..));
        let (created, updated) = (self.time(), self.time());
        let guide = format!("https://docs.aws.amazon.com/console/securityhub/{id}/remediation");
        let (severity, status, workflow) = if has_failed {
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
            "Types": [STANDARDS_TYPE],
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
            "ProductFields": self.product_fields(id, &finding, resource),
            "Resources": [asff_resource(self.region, resource)],
            "Compliance": compliance(id, status),
            "WorkflowState": "NEW",
            "Workflow": {"Status": workflow},
            "RecordState": "ACTIVE",
            "FindingProviderFields": {
                "Severity": {"Label": severity, "Original": severity},
                "Types": [STANDARDS_TYPE],
            },
        });
        self.write_finding(SourceKind::SecurityHub, &record);
    }

    /// Writes the findings of several controls about a resource. Each control fails with its probability.
    pub(in crate::synth) fn controls(
        &mut self,
        controls: &[(Control, f64)],
        resource: &SyntheticResource,
    ) {
        for (control, probability) in controls {
            let has_failed = self.happens(*probability);
            self.control(*control, has_failed, resource);
        }
    }

    fn product_fields(&mut self, id: &str, finding: &str, resource: &SyntheticResource) -> Value {
        let rule = format!(
            "securityhub-{}-{:08x}",
            id.to_ascii_lowercase(),
            self.random.u32(..)
        );
        let product = format!(
            "arn:aws:securityhub:{}::product/aws/securityhub",
            self.region
        );
        let finding = self.arn(
            "securityhub",
            &format!("security-control/{id}/finding/{finding}"),
        );
        json!({
            "RelatedAWSResources:0/name": rule,
            "RelatedAWSResources:0/type": "AWS::Config::ConfigRule",
            "aws/securityhub/ProductName": "Security Hub",
            "aws/securityhub/CompanyName": "AWS",
            "aws/securityhub/annotation": "AWS Config evaluated your resources against the rule.",
            "Resources:0/Id": resource.arn,
            "aws/securityhub/FindingId": format!("{product}/{finding}"),
        })
    }
}

fn asff_resource(region: &str, resource: &SyntheticResource) -> Value {
    json!({
        "Type": resource.asff_type,
        "Id": resource.arn,
        "Partition": "aws",
        "Region": region,
        "Tags": resource.tags,
        "Details": {resource.asff_type: resource.details},
    })
}

fn compliance(control: &str, status: &str) -> Value {
    json!({
        "Status": status,
        "SecurityControlId": control,
        "RelatedRequirements": ["NIST.800-53.r5 AC-3", "NIST.800-53.r5 AC-6", "PCI DSS v4.0.1/2.2.6"],
        "AssociatedStandards": [
            {"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"},
            {"StandardsId": "standards/nist-800-53/v/5.0.0"},
        ],
    })
}

/// Formats a UUID, with hyphens after 8, 12, 16, and 20 digits. Source: RFC 9562, section 4.
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
