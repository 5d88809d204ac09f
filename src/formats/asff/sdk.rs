//! ASFF → the SDK's types.

use std::collections::HashMap;

use aws_sdk_securityhub::types as sdk;
use aws_smithy_types::error::operation::BuildError;

use crate::model::RecordState;

use super::{AsffFinding, PathComponent, RelatedFinding, Resource, Severity, Vulnerability};

impl AsffFinding {
    /// The finding in the SDK's types.
    ///
    /// # Errors
    /// A required member is missing; none is, in what [`super::finding`] makes.
    pub fn to_sdk(&self) -> Result<sdk::AwsSecurityFinding, BuildError> {
        let related = related(&self.related_findings)?;
        let finding = sdk::AwsSecurityFinding::builder()
            .schema_version(&self.schema_version)
            .id(&self.id)
            .product_arn(&self.product_arn)
            .set_product_name(self.product_name.clone())
            .set_company_name(self.company_name.clone())
            .generator_id(&self.generator_id)
            .aws_account_id(&self.aws_account_id)
            .set_types(Some(self.types.clone()))
            .set_first_observed_at(self.first_observed_at.clone())
            .set_last_observed_at(self.last_observed_at.clone())
            .created_at(&self.created_at)
            .updated_at(&self.updated_at)
            .severity(severity(&self.severity))
            .title(&self.title)
            .description(&self.description)
            .set_remediation(self.remediation())
            .set_product_fields(Some(map(&self.product_fields)))
            .set_network(self.network())
            .set_network_path(filled(self.network_path.iter().map(component).collect()))
            .set_resources(Some(
                self.resources
                    .iter()
                    .map(resource)
                    .collect::<Result<_, _>>()?,
            ))
            .record_state(match self.record_state {
                RecordState::Active => sdk::RecordState::Active,
                RecordState::Archived => sdk::RecordState::Archived,
            })
            .set_related_findings(filled(related))
            .set_vulnerabilities(filled(
                self.vulnerabilities
                    .iter()
                    .map(vulnerability)
                    .collect::<Result<_, _>>()?,
            ))
            .set_finding_provider_fields(self.finding_provider_fields()?);
        Ok(finding.build())
    }

    fn remediation(&self) -> Option<sdk::Remediation> {
        let recommendation = &self.remediation.as_ref()?.recommendation;
        let recommendation = sdk::Recommendation::builder()
            .set_text(recommendation.text.clone())
            .set_url(recommendation.url.clone());
        Some(
            sdk::Remediation::builder()
                .recommendation(recommendation.build())
                .build(),
        )
    }

    fn network(&self) -> Option<sdk::Network> {
        let network = self.network.as_ref()?;
        let ports = network.open_port_range.as_ref().map(|range| {
            sdk::PortRange::builder()
                .begin(range.begin)
                .end(range.end)
                .build()
        });
        let network = sdk::Network::builder()
            .set_direction(
                network
                    .direction
                    .as_deref()
                    .map(sdk::NetworkDirection::from),
            )
            .set_protocol(network.protocol.clone())
            .set_open_port_range(ports);
        Some(network.build())
    }

    fn finding_provider_fields(&self) -> Result<Option<sdk::FindingProviderFields>, BuildError> {
        let Some(fields) = &self.finding_provider_fields else {
            return Ok(None);
        };
        let severity = sdk::FindingProviderSeverity::builder()
            .label(sdk::SeverityLabel::from(fields.severity.label.as_str()))
            .set_original(fields.severity.original.clone());
        let fields = sdk::FindingProviderFields::builder()
            .severity(severity.build())
            .set_types(Some(fields.types.clone()))
            .set_related_findings(filled(related(&fields.related_findings)?));
        Ok(Some(fields.build()))
    }
}

/// The format has no empty lists.
fn filled<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn map(fields: &std::collections::BTreeMap<String, String>) -> HashMap<String, String> {
    fields
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn severity(severity: &Severity) -> sdk::Severity {
    sdk::Severity::builder()
        .label(sdk::SeverityLabel::from(severity.label.as_str()))
        .set_original(severity.original.clone())
        .build()
}

fn component(component: &PathComponent) -> sdk::NetworkPathComponent {
    sdk::NetworkPathComponent::builder()
        .component_id(&component.component_id)
        .component_type(&component.component_type)
        .build()
}

fn resource(resource: &Resource) -> Result<sdk::Resource, BuildError> {
    Ok(sdk::Resource::builder()
        .r#type(&resource.resource_type)
        .id(&resource.id)
        .set_partition(resource.partition.as_deref().map(sdk::Partition::from))
        .set_region(resource.region.clone())
        .set_tags((!resource.tags.is_empty()).then(|| map(&resource.tags)))
        .build())
}

fn related(findings: &[RelatedFinding]) -> Result<Vec<sdk::RelatedFinding>, BuildError> {
    let related = findings.iter().map(|one| {
        sdk::RelatedFinding::builder()
            .product_arn(&one.product_arn)
            .id(&one.id)
            .build()
    });
    Ok(related.collect())
}

fn vulnerability(vulnerability: &Vulnerability) -> Result<sdk::Vulnerability, BuildError> {
    let packages = vulnerability.vulnerable_packages.iter().map(|package| {
        sdk::SoftwarePackage::builder()
            .name(&package.name)
            .set_version(package.version.clone())
            .set_fixed_in_version(package.fixed_in_version.clone())
            .build()
    });
    let cvss = vulnerability.cvss.iter().map(|cvss| {
        sdk::Cvss::builder()
            .version(&cvss.version)
            .base_score(cvss.base_score)
            .base_vector(&cvss.base_vector)
            .build()
    });
    let fix = vulnerability
        .fix_available
        .as_deref()
        .map(sdk::VulnerabilityFixAvailable::from);
    let exploit = vulnerability
        .exploit_available
        .as_deref()
        .map(sdk::VulnerabilityExploitAvailable::from);
    Ok(sdk::Vulnerability::builder()
        .id(&vulnerability.id)
        .set_vulnerable_packages(filled(packages.collect()))
        .set_cvss(filled(cvss.collect()))
        .set_fix_available(fix)
        .set_epss_score(vulnerability.epss_score)
        .set_exploit_available(exploit)
        .build())
}
