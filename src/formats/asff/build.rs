//! From an exposure to a finding that fits the limits of the format.

use crate::model::{Exposure, GENERATOR_PREFIX};

use super::finding::{
    AsffFinding, FindingProviderFields, Recommendation, Remediation, Severity, timestamp,
};
use super::product_fields::product_fields;
use super::publication::{BuiltFinding, PRODUCT_NAME, Publication, product_arn};
use super::resources::{network, related_findings, resources};
use super::truncation::Truncator;
use super::vulnerabilities::vulnerabilities;

/// The version of the finding that [`build`] makes of an exposure. Raise it with every change of what is published, so
/// that findings which were published by an earlier version are updated.
pub const FORMAT_VERSION: u32 = 1;

/// Source: the securityhub model, `AwsSecurityFinding`.
const MAX_TYPES: usize = 50;

/// Builds the finding that `BatchImportFindings` imports.
pub fn build(publication: &Publication<'_>) -> BuiltFinding {
    let exposure = publication.exposure;
    let mut truncator = Truncator::default();
    let severity = Severity {
        label: exposure.severity.as_str().to_owned(),
        original: Some(exposure.severity.as_str().to_owned()),
    };
    let types = truncator.list("Types", exposure.types.asff.clone(), MAX_TYPES);
    let related_findings = related_findings(publication, &mut truncator);
    let (network, network_path) = network(exposure, &mut truncator);
    let mut finding = AsffFinding {
        schema_version: "2018-10-08".to_owned(),
        id: exposure.id.as_str().to_owned(),
        product_arn: product_arn(&publication.region, publication.account),
        product_name: Some(PRODUCT_NAME.to_owned()),
        company_name: Some(PRODUCT_NAME.to_owned()),
        generator_id: format!("{GENERATOR_PREFIX}{}", exposure.rule),
        aws_account_id: publication.account.to_string(),
        types: types.clone(),
        first_observed_at: Some(timestamp(publication.first_observed_at)),
        last_observed_at: Some(timestamp(publication.updated_at)),
        created_at: timestamp(publication.created_at),
        updated_at: timestamp(publication.updated_at),
        title: truncator.text("Title", &exposure.title, 256),
        description: truncator.text("Description", &exposure.description, 1_024),
        remediation: remediation(exposure, &mut truncator),
        product_fields: product_fields(publication, &mut truncator),
        network,
        network_path,
        resources: resources(exposure, &mut truncator),
        record_state: publication.record_state,
        related_findings: related_findings.clone(),
        vulnerabilities: vulnerabilities(exposure, &mut truncator),
        finding_provider_fields: Some(FindingProviderFields {
            severity: severity.clone(),
            types,
            related_findings,
        }),
        severity,
    };
    let json = truncator.finding(&mut finding);
    BuiltFinding {
        finding,
        json,
        truncations: truncator.into_truncations(),
    }
}

/// How to fix each contributing trait, the greatest effect on the severity first, and the AWS documentation about the
/// first of them.
fn remediation(exposure: &Exposure, truncator: &mut Truncator) -> Option<Remediation> {
    let first = exposure.fixes.first()?;
    let text = match exposure.fixes.as_slice() {
        [only] => only.remediation.text.clone(),
        fixes => {
            let numbered = (1..)
                .zip(fixes)
                .map(|(number, fix)| format!("{number}. {}", fix.remediation.text));
            numbered.collect::<Vec<_>>().join(" ")
        }
    };
    Some(Remediation {
        recommendation: Recommendation {
            text: Some(truncator.text("Remediation.Recommendation.Text", &text, 512)),
            url: Some(first.remediation.url.clone()),
        },
    })
}
