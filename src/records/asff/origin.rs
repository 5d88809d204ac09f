//! Who made a finding, and whether it is evidence.

use crate::model::{GENERATOR_PREFIX, IgnoreReason};
use crate::records::product::{self, Origin};

use super::finding::AsffFinding;
use super::{partner, sample};

/// Who made the finding, or why it is not evidence.
pub(super) fn origin_of(finding: &AsffFinding) -> Result<Origin, IgnoreReason> {
    // An exposure that exposured published would be evidence for itself.
    if finding.generator_id.starts_with(GENERATOR_PREFIX) {
        return Err(IgnoreReason::ExposureFinding);
    }
    let origin = product::origin(&finding.product_arn)?;
    if origin == Origin::Partner && !partner::is_data_security(finding) {
        return Err(IgnoreReason::OtherProduct);
    }
    if sample::is_sample(finding) {
        return Err(IgnoreReason::SampleFinding);
    }
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::parse;
    use super::*;
    use crate::model::Evidence;
    use crate::records::ParsedRecord;
    use crate::records::testing::catalog;

    /// A finding about an instance that has everything a forger could want to set.
    fn finding_from(product_arn: &str, account: &str) -> Value {
        let instance = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        json!({
            "ProductArn": product_arn, "ProductName": "Security Hub", "CompanyName": "AWS", "Id": "f",
            "GeneratorId": "security-control/EC2.8", "AwsAccountId": account, "Title": "t",
            "Types": ["Sensitive Data Identifications/PII"],
            "Compliance": {"Status": "FAILED", "SecurityControlId": "EC2.8"},
            "Resources": [{
                "Type": "AwsEc2Instance", "Id": instance, "Tags": {"Name": "web"},
                "Details": {"AwsEc2Instance": {"SubnetId": "subnet-1", "MetadataOptions": {"HttpTokens": "required"}}},
            }],
        })
    }

    fn parsed(finding: &Value) -> Result<ParsedRecord, IgnoreReason> {
        parse(&finding.to_string(), &catalog()).unwrap()
    }

    #[test]
    fn only_the_product_arn_of_security_hub_makes_a_control() {
        let account = "111122223333";
        let control = parsed(&finding_from(
            "arn:aws:securityhub:us-east-1::product/aws/securityhub",
            account,
        ));
        let control = control.unwrap();
        assert!(matches!(control.evidence, Some(Evidence::Control { .. })));
        let instance = &control.resources[0];
        assert!(!instance.edges.is_empty() && !instance.attributes.is_empty());
        assert!(!instance.tags.is_empty());
        for (product_arn, expected) in [
            (
                "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default",
                IgnoreReason::CustomIntegration,
            ),
            (
                "arn:aws:securityhub:us-east-1:111122223333:product/aws/securityhub",
                IgnoreReason::OtherProduct,
            ),
            ("", IgnoreReason::OtherProduct),
        ] {
            let ignored = parsed(&finding_from(product_arn, account)).unwrap_err();
            assert_eq!(ignored, expected, "{product_arn}");
        }
    }

    #[test]
    fn the_name_of_a_product_never_makes_its_finding() {
        for name in ["Security Hub", "GuardDuty", "Inspector", "Macie"] {
            let custom = "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default";
            let mut finding = finding_from(custom, "111122223333");
            finding["ProductName"] = json!(name);
            finding["ProductFields"] = json!({"aws/securityhub/ProductName": name});
            let ignored = parsed(&finding).unwrap_err();
            assert_eq!(ignored, IgnoreReason::CustomIntegration, "{name}");
        }
    }

    #[test]
    fn a_partner_shows_sensitive_data_and_nothing_else() {
        let partner = "arn:aws:securityhub:us-east-1::product/bigid/bigid-enterprise";
        let mut finding = finding_from(partner, "111122223333");
        let record = parsed(&finding).unwrap();
        assert!(matches!(record.evidence, Some(Evidence::SensitiveData(_))));
        let instance = &record.resources[0];
        assert!(instance.tags.is_empty() && instance.attributes.is_empty());
        assert!(instance.edges.is_empty() && record.edges.is_empty());
        // A partner's control that passed or failed is not Security Hub's.
        for status in ["PASSED", "FAILED"] {
            finding["Types"] = json!(["Software and Configuration Checks"]);
            finding["Compliance"]["Status"] = json!(status);
            let ignored = parsed(&finding).unwrap_err();
            assert_eq!(ignored, IgnoreReason::OtherProduct, "{status}");
        }
    }

    #[test]
    fn a_sample_is_one_wherever_it_is_marked() {
        let guardduty = "arn:aws:securityhub:us-east-1::product/aws/guardduty";
        let info = "aws/guardduty/service/additionalInfo";
        for (field, value, is_sample) in [
            ("Sample", json!(true), true),
            ("Sample", json!(false), false),
            (
                "Title",
                json!("[SAMPLE] The instance talks to a C&C server."),
                true,
            ),
            (
                "ProductFields",
                json!({format!("{info}/sample"): "true"}),
                true,
            ),
            (
                "ProductFields",
                json!({format!("{info}/sample"): "false"}),
                false,
            ),
            (
                "ProductFields",
                json!({format!("{info}/value"): "{\"sample\":true}"}),
                true,
            ),
            (
                "ProductFields",
                json!({format!("{info}/value"): "{\"sample\":"}),
                false,
            ),
            (
                "ProductFields",
                json!({format!("{info}/portsScannedSample.0_"): "true"}),
                false,
            ),
            ("ProductFields", json!(null), false),
        ] {
            let mut finding = finding_from(guardduty, "111122223333");
            finding[field] = value.clone();
            let ignored = parsed(&finding).err();
            assert_eq!(
                ignored,
                is_sample.then_some(IgnoreReason::SampleFinding),
                "{field}: {value}"
            );
        }
    }

    #[test]
    fn an_exposure_finding_is_not_evidence() {
        let risk = "arn:aws:securityhub:us-east-1::productv2/aws/securityhub-risk";
        let ours = "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default";
        let mut own = finding_from(ours, "111122223333");
        own["GeneratorId"] = json!("exposured/ec2-instance");
        for finding in [own, finding_from(risk, "111122223333")] {
            assert_eq!(parsed(&finding).unwrap_err(), IgnoreReason::ExposureFinding);
        }
    }
}
