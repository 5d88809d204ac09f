//! The product that a finding in ASFF is from, by its product ARN.
//!
//! Security Hub lets only AWS services import findings with `product/aws/…`. Everything else in a finding, such as
//! `ProductName`, `GeneratorId`, and `Types`, is what the importer wrote, and a member account may write anything.
//! Source: Security Hub User Guide, "BatchImportFindings for custom products" and "Third-party product integrations";
//! Security Hub API Reference, `BatchImportFindings`.

use crate::model::{Arn, IgnoreReason, Partition, Product};

/// The products of AWS whose findings are evidence.
const AWS_PRODUCTS: [Product; 4] = [
    Product::SecurityHub,
    Product::Inspector,
    Product::Macie,
    Product::GuardDuty,
];

/// The product of Security Hub's own exposure findings. Source: `metadata.product.uid` in published findings.
const AWS_EXPOSURES: &str = "securityhub-risk";

/// Who made a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A service of AWS whose findings are evidence.
    Aws(Product),
    /// A product of another company.
    Partner,
}

/// Returns the origin of the product with this ARN, or why its findings are not evidence.
pub(super) fn origin(product_arn: &str) -> Result<Origin, IgnoreReason> {
    let unknown = IgnoreReason::OtherProduct;
    let arn: Arn = product_arn.parse().map_err(|_| unknown)?;
    let region = arn.region().ok_or(unknown)?;
    if arn.service() != "securityhub" || arn.partition() != Partition::of_region(&region) {
        return Err(unknown);
    }
    let mut parts = arn.resource().split('/');
    let (kind, company, product) = (parts.next(), parts.next(), parts.next());
    let (Some("product" | "productv2"), Some(company), Some(product), None) =
        (kind, company, product, parts.next())
    else {
        return Err(unknown);
    };
    if company.parse::<crate::model::AccountId>().is_ok() || product == "default" {
        return Err(IgnoreReason::CustomIntegration);
    }
    if company != "aws" {
        return Ok(Origin::Partner);
    }
    // The ARN of a partner may have the partner's account; that of an AWS service has none.
    if product == AWS_EXPOSURES {
        return Err(IgnoreReason::ExposureFinding);
    }
    AWS_PRODUCTS
        .into_iter()
        .find(|known| {
            kind == Some("product") && arn.account().is_none() && known.arn_name() == product
        })
        .map(Origin::Aws)
        .ok_or(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_product_arn_of_an_aws_service_is_that_service() {
        use IgnoreReason::{CustomIntegration, ExposureFinding, OtherProduct};
        let aws = |product| Ok(Origin::Aws(product));
        for (product_arn, expected) in [
            // Every partition and Region.
            (
                "arn:aws:securityhub:us-east-1::product/aws/securityhub",
                aws(Product::SecurityHub),
            ),
            (
                "arn:aws:securityhub:eu-central-1::product/aws/inspector",
                aws(Product::Inspector),
            ),
            (
                "arn:aws-cn:securityhub:cn-north-1::product/aws/guardduty",
                aws(Product::GuardDuty),
            ),
            (
                "arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/macie",
                aws(Product::Macie),
            ),
            (
                "arn:aws-eusc:securityhub:eusc-de-east-1::product/aws/securityhub",
                aws(Product::SecurityHub),
            ),
            // A custom integration, whatever it calls itself.
            (
                "arn:aws:securityhub:us-east-1:444455556666:product/444455556666/default",
                Err(CustomIntegration),
            ),
            (
                "arn:aws:securityhub:us-east-1::product/444455556666/securityhub",
                Err(CustomIntegration),
            ),
            (
                "arn:aws:securityhub:us-east-1:444455556666:product/aws/default",
                Err(CustomIntegration),
            ),
            // ARNs that resemble those of AWS.
            (
                "arn:aws:securityhub:us-east-1:444455556666:product/aws/securityhub",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:us-east-1::product/444455556666/default:product/aws/securityhub",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:us-east-1::product/x/product/aws/securityhub",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:us-east-1::product/aws/SecurityHub",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:us-east-1::product/aws/securityhub/",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:us-east-1::product/aws",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:::product/aws/securityhub",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:cn-north-1::product/aws/securityhub",
                Err(OtherProduct),
            ),
            (
                "arn:aws-cn:securityhub:us-east-1::product/aws/securityhub",
                Err(OtherProduct),
            ),
            (
                "arn:aws:sns:us-east-1::product/aws/securityhub",
                Err(OtherProduct),
            ),
            ("product/aws/securityhub", Err(OtherProduct)),
            ("", Err(OtherProduct)),
            // Other services, and Security Hub's own exposure findings.
            (
                "arn:aws:securityhub:us-east-1::product/aws/config",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:us-east-1::productv2/aws/securityhub",
                Err(OtherProduct),
            ),
            (
                "arn:aws:securityhub:us-east-1::productv2/aws/securityhub-risk",
                Err(ExposureFinding),
            ),
            // Partners, with and without their account.
            (
                "arn:aws:securityhub:us-east-1::product/bigid/bigid-enterprise",
                Ok(Origin::Partner),
            ),
            (
                "arn:aws:securityhub:us-east-1:679703615338:product/armordefense/armoranywhere",
                Ok(Origin::Partner),
            ),
        ] {
            assert_eq!(origin(product_arn), expected, "{product_arn}");
        }
    }
}
