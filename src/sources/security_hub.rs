//! Security Hub CSPM: failed controls that the catalog uses, passed controls that show relationships or mitigations, and
//! GuardDuty's findings.

use std::collections::BTreeSet;

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::builders::AwsSecurityFindingFiltersBuilder;
use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilter, StringFilterComparison};
use futures_util::future::{BoxFuture, try_join_all};

use crate::aws::{CallError, CallRate, Envelope, IamAction, Session, raw_response};
use crate::catalog::Catalog;
use crate::model::{Region, SourceKind};
use crate::records::asff;

use super::outcome::CollectError;
use super::source::Source;
use super::target_reader::{Listing, TargetReader};

/// Source: Service Authorization Reference, "AWS Security Hub".
const GET_FINDINGS: IamAction = IamAction {
    statement: "ReadFindings",
    action: "securityhub:GetFindings",
    reason: "read failed controls, passed controls that show mitigations, and GuardDuty's findings",
    resource: "arn:{partition}:securityhub:{region}:{account}:hub/default",
};

/// The largest page of `GetFindings`. Source: the securityhub API model.
const PAGE_SIZE: i32 = 100;

/// The most values in one filter. Source: the securityhub API model, `GetFindingsRequest`.
const VALUES_PER_FILTER: usize = 20;

const LISTING: Listing = Listing {
    activity: "reading the findings in Security Hub",
    envelope: Envelope {
        records: "Findings",
        next_token: "NextToken",
    },
    parser: asff::parse,
};

/// Security Hub CSPM's `GetFindings`.
#[derive(Debug)]
pub(super) struct SecurityHub;

impl Source for SecurityHub {
    fn kind(&self) -> SourceKind {
        SourceKind::SecurityHub
    }

    fn actions(&self) -> &'static [IamAction] {
        const { &[GET_FINDINGS] }
    }

    fn rate(&self) -> CallRate {
        CallRate::SECURITY_HUB_GET_FINDINGS
    }

    /// Makes one query per 20 controls or finding types, all of them concurrently.
    fn collect<'a>(
        &'a self,
        reader: &'a TargetReader<'_>,
    ) -> BoxFuture<'a, Result<(), CollectError>> {
        Box::pin(async move {
            let client = reader.session().security_hub(reader.region());
            let queries = queries(reader.catalog()).into_iter().map(|filters| {
                let client = client.clone();
                let fetch =
                    move |token| get_findings(client.clone(), filters.clone(), PAGE_SIZE, token);
                reader.read_listing(&LISTING, fetch)
            });
            try_join_all(queries).await?;
            Ok(())
        })
    }

    fn probe<'a>(
        &'a self,
        session: &'a Session,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            let filters = AwsSecurityFindingFilters::builder()
                .product_name(equals("Security Hub"))
                .build();
            get_findings(session.security_hub(region), filters, 1, None)
                .await
                .map(drop)
        })
    }
}

async fn get_findings(
    client: Client,
    filters: AwsSecurityFindingFilters,
    page_size: i32,
    token: Option<String>,
) -> Result<String, CallError> {
    let request = client
        .get_findings()
        .filters(filters)
        .max_results(page_size)
        .set_next_token(token)
        .customize();
    raw_response(GET_FINDINGS.action, |interceptor| {
        request.interceptor(interceptor).send()
    })
    .await
}

/// The filters of all queries: controls that matter if they failed, controls that matter either way, and GuardDuty's
/// finding types.
fn queries(catalog: &Catalog) -> Vec<AwsSecurityFindingFilters> {
    let in_any_status: BTreeSet<&str> = catalog
        .relation_controls()
        .chain(catalog.passed_controls())
        .collect();
    let if_failed: Vec<&str> = catalog
        .controls()
        .filter(|control| !in_any_status.contains(control))
        .collect();
    let in_any_status: Vec<&str> = in_any_status.into_iter().collect();
    let failed = if_failed.chunks(VALUES_PER_FILTER).map(failed_controls);
    let any_status = in_any_status
        .chunks(VALUES_PER_FILTER)
        .map(controls_in_any_status);
    let detections = (!catalog.detections().is_empty()).then(guardduty_findings);
    failed.chain(any_status).chain(detections).collect()
}

/// The product is selected by name, since its ARN differs by Region, and an aggregation Region returns findings of many.
fn failed_controls(controls: &[&str]) -> AwsSecurityFindingFilters {
    active_controls(controls)
        .workflow_status(equals("NEW"))
        .workflow_status(equals("NOTIFIED"))
        .compliance_status(equals("FAILED"))
        .build()
}

/// What the details say about other resources, such as the policies of a role, is true whatever the control's status is.
/// The workflow status is not filtered: Security Hub itself sets it to RESOLVED for a passed control.
fn controls_in_any_status(controls: &[&str]) -> AwsSecurityFindingFilters {
    active_controls(controls)
        .compliance_status(equals("FAILED"))
        .compliance_status(equals("PASSED"))
        .build()
}

fn active_controls(controls: &[&str]) -> AwsSecurityFindingFiltersBuilder {
    AwsSecurityFindingFilters::builder()
        .product_name(equals("Security Hub"))
        .product_name(equals("Security Hub CSPM"))
        .record_state(equals("ACTIVE"))
        .set_compliance_security_control_id(Some(
            controls.iter().map(|control| equals(control)).collect(),
        ))
}

/// The finding types are not filtered: the ASFF type of a GuardDuty finding does not follow from its own type. For example,
/// `Backdoor:EC2/C&CActivity.B` is `TTPs/Command and Control/Backdoor:EC2-C&CActivity.B`.
/// Source: GuardDuty User Guide, "Integrating AWS Security Hub CSPM with GuardDuty".
fn guardduty_findings() -> AwsSecurityFindingFilters {
    AwsSecurityFindingFilters::builder()
        .product_name(equals("GuardDuty"))
        .record_state(equals("ACTIVE"))
        .workflow_status(equals("NEW"))
        .workflow_status(equals("NOTIFIED"))
        .build()
}

fn equals(value: &str) -> StringFilter {
    StringFilter::builder()
        .value(value)
        .comparison(StringFilterComparison::Equals)
        .build()
}
